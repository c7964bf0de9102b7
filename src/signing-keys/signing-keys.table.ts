// Owns the table of token signing keys: next, active, retiring, by the two moments that divide their life.
import { jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { JWK } from '../tokens/signing-key.js';

export const signingKeys = pgTable('signing_keys', {
  /** RFC 7638 thumbprint of the public key. */
  kid: text().primaryKey(),
  algorithm: text({ enum: ['ES256', 'EdDSA'] }).notNull(),
  publicJwk: jsonb('public_jwk').$type<JWK>().notNull(),
  /** The private JWK, AES-256-GCM under a subkey of SECRET_KEY. */
  sealedPrivateJwk: text('sealed_private_jwk').notNull(),
  /** In the key set since. */
  publishedAt: timestamp('published_at', { withTimezone: true }).notNull().defaultNow(),
  /** Signing since; null: next. */
  activatedAt: timestamp('activated_at', { withTimezone: true }),
  /** Only verifying since; null: next or active. */
  retiredAt: timestamp('retired_at', { withTimezone: true }),
});

export type SigningKeyRow = typeof signingKeys.$inferSelect;

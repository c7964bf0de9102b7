// Owns the table of sign-ins in the browser: from the app to the provider, back to the gateway, and on to the app.
import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { IdentityClaims } from './id-token.js';

/** State, nonce, verifier and the code for the app are derived from the id and stored nowhere. */
export const socialSignIns = pgTable(
  'social_sign_ins',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** By name: what comes back by another provider's address is refused (mix-up, RFC 9700, section 4.4). */
    provider: text().notNull(),
    /** Where the app waits. */
    redirectUri: text('redirect_uri').notNull(),
    /** Of the app's own verifier (RFC 7636). */
    codeChallenge: text('code_challenge').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    /** When the provider sent the browser back: once. */
    returnedAt: timestamp('returned_at', { withTimezone: true }),
    /** Who was proved, until the app has fetched it. */
    claims: jsonb().$type<IdentityClaims>(),
    /** Apple's refresh token, sealed for this row. */
    refreshToken: text('refresh_token'),
    /** The end of the code that the app was sent. */
    codeExpiresAt: timestamp('code_expires_at', { withTimezone: true }),
    consumedAt: timestamp('consumed_at', { withTimezone: true }),
  },
  (table) => [index('social_sign_ins_expiry').on(table.expiresAt)],
);

export type SocialSignInRow = typeof socialSignIns.$inferSelect;

// Owns the table of requests to prove a mailbox: by a magic link, or at the end of a signup.
import { index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { DeviceDescription } from '../../users/device.js';

/** The secrets of a request are derived from its id and stored nowhere. */
export const magicLinks = pgTable(
  'magic_links',
  {
    id: uuid().primaryKey().defaultRandom(),
    purpose: text({ enum: ['sign_in', 'sign_up'] }).notNull(),
    /** The canonical address. */
    email: text().notNull(),
    /** For a signup: what the account is made of. */
    name: text(),
    passwordHash: text('password_hash'),
    device: jsonb().$type<DeviceDescription>(),
    /** Tells devices apart when a new request retires earlier ones: a keyed hash of device.id, else of the network. */
    asker: text().notNull(),
    /** A keyed hash of the asker and the idempotencyKey. */
    idempotencyHash: text('idempotency_hash'),
    /** Typed codes that were tried. */
    attempts: integer().notNull().default(0),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    /** Proved, or replaced by a newer request of the same device. */
    consumedAt: timestamp('consumed_at', { withTimezone: true }),
  },
  (table) => [
    index('magic_links_email').on(table.email, table.createdAt),
    uniqueIndex('magic_links_idempotency').on(table.idempotencyHash),
  ],
);

export type MagicLinkRow = typeof magicLinks.$inferSelect;

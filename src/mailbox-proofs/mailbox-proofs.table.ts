// Owns the table of requests to prove a mailbox: by a magic link, or at the end of a signup.
import { index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { DeviceDescription } from '../users/device.js';

/** The secrets of a request are derived from its id and stored nowhere. */
export const mailboxProofs = pgTable(
  'mailbox_proofs',
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
    /** The session that asked, if it was signed in: what it made before outlives the proof. */
    askedBySession: uuid('asked_by_session'),
    network: text(),
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
    index('mailbox_proofs_email').on(table.email, table.createdAt),
    uniqueIndex('mailbox_proofs_idempotency').on(table.idempotencyHash),
  ],
);

export type MailboxProofRow = typeof mailboxProofs.$inferSelect;

// Owns the table of one-time codes: a row a challenge.
import { index, integer, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { OtpChannel } from '../../graphql/schema.generated.js';
import type { DeviceDescription } from '../../users/device.js';

/** The code of a challenge is derived from its id and stored nowhere. */
export const otpChallenges = pgTable(
  'otp_challenges',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** E.164. */
    phone: text().notNull(),
    country: text().notNull(),
    /** What was asked for. */
    channel: text().$type<OtpChannel>().notNull(),
    locale: text({ enum: ['en', 'hi'] }).notNull(),
    device: jsonb().$type<DeviceDescription>(),
    /** Tells devices apart when a new challenge replaces earlier ones: a keyed hash of device.id, else of the network. */
    asker: text().notNull(),
    /** A keyed hash of the asker and the idempotencyKey. */
    idempotencyHash: text('idempotency_hash'),
    /** Codes that were tried. */
    attempts: integer().notNull().default(0),
    /** Messages that were asked for. */
    sends: integer().notNull().default(1),
    network: text(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    lastSentAt: timestamp('last_sent_at', { withTimezone: true }).notNull().defaultNow(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    /** Proved, or replaced by a newer challenge of the same device. */
    consumedAt: timestamp('consumed_at', { withTimezone: true }),
  },
  (table) => [
    index('otp_challenges_phone').on(table.phone, table.createdAt),
    uniqueIndex('otp_challenges_idempotency').on(table.idempotencyHash),
    index('otp_challenges_end').on(table.expiresAt),
  ],
);

export type OtpChallengeRow = typeof otpChallenges.$inferSelect;

// Owns the table of challenges that authenticators are to sign.
import { index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const passkeyChallenges = pgTable(
  'passkey_challenges',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** A challenge of one ceremony is worth nothing in another. */
    ceremony: text({ enum: ['registration', 'sign_up', 'sign_in'] }).notNull(),
    /** 256 random bits, base64url. */
    challenge: text().notNull(),
    /** Whom a registration is for; at a signup who the person will be. */
    userId: uuid('user_id'),
    /** The session that began a registration, and alone may finish it. */
    sessionId: uuid('session_id'),
    /** The name of who signs up. */
    name: text(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    consumedAt: timestamp('consumed_at', { withTimezone: true }),
  },
  (table) => [index('passkey_challenges_expiry').on(table.expiresAt)],
);

export type PasskeyChallengeRow = typeof passkeyChallenges.$inferSelect;

// Owns the table of nonces for ID tokens.
import { index, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

export const nonces = pgTable(
  'nonces',
  {
    /** SHA-256 of the nonce in hex: what Apple's tokens carry, while Google's carry the nonce itself. */
    hash: text().primaryKey(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  },
  (table) => [index('nonces_expiry').on(table.expiresAt)],
);

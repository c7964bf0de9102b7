// Owns the table of attempt counters: guesses at credentials, which no loss of Redis may hand out anew.
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

export const attempts = pgTable('attempts', {
  /** What is counted, by limit and subject; addresses stand in it only as a keyed hash. */
  bucket: text().primaryKey(),
  count: integer().notNull(),
  /** When the window ends and the count begins anew. */
  resetsAt: timestamp('resets_at', { withTimezone: true }).notNull(),
});

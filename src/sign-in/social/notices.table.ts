// Owns the table of notices that Apple has sent: each is acted upon once.
import { index, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

export const notices = pgTable(
  'notices',
  {
    jti: text().primaryKey(),
    receivedAt: timestamp('received_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('notices_received').on(table.receivedAt)],
);

// Owns the table of people: one row an account, nothing about how it is entered.
import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  /** The `sub` of access tokens: random, never reused. */
  id: uuid().primaryKey().defaultRandom(),
  name: text(),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  /** Set: closed to sign-ins, its sessions ended. */
  disabledAt: timestamp('disabled_at', { withTimezone: true }),
});

// Owns the table of people: one row an account, nothing about how it is entered.
import { sql } from 'drizzle-orm';
import { index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

export const users = pgTable(
  'users',
  {
    /** The `sub` of access tokens: random, never reused. */
    id: uuid().primaryKey().defaultRandom(),
    name: text(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    /** Set: closed to sign-ins, its sessions ended. */
    disabledAt: timestamp('disabled_at', { withTimezone: true }),
    /** Set together with `disabled_at` when its owner deletes the account: it is erased DELETE_UNDO_DAYS later. */
    deletedAt: timestamp('deleted_at', { withTimezone: true }),
  },
  (table) => [index('users_deleted').on(table.deletedAt).where(sql`${table.deletedAt} is not null`)],
);

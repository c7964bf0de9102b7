// Owns the table of ways in: every password, mailbox and other credential a person has, in one list.
import { sql } from 'drizzle-orm';
import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './users.table.js';

export const credentials = pgTable(
  'credentials',
  {
    id: uuid().primaryKey().defaultRandom(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    kind: text({ enum: ['password', 'mailbox', 'phone', 'passkey', 'identity'] }).notNull(),
    /**
     * What nobody else may have: the canonical address of a mailbox, the E.164 number of a phone, the credential id of
     * a passkey, issuer and subject of an identity with a blank between; null for a password.
     */
    identifier: text(),
    /** When the person showed that it is theirs; a password is proved by the session that set it. */
    provedAt: timestamp('proved_at', { withTimezone: true }),
    /** The session that added it; null for what the account began with. */
    createdBySession: uuid('created_by_session'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('credentials_identifier').on(table.kind, table.identifier),
    uniqueIndex('credentials_one_each')
      .on(table.userId, table.kind)
      .where(sql`${table.kind} in ('password', 'mailbox', 'phone')`),
    index('credentials_user').on(table.userId),
  ],
);

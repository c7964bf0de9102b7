// Owns the table of password hashes, each hanging on its credential and gone with it.
import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { credentials } from '../../users/credentials.table.js';

export const passwords = pgTable('passwords', {
  credentialId: uuid('credential_id')
    .primaryKey()
    .references(() => credentials.id, { onDelete: 'cascade' }),
  /** A PHC string: algorithm, parameters, salt and hash. */
  hash: text().notNull(),
  changedAt: timestamp('changed_at', { withTimezone: true }).notNull().defaultNow(),
});

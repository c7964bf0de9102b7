// Owns the table of grants that are still to be revoked at their provider.
import { index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** Nothing in it says whose grant it was. */
export const revocations = pgTable(
  'revocations',
  {
    /** That of the identity, for which the token is sealed. */
    id: uuid().primaryKey(),
    issuer: text().notNull(),
    clientId: text('client_id').notNull(),
    refreshToken: text('refresh_token').notNull(),
    tries: integer().notNull().default(0),
    nextTryAt: timestamp('next_try_at', { withTimezone: true }).notNull().defaultNow(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('revocations_due').on(table.nextTryAt)],
);

export type RevocationRow = typeof revocations.$inferSelect;

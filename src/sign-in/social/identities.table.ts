// Owns the table of identities: accounts elsewhere that people sign in by.
import { boolean, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { credentials } from '../../users/credentials.table.js';

/** Issuer and subject, with a blank between, are the identifier of the way in. */
export const identities = pgTable('identities', {
  credentialId: uuid('credential_id')
    .primaryKey()
    .references(() => credentials.id, { onDelete: 'cascade' }),
  issuer: text().notNull(),
  /** As the provider told it last. */
  email: text(),
  isPrivateRelay: boolean('is_private_relay').notNull().default(false),
  /** When Apple said that its relay no longer forwards; null: it does. */
  mailStoppedAt: timestamp('mail_stopped_at', { withTimezone: true }),
  /** Apple's refresh token, sealed for this row, and the client it was given to: by it the grant is revoked. */
  refreshToken: text('refresh_token'),
  clientId: text('client_id'),
});

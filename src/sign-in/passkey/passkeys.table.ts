// Owns the table of passkeys: what is needed to verify one and to show it in a list.
import { bigint, boolean, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { credentials } from '../../users/credentials.table.js';

/** The credential id, which authenticators and browsers know a passkey by, is the identifier of its way in. */
export const passkeys = pgTable('passkeys', {
  credentialId: uuid('credential_id')
    .primaryKey()
    .references(() => credentials.id, { onDelete: 'cascade' }),
  /** COSE_Key (RFC 9052, section 7), base64url. */
  publicKey: text('public_key').notNull(),
  /** The highest signature counter seen; those of synced passkeys stay 0. */
  counter: bigint({ mode: 'number' }).notNull(),
  /** How the authenticator can be reached, for the list of those not to register again. */
  transports: text().array().notNull(),
  /** The model of the authenticator, or the password manager. */
  aaguid: text().notNull(),
  name: text().notNull(),
  /** Backup eligibility: settled at the registration (WebAuthn Level 3, section 6.1.3). */
  multiDevice: boolean('multi_device').notNull(),
  backedUp: boolean('backed_up').notNull(),
  lastUsedAt: timestamp('last_used_at', { withTimezone: true }),
  /** When the counter went back. */
  copiedAt: timestamp('copied_at', { withTimezone: true }),
});

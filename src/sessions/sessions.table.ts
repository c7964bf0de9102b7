// Owns the table of sessions: one row a sign-in on a device, and in it the count of its refreshes.
import { index, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { SignInMethod } from '../graphql/schema.generated.js';
import type { DeviceDescription } from '../users/device.js';
import { users } from '../users/users.table.js';

/** Why a session was ended before its time. */
export type RevocationReason =
  | 'logout'
  | 'revoked'
  | 'password_change'
  | 'session_cap'
  | 'refresh_token_reuse'
  | 'identifier_proved'
  | 'account_deleted'
  | 'consent_revoked';

/**
 * A refresh rewrites its row in place (HOT): no index stands on a column that a refresh changes, and the
 * migration gives the table a fillfactor that leaves room for the new version.
 */
export const sessions = pgTable(
  'sessions',
  {
    /** The `sid` of access tokens. */
    id: uuid().primaryKey().defaultRandom(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    method: text().$type<SignInMethod>().notNull(),
    /** Authentication method references, RFC 8176. */
    amr: text().array().notNull(),
    clientId: text('client_id').notNull(),
    device: jsonb().$type<DeviceDescription>(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    /** The last fresh proof after the sign-in; null: the sign-in is the last. */
    reauthenticatedAt: timestamp('reauthenticated_at', { withTimezone: true }),
    /** The absolute end; the idle end is `last_used_at` and SESSION_IDLE_DAYS. */
    endsAt: timestamp('ends_at', { withTimezone: true }).notNull(),
    /** The last sign-in or refresh. */
    lastUsedAt: timestamp('last_used_at', { withTimezone: true }).notNull().defaultNow(),
    network: text(),
    /** The count in the one refresh token that is good now. */
    refreshCount: integer('refresh_count').notNull().default(0),
    /** When the count last went up: the grace period of the token before begins here. */
    rotatedAt: timestamp('rotated_at', { withTimezone: true }).notNull().defaultNow(),
    /** SHA-256 of the idempotencyKey with which the count last went up, base64url. */
    rotationKeyHash: text('rotation_key_hash'),
    revokedAt: timestamp('revoked_at', { withTimezone: true }),
    revocationReason: text('revocation_reason').$type<RevocationReason>(),
  },
  (table) => [index('sessions_user').on(table.userId)],
);

export type SessionRow = typeof sessions.$inferSelect;

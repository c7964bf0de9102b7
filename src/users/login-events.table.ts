// Owns the table of login events: what happened at the doors, without a word of personal data but the user's id.
import { bigint, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import type { AuthErrorCode, LoginEventKind, SignInMethod } from '../graphql/schema.generated.js';
import type { DeviceDescription } from './device.js';
import { users } from './users.table.js';

export const loginEvents = pgTable(
  'login_events',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Null for an unknown address, and after the account is erased. */
    userId: uuid('user_id').references(() => users.id, { onDelete: 'set null' }),
    kind: text().$type<LoginEventKind>().notNull(),
    method: text().$type<SignInMethod>(),
    failure: text().$type<AuthErrorCode>(),
    occurredAt: timestamp('occurred_at', { withTimezone: true }).notNull().defaultNow(),
    sessionId: uuid('session_id'),
    device: jsonb().$type<DeviceDescription>(),
    clientName: text('client_name'),
    clientVersion: text('client_version'),
    network: text(),
    /** The id of the request in the log. */
    requestId: text('request_id'),
  },
  (table) => [
    index('login_events_user').on(table.userId, table.id),
    index('login_events_time').on(table.occurredAt),
  ],
);

export type LoginEventRow = typeof loginEvents.$inferSelect;

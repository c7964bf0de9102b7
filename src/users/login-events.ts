// Owns login events: writes them, with their metric, and reads a person's own, newest first.
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { Context } from '../context.js';
import { type Db, prepared } from '../db/client.js';
import type { AuthErrorCode, LoginEventKind, SignInMethod } from '../graphql/schema.generated.js';
import type { DeviceDescription } from './device.js';
import { type LoginEventRow, loginEvents } from './login-events.table.js';
import { users } from './users.table.js';

/** What happened, without what the request tells by itself. */
export interface LoginEvent {
  kind: LoginEventKind;
  userId: string | null;
  method?: SignInMethod;
  failure?: AuthErrorCode;
  sessionId?: string;
  device?: DeviceDescription | null;
}

/** Writes an event; within the transaction of what it tells, where there is one. */
export async function recordLoginEvent(context: Context, db: Db, event: LoginEvent): Promise<void> {
  const { device } = event;
  const { userId } = event;
  await db.insert(loginEvents).values({
    ...event,
    // Of somebody who was erased a moment ago it is kept like the others: without whose it is. The same work for nobody.
    userId: sql`(select id from ${users} where id = ${userId}::uuid for key share)`,
    device: device && Object.keys(device).length > 0 ? device : null,
    clientName: context.client.name,
    clientVersion: context.client.version,
    network: context.network,
    requestId: context.requestId,
  });
  context.metrics.loginEvents.inc({
    kind: event.kind,
    method: event.method ?? 'none',
    outcome: event.failure ?? 'success',
  });
}

const eventsOfUser = prepared((db) =>
  db
    .select()
    .from(loginEvents)
    .where(
      and(eq(loginEvents.userId, sql.placeholder('userId')), lt(loginEvents.id, sql.placeholder('before'))),
    )
    .orderBy(desc(loginEvents.id))
    .limit(sql.placeholder('most'))
    .prepare('events_of_user'),
);

/** A person's events, newest first, older than the event `before`. */
export function listLoginEvents(
  db: Db,
  userId: string,
  before: number,
  most: number,
): Promise<LoginEventRow[]> {
  return eventsOfUser(db).execute({ userId, before, most });
}

/** Everybody's events by day, kind, method and outcome, newest day first. */
export function countLoginEvents(db: Db, days: number) {
  return db
    .select({
      day: sql<string>`to_char(${loginEvents.occurredAt} at time zone 'UTC', 'YYYY-MM-DD')`,
      kind: loginEvents.kind,
      method: loginEvents.method,
      failure: loginEvents.failure,
      count: sql<number>`count(*)::int`,
    })
    .from(loginEvents)
    .where(
      sql`${loginEvents.occurredAt} >= (date_trunc('day', now() at time zone 'UTC') - make_interval(days => ${days - 1})) at time zone 'UTC'`,
    )
    .groupBy(sql`1, 2, 3, 4`)
    .orderBy(sql`1 desc, 2, 3, 4`);
}

/** Cuts the person out of their events, and with it the device's name and the network: what is left is counted, no more. */
export async function forgetEventsOf(tx: Db, userId: string): Promise<void> {
  await tx
    .update(loginEvents)
    .set({ userId: null, sessionId: null, device: null, network: null, requestId: null })
    .where(eq(loginEvents.userId, userId));
}

/** Removes up to `most` events that are older than `days`. */
export async function sweepLoginEvents(db: Db, days: number, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${loginEvents} where id in (
      select id from ${loginEvents} where occurred_at < now() - make_interval(days => ${days}) limit ${most})
    returning id`);
  return gone.length;
}

// Owns deliveries: queues them with their challenge, takes each for sending once, and moves their status forward only.
import { and, eq, inArray, isNotNull, lt, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../db/client.js';
import type { DeliveryStatus } from '../graphql/schema.generated.js';
import { type DeliveryRow, deliveries } from './deliveries.table.js';

/** A message to be queued. */
export type NewDelivery = Pick<
  DeliveryRow,
  | 'challengeId'
  | 'template'
  | 'channel'
  | 'recipient'
  | 'country'
  | 'locale'
  | 'values'
  | 'price'
  | 'currency'
  | 'sendBefore'
> & {
  /** Seconds after which the other channel takes over; null: never. */
  fallbackSeconds: number | null;
};

/** Queues a message, in the transaction of its challenge: either both stand or neither. */
export async function queueDelivery(tx: Db, { fallbackSeconds, ...delivery }: NewDelivery): Promise<string> {
  const [queued] = await tx
    .insert(deliveries)
    .values({
      ...delivery,
      fallbackAt: fallbackSeconds === null ? null : sql`now() + make_interval(secs => ${fallbackSeconds})`,
    })
    .returning({ id: deliveries.id });
  if (queued === undefined) throw new Error('the insert of a delivery gave no row');
  return queued.id;
}

const taken = { status: 'SENDING' as const, takenAt: sql`now()`, updatedAt: sql`now()` };

/** Takes one queued message for sending; null when somebody else has, or its time is over. */
export async function takeDelivery(db: Db, id: string): Promise<DeliveryRow | null> {
  const [delivery] = await db
    .update(deliveries)
    .set(taken)
    .where(and(eq(deliveries.id, id), eq(deliveries.status, 'QUEUED'), sql`${deliveries.sendBefore} > now()`))
    .returning();
  return delivery ?? null;
}

/**
 * How long a request has to send its own message before others see to it, and the first wait after a refusal. Each
 * wait is as long as the message is old, so they double, up to the longest.
 */
const leftAloneSeconds = 5;
const longestWaitSeconds = 30;
/** How long a mail may be in sending before it is sent again, under the same Message-ID. */
const mailPatienceSeconds = 30;

/**
 * Takes a message that a dead process left behind, or that was refused for now. An SMS or a WhatsApp message that was already in sending is not
 * taken again: it may have gone out, and money and trust are worth more than a second try.
 */
export async function takeLeftOver(db: Db): Promise<DeliveryRow | null> {
  const waiting = sql`(select id from ${deliveries} where send_before > now() and (
      (status = 'QUEUED' and coalesce(taken_at, created_at) < now() - make_interval(secs => least(${longestWaitSeconds}::int,
        greatest(${leftAloneSeconds}::int, extract(epoch from taken_at - created_at)))))
      or (status = 'SENDING' and channel = 'EMAIL' and taken_at < now() - make_interval(secs => ${mailPatienceSeconds}))
    ) order by created_at limit 1 for update skip locked)`;
  const [delivery] = await db
    .update(deliveries)
    .set(taken)
    .where(sql`${deliveries.id} = ${waiting}`)
    .returning();
  return delivery ?? null;
}

/** The error of a message whose time was over before anybody could send it. */
export const lapsed = 'LAPSED';
/** A message that stays unsent: it costs nothing, and nothing follows it. */
const givenUp = { status: 'FAILED' as const, errorCode: lapsed, price: 0, fallbackAt: null };

/** Gives up to `most` messages up that were still in the queue when their time was over; what was not sent costs nothing. */
export async function giveUpLapsed(db: Db, most: number): Promise<DeliveryRow[]> {
  const late = sql`(select id from ${deliveries} where status = 'QUEUED' and send_before <= now()
    order by created_at limit ${most} for update skip locked)`;
  return db
    .update(deliveries)
    .set({ ...givenUp, updatedAt: sql`now()` })
    .where(sql`${deliveries.id} in ${late}`)
    .returning();
}

/** Gives up what is still in the queue for challenges that have been replaced: it would arrive behind what is good. */
export async function giveUpReplaced(tx: Db, challengeIds: readonly string[]): Promise<DeliveryRow[]> {
  if (challengeIds.length === 0) return [];
  return tx
    .update(deliveries)
    .set({ ...givenUp, updatedAt: sql`now()` })
    .where(and(inArray(deliveries.challengeId, [...challengeIds]), eq(deliveries.status, 'QUEUED')))
    .returning();
}

/**
 * Puts a message back into the queue after a refusal that may pass: it is known not to have gone out, or is a mail. One
 * that another message has followed since it was taken is given up instead, or both would arrive.
 */
export async function requeue(
  db: Db,
  { id, fallbackAt }: DeliveryRow,
  errorCode: string,
): Promise<DeliveryRow | null> {
  const followed = fallbackAt === null ? sql`false` : sql`${deliveries.fallbackAt} is null`;
  const [requeued] = await db
    .update(deliveries)
    .set({
      status: sql`case when ${followed} then 'FAILED' else 'QUEUED' end`,
      errorCode: sql`case when ${followed} then ${lapsed} else ${errorCode} end`,
      price: sql`case when ${followed} then 0 else ${deliveries.price} end`,
      updatedAt: sql`now()`,
    })
    .where(and(eq(deliveries.id, id), eq(deliveries.status, 'SENDING')))
    .returning();
  return requeued ?? null;
}

/** Status only moves forward: what comes late or twice changes nothing. */
const before: Record<DeliveryStatus, DeliveryStatus[]> = {
  QUEUED: [],
  SENDING: ['QUEUED'],
  SENT: ['QUEUED', 'SENDING'],
  DELIVERED: ['QUEUED', 'SENDING', 'SENT', 'FAILED'],
  FAILED: ['QUEUED', 'SENDING', 'SENT'],
};

/** News of a delivery. */
export interface Progress {
  status: DeliveryStatus;
  providerId?: string;
  errorCode?: string;
  price?: number;
  currency?: string;
  /** After a failure: whether the other channel is to take over at once; else it never does. */
  otherChannel?: boolean;
}

/** Moves a delivery forward; null when it already is there or further. A price is taken whenever it comes. */
export async function advance(
  db: Db,
  id: string,
  { status, otherChannel = false, ...news }: Progress,
): Promise<DeliveryRow | null> {
  const moves: SQL = inArray(deliveries.status, before[status]);
  const [moved] = await db
    .update(deliveries)
    .set({
      ...news,
      status,
      updatedAt: sql`now()`,
      // What has arrived needs no other channel; what has failed needs it now or never. In one statement, because
      // another replica may be looking for what is due. Who learnt of the failure goes over; others only if it dies.
      ...(status === 'DELIVERED' && { fallbackAt: null }),
      ...(status === 'FAILED' && {
        fallbackAt: otherChannel
          ? sql`case when ${deliveries.fallbackAt} is null then null
              else least(${deliveries.fallbackAt}, now() + make_interval(secs => ${leftAloneSeconds})) end`
          : null,
      }),
    })
    .where(and(eq(deliveries.id, id), moves))
    .returning();
  if (moved === undefined && news.price !== undefined) {
    const { price, currency } = news;
    await db
      .update(deliveries)
      .set({ price, ...(currency && { currency }) })
      .where(eq(deliveries.id, id));
  }
  return moved ?? null;
}

/**
 * Claims a delivery that the other channel is to follow, once, within the transaction that queues the message which
 * follows it: the one named, or one whose time has come, whoever sent it. What is still in the queue is given up, or
 * both would arrive.
 */
export async function takeFallback(tx: Db, id?: string): Promise<DeliveryRow | null> {
  const due = sql`(select id from ${deliveries} where fallback_at <= now() order by fallback_at limit 1 for update skip locked)`;
  const unsent = sql`${deliveries.status} = 'QUEUED'`;
  const [delivery] = await tx
    .update(deliveries)
    .set({
      fallbackAt: null,
      status: sql`case when ${unsent} then 'FAILED' else ${deliveries.status} end`,
      errorCode: sql`case when ${unsent} then ${lapsed} else ${deliveries.errorCode} end`,
      price: sql`case when ${unsent} then 0 else ${deliveries.price} end`,
      updatedAt: sql`now()`,
    })
    .where(id ? and(eq(deliveries.id, id), isNotNull(deliveries.fallbackAt)) : sql`${deliveries.id} = ${due}`)
    .returning();
  return delivery ?? null;
}

/** Keeps the other channel from following what was sent for a challenge so far. */
export async function dropFallbacks(tx: Db, challengeId: string): Promise<void> {
  await tx
    .update(deliveries)
    .set({ fallbackAt: null })
    .where(and(eq(deliveries.challengeId, challengeId), isNotNull(deliveries.fallbackAt)));
}

export async function findDelivery(db: Db, id: string): Promise<DeliveryRow | null> {
  const [found] = await db.select().from(deliveries).where(eq(deliveries.id, id));
  return found ?? null;
}

export function findDeliveries(db: Db, ids: readonly string[]): Promise<DeliveryRow[]> {
  return db
    .select()
    .from(deliveries)
    .where(inArray(deliveries.id, [...ids]));
}

/** Every message of a challenge, oldest first. */
export function listDeliveries(db: Db, challengeId: string): Promise<DeliveryRow[]> {
  return db
    .select()
    .from(deliveries)
    .where(eq(deliveries.challengeId, challengeId))
    .orderBy(deliveries.createdAt);
}

/** Days after which a delivery is kept without its recipient, for the counts alone. */
const recipientDays = 30;
const unnamed = { recipient: null, values: {} };

/** Empties the recipient of what went to somebody who is erased, and of what is still to go. */
export async function forgetRecipient(db: Db, recipient: string): Promise<void> {
  await db.update(deliveries).set(unnamed).where(eq(deliveries.recipient, recipient));
}

/** Empties the recipients of up to `most` old deliveries. */
export async function sweepRecipients(db: Db, most: number): Promise<number> {
  const old = sql`(select id from ${deliveries} where recipient is not null
    and created_at < now() - make_interval(days => ${recipientDays}) limit ${most})`;
  const emptied = await db
    .update(deliveries)
    .set(unnamed)
    .where(sql`${deliveries.id} in ${old}`)
    .returning({ id: deliveries.id });
  return emptied.length;
}

/** Removes up to `most` deliveries that are older than `days`. */
export async function sweepDeliveries(db: Db, days: number, most: number): Promise<number> {
  const oldest = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(lt(deliveries.createdAt, sql`now() - make_interval(days => ${days})`))
    .limit(most);
  const gone = await db
    .delete(deliveries)
    .where(inArray(deliveries.id, oldest))
    .returning({ id: deliveries.id });
  return gone.length;
}

/** Messages by day, channel and status, newest day first. */
export async function countDeliveries(db: Db, days: number) {
  return db
    .select({
      day: sql<string>`to_char(${deliveries.createdAt} at time zone 'UTC', 'YYYY-MM-DD')`,
      channel: deliveries.channel,
      status: deliveries.status,
      currency: deliveries.currency,
      count: sql<number>`count(*)::int`,
      cost: sql<number>`sum(${deliveries.price})::float`,
    })
    .from(deliveries)
    .where(
      sql`${deliveries.createdAt} >= (date_trunc('day', now() at time zone 'UTC') - make_interval(days => ${days - 1})) at time zone 'UTC'`,
    )
    .groupBy(sql`1, 2, 3, 4`)
    .orderBy(sql`1 desc, 2, 3`);
}

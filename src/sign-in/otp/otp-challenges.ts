// Owns the challenges of one-time codes: makes, finds, spends and consumes them, each by one statement.
import { and, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { type Db, prepared } from '../../db/client.js';
import { secretMinutes } from '../../messages/compose.js';
import { type OtpChallengeRow, otpChallenges } from './otp-challenges.table.js';

/** What a challenge begins with. */
export type NewOtpChallenge = Pick<
  OtpChallengeRow,
  'phone' | 'country' | 'channel' | 'locale' | 'device' | 'asker' | 'idempotencyHash' | 'network'
>;

/**
 * Makes what one device asks for one phone come one after the other until the transaction ends, and a proof of an
 * earlier challenge of its come first: both lock a challenge before the counters.
 */
export async function lockAsking(tx: Db, phone: string, asker: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`otp:${phone}:${asker}`}, 0))`);
  await tx
    .select({ id: otpChallenges.id })
    .from(otpChallenges)
    .where(isUnconsumedOf(phone, asker))
    .for('update');
}

const isUnconsumedOf = (phone: string, asker: string) =>
  and(eq(otpChallenges.phone, phone), eq(otpChallenges.asker, asker), isNull(otpChallenges.consumedAt));

/** Retires the challenges of one device for one phone, which a new one is to replace; their ids. */
export async function retireOtpChallenges(tx: Db, phone: string, asker: string): Promise<string[]> {
  const retired = await tx
    .update(otpChallenges)
    .set({ consumedAt: sql`now()` })
    .where(isUnconsumedOf(phone, asker))
    .returning({ id: otpChallenges.id });
  return retired.map(({ id }) => id);
}

export async function createOtpChallenge(tx: Db, challenge: NewOtpChallenge): Promise<OtpChallengeRow> {
  const [made] = await tx
    .insert(otpChallenges)
    .values({ ...challenge, expiresAt: sql`now() + make_interval(mins => ${secretMinutes})` })
    .returning();
  if (made === undefined) throw new Error('the insert of a challenge gave no row');
  return made;
}

export async function findOtpChallengeByKey(
  db: Db,
  idempotencyHash: string,
): Promise<OtpChallengeRow | null> {
  const [found] = await db
    .select()
    .from(otpChallenges)
    .where(eq(otpChallenges.idempotencyHash, idempotencyHash));
  return found ?? null;
}

export async function findOtpChallenge(db: Db, id: string): Promise<OtpChallengeRow | null> {
  const [found] = await db.select().from(otpChallenges).where(eq(otpChallenges.id, id));
  return found ?? null;
}

/** A challenge that can still be proved. */
const isOpen = and(isNull(otpChallenges.consumedAt), gt(otpChallenges.expiresAt, sql`now()`));

export async function findOpenOtpChallenge(db: Db, id: string): Promise<OtpChallengeRow | null> {
  const [found] = await db
    .select()
    .from(otpChallenges)
    .where(and(eq(otpChallenges.id, id), isOpen));
  return found ?? null;
}

/** Locks a challenge that is to be sent again, and tells how long after its last message that is too soon. */
export async function lockForResend(
  tx: Db,
  id: string,
  seconds: number,
): Promise<{ waitSeconds: number } | null> {
  const [found] = await tx
    .select({
      // Not now(), the start of this transaction: it may lie before the resend that this one waited for.
      waitSeconds: sql<number>`greatest(0, ceil(extract(epoch from
        ${otpChallenges.lastSentAt} + make_interval(secs => ${seconds}) - clock_timestamp())))::int`,
    })
    .from(otpChallenges)
    .where(and(eq(otpChallenges.id, id), isOpen))
    .for('update');
  return found ?? null;
}

/** Counts one more message for a challenge that is locked. */
export async function countResend(tx: Db, id: string): Promise<OtpChallengeRow> {
  const [resent] = await tx
    .update(otpChallenges)
    .set({ sends: sql`${otpChallenges.sends} + 1`, lastSentAt: sql`now()` })
    .where(eq(otpChallenges.id, id))
    .returning();
  if (resent === undefined) throw new Error('a locked challenge is gone');
  return resent;
}

const spend = prepared((db) =>
  db
    .update(otpChallenges)
    .set({ attempts: sql`${otpChallenges.attempts} + 1` })
    .where(
      and(
        eq(otpChallenges.id, sql.placeholder('id')),
        isOpen,
        lt(otpChallenges.attempts, sql`${sql.placeholder('most')}::int`),
      ),
    )
    .returning()
    .prepare('spend_otp_attempt'),
);

/** Spends one attempt, in its own committed statement, before the code is looked at. Null: none left, or gone. */
export async function spendOtpAttempt(db: Db, id: string, most: number): Promise<OtpChallengeRow | null> {
  const [challenge] = await spend(db).execute({ id, most });
  return challenge ?? null;
}

/** Consumes a challenge, once, in the transaction that starts the session. */
export async function consumeOtpChallenge(tx: Db, id: string): Promise<boolean> {
  const consumed = await tx
    .update(otpChallenges)
    .set({ consumedAt: sql`now()` })
    .where(and(eq(otpChallenges.id, id), isOpen))
    .returning({ id: otpChallenges.id });
  return consumed.length > 0;
}

/** Removes what was asked about a phone whose person is erased. */
export async function forgetOtpChallenges(db: Db, phone: string): Promise<void> {
  await db.delete(otpChallenges).where(eq(otpChallenges.phone, phone));
}

/** Removes up to `most` challenges that lapsed more than a day ago: until then their deliveries may bring news. */
export async function sweepOtpChallenges(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${otpChallenges} where id in (
      select id from ${otpChallenges} where expires_at < now() - interval '1 day' limit ${most})
    returning id`);
  return gone.length;
}

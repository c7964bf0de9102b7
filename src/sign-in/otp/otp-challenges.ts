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
 * Makes a challenge in the place of earlier ones of the same device. Null: the same idempotencyKey has made one
 * already, and nothing was changed.
 */
export async function createOtpChallenge(
  tx: Db,
  challenge: NewOtpChallenge,
): Promise<OtpChallengeRow | null> {
  const [made] = await tx
    .insert(otpChallenges)
    .values({ ...challenge, expiresAt: sql`now() + make_interval(mins => ${secretMinutes})` })
    .onConflictDoNothing({ target: otpChallenges.idempotencyHash })
    .returning();
  if (made === undefined) return null;
  const { phone, asker } = challenge;
  await tx
    .update(otpChallenges)
    .set({ consumedAt: sql`now()` })
    .where(
      and(
        eq(otpChallenges.phone, phone),
        eq(otpChallenges.asker, asker),
        isNull(otpChallenges.consumedAt),
        sql`${otpChallenges.id} <> ${made.id}`,
      ),
    );
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

/** A challenge that can still be proved. */
const isOpen = and(isNull(otpChallenges.consumedAt), gt(otpChallenges.expiresAt, sql`now()`));

export async function findOpenOtpChallenge(db: Db, id: string): Promise<OtpChallengeRow | null> {
  const [found] = await db
    .select()
    .from(otpChallenges)
    .where(and(eq(otpChallenges.id, id), isOpen));
  return found ?? null;
}

/** Counts one more message for the challenge, not sooner than `seconds` after the last; null: too soon, or gone. */
export async function spendResend(tx: Db, id: string, seconds: number): Promise<OtpChallengeRow | null> {
  const [resent] = await tx
    .update(otpChallenges)
    .set({ sends: sql`${otpChallenges.sends} + 1`, lastSentAt: sql`now()` })
    .where(
      and(
        eq(otpChallenges.id, id),
        isOpen,
        lt(otpChallenges.lastSentAt, sql`now() - make_interval(secs => ${seconds})`),
      ),
    )
    .returning();
  return resent ?? null;
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

/** Removes up to `most` challenges that lapsed more than a day ago: until then their deliveries may bring news. */
export async function sweepOtpChallenges(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${otpChallenges} where id in (
      select id from ${otpChallenges} where expires_at < now() - interval '1 day' limit ${most})
    returning id`);
  return gone.length;
}

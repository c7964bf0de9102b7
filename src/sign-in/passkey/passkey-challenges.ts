// Owns the challenges of passkeys: makes each, and gives it out to be checked once.
import { randomBytes } from 'node:crypto';
import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import { type PasskeyChallengeRow, passkeyChallenges } from './passkey-challenges.table.js';

/** What a challenge begins with. */
export type NewPasskeyChallenge = Pick<PasskeyChallengeRow, 'ceremony'> &
  Partial<Pick<PasskeyChallengeRow, 'userId' | 'sessionId' | 'name'>>;

/** Time to find the finger or the security key, twice over (WebAuthn Level 3, section 15.1). */
export const challengeMinutes = 5;

export async function createPasskeyChallenge(
  db: Db,
  challenge: NewPasskeyChallenge,
): Promise<PasskeyChallengeRow> {
  const [made] = await db
    .insert(passkeyChallenges)
    .values({
      ...challenge,
      challenge: randomBytes(32).toString('base64url'),
      expiresAt: sql`now() + make_interval(mins => ${challengeMinutes})`,
    })
    .returning();
  if (made === undefined) throw new Error('the insert of a challenge gave no row');
  return made;
}

/** Takes a challenge of this ceremony, once, before anything signed is looked at; null when it is gone. */
export async function takePasskeyChallenge(
  db: Db,
  id: string,
  ceremony: PasskeyChallengeRow['ceremony'],
): Promise<PasskeyChallengeRow | null> {
  const [taken] = await db
    .update(passkeyChallenges)
    .set({ consumedAt: sql`now()` })
    .where(
      and(
        eq(passkeyChallenges.id, id),
        eq(passkeyChallenges.ceremony, ceremony),
        isNull(passkeyChallenges.consumedAt),
        gt(passkeyChallenges.expiresAt, sql`now()`),
      ),
    )
    .returning();
  return taken ?? null;
}

/** Removes up to `most` challenges that have lapsed. */
export async function sweepPasskeyChallenges(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${passkeyChallenges} where id in (
      select id from ${passkeyChallenges} where expires_at < now() limit ${most})
    returning id`);
  return gone.length;
}

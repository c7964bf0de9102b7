// Owns sign-ins in the browser as rows: each step is one conditional update, so none happens twice.
import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import type { IdentityClaims } from './id-token.js';
import { type SocialSignInRow, socialSignIns } from './social-sign-ins.table.js';

/** Time to sign in at the provider, with a second factor there. */
const minutes = 10;
/** The app is opened at once by the same browser: long enough for a slow start of it. */
const codeSeconds = 60;

export async function createSocialSignIn(
  db: Db,
  signIn: Pick<SocialSignInRow, 'provider' | 'redirectUri' | 'codeChallenge'>,
): Promise<SocialSignInRow> {
  const [made] = await db
    .insert(socialSignIns)
    .values({ ...signIn, expiresAt: sql`now() + make_interval(mins => ${minutes})` })
    .returning();
  if (made === undefined) throw new Error('the insert of a sign-in gave no row');
  return made;
}

/** Takes the browser's return from this provider, once; null when it is gone, or was begun at another one. */
export async function takeReturn(db: Db, id: string, provider: string): Promise<SocialSignInRow | null> {
  const [taken] = await db
    .update(socialSignIns)
    .set({ returnedAt: sql`now()` })
    .where(
      and(
        eq(socialSignIns.id, id),
        eq(socialSignIns.provider, provider),
        isNull(socialSignIns.returnedAt),
        gt(socialSignIns.expiresAt, sql`now()`),
      ),
    )
    .returning();
  return taken ?? null;
}

/** Keeps who was proved for the app to fetch. */
export async function keepClaims(
  db: Db,
  id: string,
  claims: IdentityClaims,
  refreshToken: string | null,
): Promise<void> {
  await db
    .update(socialSignIns)
    .set({ claims, refreshToken, codeExpiresAt: sql`now() + make_interval(secs => ${codeSeconds})` })
    .where(eq(socialSignIns.id, id));
}

/** Whose verifier fits, and whose code has neither lapsed nor been used. */
const isReady = (id: string, codeChallenge: string) =>
  and(
    eq(socialSignIns.id, id),
    eq(socialSignIns.codeChallenge, codeChallenge),
    isNull(socialSignIns.consumedAt),
    gt(socialSignIns.codeExpiresAt, sql`now()`),
  );

export async function findReady(db: Db, id: string, codeChallenge: string): Promise<SocialSignInRow | null> {
  const [found] = await db.select().from(socialSignIns).where(isReady(id, codeChallenge));
  return found ?? null;
}

/** Consumes a code, once, in the transaction that acts on it. */
export async function consumeSocialSignIn(tx: Db, id: string, codeChallenge: string): Promise<boolean> {
  const consumed = await tx
    .update(socialSignIns)
    .set({ consumedAt: sql`now()`, claims: null, refreshToken: null })
    .where(isReady(id, codeChallenge))
    .returning({ id: socialSignIns.id });
  return consumed.length > 0;
}

/** Removes up to `most` sign-ins that have lapsed. */
export async function sweepSocialSignIns(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${socialSignIns} where id in (
      select id from ${socialSignIns} where expires_at < now() - interval '5 minutes' limit ${most})
    returning id`);
  return gone.length;
}

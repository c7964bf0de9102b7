// Owns sessions: opens, finds, rotates and ends them, each by one statement that settles its own races.
import { and, desc, eq, gt, gte, isNull, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Config } from '../config.js';
import { type Db, prepared } from '../db/client.js';
import { credentials } from '../users/credentials.table.js';
import type { DeviceDescription } from '../users/device.js';
import {
  type IdentifierKind,
  lockPerson,
  mailboxOf,
  type Person,
  personColumns,
  phoneOf,
  phones,
} from '../users/users.js';
import { users } from '../users/users.table.js';
import { type RevocationReason, type SessionRow, sessions } from './sessions.table.js';

/** What a session begins with. */
export type NewSession = Pick<SessionRow, 'userId' | 'method' | 'amr' | 'clientId' | 'device' | 'network'>;

const day = 86_400;

/** Neither ended nor past its idle or absolute end, by the database's clock. */
function isLive(idleSeconds: SQL | number): SQL {
  return sql`(${isNull(sessions.revokedAt)} and ${sessions.endsAt} > now()
    and ${sessions.lastUsedAt} > now() - make_interval(secs => ${idleSeconds}))`;
}

/** When a session ends if it is not refreshed: its idle or its absolute end, whichever is nearer. */
export function expiryOf(session: Pick<SessionRow, 'endsAt' | 'lastUsedAt'>, config: Config): Date {
  const idleEnd = session.lastUsedAt.getTime() + config.sessionIdleDays * day * 1000;
  return new Date(Math.min(session.endsAt.getTime(), idleEnd));
}

/**
 * Starts a session, and ends the person's least used ones beyond the cap. The lock on the person makes parallel
 * sign-ins count each other.
 * @returns the session and the ids of those it drove out; null when the account is gone or disabled
 */
export async function openSession(
  tx: Db,
  config: Config,
  session: NewSession,
): Promise<{ session: SessionRow; drivenOut: string[] } | null> {
  if (!(await lockPerson(tx, session.userId))) return null;
  const surplus = tx
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.userId, session.userId), isLive(config.sessionIdleDays * day)))
    .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
    .offset(config.sessionsPerUser - 1);
  const drivenOut = await tx
    .update(sessions)
    .set(endedFor('session_cap'))
    .where(sql`${sessions.id} in ${surplus}`)
    .returning({ id: sessions.id });
  const [opened] = await tx
    .insert(sessions)
    .values({ ...session, endsAt: sql`now() + make_interval(days => ${config.sessionAbsoluteDays})` })
    .returning();
  if (opened === undefined) throw new Error('the insert of a session gave no row');
  return { session: opened, drivenOut: drivenOut.map((row) => row.id) };
}

/** A live session with its person. */
export interface LiveSession {
  session: SessionRow;
  person: Person;
}

const liveSessionsById = prepared((db) =>
  db
    .select({ session: sessions, person: personColumns })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .leftJoin(credentials, mailboxOf)
    .leftJoin(phones, phoneOf)
    .where(
      and(
        sql`${sessions.id} = any(string_to_array(${sql.placeholder('ids')}, ',')::uuid[])`,
        isNull(users.disabledAt),
        isLive(sql`${sql.placeholder('idle')}::int`),
      ),
    )
    .prepare('live_sessions_by_id'),
);

/** Those of these sessions that are live, in one round trip; none that was ended, has lapsed or whose account is disabled. */
export function findLiveSessions(db: Db, config: Config, ids: readonly string[]): Promise<LiveSession[]> {
  return liveSessionsById(db).execute({ ids: ids.join(','), idle: config.sessionIdleDays * day });
}

/** A live session with its person; null when it was ended, has lapsed or its account is disabled. */
export async function findLiveSession(db: Db, config: Config, id: string): Promise<LiveSession | null> {
  const [found] = await findLiveSessions(db, config, [id]);
  return found ?? null;
}

/** A person's live sessions, the one used last first. */
export function listLiveSessions(db: Db, config: Config, userId: string): Promise<SessionRow[]> {
  return liveSessionsOf(db).execute({ userId, idle: config.sessionIdleDays * day });
}

const liveSessionsOf = prepared((db) =>
  db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, sql.placeholder('userId')), isLive(sql`${sql.placeholder('idle')}::int`)))
    .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
    .prepare('live_sessions_of'),
);

/** A refresh as its caller asks for it. */
export interface Rotation {
  sessionId: string;
  /** The count in the token that came. */
  count: number;
  /** SHA-256 of the caller's idempotencyKey; null without one. */
  keyHash: string | null;
  network: string;
}

/** Asked within the statement: a disabled account costs a refresh no round trip. */
const ownerIsEnabled = sql`exists (select from ${users}
  where ${users.id} = ${sessions.userId} and ${isNull(users.disabledAt)})`;

const rotateStatement = prepared((db) => {
  const count = sql`${sql.placeholder('count')}::int`;
  const next = sql`(${count} + 1)`;
  const keyHash = sql`${sql.placeholder('keyHash')}::text`;
  const repeats = sql`${sessions.refreshCount} = ${next}`;
  return db
    .update(sessions)
    .set({
      refreshCount: next,
      rotatedAt: sql`case when ${repeats} then ${sessions.rotatedAt} else now() end`,
      rotationKeyHash: sql`case when ${repeats} then ${sessions.rotationKeyHash} else ${keyHash} end`,
      lastUsedAt: sql`now()`,
      network: sql`${sql.placeholder('network')}`,
    })
    .where(
      and(
        eq(sessions.id, sql.placeholder('sessionId')),
        isLive(sql`${sql.placeholder('idle')}::int`),
        ownerIsEnabled,
        or(
          eq(sessions.refreshCount, count),
          and(
            repeats,
            or(
              eq(sessions.rotationKeyHash, keyHash),
              gt(sessions.rotatedAt, sql`now() - make_interval(secs => ${sql.placeholder('grace')}::int)`),
            ),
          ),
        ),
      ),
    )
    .returning()
    .prepare('rotate_session');
});

/**
 * Spends a refresh token: the one conditional update on which all refreshes of a session meet. Matches the token
 * that is good now, and the one before it when the same idempotencyKey comes again or within the grace period;
 * either way the row afterwards holds the count of the one successor.
 * @returns the session, or null when the token is not good: `judgeRefusal` tells why
 */
export async function rotateSession(db: Db, config: Config, rotation: Rotation): Promise<SessionRow | null> {
  const [session] = await rotateStatement(db).execute({
    ...rotation,
    idle: config.sessionIdleDays * day,
    grace: config.refreshGraceSeconds,
  });
  return session ?? null;
}

/** What a genuine token came to that `rotateSession` did not take; `newly`: by this very refresh. */
export type Judgement =
  | { why: 'unknown' | 'revoked' | 'expired' | 'disabled' }
  | { why: 'ahead' | 'reused'; session: SessionRow; newly: boolean };

/**
 * Finds out why `rotateSession` refused, and does what follows from it: a token ahead of the row comes from before a
 * restored backup or a failover, so the row catches up; one behind it is reuse and ends the session.
 * To be called in a transaction: the row stays locked while it is judged.
 */
export async function judgeRefusal(tx: Db, config: Config, rotation: Rotation): Promise<Judgement> {
  const thisOne = eq(sessions.id, rotation.sessionId);
  const [found] = await tx
    .select({
      session: sessions,
      live: sql<boolean>`${isLive(config.sessionIdleDays * day)}`,
      disabledAt: users.disabledAt,
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(thisOne)
    .for('no key update', { of: sessions });
  if (found === undefined) return { why: 'unknown' };
  const { session, live, disabledAt } = found;
  if (session.revocationReason === 'refresh_token_reuse') return { why: 'reused', session, newly: false };
  if (session.revokedAt !== null) return { why: 'revoked' };
  if (disabledAt !== null) return { why: 'disabled' };
  if (!live) return { why: 'expired' };

  // Refreshes of one token come in parallel: another one may have brought the row up meanwhile.
  const settled = await rotateSession(tx, config, rotation);
  if (settled !== null) return { why: 'ahead', session: settled, newly: false };
  const ahead = rotation.count > session.refreshCount;
  const caughtUp = {
    refreshCount: rotation.count + 1,
    rotatedAt: sql`now()`,
    rotationKeyHash: rotation.keyHash,
    lastUsedAt: sql`now()`,
    network: rotation.network,
  };
  const [judged] = await tx
    .update(sessions)
    .set(ahead ? caughtUp : endedFor('refresh_token_reuse'))
    .where(thisOne)
    .returning();
  if (judged === undefined) throw new Error('a locked session is gone');
  return { why: ahead ? 'ahead' : 'reused', session: judged, newly: true };
}

const ownerOnDevice = prepared((db) =>
  db
    .select({ id: sessions.id })
    .from(credentials)
    .innerJoin(sessions, eq(sessions.userId, credentials.userId))
    .where(
      and(
        eq(credentials.kind, sql.placeholder('kind')),
        eq(credentials.identifier, sql.placeholder('identifier')),
        // Who was there before the proof was a stranger, whose sessions it ended.
        gte(sessions.createdAt, credentials.provedAt),
        sql`${sessions.device} ->> 'id' = ${sql.placeholder('deviceId')}`,
      ),
    )
    .limit(1)
    .prepare('owner_on_device'),
);

/** Whether the owner of a mailbox or a phone has signed in from this device before, by the name the app keeps for it. */
export async function isKnownDevice(
  db: Db,
  { kind, identifier }: { kind: IdentifierKind; identifier: string },
  device: DeviceDescription | null,
): Promise<boolean> {
  if (device?.id === undefined) return false;
  return (await ownerOnDevice(db).execute({ kind, identifier, deviceId: device.id })).length > 0;
}

const proofIsFresh = prepared((db) =>
  db
    .select({ id: sessions.id })
    .from(sessions)
    .where(
      and(
        eq(sessions.id, sql.placeholder('id')),
        sql`least(coalesce(${sessions.reauthenticatedAt}, ${sessions.createdAt}),
          to_timestamp(${sql.placeholder('authTime')}::int)) > now() - make_interval(secs => ${sql.placeholder('seconds')}::int)`,
      ),
    )
    .prepare('proof_is_fresh'),
);

/** Whether the last proof of a session is at most so many seconds old, and the one that its token knows of as well. */
export async function isProofFresh(
  db: Db,
  { id, authTime }: { id: string; authTime: number },
  seconds: number,
): Promise<boolean> {
  return (await proofIsFresh(db).execute({ id, authTime, seconds })).length > 0;
}

/**
 * Notes a fresh proof, and spends the refresh token: a copy of it shall not share in the proof. Unless it was spent within
 * the grace period: refreshes that are on their way with the one before would be two behind, and taken for reuse.
 * @returns null when the session was ended meanwhile
 */
export async function renewProof(
  tx: Db,
  config: Config,
  { id, amr, network }: { id: string; amr: string[]; network: string },
): Promise<SessionRow | null> {
  const wasJustSpent = sql`(${sessions.refreshCount} > 0
    and ${sessions.rotatedAt} > now() - make_interval(secs => ${config.refreshGraceSeconds}))`;
  const [renewed] = await tx
    .update(sessions)
    .set({
      reauthenticatedAt: sql`now()`,
      amr,
      refreshCount: sql`case when ${wasJustSpent} then ${sessions.refreshCount} else ${sessions.refreshCount} + 1 end`,
      rotatedAt: sql`case when ${wasJustSpent} then ${sessions.rotatedAt} else now() end`,
      rotationKeyHash: sql`case when ${wasJustSpent} then ${sessions.rotationKeyHash} end`,
      lastUsedAt: sql`now()`,
      network,
    })
    .where(and(eq(sessions.id, id), isLive(config.sessionIdleDays * day)))
    .returning();
  return renewed ?? null;
}

/** Whether a session is this person's. */
export async function isSessionOf(db: Db, id: string, userId: string): Promise<boolean> {
  const found = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, id), eq(sessions.userId, userId)));
  return found.length > 0;
}

/** Ends the session whatever its state; the row if it was live until now, else null. */
export async function endSession(
  db: Db,
  config: Config,
  id: string,
  reason: RevocationReason,
): Promise<SessionRow | null> {
  const [ended] = await db
    .update(sessions)
    .set(endedFor(reason))
    .where(and(eq(sessions.id, id), isLive(config.sessionIdleDays * day)))
    .returning();
  return ended ?? null;
}

/** Ends live sessions of one person: all, only one, or all but one. */
export async function endSessionsOf(
  db: Db,
  config: Config,
  userId: string,
  reason: RevocationReason,
  which: { only?: string; except?: string } = {},
): Promise<string[]> {
  const ended = await db
    .update(sessions)
    .set(endedFor(reason))
    .where(
      and(
        eq(sessions.userId, userId),
        isLive(config.sessionIdleDays * day),
        which.only === undefined ? undefined : eq(sessions.id, which.only),
        which.except === undefined ? undefined : ne(sessions.id, which.except),
      ),
    )
    .returning({ id: sessions.id });
  return ended.map((row) => row.id);
}

/** How long an ended session is remembered: its tokens get their own answer, its device stays known. */
const rememberDays = 30;

/** Pages of the table that one statement of the sweep looks through: 4 MB, a few milliseconds. */
const pagesAtOnce = 500;

/**
 * Removes sessions that ended long ago. There is no index to find them by, because a refresh would have to change it,
 * so the table is walked by its pages: no statement takes longer for a larger table.
 */
export async function sweepSessions(db: Db, config: Config): Promise<void> {
  const [table] = await db.execute<{ pages: number }>(sql`
    select (pg_relation_size(${'sessions'}) / current_setting('block_size')::int)::int as pages`);
  const pages = table?.pages ?? 0;
  for (let page = 0; page < pages; page += pagesAtOnce) {
    await db.execute(sql`
      delete from ${sessions}
      where ctid >= ${`(${page},0)`}::tid and ctid < ${`(${page + pagesAtOnce},0)`}::tid
        and least(revoked_at, ends_at, last_used_at + make_interval(days => ${config.sessionIdleDays}))
          < now() - make_interval(days => ${rememberDays})`);
  }
}

function endedFor(reason: RevocationReason) {
  return { revokedAt: sql`now()`, revocationReason: reason };
}

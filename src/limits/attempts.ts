// Owns the attempt counters: takes a place in every window that applies, or in none, before a credential is checked.
import { and, count, gt, inArray, lt, sql } from 'drizzle-orm';
import type { Db } from '../db/client.js';
import { attempts } from './attempts.table.js';

/** A window of attempts at one thing. */
export interface AttemptLimit {
  /** What is counted, by limit and subject. */
  bucket: string;
  max: number;
  windowSeconds: number;
}

/**
 * Counts one attempt against every limit, in one statement that is exact however many come at once.
 * @returns null when all had room; else the seconds until the fullest of them begins anew, with nothing counted
 */
export async function reserveAttempt(db: Db, limits: readonly AttemptLimit[]): Promise<number | null> {
  const rows = limits.map(
    ({ bucket, max, windowSeconds }) => sql`(${bucket}::text, ${max}::int, ${windowSeconds}::int)`,
  );
  // Whoever comes to a shut window only reads: a flood of guesses keeps nobody waiting for a row.
  const seen = await db.execute<{ bucket: string; counted: boolean; waits: number | null }>(sql`
    with wanted (bucket, max, seconds) as (values ${sql.join(rows, sql`, `)}),
    shut as (
      select bucket, resets_at from ${attempts} join wanted using (bucket) where resets_at > now() and count >= max
    ),
    counted as (
      insert into ${attempts} as held (bucket, count, resets_at)
      select bucket, 1, now() + make_interval(secs => seconds) from wanted
      where not exists (select from shut) order by bucket
      on conflict (bucket) do update set
        count = case when held.resets_at <= now() then 1 else held.count + 1 end,
        resets_at = case when held.resets_at <= now() then excluded.resets_at else held.resets_at end
        where held.resets_at <= now() or held.count < (select max from wanted where wanted.bucket = held.bucket)
      returning held.bucket
    )
    select bucket, counted.bucket is not null as counted,
      case when shut.bucket is not null
        then greatest(1, ceil(extract(epoch from shut.resets_at - clock_timestamp())))::int end as waits
    from wanted left join counted using (bucket) left join shut using (bucket)`);
  const counted = seen.filter((row) => row.counted).map(({ bucket }) => bucket);
  if (counted.length === limits.length) return null;
  if (seen.some((row) => row.waits !== null)) return Math.max(...seen.map((row) => row.waits ?? 0));
  // The last place went to somebody else while this statement waited for its row: look again.
  await giveBackAttempt(db, counted);
  return reserveAttempt(db, limits);
}

/**
 * Whether a limit is full already, without waiting for anybody: a flood is turned away here, before it queues for the
 * rows that `reserveAttempt` locks within a transaction.
 * @returns null when all have room by now; else the seconds until the fullest begins anew
 */
export async function findFullLimit(db: Db, limits: readonly AttemptLimit[]): Promise<number | null> {
  const rows = limits.map(({ bucket, max }) => sql`(${bucket}::text, ${max}::int)`);
  const [full] = await db.execute<{ waits: number | null }>(sql`
    select ceil(extract(epoch from max(resets_at) - now()))::int as waits
    from ${attempts} join (values ${sql.join(rows, sql`, `)}) wanted (bucket, max) using (bucket)
    where resets_at > now() and count >= max`);
  return full?.waits ?? null;
}

/** How many different things of a kind may be done within a window. */
export interface VarietyLimit {
  /** Who does them, and what kind they are of. */
  bucket: string;
  /** What is about to be done. */
  choice: string;
  /** Everything that could be done besides. */
  others: readonly string[];
  max: number;
  windowSeconds: number;
}

/**
 * Counts one of several different things, of which only so many may be done; each keeps its place for a window from
 * the last time. To be called in a transaction: until its end others of this bucket wait, so that they count each other.
 * @returns false when it would be one too many, with nothing counted
 */
export async function reserveChoice(
  tx: Db,
  { bucket, choice, others, max, windowSeconds }: VarietyLimit,
): Promise<boolean> {
  const bucketOf = (one: string) => `${bucket}:${one}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${bucket}, 0))`);
  const taken = tx
    .select({ places: count() })
    .from(attempts)
    .where(and(inArray(attempts.bucket, others.map(bucketOf)), gt(attempts.resetsAt, sql`now()`)));
  const counted = await tx.execute(sql`
    insert into ${attempts} as held (bucket, count, resets_at)
    select ${bucketOf(choice)}, 1, now() + make_interval(secs => ${windowSeconds}) where ${taken} < ${max}::int
    on conflict (bucket) do update set count = held.count + 1, resets_at = excluded.resets_at
    returning bucket`);
  return counted.length > 0;
}

/** Takes an attempt, or several, back from each bucket: what was checked was right. */
export async function giveBackAttempt(db: Db, buckets: readonly string[], places = 1): Promise<void> {
  if (buckets.length === 0) return;
  // Rows are locked in the order in which they are counted: two statements never wait for each other.
  const locked = db
    .select({ bucket: attempts.bucket })
    .from(attempts)
    .where(inArray(attempts.bucket, [...buckets]))
    .orderBy(attempts.bucket)
    .for('update');
  await db.execute(sql`
    with held as ${locked}
    update ${attempts} as given set count = greatest(given.count - ${places}, 0) from held where given.bucket = held.bucket`);
}

/** Removes up to `most` counters whose window has ended. */
export async function sweepAttempts(db: Db, most: number): Promise<number> {
  const ended = db
    .select({ bucket: attempts.bucket })
    .from(attempts)
    .where(lt(attempts.resetsAt, sql`now()`))
    .limit(most);
  const gone = await db
    .delete(attempts)
    // Once more, because a counter may begin anew while the delete waits for its row.
    .where(and(inArray(attempts.bucket, ended), lt(attempts.resetsAt, sql`now()`)))
    .returning({ bucket: attempts.bucket });
  return gone.length;
}

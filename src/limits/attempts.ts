// Owns the attempt counters: takes a place in every window that applies, or in none, before a credential is checked.
import { and, inArray, lt, sql } from 'drizzle-orm';
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
  // A window that others have just begun is not seen by the statement that waited for it: it is all still to come.
  const counted = await db.execute<{ bucket: string; waits: number }>(sql`
    with wanted (bucket, max, seconds) as (values ${sql.join(rows, sql`, `)}),
    counted as (
      insert into ${attempts} as held (bucket, count, resets_at)
      select bucket, 1, now() + make_interval(secs => seconds) from wanted order by bucket
      on conflict (bucket) do update set
        count = case when held.resets_at <= now() then 1 else held.count + 1 end,
        resets_at = case when held.resets_at <= now() then excluded.resets_at else held.resets_at end
        where held.resets_at <= now() or held.count < (select max from wanted where wanted.bucket = held.bucket)
      returning held.bucket
    )
    select wanted.bucket,
      case when counted.bucket is null
        then greatest(1, ceil(extract(epoch from coalesce(
          (select resets_at - now() from ${attempts} full_one
            where full_one.bucket = wanted.bucket and full_one.resets_at > now()),
          make_interval(secs => seconds)))))::int
        else 0 end as waits
    from wanted left join counted using (bucket)`);
  const waits = Math.max(...counted.map((row) => row.waits));
  if (waits === 0) return null;
  await giveBackAttempt(
    db,
    counted.filter((row) => row.waits === 0).map((row) => row.bucket),
  );
  return waits;
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

// Owns grants that are to be revoked, as rows: queues, takes and drops them.
import { eq, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import { type RevocationRow, revocations } from './revocations.table.js';

export async function queueRevocation(
  tx: Db,
  revocation: Pick<RevocationRow, 'id' | 'issuer' | 'refreshToken' | 'clientId'>,
): Promise<void> {
  await tx.insert(revocations).values(revocation).onConflictDoNothing();
}

/**
 * Takes one that is due, and sets its next try: 15 seconds later, then twice as long each time, 6 hours at most. Who dies
 * over it leaves it to that.
 */
export async function takeRevocation(db: Db): Promise<RevocationRow | null> {
  const due = db
    .select({ id: revocations.id })
    .from(revocations)
    .where(sql`${revocations.nextTryAt} <= now()`)
    .orderBy(revocations.nextTryAt)
    .limit(1)
    .for('update', { skipLocked: true });
  const [taken] = await db
    .update(revocations)
    .set({
      tries: sql`${revocations.tries} + 1`,
      // The power has an end of its own: an interval overflows.
      nextTryAt: sql`now() + least(interval '15 seconds' * power(2, least(${revocations.tries}, 20)), interval '6 hours')`,
    })
    .where(sql`${revocations.id} in ${due}`)
    .returning();
  return taken ?? null;
}

export async function dropRevocation(db: Db, id: string): Promise<void> {
  await db.delete(revocations).where(eq(revocations.id, id));
}

/** Removes up to `most` that the provider has not taken for a week. */
export async function sweepRevocations(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${revocations} where id in (
      select id from ${revocations} where created_at < now() - interval '7 days' limit ${most})
    returning id`);
  return gone.length;
}

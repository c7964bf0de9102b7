// Owns notices as rows: takes each once.
import { sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import { notices } from './notices.table.js';

/** False when this notice was taken before. In the transaction that acts on it. */
export async function takeNotice(tx: Db, jti: string): Promise<boolean> {
  const taken = await tx
    .insert(notices)
    .values({ jti })
    .onConflictDoNothing()
    .returning({ jti: notices.jti });
  return taken.length > 0;
}

/** Removes up to `most` that are older than 30 days: Apple repeats a notice for hours, and its signature lapses. */
export async function sweepNotices(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${notices} where jti in (
      select jti from ${notices} where received_at < now() - interval '30 days' limit ${most})
    returning jti`);
  return gone.length;
}

// Owns the list of what people sign in by, whatever method it belongs to: adds, lists and removes.
import { and, desc, eq, sql } from 'drizzle-orm';
import type { Db } from '../db/client.js';
import { credentials } from './credentials.table.js';

/** A way in, without what its own method knows of it. */
export type WayIn = Pick<typeof credentials.$inferSelect, 'id' | 'kind' | 'identifier' | 'provedAt'>;

/** What a way in begins with. */
export interface NewWayIn {
  userId: string;
  kind: 'passkey' | 'identity';
  identifier: string;
  proved: boolean;
  /** The session that adds it; null for what an account begins with. */
  madeBy: string | null;
}

/** Adds a way in; null when somebody has it already, be it since a moment ago. */
export async function addWayIn(tx: Db, { proved, madeBy, ...wayIn }: NewWayIn): Promise<string | null> {
  const [added] = await tx
    .insert(credentials)
    .values({ ...wayIn, createdBySession: madeBy, provedAt: proved ? sql`now()` : null })
    .onConflictDoNothing()
    .returning({ id: credentials.id });
  return added?.id ?? null;
}

/** Every way in of a person, the newest first. Under `lockPerson` none comes or goes until the transaction ends. */
export function listWaysIn(db: Db, userId: string): Promise<WayIn[]> {
  return db
    .select({
      id: credentials.id,
      kind: credentials.kind,
      identifier: credentials.identifier,
      provedAt: credentials.provedAt,
    })
    .from(credentials)
    .where(eq(credentials.userId, userId))
    .orderBy(desc(credentials.createdAt));
}

/** Locks every way in of a person until the transaction ends. */
export async function lockWaysIn(tx: Db, userId: string): Promise<void> {
  await tx
    .select({ id: credentials.id })
    .from(credentials)
    .where(eq(credentials.userId, userId))
    .orderBy(credentials.id)
    .for('update');
}

/** Removes every way in of a person, with what their methods know of them. */
export async function removeWaysIn(tx: Db, userId: string): Promise<void> {
  await tx.delete(credentials).where(eq(credentials.userId, userId));
}

/** Removes a way in of a person, with what its method knows of it. */
export async function removeWayIn(tx: Db, userId: string, id: string): Promise<void> {
  await tx.delete(credentials).where(and(eq(credentials.userId, userId), eq(credentials.id, id)));
}

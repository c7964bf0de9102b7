// Owns the rows of signing keys: reads them in order and moves one key from state to state.
import { asc, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../db/client.js';
import type { StoredKeyPair } from '../tokens/signing-key.js';
import { type SigningKeyRow, signingKeys } from './signing-keys.table.js';

/** Where a key stands in its life: published, signing, only verifying. */
export type KeyState = 'next' | 'active' | 'retiring';

export function stateOf(key: Pick<SigningKeyRow, 'activatedAt' | 'retiredAt'>): KeyState {
  if (key.retiredAt !== null) return 'retiring';
  return key.activatedAt === null ? 'next' : 'active';
}

/** Every key that is published, oldest first. */
export function listSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).orderBy(asc(signingKeys.publishedAt), asc(signingKeys.kid));
}

/** The database's clock. */
export async function readClock(db: Db): Promise<Date> {
  const [row] = await db.execute<{ now: string }>(sql`select now() as now`);
  return new Date(row?.now ?? Number.NaN);
}

/** Waits until no other transaction holds this lock, and holds it until its own ends. */
export async function waitForTurn(tx: Db, lock: number): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lock})`);
}

export async function publishKey(db: Db, pair: StoredKeyPair): Promise<void> {
  await db.insert(signingKeys).values(pair);
}

/** Lets a key sign in the place of the active one, which from now on only verifies. */
export async function activateKey(db: Db, kid: string): Promise<void> {
  await db
    .update(signingKeys)
    .set({ retiredAt: sql`now()` })
    .where(sql`${signingKeys.activatedAt} is not null and ${signingKeys.retiredAt} is null`);
  await db
    .update(signingKeys)
    .set({ activatedAt: sql`now()` })
    .where(sql`${signingKeys.kid} = ${kid} and ${isNull(signingKeys.activatedAt)}`);
}

/** Takes a key out of the key set: what it signed is refused from here on. */
export async function removeKey(db: Db, kid: string): Promise<void> {
  await db.delete(signingKeys).where(eq(signingKeys.kid, kid));
}

export async function replaceSealed(db: Db, kid: string, sealedPrivateJwk: string): Promise<void> {
  await db.update(signingKeys).set({ sealedPrivateJwk }).where(eq(signingKeys.kid, kid));
}

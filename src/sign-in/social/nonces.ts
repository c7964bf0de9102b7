// Owns nonces: makes them, and takes each back once.
import { createHash, randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import { nonces } from './nonces.table.js';

/** Time to choose an account in the provider's sheet, and to sign in there. */
const minutes = 10;

/** SHA-256 in hex. */
export function hashNonce(nonce: string): string {
  return createHash('sha256').update(nonce).digest('hex');
}

/** A fresh nonce, 256 bits. */
export async function makeNonce(db: Db): Promise<{ nonce: string; expiresAt: Date }> {
  const nonce = randomBytes(32).toString('base64url');
  const [made] = await db
    .insert(nonces)
    .values({ hash: hashNonce(nonce), expiresAt: sql`now() + make_interval(mins => ${minutes})` })
    .returning();
  if (made === undefined) throw new Error('the insert of a nonce gave no row');
  return { nonce, expiresAt: made.expiresAt };
}

const isOpen = (hash: string) => and(eq(nonces.hash, hash), gt(nonces.expiresAt, sql`now()`));

/** Whether a nonce was made here and can still be taken: nothing is verified for a made-up one. */
export async function isNonceOpen(db: Db, hash: string): Promise<boolean> {
  return (await db.select({ hash: nonces.hash }).from(nonces).where(isOpen(hash))).length > 0;
}

/** Takes a nonce back, once, in the transaction that acts on its token. */
export async function consumeNonce(tx: Db, hash: string): Promise<boolean> {
  return (await tx.delete(nonces).where(isOpen(hash)).returning({ hash: nonces.hash })).length > 0;
}

/** Removes up to `most` nonces that have lapsed. */
export async function sweepNonces(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${nonces} where hash in (select hash from ${nonces} where expires_at < now() limit ${most})
    returning hash`);
  return gone.length;
}

// Owns passkeys as rows: keeps, finds, counts on and renames them.
import { and, desc, eq, sql } from 'drizzle-orm';
import { type Db, prepared } from '../../db/client.js';
import { credentials } from '../../users/credentials.table.js';
import { passkeys } from './passkeys.table.js';

/** A passkey with the way in it is. */
export interface PasskeyRow {
  /** Names the way in. */
  id: string;
  userId: string;
  /** As authenticators and browsers know it, base64url. */
  credentialId: string;
  publicKey: string;
  counter: number;
  transports: string[];
  name: string;
  multiDevice: boolean;
  backedUp: boolean;
  createdAt: Date;
  lastUsedAt: Date | null;
  copiedAt: Date | null;
}

const columns = {
  id: credentials.id,
  userId: credentials.userId,
  credentialId: sql<string>`${credentials.identifier}`,
  publicKey: passkeys.publicKey,
  counter: passkeys.counter,
  transports: passkeys.transports,
  name: passkeys.name,
  multiDevice: passkeys.multiDevice,
  backedUp: passkeys.backedUp,
  createdAt: credentials.createdAt,
  lastUsedAt: passkeys.lastUsedAt,
  copiedAt: passkeys.copiedAt,
};

const all = (db: Db) =>
  db.select(columns).from(credentials).innerJoin(passkeys, eq(passkeys.credentialId, credentials.id));

const byCredentialId = prepared((db) =>
  all(db)
    .where(and(eq(credentials.kind, 'passkey'), eq(credentials.identifier, sql.placeholder('credentialId'))))
    .prepare('passkey_by_credential_id'),
);

/** The passkey that an authenticator names. */
export async function findPasskey(db: Db, credentialId: string): Promise<PasskeyRow | null> {
  const [found] = await byCredentialId(db).execute({ credentialId });
  return found ?? null;
}

const ofUser = prepared((db) =>
  all(db)
    .where(eq(credentials.userId, sql.placeholder('userId')))
    .orderBy(desc(credentials.createdAt))
    .prepare('passkeys_of_user'),
);

/** A person's passkeys, the newest first. */
export function listPasskeysOf(db: Db, userId: string): Promise<PasskeyRow[]> {
  return ofUser(db).execute({ userId });
}

/** A person's passkey by the id of its way in. */
export async function findPasskeyOf(db: Db, userId: string, id: string): Promise<PasskeyRow | null> {
  const [found] = await all(db).where(and(eq(credentials.userId, userId), eq(credentials.id, id)));
  return found ?? null;
}

/** Keeps what a way in needs to be verified by. */
export async function keepPasskey(tx: Db, passkey: typeof passkeys.$inferInsert): Promise<void> {
  await tx.insert(passkeys).values(passkey);
}

/**
 * Counts a use. The counter has to go up, or be 0 for ever, as it is for passkeys that are synced (WebAuthn Level 3,
 * section 7.2, step 22); one that went back is flagged.
 */
export async function countUse(
  tx: Db,
  id: string,
  { counter, backedUp }: { counter: number; backedUp: boolean },
): Promise<'counted' | 'copied' | 'gone'> {
  const [held] = await tx
    .select({ counter: passkeys.counter })
    .from(passkeys)
    .where(eq(passkeys.credentialId, id))
    .for('update');
  if (held === undefined) return 'gone';
  const copied = counter <= held.counter && (counter > 0 || held.counter > 0);
  await tx
    .update(passkeys)
    .set(copied ? { copiedAt: sql`now()` } : { counter, backedUp, lastUsedAt: sql`now()` })
    .where(eq(passkeys.credentialId, id));
  return copied ? 'copied' : 'counted';
}

export async function renamePasskeyRow(db: Db, id: string, name: string): Promise<void> {
  await db.update(passkeys).set({ name }).where(eq(passkeys.credentialId, id));
}

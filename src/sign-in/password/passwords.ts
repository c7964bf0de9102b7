// Owns passwords as rows: finds the one behind an address or a person, sets and replaces it.
import { and, eq, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { type Db, prepared } from '../../db/client.js';
import { sessions } from '../../sessions/sessions.table.js';
import { credentials } from '../../users/credentials.table.js';
import { type Person, personColumns, phoneOf, phones } from '../../users/users.js';
import { users } from '../../users/users.table.js';
import { passwords } from './passwords.table.js';

/** A hash and the credential it hangs on. */
export interface StoredPassword {
  credentialId: string;
  hash: string;
  /** When the password was chosen, to the microsecond: tells a changed password from one that was only hashed anew. */
  changedAt: string;
}

const storedColumns = {
  credentialId: passwords.credentialId,
  hash: passwords.hash,
  // As text, because a Date has milliseconds only.
  changedAt: sql<string>`${passwords.changedAt}::text`,
};

/** A person who has a password. */
export interface PasswordOwner extends StoredPassword {
  person: Person;
  /**
   * Whether the person has signed in from the asking device, by the name the app keeps for it, and used it since the
   * password was chosen: who once had an old password must not have tries of their own at the present one.
   */
  knownDevice: boolean;
}

const passwordCredentials = alias(credentials, 'password_credentials');

const ownerByAddress = prepared((db) =>
  db
    .select({
      person: personColumns,
      ...storedColumns,
      knownDevice: sql<boolean>`exists (select from ${sessions} where ${sessions.userId} = ${users.id}
        and ${sessions.device} ->> 'id' = ${sql.placeholder('deviceId')}
        and ${sessions.lastUsedAt} >= ${passwords.changedAt})`,
    })
    .from(credentials)
    .innerJoin(users, eq(users.id, credentials.userId))
    .innerJoin(
      passwordCredentials,
      and(eq(passwordCredentials.userId, users.id), eq(passwordCredentials.kind, 'password')),
    )
    .innerJoin(passwords, eq(passwords.credentialId, passwordCredentials.id))
    .leftJoin(phones, phoneOf)
    .where(and(eq(credentials.kind, 'mailbox'), eq(credentials.identifier, sql.placeholder('email'))))
    .prepare('password_owner_by_address'),
);

/** Whose password an address asks for, with all that a login has to know, in one round trip. */
export async function findPasswordOwner(
  db: Db,
  email: string,
  deviceId?: string,
): Promise<PasswordOwner | null> {
  const [owner] = await ownerByAddress(db).execute({ email, deviceId: deviceId ?? null });
  return owner ?? null;
}

/** The password of a person, if there is one. */
export async function findPassword(db: Db, userId: string): Promise<StoredPassword | null> {
  const [found] = await db
    .select(storedColumns)
    .from(credentials)
    .innerJoin(passwords, eq(passwords.credentialId, credentials.id))
    .where(and(eq(credentials.userId, userId), eq(credentials.kind, 'password')));
  return found ?? null;
}

/** Gives a person a first password; `proved` with the mailbox, `madeBy` the session that begins with it. */
export async function addPassword(
  tx: Db,
  userId: string,
  hash: string,
  { madeBy, proved }: { madeBy: string; proved: boolean },
): Promise<void> {
  const [credential] = await tx
    .insert(credentials)
    .values({ userId, kind: 'password', createdBySession: madeBy, provedAt: proved ? sql`now()` : null })
    .returning({ id: credentials.id });
  if (credential === undefined) throw new Error('the insert of a credential gave no row');
  await tx.insert(passwords).values({ credentialId: credential.id, hash });
}

/**
 * Holds a password as it was checked until the transaction ends; false when it was changed meanwhile. A change
 * waits for the hold, and then ends the session that began under it.
 */
export async function holdPassword(tx: Db, stored: StoredPassword): Promise<boolean> {
  const held = await tx
    .select({ credentialId: passwords.credentialId })
    .from(passwords)
    .where(isUnchanged(stored))
    .for('share');
  return held.length > 0;
}

/** Holds a password as `holdPassword` does, with a hash at the present cost in place of the old one. */
export async function rehashPassword(tx: Db, stored: StoredPassword, newHash: string): Promise<boolean> {
  const rehashed = await tx
    .update(passwords)
    .set({ hash: newHash })
    .where(isUnchanged(stored))
    .returning({ credentialId: passwords.credentialId });
  return rehashed.length > 0;
}

/** Replaces a password if it still is the one that was checked; false when another change came first. */
export async function replacePassword(tx: Db, stored: StoredPassword, newHash: string): Promise<boolean> {
  const replaced = await tx
    .update(passwords)
    .set({ hash: newHash, changedAt: sql`clock_timestamp()` })
    .where(isUnchanged(stored))
    .returning({ credentialId: passwords.credentialId });
  return replaced.length > 0;
}

/** By when it was chosen, not by the hash: of two logins that renew an old hash, neither has changed the password. */
function isUnchanged({ credentialId, changedAt }: StoredPassword) {
  return and(
    eq(passwords.credentialId, credentialId),
    sql`${passwords.changedAt} = ${changedAt}::timestamptz`,
  );
}

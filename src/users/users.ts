// Owns people and their ways in: finds, makes and locks them.
import { and, eq, isNotNull, isNull, lte, ne, or, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { type Db, prepared } from '../db/client.js';
import { credentials } from './credentials.table.js';
import { users } from './users.table.js';

/** A person with the mailbox and the phone, where there are any. */
export interface Person {
  id: string;
  name: string | null;
  createdAt: Date;
  email: string | null;
  emailProvedAt: Date | null;
  phone: string | null;
  phoneProvedAt: Date | null;
}

const phones = alias(credentials, 'phones');

/** The columns of a Person, from `users` joined with `credentials` by `mailboxOf` and `phones` by `phoneOf`. */
export const personColumns = {
  id: users.id,
  name: users.name,
  createdAt: users.createdAt,
  email: credentials.identifier,
  emailProvedAt: credentials.provedAt,
  phone: phones.identifier,
  phoneProvedAt: phones.provedAt,
};

/** The join that brings a person's mailbox. */
export const mailboxOf = and(eq(credentials.userId, users.id), eq(credentials.kind, 'mailbox'));

/** The join that brings a person's phone. */
export const phoneOf = and(eq(phones.userId, users.id), eq(phones.kind, 'phone'));
export { phones };

const personById = prepared((db) =>
  db
    .select(personColumns)
    .from(users)
    .leftJoin(credentials, mailboxOf)
    .leftJoin(phones, phoneOf)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('person_by_id'),
);

export async function findPerson(db: Db, id: string): Promise<Person | null> {
  const [person] = await personById(db).execute({ id });
  return person ?? null;
}

const credentialByAddress = prepared((db) =>
  db
    .select({ id: credentials.id, provedAt: credentials.provedAt })
    .from(credentials)
    .where(and(eq(credentials.kind, 'mailbox'), eq(credentials.identifier, sql.placeholder('email'))))
    .prepare('credential_by_address'),
);

/** Whether an account has this address; ask again by `createPerson`, which alone can be sure. */
export async function isAddressTaken(db: Db, email: string): Promise<boolean> {
  return (await credentialByAddress(db).execute({ email })).length > 0;
}

/** Whether the owner of this address has proved it. */
export async function isAddressProved(db: Db, email: string): Promise<boolean> {
  const [mailbox] = await credentialByAddress(db).execute({ email });
  return mailbox !== undefined && mailbox.provedAt !== null;
}

/** What an account begins with: a mailbox or a phone, or neither. */
export interface NewPerson {
  /** Where it had to be known beforehand. */
  id?: string;
  name?: string | null;
  first?: { kind: IdentifierKind; identifier: string; proved: boolean } | null;
}

/**
 * Makes an account; null when somebody has the identifier, be it since a moment ago.
 * To be called in a transaction.
 */
export async function createPerson(
  tx: Db,
  { name = null, first = null, ...given }: NewPerson,
): Promise<Person | null> {
  const [user] = await tx
    .insert(users)
    .values({ ...given, name })
    .returning();
  if (user === undefined) throw new Error('the insert of a user gave no row');
  const person = {
    id: user.id,
    name: user.name,
    createdAt: user.createdAt,
    email: null,
    emailProvedAt: null,
    phone: null,
    phoneProvedAt: null,
  };
  if (first === null) return person;
  const { kind, identifier, proved } = first;
  const [credential] = await tx
    .insert(credentials)
    .values({ userId: user.id, kind, identifier, provedAt: proved ? sql`now()` : null })
    .onConflictDoNothing()
    .returning({ provedAt: credentials.provedAt });
  if (credential === undefined) {
    await tx.delete(users).where(eq(users.id, user.id));
    return null;
  }
  return kind === 'mailbox'
    ? { ...person, email: identifier, emailProvedAt: credential.provedAt }
    : { ...person, phone: identifier, phoneProvedAt: credential.provedAt };
}

/** What a person can be found by. */
export type IdentifierKind = 'mailbox' | 'phone';

/** Who has an identifier, and on what grounds. */
export interface Holder {
  userId: string;
  credentialId: string;
  provedAt: Date | null;
  /** Whether the account has been proved by another way in. */
  hasProvedAnother: boolean;
}

/**
 * Who has this identifier. Locks its credential until the transaction ends, so that two proofs of one mailbox come
 * one after the other.
 */
export async function findHolder(tx: Db, kind: IdentifierKind, identifier: string): Promise<Holder | null> {
  const [holder] = await tx
    .select({
      userId: credentials.userId,
      credentialId: credentials.id,
      provedAt: credentials.provedAt,
      // Spelled out: in a select from one table Drizzle writes a column without its table, and `other` has it too.
      hasProvedAnother: sql<boolean>`exists (select from ${credentials} other
        where other.user_id = credentials.user_id and other.id <> credentials.id and other.proved_at is not null)`,
    })
    .from(credentials)
    .where(and(eq(credentials.kind, kind), eq(credentials.identifier, identifier)))
    .for('update', { of: credentials });
  return holder ?? null;
}

export async function namePerson(tx: Db, id: string, name: string): Promise<void> {
  await tx.update(users).set({ name }).where(eq(users.id, id));
}

export async function markProved(tx: Db, credentialId: string): Promise<void> {
  await tx.update(credentials).set({ provedAt: sql`now()` }).where(eq(credentials.id, credentialId));
}

/** Takes an identifier off an account. */
export async function releaseIdentifier(tx: Db, credentialId: string): Promise<void> {
  await tx.delete(credentials).where(eq(credentials.id, credentialId));
}

/** Removes every unproved way in of a person, and the name that came with them, except what one session made. */
export async function removeUnproved(tx: Db, userId: string, madeBy: string | null): Promise<void> {
  const bySomebodyElse =
    madeBy === null
      ? undefined
      : or(isNull(credentials.createdBySession), ne(credentials.createdBySession, madeBy));
  const gone = await tx
    .delete(credentials)
    .where(and(eq(credentials.userId, userId), isNull(credentials.provedAt), bySomebodyElse))
    .returning({ id: credentials.id });
  if (gone.length > 0) await tx.update(users).set({ name: null }).where(eq(users.id, userId));
}

/** When the owner deleted an account that can still be taken back; null for every other account. */
export async function findDeletion(tx: Db, id: string): Promise<Date | null> {
  const [found] = await tx
    .select({ deletedAt: users.deletedAt })
    .from(users)
    .where(and(eq(users.id, id), isTakeable));
  return found?.deletedAt ?? null;
}

/** Deleted by its owner, and not disabled by anybody else since. */
const isTakeable = and(isNotNull(users.deletedAt), eq(users.disabledAt, users.deletedAt));

/** Closes an account at its owner's wish; when, or null when it is gone or closed already. */
export async function closeAccount(tx: Db, id: string): Promise<Date | null> {
  const [closed] = await tx
    .update(users)
    .set({ disabledAt: sql`now()`, deletedAt: sql`now()` })
    .where(and(eq(users.id, id), isNull(users.disabledAt)))
    .returning({ deletedAt: users.deletedAt });
  return closed?.deletedAt ?? null;
}

/** Dates the closing of an account anew, where its owner had closed it: who was proved before cannot open it any more. */
export async function closeAnew(tx: Db, id: string): Promise<void> {
  await tx
    .update(users)
    .set({ disabledAt: sql`now()`, deletedAt: sql`now()` })
    .where(and(eq(users.id, id), isTakeable));
}

/** Opens an account again that its owner had closed at that time; false when it is not closed, or gone. */
export async function reopenAccount(tx: Db, id: string, deletedAt: Date): Promise<boolean> {
  const reopened = await tx
    .update(users)
    .set({ disabledAt: null, deletedAt: null })
    // A Date has milliseconds only.
    .where(
      and(
        eq(users.id, id),
        isTakeable,
        sql`date_trunc('milliseconds', ${users.deletedAt}) = ${deletedAt.toISOString()}::timestamptz`,
      ),
    )
    .returning({ id: users.id });
  return reopened.length > 0;
}

/** Closed still: who was let in again by other means than `reopenAccount` is not erased. */
const isErasable = (days: number) =>
  and(isNotNull(users.disabledAt), lte(users.deletedAt, sql`now() - make_interval(days => ${days})`));

/** Some accounts that their owners deleted more than `days` ago. */
export async function listErasable(db: Db, days: number, most: number): Promise<string[]> {
  const found = await db.select({ id: users.id }).from(users).where(isErasable(days)).limit(most);
  return found.map(({ id }) => id);
}

/** Such an account by its id; null when it is none any more. Under `lockWaysIn` it stays one. */
export async function findErasable(tx: Db, id: string, days: number): Promise<Person | null> {
  const [found] = await tx
    .select(personColumns)
    .from(users)
    .leftJoin(credentials, mailboxOf)
    .leftJoin(phones, phoneOf)
    .where(and(eq(users.id, id), isErasable(days)));
  return found ?? null;
}

/** Erases a person, with the sessions. */
export async function erasePerson(tx: Db, id: string): Promise<void> {
  await tx.delete(users).where(eq(users.id, id));
}

/**
 * Locks the row of a person until the transaction ends, so that what is counted or changed about one person
 * happens one after the other. False when the account is gone or disabled.
 * Not FOR UPDATE: a row that merely refers to the person, as every login event does, must not wait for it.
 */
export async function lockPerson(tx: Db, id: string): Promise<boolean> {
  const locked = await tx
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, id), isNull(users.disabledAt)))
    .for('no key update');
  return locked.length > 0;
}

// Owns people and their ways in: finds, makes and locks them.
import { and, eq, isNull, sql } from 'drizzle-orm';
import { type Db, prepared } from '../db/client.js';
import { credentials } from './credentials.table.js';
import { users } from './users.table.js';

/** A person with the mailbox, if there is one. */
export interface Person {
  id: string;
  name: string | null;
  createdAt: Date;
  email: string | null;
  emailProvedAt: Date | null;
}

/** The columns of a Person, from `users` joined with `mailboxOf`. */
export const personColumns = {
  id: users.id,
  name: users.name,
  createdAt: users.createdAt,
  email: credentials.identifier,
  emailProvedAt: credentials.provedAt,
};

/** The join that brings a person's mailbox. */
export const mailboxOf = and(eq(credentials.userId, users.id), eq(credentials.kind, 'mailbox'));

const personById = prepared((db) =>
  db
    .select(personColumns)
    .from(users)
    .leftJoin(credentials, mailboxOf)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('person_by_id'),
);

export async function findPerson(db: Db, id: string): Promise<Person | null> {
  const [person] = await personById(db).execute({ id });
  return person ?? null;
}

const credentialByAddress = prepared((db) =>
  db
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.kind, 'mailbox'), eq(credentials.identifier, sql.placeholder('email'))))
    .prepare('credential_by_address'),
);

/** Whether an account has this address; ask again by `createPerson`, which alone can be sure. */
export async function isAddressTaken(db: Db, email: string): Promise<boolean> {
  return (await credentialByAddress(db).execute({ email })).length > 0;
}

/**
 * Makes an account with an unproved mailbox; null when the address is taken.
 * To be called in a transaction that goes no further on null.
 */
export async function createPerson(tx: Db, name: string | null, email: string): Promise<Person | null> {
  const [user] = await tx.insert(users).values({ name }).returning();
  if (user === undefined) throw new Error('the insert of a user gave no row');
  const mailbox = await tx
    .insert(credentials)
    .values({ userId: user.id, kind: 'mailbox', identifier: email })
    .onConflictDoNothing()
    .returning({ id: credentials.id });
  if (mailbox.length === 0) {
    await tx.delete(users).where(eq(users.id, user.id));
    return null;
  }
  return { id: user.id, name: user.name, createdAt: user.createdAt, email, emailProvedAt: null };
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

// Owns the requests to prove a mailbox: makes, finds, spends and consumes them, each by one statement.
import { and, eq, gt, isNull, lt, ne, sql } from 'drizzle-orm';
import type { Db } from '../db/client.js';
import { secretMinutes } from '../messages/compose.js';
import { type MailboxProofRow, mailboxProofs } from './mailbox-proofs.table.js';

/** What a request begins with. */
export type NewMailboxProof = Pick<
  MailboxProofRow,
  | 'purpose'
  | 'email'
  | 'name'
  | 'passwordHash'
  | 'device'
  | 'asker'
  | 'askedBySession'
  | 'idempotencyHash'
  | 'network'
>;

/** A request that can still be proved. */
const isOpen = and(isNull(mailboxProofs.consumedAt), gt(mailboxProofs.expiresAt, sql`now()`));

/** Makes a request; null when the same idempotencyKey has made one already. */
export async function createMailboxProof(tx: Db, request: NewMailboxProof): Promise<MailboxProofRow | null> {
  const [made] = await tx
    .insert(mailboxProofs)
    .values({ ...request, expiresAt: sql`now() + make_interval(mins => ${secretMinutes})` })
    .onConflictDoNothing({ target: mailboxProofs.idempotencyHash })
    .returning();
  return made ?? null;
}

/** Takes back a request that was refused, in the transaction that made it. */
export async function dropMailboxProof(tx: Db, id: string): Promise<void> {
  await tx.delete(mailboxProofs).where(eq(mailboxProofs.id, id));
}

/** Retires earlier requests of the same device, and no others: a stranger's request voids nobody's link. Their ids. */
export async function retireEarlierProofs(tx: Db, newest: MailboxProofRow): Promise<string[]> {
  const retired = await tx
    .update(mailboxProofs)
    .set({ consumedAt: sql`now()`, passwordHash: null })
    .where(
      and(
        eq(mailboxProofs.email, newest.email),
        eq(mailboxProofs.asker, newest.asker),
        eq(mailboxProofs.purpose, newest.purpose),
        isNull(mailboxProofs.consumedAt),
        ne(mailboxProofs.id, newest.id),
      ),
    )
    .returning({ id: mailboxProofs.id });
  return retired.map(({ id }) => id);
}

export async function findMailboxProofByKey(
  db: Db,
  idempotencyHash: string,
): Promise<MailboxProofRow | null> {
  const [found] = await db
    .select()
    .from(mailboxProofs)
    .where(eq(mailboxProofs.idempotencyHash, idempotencyHash));
  return found ?? null;
}

export async function findOpenMailboxProof(db: Db, id: string): Promise<MailboxProofRow | null> {
  const [found] = await db
    .select()
    .from(mailboxProofs)
    .where(and(eq(mailboxProofs.id, id), isOpen));
  return found ?? null;
}

/** Spends one try at the typed code, in its own committed statement, before the code is looked at. */
export async function spendTypedAttempt(db: Db, id: string, most: number): Promise<boolean> {
  const spent = await db
    .update(mailboxProofs)
    .set({ attempts: sql`${mailboxProofs.attempts} + 1` })
    .where(and(eq(mailboxProofs.id, id), isOpen, lt(mailboxProofs.attempts, most)))
    .returning({ id: mailboxProofs.id });
  return spent.length > 0;
}

/** Consumes a request, once, in the transaction that starts the session. */
export async function consumeMailboxProof(tx: Db, id: string): Promise<boolean> {
  const consumed = await tx
    .update(mailboxProofs)
    .set({ consumedAt: sql`now()`, passwordHash: null })
    .where(and(eq(mailboxProofs.id, id), isOpen))
    .returning({ id: mailboxProofs.id });
  return consumed.length > 0;
}

/** Removes what was asked about a mailbox whose person is erased. */
export async function forgetMailboxProofs(db: Db, email: string): Promise<void> {
  await db.delete(mailboxProofs).where(eq(mailboxProofs.email, email));
}

/** Removes up to `most` requests that lapsed more than a day ago. */
export async function sweepMailboxProofs(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${mailboxProofs} where id in (
      select id from ${mailboxProofs} where expires_at < now() - interval '1 day' limit ${most})
    returning id`);
  return gone.length;
}

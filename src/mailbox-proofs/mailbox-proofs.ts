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

/**
 * Makes a request in the place of earlier ones of the same device: a stranger's request voids nobody's link. Null: the
 * same idempotencyKey has made one already, and nothing was changed.
 */
export async function createMailboxProof(tx: Db, request: NewMailboxProof): Promise<MailboxProofRow | null> {
  const [made] = await tx
    .insert(mailboxProofs)
    .values({ ...request, expiresAt: sql`now() + make_interval(mins => ${secretMinutes})` })
    .onConflictDoNothing({ target: mailboxProofs.idempotencyHash })
    .returning();
  if (made === undefined) return null;
  await tx
    .update(mailboxProofs)
    .set({ consumedAt: sql`now()`, passwordHash: null })
    .where(
      and(
        eq(mailboxProofs.email, made.email),
        eq(mailboxProofs.asker, made.asker),
        eq(mailboxProofs.purpose, made.purpose),
        isNull(mailboxProofs.consumedAt),
        ne(mailboxProofs.id, made.id),
      ),
    );
  return made;
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

/** Removes up to `most` requests that lapsed more than a day ago. */
export async function sweepMailboxProofs(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${mailboxProofs} where id in (
      select id from ${mailboxProofs} where expires_at < now() - interval '1 day' limit ${most})
    returning id`);
  return gone.length;
}

// Owns identities as rows: finds, adds, lists and updates them.
import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.js';
import { addWayIn } from '../../users/credentials.js';
import { credentials } from '../../users/credentials.table.js';
import type { IdentityClaims } from './id-token.js';
import { identities } from './identities.table.js';

/** An identity with the way in it is. */
export interface IdentityRow {
  id: string;
  userId: string;
  issuer: string;
  email: string | null;
  isPrivateRelay: boolean;
  mailStoppedAt: Date | null;
  refreshToken: string | null;
  clientId: string | null;
  createdAt: Date;
}

const columns = {
  id: credentials.id,
  userId: credentials.userId,
  issuer: identities.issuer,
  email: identities.email,
  isPrivateRelay: identities.isPrivateRelay,
  mailStoppedAt: identities.mailStoppedAt,
  refreshToken: identities.refreshToken,
  clientId: identities.clientId,
  createdAt: credentials.createdAt,
};

const all = (db: Db) =>
  db.select(columns).from(credentials).innerJoin(identities, eq(identities.credentialId, credentials.id));

type Key = Pick<IdentityClaims, 'issuer' | 'subject'>;

const identifierOf = ({ issuer, subject }: Key) => `${issuer} ${subject}`;

/** Makes all that is done about one identity come one after the other until the transaction ends. */
export async function lockIdentity(tx: Db, key: Key): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`identity:${identifierOf(key)}`}, 0))`,
  );
}

export async function findIdentity(db: Db, key: Key): Promise<IdentityRow | null> {
  const [found] = await all(db).where(
    and(eq(credentials.kind, 'identity'), eq(credentials.identifier, identifierOf(key))),
  );
  return found ?? null;
}

/** A person's identities, the newest first. */
export function listIdentitiesOf(db: Db, userId: string): Promise<IdentityRow[]> {
  return all(db).where(eq(credentials.userId, userId)).orderBy(desc(credentials.createdAt));
}

/** A person's identity by its id. */
export async function findIdentityOf(db: Db, userId: string, id: string): Promise<IdentityRow | null> {
  const [found] = await all(db).where(and(eq(credentials.userId, userId), eq(credentials.id, id)));
  return found ?? null;
}

/** Adds an identity to a person; to be called under `lockIdentity`, when nobody has it. */
export async function addIdentity(
  tx: Db,
  userId: string,
  claims: IdentityClaims,
  madeBy: string | null,
): Promise<string> {
  const identifier = identifierOf(claims);
  const id = await addWayIn(tx, { userId, kind: 'identity', identifier, proved: true, madeBy });
  if (id === null) throw new Error('an identity was added without its lock');
  const { issuer, email, isPrivateRelay } = claims;
  await tx.insert(identities).values({ credentialId: id, issuer, email, isPrivateRelay });
  return id;
}

/** Keeps what the provider has told now; silence about the address leaves the one that it told before. False: it is gone. */
export async function updateIdentity(
  tx: Db,
  id: string,
  news: Partial<
    Pick<IdentityRow, 'email' | 'isPrivateRelay' | 'mailStoppedAt' | 'refreshToken' | 'clientId'>
  >,
): Promise<boolean> {
  const updated = await tx
    .update(identities)
    .set(news)
    .where(eq(identities.credentialId, id))
    .returning({ id: identities.credentialId });
  return updated.length > 0;
}

/** Refresh tokens that do not begin with `start`, after the identity `after`, in the order of their identities. */
export async function listRefreshTokensBut(
  db: Db,
  start: string,
  after: string,
  most: number,
): Promise<{ id: string; refreshToken: string }[]> {
  return db
    .select({ id: identities.credentialId, refreshToken: sql<string>`${identities.refreshToken}` })
    .from(identities)
    .where(
      and(
        gt(identities.credentialId, after),
        sql`left(${identities.refreshToken}, ${start.length}) <> ${start}`,
      ),
    )
    .orderBy(asc(identities.credentialId))
    .limit(most);
}

/** Puts one form of a refresh token in the place of another, unless a new one has come meanwhile. */
export async function replaceRefreshToken(
  db: Db,
  id: string,
  old: string,
  refreshToken: string,
): Promise<void> {
  await db
    .update(identities)
    .set({ refreshToken })
    .where(and(eq(identities.credentialId, id), eq(identities.refreshToken, old)));
}

// Takes the proof that somebody holds a mailbox or a phone: finds or makes the person, and clears what others put there.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import {
  createPersonWith,
  findHolder,
  findPerson,
  type IdentifierKind,
  markProved,
  type Person,
  releaseIdentifier,
  removeUnproved,
} from '../users/users.js';
import { endSessionsOf, isSessionOf } from './sessions.js';

/** Who was proved; `isNew`: there was no account. */
export interface Proved {
  person: Person;
  isNew: boolean;
}

/**
 * To be called in the transaction that consumes the proof. The first proof of a mailbox takes the account from
 * whoever made it before without one: unproved passwords go, and so do all sessions, except what `askedBy` made, the
 * session that asked for the proof (pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022).
 */
export async function proveIdentifier(
  tx: Db,
  config: Config,
  kind: IdentifierKind,
  identifier: string,
  askedBy: string | null = null,
): Promise<Proved> {
  const holder = await findHolder(tx, kind, identifier);
  if (holder === null) return { person: await createPersonWith(tx, kind, identifier), isNew: true };
  if (holder.provedAt !== null) return { person: await personOf(tx, holder.userId), isNew: false };

  const asker = askedBy !== null && (await isSessionOf(tx, askedBy, holder.userId)) ? askedBy : null;
  if (holder.hasProvedAnother && asker === null) {
    // The account is somebody's, by another proof; only the claim to this identifier was empty.
    await releaseIdentifier(tx, holder.credentialId);
    return { person: await createPersonWith(tx, kind, identifier), isNew: true };
  }
  await markProved(tx, holder.credentialId);
  await removeUnproved(tx, holder.userId, asker);
  await endSessionsOf(
    tx,
    config,
    holder.userId,
    'identifier_proved',
    asker === null ? {} : { except: asker },
  );
  return { person: await personOf(tx, holder.userId), isNew: false };
}

async function personOf(tx: Db, userId: string): Promise<Person> {
  const person = await findPerson(tx, userId);
  if (person === null) throw new Error('the holder of a credential is gone');
  return person;
}

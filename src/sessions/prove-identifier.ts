// Takes the proof that somebody holds a mailbox or a phone: finds or makes the person, and clears what others put there.
import type { Context } from '../context.js';
import type { Db } from '../db/client.js';
import { recordLoginEvent } from '../users/login-events.js';
import {
  closeAnew,
  createPerson,
  findHolder,
  findPerson,
  type Holder,
  type IdentifierKind,
  lockPerson,
  markProved,
  type Person,
  releaseIdentifier,
  removeUnproved,
} from '../users/users.js';
import { endSessionsOf, isSessionOf } from './sessions.js';

/** What was proved, and which session had asked for the proof, if any. */
export interface ProvedIdentifier {
  kind: IdentifierKind;
  identifier: string;
  askedBySession?: string | null;
}

/** Who was proved; `isNew`: there was no account. */
export interface Proved {
  person: Person;
  isNew: boolean;
}

/** To be called in the transaction that consumes the proof. */
export async function proveIdentifier(context: Context, tx: Db, proved: ProvedIdentifier): Promise<Proved> {
  const { kind, identifier } = proved;
  const holder = await findHolder(tx, kind, identifier);
  if (holder === null) {
    const person = await createPerson(tx, { first: { kind, identifier, proved: true } });
    // Another proof or a signup was faster: its account stands now.
    return person === null ? proveIdentifier(context, tx, proved) : { person, isNew: true };
  }
  if (holder.provedAt === null && !(await claim(context, tx, holder, proved.askedBySession ?? null))) {
    return proveIdentifier(context, tx, proved);
  }
  const person = await findPerson(tx, holder.userId);
  if (person === null) throw new Error('the holder of a credential is gone');
  return { person, isNew: false };
}

/**
 * The first proof takes the account from whoever made it before without one: unproved ways in go, and so do all
 * sessions, except what `askedBy` made, the session that asked for the proof (pre-hijacking: Sudhodanan and Paverd,
 * USENIX Security 2022). An account that is somebody's by another proof loses only its empty claim to this
 * identifier: false.
 */
async function claim(context: Context, tx: Db, holder: Holder, askedBy: string | null): Promise<boolean> {
  const { userId, credentialId } = holder;
  // What a session of somebody else is adding at this moment waits, and then finds that session ended.
  await lockPerson(tx, userId);
  const asker = askedBy !== null && (await isSessionOf(tx, askedBy, userId)) ? askedBy : null;
  if (holder.hasProvedAnother && asker === null) {
    await releaseIdentifier(tx, credentialId);
    return false;
  }
  // A stranger may have closed it, and hold the token that takes it back.
  await closeAnew(tx, userId);
  await markProved(tx, credentialId);
  await removeUnproved(tx, userId, asker);
  const except = asker === null ? {} : { except: asker };
  for (const sessionId of await endSessionsOf(tx, context.config, userId, 'identifier_proved', except)) {
    await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId, sessionId });
  }
  return true;
}

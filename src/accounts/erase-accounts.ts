// Erases the accounts whose owners deleted them long enough ago, with everything that hangs on them.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import { forgetMailboxProofs } from '../mailbox-proofs/mailbox-proofs.js';
import { forgetRecipient } from '../messages/deliveries.js';
import { forgetOtpChallenges } from '../sign-in/otp/otp-challenges.js';
import { endGrant } from '../sign-in/social/apple-grants.js';
import { listIdentitiesOf } from '../sign-in/social/identities.js';
import { lockWaysIn, removeWaysIn } from '../users/credentials.js';
import { forgetEventsOf } from '../users/login-events.js';
import { erasePerson, findErasable, listErasable } from '../users/users.js';

/** Accounts at a time. */
const batch = 100;

export async function eraseAccounts(db: Db, { deleteUndoDays }: Config): Promise<void> {
  let due: string[];
  do {
    due = await listErasable(db, deleteUndoDays, batch);
    for (const id of due) await eraseAccount(db, id, deleteUndoDays);
  } while (due.length === batch);
}

/**
 * Erases one account, if it is still due: its owner may have taken it back a moment ago. Grants at Apple are queued to be
 * revoked in the same transaction.
 */
export async function eraseAccount(db: Db, id: string, undoDays: number): Promise<void> {
  const erased = await db.transaction(async (tx) => {
    await lockWaysIn(tx, id);
    const person = await findErasable(tx, id, undoDays);
    if (person === null) return null;
    for (const identity of await listIdentitiesOf(tx, id)) await endGrant(tx, identity);
    // Ways in before the person: a sign-in that is under way locks them in this order, and waits for nobody.
    await removeWaysIn(tx, id);
    await forgetEventsOf(tx, id);
    await erasePerson(tx, id);
    return person;
  });
  // By themselves: who proves the mailbox at this moment holds them, and waits for the ways in. The sweep would get them too.
  if (erased?.email) {
    await forgetMailboxProofs(db, erased.email);
    await forgetRecipient(db, erased.email);
  }
  if (erased?.phone) {
    await forgetOtpChallenges(db, erased.phone);
    await forgetRecipient(db, erased.phone);
  }
}

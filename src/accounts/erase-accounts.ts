// Erases the accounts whose owners deleted them long enough ago, with everything that hangs on them.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import { endGrant } from '../sign-in/social/apple-grants.js';
import { listIdentitiesOf } from '../sign-in/social/identities.js';
import { lockWaysIn } from '../users/credentials.js';
import { erasePerson, listErasable, lockErasable } from '../users/users.js';

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
 * revoked in the same transaction. Of its messages nothing is left that names it; its login events lose the person.
 */
export async function eraseAccount(db: Db, id: string, undoDays: number): Promise<void> {
  await db.transaction(async (tx) => {
    // Ways in before the person: a sign-in that is under way locks them in this order.
    await lockWaysIn(tx, id);
    if (!(await lockErasable(tx, id, undoDays))) return;
    for (const identity of await listIdentitiesOf(tx, id)) await endGrant(tx, identity);
    await erasePerson(tx, id);
  });
}

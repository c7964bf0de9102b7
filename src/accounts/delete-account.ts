// deleteAccount: closes the account of the person who asks, at once, to be erased later.
import { callerOf } from '../context.js';
import { fail, isFailure } from '../errors.js';
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { demandFreshProof } from '../sessions/fresh-proof.js';
import { endSessionsOf, findLiveSession } from '../sessions/sessions.js';
import { revokeNext } from '../sign-in/social/apple-grants.js';
import { erasureOf } from '../users/erasure.js';
import { recordLoginEvent } from '../users/login-events.js';
import { closeAccount, lockPerson } from '../users/users.js';
import { eraseAccount } from './erase-accounts.js';

export const deleteAccount: MutationResolvers['deleteAccount'] = async (_, __, context) => {
  const { config, db } = context;
  const { person, session } = callerOf(context);
  const stale = await demandFreshProof(context);
  if (stale !== null) return stale;

  const deletedAt = await db.transaction(async (tx) => {
    if (!(await lockPerson(tx, person.id))) return fail('ACCOUNT_DISABLED');
    // Whoever was signed out while this waited has no say any more.
    if ((await findLiveSession(tx, config, session.id)) === null) return fail('SESSION_REVOKED');
    const closed = await closeAccount(tx, person.id);
    if (closed === null) throw new Error('a locked account is gone');
    const event = {
      kind: 'DELETION',
      userId: person.id,
      sessionId: session.id,
      device: session.device,
    } as const;
    await recordLoginEvent(context, tx, event);
    for (const sessionId of await endSessionsOf(tx, config, person.id, 'account_deleted')) {
      await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId: person.id, sessionId });
    }
    return closed;
  });
  if (isFailure(deletedAt)) return deletedAt;
  if (config.deleteUndoDays === 0) {
    await eraseAccount(db, person.id, 0);
    context.afterwards(revokeNext(context));
  }
  return { __typename: 'AccountDeleted', eraseAt: erasureOf(deletedAt, config) };
};

// restoreAccount: takes a closed account back, and signs in by the proof that was given just before.
import { fail } from '../errors.js';
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { issueTokens } from '../sessions/issue-tokens.js';
import { readRestoreToken } from '../sessions/restore-token.js';
import { startSession } from '../sessions/start-session.js';
import { lockWaysIn } from '../users/credentials.js';
import { readDevice } from '../users/device.js';
import { recordLoginEvent } from '../users/login-events.js';
import { reopenAccount } from '../users/users.js';

export const restoreAccount: MutationResolvers['restoreAccount'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const proved = readRestoreToken(context.subkeys['restore-token'], input.restoreToken);
  if (proved === null) return fail('CHALLENGE_GONE');

  const session = await context.db.transaction(async (tx) => {
    // Before the person, as an erasure locks them.
    await lockWaysIn(tx, proved.userId);
    // The token is used up with this: an account that stands is not restored.
    if (!(await reopenAccount(tx, proved.userId, proved.deletedAt))) return fail('CHALLENGE_GONE');
    await recordLoginEvent(context, tx, { kind: 'RESTORATION', userId: proved.userId, device });
    return startSession(context, tx, { ...proved, kind: 'SIGN_IN', device });
  });
  return issueTokens(context, session);
};

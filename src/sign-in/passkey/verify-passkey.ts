// verifyPasskey: an authenticator's signature for a session.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { type DeviceDescription, readDevice } from '../../users/device.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { checkPasskey, spendPasskey } from './check-passkey.js';

export const verifyPasskey: MutationResolvers['verifyPasskey'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const checked = await checkPasskey(context, input);
  if ('failure' in checked) return refuse(context, checked.userId, device, checked.failure);
  const { userId } = checked.passkey;

  const outcome = await context.db.transaction(async (tx) => {
    const failure = await spendPasskey(tx, checked);
    if (failure !== null) return { failure };
    const proof = { userId, kind: 'SIGN_IN', method: 'PASSKEY', amr: checked.amr, device } as const;
    return { session: await startSession(context, tx, proof) };
  });
  return outcome.failure
    ? refuse(context, userId, device, outcome.failure)
    : issueTokens(context, outcome.session);
};

async function refuse(
  context: Context,
  userId: string | null,
  device: DeviceDescription,
  failure: AuthFailure,
) {
  // Without a challenge to answer anybody could fill the history at no cost.
  if (failure.code === 'CHALLENGE_GONE' || failure.code === 'METHOD_UNAVAILABLE') return failure;
  const event = { kind: 'SIGN_IN', method: 'PASSKEY', userId, device, failure: failure.code } as const;
  await recordLoginEvent(context, context.db, event);
  return failure;
}

// finishPasskeySignup: an account that begins with a passkey, and its first session.
import type { Context } from '../../context.js';
import { fail, isFailure } from '../../errors.js';
import type { FinishPasskeySignupInput, MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { isUuid } from '../../users/asker.js';
import { type DeviceDescription, readDevice } from '../../users/device.js';
import { createPerson, erasePerson } from '../../users/users.js';
import { addPasskey, checkCreation } from './add-passkey.js';
import { amrOf } from './ceremonies.js';
import { takePasskeyChallenge } from './passkey-challenges.js';

export const finishPasskeySignup: MutationResolvers['finishPasskeySignup'] = async (
  _,
  { input },
  context,
) => {
  const { config, rates, request } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const rate = await rates.signups(request);
  if (rate.retryAfterSeconds !== null)
    return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds: rate.retryAfterSeconds });
  const begun = await makeAccount(context, input, device).catch(async (error: unknown) => {
    await rate.giveBack();
    throw error;
  });
  if (!isFailure(begun)) return issueTokens(context, begun.session, begun.person);
  // Nobody has signed up.
  await rate.giveBack();
  return begun;
};

async function makeAccount(context: Context, input: FinishPasskeySignupInput, device: DeviceDescription) {
  const { db } = context;
  const challenge = isUuid(input.challengeId)
    ? await takePasskeyChallenge(db, input.challengeId, 'sign_up')
    : null;
  if (challenge === null || challenge.userId === null) return fail('CHALLENGE_GONE');
  const made = await checkCreation(context, challenge, input.response);
  if (isFailure(made)) return made;

  const { userId, name } = challenge;
  return db.transaction(async (tx) => {
    const person = await createPerson(tx, { id: userId, name });
    if (person === null) throw new Error('an account without an identifier was refused');
    if ((await addPasskey(tx, { userId, madeBy: null, proved: true }, made)) === null) {
      await erasePerson(tx, userId);
      return fail('PASSKEY_TAKEN');
    }
    const proof = { userId, kind: 'SIGN_UP', method: 'PASSKEY', device } as const;
    return { person, session: await startSession(context, tx, { ...proof, amr: amrOf(made) }) };
  });
}

// finishPasskeySignup: an account that begins with a passkey, and its first session.
import { fail, isFailure } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { isUuid } from '../../users/asker.js';
import { readDevice } from '../../users/device.js';
import { createPerson, erasePerson } from '../../users/users.js';
import { addPasskey, checkCreation } from './add-passkey.js';
import { takePasskeyChallenge } from './passkey-challenges.js';

export const finishPasskeySignup: MutationResolvers['finishPasskeySignup'] = async (
  _,
  { input },
  context,
) => {
  const { config, db, rates, request } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const { retryAfterSeconds, giveBack } = await rates.signups(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
  const challenge = isUuid(input.challengeId)
    ? await takePasskeyChallenge(db, input.challengeId, 'sign_up')
    : null;
  if (challenge === null || challenge.userId === null) {
    await giveBack();
    return fail('CHALLENGE_GONE');
  }
  const made = await checkCreation(context, challenge, input.response);
  if (isFailure(made)) {
    await giveBack();
    return made;
  }

  const { userId, name } = challenge;
  const begun = await db.transaction(async (tx) => {
    const person = await createPerson(tx, { id: userId, name });
    if (person === null) throw new Error('an account without an identifier was refused');
    if ((await addPasskey(tx, { userId, madeBy: null, proved: true }, made)) === null) {
      await erasePerson(tx, userId);
      return null;
    }
    const session = await startSession(context, tx, {
      userId,
      kind: 'SIGN_UP',
      method: 'PASSKEY',
      amr: [made.multiDevice ? 'swk' : 'hwk', 'user', 'mfa'],
      device,
    });
    return { person, session };
  });
  if (begun === null) {
    await giveBack();
    return fail('PASSKEY_TAKEN');
  }
  return issueTokens(context, begun.session, begun.person);
};

// startPasskeySignIn: a challenge for whichever passkey the device has.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { writeRequestOptions } from './ceremonies.js';
import { createPasskeyChallenge } from './passkey-challenges.js';

export const startPasskeySignIn: MutationResolvers['startPasskeySignIn'] = async (_, __, context) => {
  const { config, db, rates, request } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const { retryAfterSeconds } = await rates.challenges(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
  const { id, challenge, expiresAt } = await createPasskeyChallenge(db, { ceremony: 'sign_in' });
  const options = await writeRequestOptions(config, challenge);
  return { __typename: 'PasskeySignInStarted', challengeId: id, options, expiresAt };
};

// startPasskeySignup: a challenge for the passkey that a new account begins with.
import { randomUUID } from 'node:crypto';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { isShowable } from '../../users/device.js';
import { writeCreationOptions } from './ceremonies.js';
import { createPasskeyChallenge } from './passkey-challenges.js';

export const startPasskeySignup: MutationResolvers['startPasskeySignup'] = async (_, { input }, context) => {
  const { config, db, rates, request } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const name = input.name.trim();
  if (!isShowable(name)) return fail('NAME_INVALID');
  const { retryAfterSeconds } = await rates.challenges(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });

  // The device binds the passkey to a user's id before there is a user.
  const userId = randomUUID();
  const { id, challenge, expiresAt } = await createPasskeyChallenge(db, {
    ceremony: 'sign_up',
    userId,
    name,
  });
  const options = await writeCreationOptions(config, challenge, { id: userId, name, displayName: name }, []);
  return { __typename: 'PasskeyCreationStarted', challengeId: id, options, expiresAt };
};

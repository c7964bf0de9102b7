// createNonce: a number used once, for the ID token of a provider's kit.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { makeNonce } from './nonces.js';

export const createNonce: MutationResolvers['createNonce'] = async (_, __, { db, rates, request }) => {
  const { retryAfterSeconds } = await rates.challenges(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
  return { __typename: 'Nonce', ...(await makeNonce(db)) };
};

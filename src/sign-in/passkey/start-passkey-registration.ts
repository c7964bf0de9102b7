// startPasskeyRegistration: a challenge for a further passkey of the person who asks.
import { callerOf } from '../../context.js';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { demandFreshProof } from '../../sessions/fresh-proof.js';
import { writeCreationOptions } from './ceremonies.js';
import { createPasskeyChallenge } from './passkey-challenges.js';
import { listPasskeysOf } from './passkeys.js';
import { ownerOf } from './signals.js';

export const startPasskeyRegistration: MutationResolvers['startPasskeyRegistration'] = async (
  _,
  __,
  context,
) => {
  const { config, db, rates, request } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const { person, session } = callerOf(context);
  const stale = await demandFreshProof(context);
  if (stale !== null) return stale;
  const known = await listPasskeysOf(db, person.id);
  if (known.length >= config.passkeysPerUser) return fail('TOO_MANY_PASSKEYS');
  const { retryAfterSeconds } = await rates.challenges(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });

  const { id, challenge, expiresAt } = await createPasskeyChallenge(db, {
    ceremony: 'registration',
    userId: person.id,
    sessionId: session.id,
  });
  const options = await writeCreationOptions(config, challenge, ownerOf(person), known);
  return { __typename: 'PasskeyCreationStarted', challengeId: id, options, expiresAt };
};

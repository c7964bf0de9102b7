// finishPasskeyRegistration: a further passkey for the person who asks.
import { callerOf } from '../../context.js';
import { fail, isFailure } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { findLiveSession } from '../../sessions/sessions.js';
import { isUuid } from '../../users/asker.js';
import { listWaysIn } from '../../users/credentials.js';
import { isShowable } from '../../users/device.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { lockPerson } from '../../users/users.js';
import { addPasskey, checkCreation } from './add-passkey.js';
import { takePasskeyChallenge } from './passkey-challenges.js';
import { findPasskeyOf } from './passkeys.js';
import { signalsOf } from './signals.js';

export const finishPasskeyRegistration: MutationResolvers['finishPasskeyRegistration'] = async (
  _,
  { input },
  context,
) => {
  const { config, db } = context;
  if (!config.passkeys) return fail('METHOD_UNAVAILABLE');
  const { person, session } = callerOf(context);
  const name = input.name?.trim();
  if (name !== undefined && !isShowable(name)) return fail('NAME_INVALID');
  const challenge = isUuid(input.challengeId)
    ? await takePasskeyChallenge(db, input.challengeId, 'registration')
    : null;
  if (challenge?.sessionId !== session.id) return fail('CHALLENGE_GONE');
  const made = await checkCreation(context, challenge, input.response);
  if (isFailure(made)) return made;

  return db.transaction(async (tx) => {
    // Whoever was signed out while the device was asking for a finger adds nothing any more.
    const stands = (await lockPerson(tx, person.id)) && (await findLiveSession(tx, config, session.id));
    if (!stands) return fail('SESSION_REVOKED');
    const waysIn = await listWaysIn(tx, person.id);
    if (waysIn.filter(({ kind }) => kind === 'passkey').length >= config.passkeysPerUser)
      return fail('TOO_MANY_PASSKEYS');
    const proved = waysIn.some(({ provedAt }) => provedAt !== null);
    const id = await addPasskey(tx, { userId: person.id, name, madeBy: session.id, proved }, made);
    if (id === null) return fail('PASSKEY_TAKEN');
    await recordLoginEvent(context, tx, {
      kind: 'WAY_IN_ADDED',
      method: 'PASSKEY',
      userId: person.id,
      sessionId: session.id,
      device: session.device,
    });
    const passkey = await findPasskeyOf(tx, person.id, id);
    if (passkey === null) throw new Error('the passkey just added is gone');
    return { __typename: 'PasskeyRegistered', passkey, signals: await signalsOf(context, tx, person) };
  });
};

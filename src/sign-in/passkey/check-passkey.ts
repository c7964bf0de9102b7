// Checks an assertion, and counts its use: the steps that verifyPasskey and reauthenticate share.
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import { type AuthFailure, fail } from '../../errors.js';
import { isUuid } from '../../users/asker.js';
import { lockPerson } from '../../users/users.js';
import { amrOf, readAssertion, reasonOf, verifyAssertion } from './ceremonies.js';
import { takePasskeyChallenge } from './passkey-challenges.js';
import { countUse, findPasskey, type PasskeyRow } from './passkeys.js';

/** An assertion whose signature is right. */
export interface CheckedPasskey {
  passkey: PasskeyRow;
  counter: number;
  backedUp: boolean;
  amr: string[];
}

/** Why an assertion was refused; whose passkey it names, for the record. */
export interface RefusedPasskey {
  failure: AuthFailure;
  userId: string | null;
}

export async function checkPasskey(
  { config, db, log }: Context,
  { challengeId, response }: { challengeId: string; response: string },
): Promise<CheckedPasskey | RefusedPasskey> {
  if (!config.passkeys) return { failure: fail('METHOD_UNAVAILABLE'), userId: null };
  const challenge = isUuid(challengeId) ? await takePasskeyChallenge(db, challengeId, 'sign_in') : null;
  if (challenge === null) return { failure: fail('CHALLENGE_GONE'), userId: null };
  const assertion = readAssertion(response);
  if (assertion === null) return { failure: fail('PASSKEY_INVALID'), userId: null };
  const passkey = await findPasskey(db, assertion.credentialId);
  if (passkey === null) return { failure: fail('INVALID_CREDENTIALS'), userId: null };
  try {
    const used = await verifyAssertion(config, challenge.challenge, assertion, passkey);
    return { passkey, ...used, amr: amrOf(passkey) };
  } catch (error) {
    log.info({ reason: reasonOf(error) }, 'a passkey was refused');
    return { failure: fail('PASSKEY_INVALID'), userId: passkey.userId };
  }
}

/** Counts the use in the transaction that acts on it; the failure when the counter went back, or the passkey is gone. */
export async function spendPasskey(
  tx: Db,
  { passkey, counter, backedUp }: CheckedPasskey,
): Promise<AuthFailure | null> {
  // Removing a passkey holds the person before the passkey: so does this, or they would wait for each other.
  // Whether the account is open is asked later: a copy must not take a closed one back either.
  await lockPerson(tx, passkey.userId);
  const use = await countUse(tx, passkey.id, { counter, backedUp });
  if (use === 'counted') return null;
  return fail(use === 'copied' ? 'PASSKEY_COPIED' : 'INVALID_CREDENTIALS');
}

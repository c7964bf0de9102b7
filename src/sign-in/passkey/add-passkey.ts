// Verifies a passkey that was just made, and adds it: the step that registration and signup share.
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import { type AuthFailure, fail } from '../../errors.js';
import { addWayIn } from '../../users/credentials.js';
import { nameOfAuthenticator } from './authenticator-names.js';
import { type MadePasskey, reasonOf, verifyCreation } from './ceremonies.js';
import type { PasskeyChallengeRow } from './passkey-challenges.table.js';
import { keepPasskey } from './passkeys.js';

/** The passkey that answers a challenge. */
export async function checkCreation(
  { config, log }: Context,
  { challenge }: PasskeyChallengeRow,
  response: string,
): Promise<MadePasskey | AuthFailure> {
  try {
    return await verifyCreation(config, challenge, response);
  } catch (error) {
    log.info({ reason: reasonOf(error) }, 'a passkey was refused');
    return fail('PASSKEY_INVALID');
  }
}

/** Whose passkey it becomes. */
export interface NewOwner {
  userId: string;
  name?: string | undefined;
  /** The session that adds it. */
  madeBy: string | null;
  /** Whether the account is its owner's by proof, so that the passkey is too. */
  proved: boolean;
}

/** Adds a passkey; null when it is registered already. */
export async function addPasskey(
  tx: Db,
  { userId, name, madeBy, proved }: NewOwner,
  { credentialId, ...made }: MadePasskey,
): Promise<string | null> {
  const id = await addWayIn(tx, { userId, kind: 'passkey', identifier: credentialId, proved, madeBy });
  if (id === null) return null;
  await keepPasskey(tx, { ...made, credentialId: id, name: name ?? nameOfAuthenticator(made.aaguid) });
  return id;
}

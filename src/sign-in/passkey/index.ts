// The passkey's part of the resolver map, and how it presents itself.
import type { Config } from '../../config.js';
import type { AuthMethod, SessionTokensResolvers } from '../../graphql/schema.generated.js';
import { deletePasskey } from './delete-passkey.js';
import { finishPasskeyRegistration } from './finish-passkey-registration.js';
import { finishPasskeySignup } from './finish-passkey-signup.js';
import { listPasskeys, passkeySignals } from './list-passkeys.js';
import { listPasskeysOf } from './passkeys.js';
import { renamePasskey } from './rename-passkey.js';
import { startPasskeyRegistration } from './start-passkey-registration.js';
import { startPasskeySignIn } from './start-passkey-sign-in.js';
import { startPasskeySignup } from './start-passkey-signup.js';
import { verifyPasskey } from './verify-passkey.js';

export const passkeyQueries = { passkeys: listPasskeys, passkeySignals };
export const passkeyMutations = {
  startPasskeyRegistration,
  finishPasskeyRegistration,
  startPasskeySignIn,
  verifyPasskey,
  startPasskeySignup,
  finishPasskeySignup,
  renamePasskey,
  deletePasskey,
};

/** The passkey's entry in `authMethods`. */
export function passkeyMethods({ passkeys, passkeyRpId }: Config): AuthMethod[] {
  return passkeys ? [{ method: 'PASSKEY', rpId: passkeyRpId }] : [];
}

/** Whether to offer a passkey: asked for only when the app asks. */
export const offerPasskey: SessionTokensResolvers['offerPasskey'] = async ({ session }, _, { config, db }) =>
  config.passkeys && (await listPasskeysOf(db, session.userId)).length === 0;

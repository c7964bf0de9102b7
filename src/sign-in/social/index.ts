// The providers' part of the resolver map, and how they present themselves.
import type { Tools } from '../../context.js';
import type { AuthMethod } from '../../graphql/schema.generated.js';
import { createNonce } from './create-nonce.js';
import { finishSocialSignIn } from './finish-social-sign-in.js';
import { linkIdentity } from './link-identity.js';
import { listIdentities } from './list-identities.js';
import { signInWithApple } from './sign-in-with-apple.js';
import { signInWithFirebase } from './sign-in-with-firebase.js';
import { signInWithGoogle } from './sign-in-with-google.js';
import { startSocialSignIn } from './start-social-sign-in.js';
import { unlinkIdentity } from './unlink-identity.js';

export { identityFields } from './list-identities.js';

export const socialQueries = { identities: listIdentities };
export const socialMutations = {
  createNonce,
  signInWithGoogle,
  signInWithApple,
  signInWithFirebase,
  startSocialSignIn,
  finishSocialSignIn,
  linkIdentity,
  unlinkIdentity,
};

/** The providers' entries in `authMethods`. */
export function socialMethods({ providers }: Pick<Tools, 'providers'>): AuthMethod[] {
  return providers.all.map(({ client, method, name }) => ({ method, provider: client && name }));
}

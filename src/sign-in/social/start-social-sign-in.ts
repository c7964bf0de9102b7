// startSocialSignIn: the address at which a person signs in with a provider, in the browser.
import type { Config } from '../../config.js';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { bindingOf } from './binding.js';
import { writeAuthorizationUrl } from './provider-client.js';
import { createSocialSignIn } from './social-sign-ins.js';

/** 32 bytes in base64url (RFC 7636, section 4.2). */
const codeChallengeForm = /^[\w-]{43}$/;

export const startSocialSignIn: MutationResolvers['startSocialSignIn'] = async (_, { input }, context) => {
  const { config, db, providers, rates, request, subkeys } = context;
  const provider = providers.byName(input.provider);
  if (provider === null || provider.client === null) return fail('METHOD_UNAVAILABLE');
  if (!isRedirectUri(config, input.redirectUri)) return fail('REDIRECT_URI_INVALID');
  const { codeChallenge, redirectUri } = input;
  if (!codeChallengeForm.test(codeChallenge)) return fail('CODE_CHALLENGE_INVALID');
  const { retryAfterSeconds } = await rates.challenges(request);
  if (retryAfterSeconds !== null) return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });

  const signIn = await createSocialSignIn(db, { provider: provider.name, redirectUri, codeChallenge });
  const binding = bindingOf(config, subkeys['one-time-secret'], signIn);
  const authorizationUrl = await writeAuthorizationUrl(provider, binding);
  return { __typename: 'SocialSignInStarted', authorizationUrl, expiresAt: signIn.expiresAt };
};

/** Character by character (RFC 9700, section 2.1); in development the playground as well. */
function isRedirectUri({ appLinks, nodeEnv, publicUrl }: Config, uri: string): boolean {
  return appLinks.includes(uri) || (nodeEnv !== 'production' && uri === `${publicUrl}/playground`);
}

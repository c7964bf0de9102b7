// Derives what binds a provider's answer to the sign-in that asked for it.
import type { Config } from '../../config.js';
import { deriveFlowSecret, writeFlowTicket } from '../../tokens/one-time-secret.js';
import type { Subkeys } from '../../tokens/secret-key.js';
import type { Binding } from './provider-client.js';
import type { SocialSignInRow } from './social-sign-ins.table.js';

/** Nothing of it is stored: who reads the database can take over no sign-in. */
export function bindingOf(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  subkeys: Subkeys,
  { id, provider }: Pick<SocialSignInRow, 'id' | 'provider'>,
): Binding {
  return {
    state: writeFlowTicket(subkeys, 'state', id),
    nonce: deriveFlowSecret(subkeys, 'nonce', id),
    codeVerifier: deriveFlowSecret(subkeys, 'verifier', id),
    // Each provider has an address of its own (RFC 9700, section 4.4.2.2).
    redirectUri: `${publicUrl}/oauth/callback/${provider}`,
  };
}

/** As it was when the sign-in began: by the state that came back, under the previous key if that made it. */
export function recallBinding(
  config: Pick<Config, 'publicUrl'>,
  { all }: Subkeys,
  signIn: Pick<SocialSignInRow, 'id' | 'provider'>,
  state: string,
): Binding {
  const bindings = all.map((current) => bindingOf(config, { current, all }, signIn));
  const binding = bindings.find((one) => one.state === state);
  if (binding === undefined) throw new Error('a state was read that is not of this sign-in');
  return binding;
}

// Takes what a provider sends the browser back with, and tells where the browser goes next: to the app, with a code of ours.
import type { Tools } from '../../context.js';
import { readFlowTicket, writeFlowTicket } from '../../tokens/one-time-secret.js';
import { seal } from '../../tokens/secret-key.js';
import { recallBinding } from './binding.js';
import { type IdentityClaims, readIdentity, verifyIdToken } from './id-token.js';
import { completeClaims, exchangeResponse, isAway, toldBy } from './provider-client.js';
import type { Provider } from './providers.js';
import { keepClaims, takeReturn } from './social-sign-ins.js';
import type { SocialSignInRow } from './social-sign-ins.table.js';

/** Why no code comes; RFC 6749, section 4.1.2.1. */
type Refusal = 'access_denied' | 'server_error' | 'temporarily_unavailable';

/**
 * The address of the app, with `code` or `error`; null for an answer that no sign-in of ours waits for. Tokens never
 * stand in it, and the code is worth nothing without the verifier that the app has kept.
 */
export async function takeCallback(
  tools: Tools,
  providerName: string,
  response: URLSearchParams,
): Promise<string | null> {
  const { db, providers, subkeys } = tools;
  const provider = providers.byName(providerName);
  const names = [...response.keys()];
  if (provider === null || provider.client === null || new Set(names).size !== names.length) return null;
  const id = readFlowTicket(subkeys['one-time-secret'], 'state', response.get('state') ?? '');
  const signIn = id === null ? null : await takeReturn(db, id, providerName);
  if (signIn === null) return null;
  const came = await readAnswer(tools, provider, signIn, response);
  const target = `${signIn.redirectUri}?`;
  if (typeof came === 'string') return target + new URLSearchParams({ error: came });
  const sealed = came.refreshToken && seal(subkeys['provider-token'], signIn.id, came.refreshToken);
  await keepClaims(db, signIn.id, came.claims, sealed ?? null);
  const code = writeFlowTicket(subkeys['one-time-secret'], 'handover', signIn.id);
  return target + new URLSearchParams({ code });
}

async function readAnswer(
  { config, log, subkeys }: Tools,
  provider: Provider,
  signIn: SocialSignInRow,
  response: URLSearchParams,
): Promise<{ claims: IdentityClaims; refreshToken: string | undefined } | Refusal> {
  const told = response.get('error');
  // Apple's word for a person who turned back is its own.
  if (told === 'access_denied' || told === 'user_cancelled_authorize') return 'access_denied';
  if (told === 'temporarily_unavailable') return told;
  try {
    const binding = recallBinding(config, subkeys['one-time-secret'], signIn, response.get('state') ?? '');
    const { idToken, accessToken, refreshToken } = await exchangeResponse(provider, response, binding);
    const payload = await verifyIdToken(provider, idToken ?? '', [binding.nonce]);
    if (payload === null) throw new Error('the ID token is not good');
    if (provider.method === 'APPLE') {
      return { claims: readIdentity(provider, payload, nameIn(response.get('user'))), refreshToken };
    }
    const whole = await completeClaims(provider, payload, accessToken);
    return { claims: readIdentity(provider, whole), refreshToken: undefined };
  } catch (error) {
    log.warn({ err: error, told: toldBy(error), provider: provider.name }, 'a sign-in at a provider failed');
    return isAway(error) ? 'temporarily_unavailable' : 'server_error';
  }
}

/** Apple sends the name beside the code, as JSON, at the first sign-in only. It is a wish of the person, no proof. */
function nameIn(user: string | null): string | undefined {
  if (user === null) return undefined;
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } };
    const parts = [name?.firstName, name?.lastName].filter((part) => typeof part === 'string');
    return parts.length > 0 ? parts.join(' ') : undefined;
  } catch {
    // Not what Apple sends: then there is no name.
    return undefined;
  }
}

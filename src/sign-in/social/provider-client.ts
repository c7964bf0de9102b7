// The door to openid-client: sends people to a provider, and takes its answers and grants.
import type { JWTPayload } from 'jose';
import type { Configuration, CustomFetch, ServerMetadata, TokenEndpointResponse } from 'openid-client';
import type { Provider } from './providers.js';
import { readBody } from './read-body.js';

/** Loaded by who uses the code flow. */
const library = () => import('openid-client');

/** For every request to the provider. */
const timeoutSeconds = 5;

/** What binds an answer to the request that started it. */
export interface Binding {
  state: string;
  nonce: string;
  codeVerifier: string;
  redirectUri: string;
}

/** Where the person signs in (OpenID Connect Core, section 3.1.2.1). */
export async function writeAuthorizationUrl(provider: Provider, binding: Binding): Promise<string> {
  const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await library();
  const url = buildAuthorizationUrl(await configure(provider, clientOf(provider)), {
    redirect_uri: binding.redirectUri,
    scope: provider.method === 'APPLE' ? 'openid name email' : 'openid email profile',
    state: binding.state,
    nonce: binding.nonce,
    code_challenge: await calculatePKCECodeChallenge(binding.codeVerifier),
    code_challenge_method: 'S256',
    // Apple tells name and address only in a form, never in an address that would stand in logs.
    ...(provider.method === 'APPLE' && { response_mode: 'form_post' }),
  });
  return url.href;
}

/** What a provider gave for a code. */
export interface Grant {
  idToken: string | undefined;
  accessToken: string;
  refreshToken: string | undefined;
}

/** Exchanges the code in an authorization response, checked by OpenID Connect Core, section 3.1.3. @throws when it is refused */
export async function exchangeResponse(
  provider: Provider,
  response: URLSearchParams,
  binding: Binding,
): Promise<Grant> {
  const { authorizationCodeGrant } = await library();
  const url = new URL(binding.redirectUri);
  url.search = response.toString();
  const tokens = await authorizationCodeGrant(await configure(provider, clientOf(provider)), url, {
    expectedState: binding.state,
    expectedNonce: binding.nonce,
    pkceCodeVerifier: binding.codeVerifier,
    idTokenExpected: true,
  });
  return readGrant(tokens);
}

const readGrant = (tokens: TokenEndpointResponse): Grant => ({
  idToken: tokens.id_token,
  accessToken: tokens.access_token,
  refreshToken: tokens.refresh_token,
});

/**
 * Completes the claims of a token that leaves the address out: by OpenID Connect Core, section 5.4, a provider may tell it
 * at its UserInfo endpoint alone. @throws when that speaks of somebody else
 */
export async function completeClaims(
  provider: Provider,
  payload: JWTPayload,
  accessToken: string,
): Promise<JWTPayload> {
  const configuration = await configure(provider, clientOf(provider));
  if (payload.email !== undefined || !configuration.serverMetadata().userinfo_endpoint) return payload;
  const { fetchUserInfo } = await library();
  const told = await fetchUserInfo(configuration, accessToken, payload.sub ?? '');
  return { name: told.name, ...payload, email: told.email, email_verified: told.email_verified };
}

/** Exchanges the code that a native kit gave an app. @throws when it is refused, or was given to somebody else */
export async function exchangeNativeCode(
  provider: Provider,
  client: NonNullable<Provider['client']>,
  { code, subject }: { code: string; subject: string },
): Promise<Grant> {
  const { genericGrantRequest } = await library();
  const configuration = await configure(provider, client);
  const tokens = await genericGrantRequest(configuration, 'authorization_code', { code });
  if (tokens.claims()?.sub !== subject) throw new Error('the authorization code is not of who signed in');
  return readGrant(tokens);
}

/** Revokes a grant (RFC 7009). @throws when the provider does not say that it is revoked */
export async function revokeGrant(
  provider: Provider,
  client: NonNullable<Provider['client']>,
  refreshToken: string,
): Promise<void> {
  const { tokenRevocation } = await library();
  const configuration = await configure(provider, client);
  await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
}

/** Whether a provider did not answer, or not now, so that it is worth trying again. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause, extensions, status } = error as Error & {
    code?: string;
    extensions?: { code?: string };
    status?: number;
  };
  const answered = status ?? (cause instanceof Response ? cause.status : 0);
  // Fetch wraps what the network says in a TypeError.
  const isNetwork = error instanceof TypeError && cause instanceof Error;
  const isTimeout = code === 'OAUTH_TIMEOUT' || extensions?.code === 'UNAVAILABLE';
  return isNetwork || isTimeout || answered === 429 || answered >= 500;
}

/** The provider's own word for a failure (RFC 6749, sections 4.1.2.1 and 5.2): `invalid_client` tells whom to look at. */
export function toldBy(error: unknown): string | undefined {
  const { error: word } = error as { error?: unknown };
  return typeof word === 'string' && /^[a-z_]{1,40}$/.test(word) ? word : undefined;
}

function clientOf({ client, name }: Provider): NonNullable<Provider['client']> {
  if (client === null) throw new Error(`${name} has no code flow`);
  return client;
}

async function configure(
  { issuer, keys }: Provider,
  { id, auth }: NonNullable<Provider['client']>,
): Promise<Configuration> {
  const openid = await library();
  const configuration = new openid.Configuration(
    (await keys.metadata()) as ServerMetadata,
    id,
    undefined,
    auth,
  );
  configuration.timeout = timeoutSeconds;
  configuration[openid.customFetch] = fetchBounded;
  // Whoever configures an issuer without TLS means this machine.
  if (issuer.startsWith('http:')) openid.allowInsecureRequests(configuration);
  return configuration;
}

/** The library by itself would read an answer of any size. */
const fetchBounded: CustomFetch = async (url, options) => {
  const response = await fetch(url, options as RequestInit);
  const body = await readBody(response);
  // Some statuses allow no body, not even an empty one.
  return new Response(body.length > 0 ? body : null, response);
};

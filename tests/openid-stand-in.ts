// Stand-ins for Google, Apple, Firebase and further OpenID providers: a certified provider for the code flow, and keys of one's own for tokens.
import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Provider, ProviderContext } from 'oidc-provider';
import type { Test } from 'tap';
import type { Environment } from './helper.js';

/** The provider warns, when it is loaded and at each start, that this is no production: it is none. */
function quietly<T>(work: () => T): T {
  const { info, warn } = console;
  console.info = console.warn = () => {};
  const speak = () => Object.assign(console, { info, warn });
  const done = work();
  if (done instanceof Promise) return done.finally(speak) as T;
  speak();
  return done;
}

const library = await quietly(() => import('oidc-provider'));

/** Where the gateway is for providers: they send browsers to `<publicUrl>/oauth/callback/<name>`, which a test injects. */
export const publicUrl = 'https://auth.example.com';

/** Somebody with an account at a provider: the claims of an ID token. */
export interface Somebody {
  sub: string;
  email?: string;
  email_verified?: boolean | string;
  name?: string;
  [claim: string]: unknown;
}

/** A key by which tokens are signed. */
export interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export function makeKey(kid: string = randomUUID()): SigningKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

const publicJwk = async ({ kid, publicKey }: SigningKey): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  kid,
  alg: 'RS256',
  use: 'sig',
});

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

type Endpoint = 'discovery' | 'jwks' | 'token' | 'userinfo' | 'revocation';

/** How an endpoint answers instead: with something else, late, or as a network fails. */
export type Behaviour =
  | { status: number; body?: string; headers?: Record<string, string> }
  | { lateMs: number }
  | 'hang'
  | 'hang-up'
  | 'endless';

/** Of an answer without end: the reader is to leave long before. */
const mostPoured = 32 * 1024 * 1024;

/** Publishes keys and signs any token with them, as Google's, Apple's and Firebase's kits get theirs. */
export class KeyServer {
  /** What its tokens give as `iss`, unless told otherwise. */
  readonly issuer: string;
  /** What is published, the newest first: it signs. */
  readonly keys: SigningKey[] = [makeKey()];
  /** How often each endpoint was asked. */
  readonly hits: Record<Endpoint, number> = { discovery: 0, jwks: 0, token: 0, userinfo: 0, revocation: 0 };
  /** How endpoints answer; one that is not named works. */
  readonly behaviour: Partial<Record<Endpoint, Behaviour>> = {};
  /** How many bytes were sent where an answer is endless. */
  poured = 0;
  /** Whom tokens are for, unless told otherwise. */
  readonly audience: string;
  protected readonly origin: string;

  protected constructor(port: number, audience: string, path: string) {
    this.origin = `http://127.0.0.1:${port}`;
    this.issuer = this.origin + path;
    this.audience = audience;
  }

  protected static async listen<T extends KeyServer>(t: Test, make: (port: number) => T): Promise<T> {
    const server = createServer((request, response) => void standIn.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const standIn = make((server.address() as AddressInfo).port);
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    return standIn;
  }

  /** Takes the newest key off, and signs with a new one. */
  rotate(): SigningKey {
    const key = makeKey();
    this.keys.splice(0, 1, key);
    return key;
  }

  /** A token for one who has just signed in. A claim that is given as undefined is left out. */
  async idToken(
    claims: Partial<Somebody> & JWTPayload = {},
    {
      key = this.keys[0],
      header = {},
    }: { key?: SigningKey | undefined; header?: Record<string, unknown> } = {},
  ): Promise<string> {
    if (key === undefined) throw new Error('there is no key to sign with');
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.issuer,
      aud: this.audience,
      sub: randomUUID(),
      iat: now,
      exp: now + 600,
      ...claims,
    };
    // By hand: a library would refuse to sign half of what tests want signed.
    const parts = [{ alg: 'RS256', kid: key.kid, ...header }, payload].map(encode).join('.');
    return `${parts}.${sign('sha256', Buffer.from(parts), key.privateKey).toString('base64url')}`;
  }

  /** What it says about itself. */
  metadata(): Record<string, unknown> {
    return { issuer: this.issuer, jwks_uri: `${this.origin}/jwks` };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.origin);
    const endpoint = this.endpointOf(pathname);
    if (endpoint !== null) {
      this.hits[endpoint]++;
      const instead = this.behaviour[endpoint];
      if (instead === 'hang') return;
      if (instead === 'hang-up') return void request.socket.destroy();
      if (instead === 'endless') return this.#pour(response);
      if (instead !== undefined && 'lateMs' in instead) await sleep(instead.lateMs);
      else if (instead !== undefined) {
        response.writeHead(instead.status, { 'content-type': 'application/json', ...instead.headers });
        return void response.end(instead.body);
      }
    }
    if (endpoint === 'jwks') {
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify({ keys: await Promise.all(this.published().map(publicJwk)) }));
    }
    return this.serve(request, response, endpoint);
  }

  /** Sends JSON for as long as somebody listens. */
  async #pour(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"padding":"');
    while (!response.destroyed && this.poured < mostPoured) {
      response.write('a'.repeat(64 * 1024));
      this.poured += 64 * 1024;
      await sleep(1);
    }
    response.end('"}');
  }

  protected published(): SigningKey[] {
    return this.keys;
  }

  protected endpointOf(pathname: string): Endpoint | null {
    if (pathname.endsWith('/.well-known/openid-configuration')) return 'discovery';
    return pathname === '/jwks' ? 'jwks' : null;
  }

  protected async serve(
    _request: IncomingMessage,
    response: ServerResponse,
    endpoint: Endpoint | null,
  ): Promise<void> {
    response.writeHead(endpoint === 'discovery' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(this.metadata()));
  }
}

/** Firebase Authentication, which has no code flow: tokens alone. */
export class FirebaseStandIn extends KeyServer {
  static async open(t: Test, project = 'acme-project'): Promise<FirebaseStandIn> {
    return KeyServer.listen(t, (port) => new FirebaseStandIn(port, project, `/${project}`));
  }

  get settings(): Environment {
    return { FIREBASE_PROJECT_ID: this.audience, FIREBASE_ISSUER: this.origin };
  }
}

/** A grant that was revoked, or was to be. */
export interface Revocation {
  token: string;
  clientId: string;
  status: number;
}

/** What one further provider has that another has not. */
interface Options {
  /** A client without a secret. */
  isPublic?: boolean;
  vouchesForEmail?: boolean;
  /** The only way in which it takes the secret. */
  secretBy?: 'client_secret_post' | 'client_secret_basic';
  /** Tells address and name at its UserInfo endpoint alone. */
  isTerse?: boolean;
  /** Its issuer ends in a slash. */
  hasSlash?: boolean;
}

/**
 * A certified provider (oidc-provider) with a front of ours, which publishes the keys, so that they can be rotated and
 * tokens be signed with any claims, and can make each endpoint fail.
 */
export class OpenIdStandIn extends KeyServer {
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: string | null;
  /** Apple: of the apps; a Services id is for the web. */
  readonly bundleId = 'com.acme.app';
  readonly teamId = 'ABCDE12345';
  /** Apple: with it the gateway signs its client secret. */
  readonly teamKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly teamKeyId = 'KEY1234567';
  /** Apple: what came to the revocation endpoint. */
  readonly revocations: Revocation[] = [];
  /** Apple: every refresh token that was given out. */
  readonly refreshTokens: string[] = [];
  /** Apple: every client secret that was good, decoded. */
  readonly clientSecrets: JWTPayload[] = [];
  readonly #people = new Map<string, Somebody>();
  /** Apple tells the name to an app once. */
  readonly #told = new Set<string>();
  readonly #provider: Provider;
  readonly #providerKey = makeKey();
  readonly #callback: ReturnType<Provider['callback']>;

  /** @param name as the gateway calls it; `google` and `apple` behave as those do */
  static async open(t: Test, name: string, options: Options = {}): Promise<OpenIdStandIn> {
    return KeyServer.listen(t, (port) => new OpenIdStandIn(port, name, options));
  }

  private constructor(
    port: number,
    readonly name: string,
    readonly options: Options,
  ) {
    super(port, name === 'apple' ? 'com.acme.app' : `${name}-client`, options.hasSlash ? '/' : '');
    this.clientId = this.isApple ? 'com.acme.web' : this.audience;
    this.clientSecret = options.isPublic ? null : randomBytes(16).toString('hex');
    const secretBy = options.secretBy ?? 'client_secret_post';
    const client = {
      client_id: this.clientId,
      redirect_uris: [`${publicUrl}/oauth/callback/${name}`],
      grant_types: ['authorization_code', 'refresh_token'],
      ...(this.clientSecret === null
        ? { token_endpoint_auth_method: 'none' }
        : { token_endpoint_auth_method: secretBy, client_secret: this.clientSecret }),
    };
    const native = { ...client, client_id: this.bundleId };
    this.#provider = quietly(
      () =>
        new library.Provider(this.issuer, {
          clients: this.isApple ? [client, native] : [client],
          jwks: { keys: [privateJwk(this.#providerKey)] },
          cookies: { keys: [randomBytes(16).toString('hex')] },
          clientAuthMethods: [secretBy, 'none'],
          scopes: ['openid', 'email', 'profile', 'name'],
          // Google and Apple put all of it into the ID token.
          conformIdTokenClaims: options.isTerse === true,
          claims: {
            openid: ['sub', 'is_private_email', 'hd', 'auth_time'],
            email: ['email', 'email_verified'],
            profile: ['name', 'picture'],
            // Apple's scope.
            name: ['name'],
          },
          pkce: { required: () => !this.isApple },
          features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
          interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
          ttl: {
            AccessToken: 600,
            AuthorizationCode: 60,
            Grant: 3600,
            IdToken: 600,
            Interaction: 600,
            RefreshToken: 3600,
            Session: 3600,
          },
          issueRefreshToken: async () => this.isApple,
          expiresWithSession: async () => false,
          findAccount: async (_: unknown, accountId: string) => ({
            accountId,
            claims: async () => this.#people.get(accountId) ?? { sub: accountId },
          }),
          loadExistingGrant: (context: ProviderContext) => this.#grantAll(context),
        }),
    );
    if (this.isApple) {
      const standIn = this;
      this.#provider.Client.prototype.compareClientSecret = function (secret) {
        return standIn.#isTeams(secret, this.clientId);
      };
    }
    this.#provider.use(async (context, next) => {
      await next();
      const { route, params, client: by } = context.oidc ?? {};
      if (route !== 'revocation') return;
      this.revocations.push({
        token: params?.token ?? '',
        clientId: by?.clientId ?? '',
        status: context.status,
      });
    });
    this.#provider.on('refresh_token.saved', ({ jti }) => this.refreshTokens.push(jti));
    this.#callback = this.#provider.callback();
  }

  get isApple(): boolean {
    return this.name === 'apple';
  }

  /** An entry of OIDC_PROVIDERS. */
  get entry(): object {
    const { name, issuer, clientId, clientSecret, options } = this;
    const { vouchesForEmail = false } = options;
    return { name, issuer, clientId, ...(clientSecret !== null && { clientSecret }), vouchesForEmail };
  }

  /** The settings that make a gateway use it. */
  get settings(): Environment {
    if (this.name === 'google') {
      return {
        PUBLIC_URL: publicUrl,
        GOOGLE_ISSUER: this.issuer,
        GOOGLE_CLIENT_IDS: `${this.clientId},google-android`,
        GOOGLE_CLIENT_SECRET: this.clientSecret ?? '',
      };
    }
    if (this.isApple) {
      return {
        PUBLIC_URL: publicUrl,
        APPLE_ISSUER: this.issuer,
        APPLE_CLIENT_IDS: this.bundleId,
        APPLE_SERVICES_ID: this.clientId,
        APPLE_TEAM_ID: this.teamId,
        APPLE_KEY_ID: this.teamKeyId,
        APPLE_PRIVATE_KEY: this.teamKey.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    }
    return { PUBLIC_URL: publicUrl, OIDC_PROVIDERS: JSON.stringify([this.entry]) };
  }

  /** Signs somebody in, as a browser would, and returns what it sends to the gateway next: to be injected. */
  async signIn(authorizationUrl: string, somebody: Somebody): Promise<CallbackRequest> {
    this.#people.set(somebody.sub, somebody);
    const callback = await this.#browse(authorizationUrl, somebody.sub);
    if (!this.isApple || somebody.name === undefined || this.#told.has(somebody.sub)) return callback;
    // Beside the code, and at the first sign-in only: the one thing that no OpenID provider does.
    this.#told.add(somebody.sub);
    const [firstName, ...rest] = somebody.name.split(' ');
    const user = JSON.stringify({ name: { firstName, lastName: rest.join(' ') }, email: somebody.email });
    return { ...callback, payload: `${callback.payload}&${new URLSearchParams({ user })}` };
  }

  /** The person turns back. */
  turnBack(authorizationUrl: string): Promise<CallbackRequest> {
    return this.#browse(authorizationUrl, '');
  }

  async #browse(authorizationUrl: string, sub: string): Promise<CallbackRequest> {
    const cookies = new Map<string, string>();
    let at = authorizationUrl;
    for (let steps = 0; steps < 8; steps++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const headers = { cookie, 'x-who-signs-in': encodeURIComponent(sub) };
      const response = await fetch(at, { redirect: 'manual', headers });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const body = await response.text();
      const form = readForm(body);
      if (form !== null) return form;
      const location = response.headers.get('location');
      if (location === null)
        throw new Error(`the provider answered ${response.status}: ${body.slice(0, 2000)}`);
      at = new URL(location, at).href;
      if (at.startsWith(publicUrl)) return { method: 'GET', url: at.slice(publicUrl.length) };
    }
    throw new Error('the provider redirects for ever');
  }

  /** Apple: the authorization code that the kit gives an app beside the identity token. */
  async nativeCode(sub: string, clientId = this.bundleId): Promise<string> {
    const client = await this.#provider.Client.find(clientId);
    const grant = new this.#provider.Grant({ clientId, accountId: sub });
    grant.addOIDCScope('openid');
    const grantId = await grant.save();
    const redirectUri = `${publicUrl}/oauth/callback/${this.name}`;
    const authTime = Math.floor(Date.now() / 1000);
    const code = {
      client,
      accountId: sub,
      grantId,
      redirectUri,
      scope: 'openid',
      authTime,
      gty: 'authorization_code',
    };
    return new this.#provider.AuthorizationCode(code).save();
  }

  /** Whether a refresh token is one of its own and has not been revoked. */
  async isLive(refreshToken: string): Promise<boolean> {
    return (await this.#provider.RefreshToken.find(refreshToken)) !== undefined;
  }

  protected override published(): SigningKey[] {
    return [...this.keys, this.#providerKey];
  }

  protected override endpointOf(pathname: string): Endpoint | null {
    if (pathname === '/token') return 'token';
    if (pathname === '/me') return 'userinfo';
    return pathname === '/token/revocation' ? 'revocation' : super.endpointOf(pathname);
  }

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.origin);
    if (pathname.startsWith('/interaction/')) {
      const sub = decodeURIComponent(String(request.headers['x-who-signs-in'] ?? ''));
      const result = sub === '' ? { error: 'access_denied' } : { login: { accountId: sub } };
      return this.#provider.interactionFinished(request, response, result);
    }
    // https://developer.apple.com/documentation/signinwithapplerestapi/request-an-authorization-to-the-sign-in-with-apple-server.
    const asksMuch = /\b(name|email)\b/.test(searchParams.get('scope') ?? '');
    if (
      this.isApple &&
      pathname === '/auth' &&
      asksMuch &&
      searchParams.get('response_mode') !== 'form_post'
    ) {
      response.writeHead(400);
      return void response.end('response_mode must be form_post when name or email scope is requested');
    }
    await this.#callback(request, response);
  }

  async #grantAll({ oidc }: ProviderContext): Promise<object | undefined> {
    if (!oidc) return undefined;
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope('openid email profile name');
    await grant.save();
    return grant;
  }

  /** https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret */
  async #isTeams(secret: string, clientId: string): Promise<boolean> {
    try {
      const { payload, protectedHeader } = await jwtVerify(secret, this.teamKey.publicKey, {
        algorithms: ['ES256'],
        issuer: this.teamId,
        subject: clientId,
        audience: this.issuer,
        requiredClaims: ['iat', 'exp'],
      });
      const halfYear = 15_777_000;
      const good =
        protectedHeader.kid === this.teamKeyId && (payload.exp ?? 0) - (payload.iat ?? 0) <= halfYear;
      if (good) this.clientSecrets.push(payload);
      return good;
    } catch {
      return false;
    }
  }
}

/** What the browser sends to the gateway. */
export interface CallbackRequest {
  method: 'GET' | 'POST';
  url: string;
  payload?: string;
  headers?: Record<string, string>;
}

/** The form that a page posts by itself (OAuth 2.0 Form Post Response Mode). */
function readForm(html: string): CallbackRequest | null {
  const [, action] = /<form method="post" action="([^"]+)"/.exec(html) ?? [];
  if (action === undefined) return null;
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const values = fields.map(([, name = '', value = '']) => [name, unescapeHtml(value)]);
  return {
    method: 'POST',
    url: unescapeHtml(action).slice(publicUrl.length),
    payload: new URLSearchParams(values).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
}

const unescapeHtml = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

function privateJwk({ kid, privateKey }: SigningKey): object {
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
}

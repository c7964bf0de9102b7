// A stand-in for OpenID providers: speaks OpenID discovery, JWKS, and Apple's /auth/token and /auth/revoke as documented, records what it was asked, and can hang or answer 4xx/5xx.
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import type { Test } from 'tap';
import { type Environment, type Gateway, operations, randomNetwork, type Sending } from './helper.js';

/** A request for a token or its revocation. */
export interface Asked {
  path: '/auth/token' | '/auth/revoke';
  fields: Record<string, string>;
  /** What the client secret claims, if it is signed with the team's key for this client, at most six months long. */
  secret: Record<string, unknown> | null;
}

/** How /auth/token or /auth/revoke answer; unless named, as Apple does. */
export type Behaviour = { status: number; body?: string } | 'silent' | 'hang-up';

export const googleClient = 'server.apps.googleusercontent.com';
export const appleClient = 'com.acme.app';
export const firebaseProject = 'acme-app';
export const teamId = 'TEAMTEAM00';
export const keyId = 'KEYKEYKEY0';

/** One of its accounts, as its tokens tell of it. */
export type Claims = Record<string, unknown>;

/** Google at /google, Apple at /apple, Firebase at /firebase/<project>, another provider at /acme; they share their keys. */
export class Provider {
  readonly asked: Asked[] = [];
  readonly behaviour: Partial<Record<Asked['path'], Behaviour>> = {};
  /** Whether metadata and keys are given out. */
  publishes = true;
  /** Refresh tokens that were given for a code and not revoked. */
  readonly grants = new Set<string>();
  readonly #arrivals = new EventEmitter().setMaxListeners(0);
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #team = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #key: CryptoKey;
  readonly #jwk: JWK;

  private constructor(key: CryptoKey, jwk: JWK) {
    this.#key = key;
    this.#jwk = jwk;
  }

  /** Listens on a free port of 127.0.0.1 until the test ends. */
  static async open(t: Test): Promise<Provider> {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' };
    const provider = new Provider(privateKey, jwk);
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    t.teardown(() => {
      provider.#server.closeAllConnections();
      provider.#server.close();
    });
    return provider;
  }

  issuer(name: 'google' | 'apple' | 'firebase' | 'acme' | 'trusted'): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${name}${name === 'firebase' ? `/${firebaseProject}` : ''}`;
  }

  /** The settings that make a gateway believe it. */
  get settings(): Environment {
    return {
      GOOGLE_CLIENT_IDS: googleClient,
      GOOGLE_ISSUER: this.issuer('google'),
      APPLE_CLIENT_IDS: appleClient,
      APPLE_ISSUER: this.issuer('apple'),
      APPLE_TEAM_ID: teamId,
      APPLE_KEY_ID: keyId,
      APPLE_PRIVATE_KEY: this.#team.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      FIREBASE_PROJECT_ID: firebaseProject,
      FIREBASE_ISSUER: this.issuer('firebase').replace(`/${firebaseProject}`, ''),
    };
  }

  /** A token of one of the providers, good unless `claims` say otherwise; `undefined` takes a claim out. */
  sign(issuer: string, audience: string, claims: Claims, key: CryptoKey = this.#key): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: issuer, aud: audience, iat: now, exp: now + 3600, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'RS256', kid: String(this.#jwk.kid) })
      .sign(key);
  }

  google(claims: Claims & { sub: string; nonce: string }): Promise<string> {
    return this.sign(this.issuer('google'), googleClient, claims);
  }

  /** `nonce`: as the gateway gave it; Apple's token carries its hash. */
  apple({ nonce, ...claims }: Claims & { sub: string; nonce: string }): Promise<string> {
    const hash = createHash('sha256').update(nonce).digest('hex');
    return this.sign(this.issuer('apple'), appleClient, { nonce: hash, nonce_supported: true, ...claims });
  }

  firebase(claims: Claims & { sub: string }): Promise<string> {
    const authTime = { auth_time: Math.floor(Date.now() / 1000) };
    return this.sign(this.issuer('firebase'), firebaseProject, {
      ...authTime,
      user_id: claims.sub,
      ...claims,
    });
  }

  /** What Apple's server tells: `events` is a JSON text, as documented. */
  notice(event: Claims, claims: Claims = {}, key?: CryptoKey): Promise<string> {
    const events = JSON.stringify({ event_time: Date.now(), ...event });
    const whole = { jti: randomUUID(), exp: undefined, events, ...claims };
    return this.sign(this.issuer('apple'), appleClient, whole, key);
  }

  of(path: Asked['path']): Asked[] {
    return this.asked.filter((one) => one.path === path);
  }

  /** Waits until it was asked so many times. */
  async arrival(path: Asked['path'], count = 1): Promise<Asked> {
    for (;;) {
      const found = this.of(path)[count - 1];
      if (found !== undefined) return found;
      await once(this.#arrivals, 'asked');
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, payload: object) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(payload));
    const [, issuer = '', path = ''] =
      /^(\/.+?)(\/\.well-known\/.*|\/auth\/.*)$/.exec(request.url ?? '') ?? [];
    const base = `http://${request.headers.host}${issuer}`;
    if (path.startsWith('/.well-known/')) {
      if (!this.publishes) return void json(503, {});
      if (path === '/.well-known/jwks.json') return void json(200, { keys: [this.#jwk] });
      return void json(200, {
        issuer: base,
        jwks_uri: `${base}/.well-known/jwks.json`,
        authorization_endpoint: `${base}/auth/authorize`,
        token_endpoint: `${base}/auth/token`,
        revocation_endpoint: `${base}/auth/revoke`,
        response_types_supported: ['code'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      });
    }
    if (path !== '/auth/token' && path !== '/auth/revoke') return void json(404, {});
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const fields = Object.fromEntries(new URLSearchParams(body));
    const secret = await this.#readSecret(fields, base);
    this.asked.push({ path, fields, secret });
    this.#arrivals.emit('asked');
    const behaviour = this.behaviour[path];
    if (behaviour === 'silent') return;
    if (behaviour === 'hang-up') return void request.socket.destroy();
    if (behaviour) {
      response
        .writeHead(behaviour.status, { 'content-type': 'application/json' })
        .end(behaviour.body ?? '{}');
      return;
    }
    if (request.method !== 'POST' || secret === null) return void json(400, { error: 'invalid_client' });
    if (path === '/auth/revoke') {
      this.grants.delete(fields.token ?? '');
      // Nothing in it, by https://developer.apple.com/documentation/signinwithapplerestapi/revoke-tokens
      response.writeHead(200).end();
      return;
    }
    const [, sub] = /^c0de\.([\w-]+)\./.exec(fields.code ?? '') ?? [];
    if (fields.grant_type !== 'authorization_code' || sub === undefined)
      return void json(400, { error: 'invalid_grant' });
    const refreshToken = `r${randomBytes(24).toString('hex')}`;
    this.grants.add(refreshToken);
    json(200, {
      access_token: randomUUID(),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: refreshToken,
      id_token: await this.sign(base, fields.client_id ?? '', { sub }),
    });
  }

  /** https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret */
  async #readSecret({ client_id, client_secret = '' }: Record<string, string>, base: string) {
    try {
      const { payload, protectedHeader } = await jwtVerify(client_secret, this.#team.publicKey, {
        algorithms: ['ES256'],
        issuer: teamId,
        audience: base,
        ...(client_id !== undefined && { subject: client_id }),
        requiredClaims: ['iat', 'exp'],
        maxTokenAge: '182d',
      });
      return protectedHeader.kid === keyId ? payload : null;
    } catch {
      return null;
    }
  }
}

/** The authorization code that Apple's kit would give an app for an account. */
export const codeOf = ({ sub }: { sub: string }): string => `c0de.${sub}.${randomUUID()}`;

/** An account at a provider, and what its tokens say: every sign-in with a nonce of its own. */
export interface Account extends Claims {
  sub: string;
}

export async function nonceOf(gateway: Gateway): Promise<string> {
  const { data } = await gateway.graphql(operations.createNonce, {}, { from: randomNetwork() });
  return data.createNonce.nonce;
}

/** The proof of an account, as `linkIdentity` and `reauthenticate` take it. */
export async function proofOf(
  gateway: Gateway,
  provider: Provider,
  by: 'google' | 'apple' | 'firebase',
  account: Account,
): Promise<Record<string, Record<string, string>>> {
  if (by === 'firebase') return { firebase: { idToken: await provider.firebase(account) } };
  const nonce = await nonceOf(gateway);
  const token = await provider[by]({ ...account, nonce });
  return by === 'google' ? { google: { idToken: token, nonce } } : { apple: { identityToken: token, nonce } };
}

const mutations = {
  google: 'signInWithGoogle',
  apple: 'signInWithApple',
  firebase: 'signInWithFirebase',
} as const;

/** Signs in by a provider's kit, each time from another network unless told. */
export async function enter(
  gateway: Gateway,
  provider: Provider,
  by: 'google' | 'apple' | 'firebase',
  account: Account,
  more: Record<string, unknown> = {},
  sending: Sending = {},
) {
  const proof = (await proofOf(gateway, provider, by, account))[by];
  const answer = await gateway.graphql(
    operations[mutations[by]],
    { input: { ...proof, ...more } },
    { from: randomNetwork(), ...sending },
  );
  if (!answer.data) throw new Error(`${mutations[by]} gave no data: ${answer.body}`);
  return { ...answer.data[mutations[by]], body: answer.body };
}

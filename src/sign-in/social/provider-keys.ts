// Keeps what an OpenID provider publishes about itself: its metadata and its keys, fetched no more often than needed.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Tools } from '../../context.js';
import { unavailable } from '../../errors.js';
import { readBody } from './read-body.js';

/** OpenID Connect Discovery, section 3: what is used of it. */
export interface ProviderMetadata {
  issuer: string;
  jwks_uri: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  [more: string]: unknown;
}

/** Between two fetches, whatever asks for them: unknown keys are free to make up. */
const cooldownMs = 30_000;
/** After that keys are fetched again behind the answer: one that the provider withdrew is not trusted for long. */
const staleMs = 10 * 60_000;
/** The end of what an outage of the provider is bridged for. */
const expiredMs = 24 * 60 * 60_000;
/** For both documents together. */
const timeoutMs = 3_000;

/** Published by one issuer, and held for as long as the process lives. */
export class ProviderKeys {
  readonly #issuer: string;
  readonly #log: Tools['log'];
  #metadata: ProviderMetadata | null = null;
  #keys: JWTVerifyGetKey | null = null;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #going: Promise<boolean> | null = null;

  constructor(issuer: string, log: Tools['log']) {
    this.#issuer = issuer;
    this.#log = log;
  }

  /**
   * The key that a token names, for jose.
   * @throws UNAVAILABLE when it is not known and the provider cannot be asked; JWKSNoMatchingKey when the provider has no such key
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const known = await this.#look(header, token);
    if (known !== null) {
      if (this.#age() > staleMs) void this.#fetch();
      return known;
    }
    if (!(await this.#fetch())) throw unavailable(cooldownMs / 1000);
    const found = await this.#look(header, token);
    if (found === null) throw new errors.JWKSNoMatchingKey();
    return found;
  };

  /** The provider's endpoints. @throws UNAVAILABLE when they are not known and the provider cannot be asked */
  async metadata(): Promise<ProviderMetadata> {
    if (this.#age() > staleMs) {
      const fetching = this.#fetch();
      if (this.#age() > expiredMs) await fetching;
    }
    if (this.#metadata === null || this.#age() > expiredMs) throw unavailable(cooldownMs / 1000);
    return this.#metadata;
  }

  #age(): number {
    return performance.now() - this.#fetchedAt;
  }

  async #look(...[header, token]: Parameters<JWTVerifyGetKey>) {
    if (this.#keys === null || this.#age() > expiredMs) return null;
    try {
      return await this.#keys(header, token);
    } catch (error) {
      // What WebCrypto cannot read, and calls a DOMException, is no key.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof DOMException) return null;
      throw error;
    }
  }

  /** Fetches, unless it was tried just now; whether what is held now is what the last try brought. */
  #fetch(): Promise<boolean> {
    if (this.#going === null && performance.now() - this.#triedAt < cooldownMs)
      return Promise.resolve(this.#fetchedAt >= this.#triedAt);
    this.#going ??= this.#fetchNow().finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  async #fetchNow(): Promise<boolean> {
    this.#triedAt = performance.now();
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const metadata = (await readJson(
        // Section 4.1: without the slash that some issuers end in.
        `${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
        signal,
      )) as ProviderMetadata;
      // Section 4.3: exactly the issuer that was asked for.
      if (metadata.issuer !== this.#issuer) throw new Error(`the provider calls itself ${metadata.issuer}`);
      const [own, keys] = [new URL(this.#issuer), new URL(metadata.jwks_uri)];
      if (keys.protocol !== 'https:' && keys.protocol !== own.protocol)
        throw new Error('the keys are not published over https');
      this.#keys = createLocalJWKSet((await readJson(metadata.jwks_uri, signal)) as JSONWebKeySet);
      this.#metadata = metadata;
      this.#fetchedAt = performance.now();
      return true;
    } catch (error) {
      this.#log.warn({ err: error, issuer: this.#issuer }, 'the keys of a provider could not be fetched');
      return false;
    }
  }
}

async function readJson(url: string, signal: AbortSignal): Promise<unknown> {
  // A redirect could lead to what only this machine can reach.
  const response = await fetch(url, { redirect: 'error', signal });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return JSON.parse((await readBody(response)).toString('utf8'));
}

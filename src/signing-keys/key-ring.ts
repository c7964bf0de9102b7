// Holds the signing keys of one process: reads them again at intervals, signs with the active one, verifies with all.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import {
  type AccessTokenClaims,
  type SigningKey,
  signAccessToken,
  type TokenProfile,
  type VerifiedToken,
  type VerifyingKeys,
  verifyAccessToken,
} from '../tokens/access-token.js';
import { deriveSubkeys, type Subkeys } from '../tokens/secret-key.js';
import { type JWK, openPrivateKey, openPublicKey } from '../tokens/signing-key.js';
import { reloadSeconds, rotateKeys } from './rotate-keys.js';
import { listSigningKeys, stateOf } from './signing-keys.js';
import type { SigningKeyRow } from './signing-keys.table.js';

/** An unknown kid makes the ring look for new keys, at most this often: a flood of them costs nothing. */
const lookAgainMs = 5_000;
/** Verified tokens that are remembered: about 1 KB each. */
const mostRemembered = 10_000;

interface Ring {
  signing: SigningKey;
  verifying: VerifyingKeys;
  keySet: { keys: JWK[] };
  kids: string;
}

/** The keys of this process and what is done with them. */
export class KeyRing {
  readonly #db: Db;
  readonly #config: Config;
  readonly #subkeys: Subkeys;
  readonly #profile: TokenProfile;
  /**
   * Verified tokens by their exact bytes, until they expire or the keys change. Only the signature is spared:
   * whether the session still stands is asked of the database each time.
   */
  readonly #remembered = new Map<string, VerifiedToken>();
  #ring: Ring;
  #readAt = Date.now();
  #reading: Promise<void> | null = null;

  private constructor(db: Db, config: Config, subkeys: Subkeys, ring: Ring) {
    this.#db = db;
    this.#config = config;
    this.#subkeys = subkeys;
    this.#profile = {
      issuer: config.publicUrl,
      audience: config.tokenAudience,
      lifetimeSeconds: config.accessTokenMinutes * 60,
    };
    this.#ring = ring;
  }

  /** Reads the keys, and makes the first ones in a new database. */
  static async open(db: Db, config: Config): Promise<KeyRing> {
    const subkeys = deriveSubkeys('signing-key', config.secretKey, config.secretKeyPrevious);
    const keys = await rotateKeys(db, config, subkeys, 'when due');
    return new KeyRing(db, config, subkeys, await buildRing(keys, subkeys));
  }

  /** The public keys, RFC 7517. */
  get keySet(): { keys: JWK[] } {
    return this.#ring.keySet;
  }

  /** Signs an access token with the active key. */
  sign(claims: AccessTokenClaims): Promise<{ accessToken: string; expiresAt: Date }> {
    return signAccessToken(this.#ring.signing, this.#profile, claims, Date.now());
  }

  /** Verifies an access token; after a kid that is not known, once more with keys read afresh. */
  async verify(token: string): Promise<VerifiedToken | 'invalid' | 'expired'> {
    const known = this.#remembered.get(token);
    if (known !== undefined) {
      if (known.exp * 1000 > Date.now()) return known;
      this.#remembered.delete(token);
    }
    let verified = await verifyAccessToken(this.#ring.verifying, this.#profile, token);
    if (verified === 'unknown-key' && Date.now() - this.#readAt > lookAgainMs) {
      await this.reload();
      verified = await verifyAccessToken(this.#ring.verifying, this.#profile, token);
    }
    if (verified === 'unknown-key') return 'invalid';
    if (typeof verified !== 'string') this.#remember(token, verified);
    return verified;
  }

  /** Reads the keys again; who asks meanwhile waits for the same answer. */
  reload(): Promise<void> {
    this.#reading ??= this.#read(() => listSigningKeys(this.#db)).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Rotates what is due and reads the keys again. */
  rotate(): Promise<void> {
    return this.#read(() => rotateKeys(this.#db, this.#config, this.#subkeys, 'when due'));
  }

  /** How often `rotate` is to be called. */
  static readonly intervalSeconds = reloadSeconds;

  async #read(keys: () => Promise<SigningKeyRow[]>): Promise<void> {
    this.#readAt = Date.now();
    const ring = await buildRing(await keys(), this.#subkeys);
    if (ring.kids !== this.#ring.kids) this.#remembered.clear();
    this.#ring = ring;
  }

  #remember(token: string, verified: VerifiedToken): void {
    if (this.#remembered.size >= mostRemembered) {
      const oldest = this.#remembered.keys().next();
      if (!oldest.done) this.#remembered.delete(oldest.value);
    }
    this.#remembered.set(token, verified);
  }
}

async function buildRing(keys: readonly SigningKeyRow[], subkeys: Subkeys): Promise<Ring> {
  const active = keys.find((key) => stateOf(key) === 'active');
  if (active === undefined) throw new Error('there is no active signing key');
  const verifying = await Promise.all(
    keys.map(
      async (key) => [key.kid, { algorithm: key.algorithm, publicKey: await openPublicKey(key) }] as const,
    ),
  );
  return {
    signing: {
      kid: active.kid,
      algorithm: active.algorithm,
      privateKey: await openPrivateKey(active, subkeys),
    },
    verifying: new Map(verifying),
    keySet: { keys: keys.map((key) => key.publicJwk) },
    kids: keys.map((key) => key.kid).join(),
  };
}

// Holds the signing keys of one process: reads them again at intervals, signs with the active one, verifies with all.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import {
  type AccessTokenClaims,
  isStillGood,
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
  /**
   * Verified tokens by their exact bytes, until they expire or the keys change. Only the signature is spared:
   * whether the session still stands is asked of the database each time.
   */
  remembered: Map<string, VerifiedToken>;
}

/** The keys of this process and what is done with them. */
export class KeyRing {
  readonly #db: Db;
  readonly #config: Config;
  readonly #subkeys: Subkeys;
  readonly #profile: TokenProfile;
  #ring: Ring;
  /** By a clock that does not jump. */
  #readAt = performance.now();
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

  /** Signs an access token with the active key; it ends with the session at the latest. */
  sign(claims: AccessTokenClaims, sessionEndsAt: Date): Promise<{ accessToken: string; expiresAt: Date }> {
    return signAccessToken(this.#ring.signing, this.#profile, claims, sessionEndsAt, Date.now());
  }

  /** Verifies an access token; after a kid that is not known, once more with keys read afresh. */
  async verify(token: string): Promise<VerifiedToken | 'invalid' | 'expired'> {
    const verified = await this.#verifyBy(this.#ring, token);
    if (verified !== 'unknown-key') return verified;
    if (this.#reading === null && performance.now() - this.#readAt < lookAgainMs) return 'invalid';
    await this.reload();
    const verifiedNow = await this.#verifyBy(this.#ring, token);
    return verifiedNow === 'unknown-key' ? 'invalid' : verifiedNow;
  }

  /** Reads the keys again; who asks meanwhile waits for the same answer. */
  reload(): Promise<void> {
    return this.#reading ?? this.#read(() => listSigningKeys(this.#db));
  }

  /** Rotates what is due and reads the keys again. */
  rotate(): Promise<void> {
    return this.#read(() => rotateKeys(this.#db, this.#config, this.#subkeys, 'when due'));
  }

  /** How often `rotate` is to be called. */
  static readonly intervalSeconds = reloadSeconds;

  /** One reading after the other: what an earlier one saw never takes the place of what a later one saw. */
  #read(keys: () => Promise<SigningKeyRow[]>): Promise<void> {
    const before = this.#reading?.catch(() => {}) ?? Promise.resolve();
    const reading = before
      .then(async () => {
        this.#readAt = performance.now();
        const ring = await buildRing(await keys(), this.#subkeys);
        const { kids, remembered } = this.#ring;
        this.#ring = ring.kids === kids ? { ...ring, remembered } : ring;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = null;
      });
    this.#reading = reading;
    return reading;
  }

  /** By the keys of one ring and into its memory: a token that a key of before let pass is not remembered beyond it. */
  async #verifyBy({ remembered, verifying }: Ring, token: string) {
    const now = Date.now();
    const known = remembered.get(token);
    if (known !== undefined) {
      if (isStillGood(known, now)) return known;
      remembered.delete(token);
    }
    const verified = await verifyAccessToken(verifying, this.#profile, token, now);
    if (typeof verified === 'string') return verified;
    if (remembered.size >= mostRemembered) {
      const oldest = remembered.keys().next();
      if (!oldest.done) remembered.delete(oldest.value);
    }
    remembered.set(token, verified);
    return verified;
  }
}

async function buildRing(keys: readonly SigningKeyRow[], subkeys: Subkeys): Promise<Ring> {
  const active = keys.find((key) => stateOf(key) === 'active');
  if (active === undefined) throw new Error('there is no active signing key');
  const verifying = await Promise.all(
    keys.map(
      async (key) =>
        [key.kid, { algorithm: key.algorithm, publicKey: await openPublicKey(key, subkeys) }] as const,
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
    remembered: new Map(),
  };
}

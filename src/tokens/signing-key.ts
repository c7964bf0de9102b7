// Makes the key pairs that sign access tokens, and brings stored ones back to life.
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import { open, reseal, type Subkeys, seal } from './secret-key.js';

export type { JWK };

export type SigningAlgorithm = 'ES256' | 'EdDSA';

/** A key pair as it is stored. */
export interface StoredKeyPair {
  kid: string;
  algorithm: SigningAlgorithm;
  publicJwk: JWK;
  sealedPrivateJwk: string;
}

/** A new key pair; its kid is the RFC 7638 thumbprint, its private half sealed to that kid. */
export async function makeKeyPair(algorithm: SigningAlgorithm, subkeys: Subkeys): Promise<StoredKeyPair> {
  const pair = await generateKeyPair(algorithm, {
    extractable: true,
    ...(algorithm === 'EdDSA' && { crv: 'Ed25519' }),
  });
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const privateJwk = JSON.stringify(await exportJWK(pair.privateKey));
  return {
    kid,
    algorithm,
    publicJwk: { ...publicJwk, kid, alg: algorithm, use: 'sig' },
    sealedPrivateJwk: seal(subkeys, kid, privateJwk),
  };
}

/** The private half, ready to sign. */
export async function openPrivateKey(stored: StoredKeyPair, subkeys: Subkeys): Promise<CryptoKey> {
  const { plain } = open(subkeys, stored.kid, stored.sealedPrivateJwk);
  return importJWK(JSON.parse(plain), stored.algorithm) as Promise<CryptoKey>;
}

/**
 * The public half, ready to verify. A row is trusted only as far as SECRET_KEY vouches for it: the private half opens
 * under this kid, and the kid is the thumbprint of this public half. Who can merely write to the database adds no key.
 * @throws {Error} when the row does not hold together
 */
export async function openPublicKey(stored: StoredKeyPair, subkeys: Subkeys): Promise<CryptoKey> {
  open(subkeys, stored.kid, stored.sealedPrivateJwk);
  if ((await calculateJwkThumbprint(stored.publicJwk)) !== stored.kid)
    throw new Error('a signing key is not the one its kid names');
  return importJWK(stored.publicJwk, stored.algorithm) as Promise<CryptoKey>;
}

/** Seals the private half under the current SECRET_KEY if it still is under the previous one, else null. */
export function resealPrivateKey(stored: StoredKeyPair, subkeys: Subkeys): string | null {
  return reseal(subkeys, stored.kid, stored.sealedPrivateJwk);
}

// Derives a key for each use from SECRET_KEY (HKDF, RFC 5869), so that no use can be turned against another.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** What a derived key is for; a new use is a new name. */
export type KeyUse =
  | 'refresh-token'
  | 'signing-key'
  | 'subject'
  | 'one-time-secret'
  | 'restore-token'
  | 'provider-token';

/** 32 bytes derived for one use. */
export interface Subkey {
  /** Tells keys of one use apart (32 bits of their hash): travels beside what the key made. */
  id: Buffer;
  key: Buffer;
}

/** The subkeys of one use: the current one makes, all of them check. */
export interface Subkeys {
  current: Subkey;
  all: readonly Subkey[];
}

/** The keys that SECRET_KEY and, while it is being replaced, SECRET_KEY_PREVIOUS give for one use. */
export function deriveSubkeys(use: KeyUse, secretKey: Buffer, previous?: Buffer): Subkeys {
  const derive = (secret: Buffer): Subkey => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', `darwaza ${use}`, 32));
    return { key, id: createHash('sha256').update(key).digest().subarray(0, 4) };
  };
  const current = derive(secretKey);
  return { current, all: previous ? [current, derive(previous)] : [current] };
}

/** A keyed hash, for what is counted by a value that must not be stored: 128 bits, base64url. */
export function hashSubject(subkeys: Subkeys, subject: string): string {
  return createHmac('sha256', subkeys.current.key)
    .update(subject)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

/**
 * Encrypts with AES-256-GCM under a random 96-bit nonce. `context` is authenticated but not stored: the same
 * value must be given to open, so that a sealed text moved to another row does not open there.
 */
export function seal(subkeys: Subkeys, context: string, plain: string): string {
  const { id, key } = subkeys.current;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([id, nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/**
 * Opens what `seal` made; `stale` says that it was sealed under the previous key.
 * @throws {Error} when neither key fits or a byte was changed
 */
export function open(subkeys: Subkeys, context: string, sealed: string): { plain: string; stale: boolean } {
  const bytes = Buffer.from(sealed, 'base64url');
  const subkey = subkeys.all.find((candidate) => candidate.id.equals(bytes.subarray(0, 4)));
  if (subkey === undefined) {
    const error = new Error('sealed under a key that is neither SECRET_KEY nor SECRET_KEY_PREVIOUS');
    throw Object.assign(error, { code: 'SECRET_KEY_MISMATCH' });
  }
  const decipher = createDecipheriv('aes-256-gcm', subkey.key, bytes.subarray(4, 16), { authTagLength: 16 })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(16, 32));
  const plain = Buffer.concat([decipher.update(bytes.subarray(32)), decipher.final()]).toString('utf8');
  return { plain, stale: subkey !== subkeys.current };
}

/** What every text sealed under the current key begins with: 30 of the 32 bits of the key's id. */
export function sealedStart({ current }: Subkeys): string {
  return current.id.toString('base64url').slice(0, 5);
}

/** Seals under the current key what still is under the previous one; null when it need not. Throws as `open` does. */
export function reseal(subkeys: Subkeys, context: string, sealed: string): string | null {
  const { plain, stale } = open(subkeys, context, sealed);
  return stale ? seal(subkeys, context, plain) : null;
}

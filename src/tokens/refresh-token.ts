// Makes and reads refresh tokens: a session, a count and a MAC over both, so that a forged one never costs a query.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Subkeys } from './secret-key.js';

/** What a refresh token says. */
export interface RefreshTokenContent {
  sessionId: string;
  /** How many refreshes came before it. */
  count: number;
}

/**
 * Layout, base64url after the prefix: key id (4 bytes), session id (16), count (4), HMAC-SHA-256 over all
 * before it (32). The MAC carries the security: 256 bits, by a key that is never in the database. The prefix
 * lets secret scanners find a token that leaked.
 */
const prefix = 'dwr_';
const signedLength = 4 + 16 + 4;
const length = signedLength + 32;
const shape = new RegExp(`^${prefix}[\\w-]{${Math.ceil((length * 4) / 3)}}$`);

/** The refresh token of a session at a count; the same bytes whenever it is asked for under the same key. */
export function makeRefreshToken(subkeys: Subkeys, { sessionId, count }: RefreshTokenContent): string {
  const bytes = Buffer.alloc(length);
  subkeys.current.id.copy(bytes, 0);
  bytes.write(sessionId.replaceAll('-', ''), 4, 'hex');
  bytes.writeUInt32BE(count, 20);
  mac(subkeys.current.key, bytes).copy(bytes, signedLength);
  return prefix + bytes.toString('base64url');
}

/** What the token says, or null when it is not one of ours. */
export function readRefreshToken(subkeys: Subkeys, token: string): RefreshTokenContent | null {
  if (!shape.test(token)) return null;
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url');
  // The last character carries bits beyond the last byte: one token must not have several spellings.
  if (prefix + bytes.toString('base64url') !== token) return null;
  const subkey = subkeys.all.find(({ id }) => id.equals(bytes.subarray(0, 4)));
  if (subkey === undefined || !timingSafeEqual(mac(subkey.key, bytes), bytes.subarray(signedLength)))
    return null;
  const hex = bytes.toString('hex', 4, 20);
  return {
    sessionId: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
    count: bytes.readUInt32BE(20),
  };
}

function mac(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes.subarray(0, signedLength)).digest();
}

// Derives the codes and secrets that prove a challenge, from its id alone: none is ever stored.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Subkeys } from './secret-key.js';

/** What a challenge hands out; each purpose gives a value of its own. */
type Purpose = 'otp' | 'device-half' | 'mail-half' | 'typed-code' | FlowSecret;

/** What a sign-in at a provider takes along: RFC 6749 (state), OpenID Connect (nonce), RFC 7636 (verifier), and our own code. */
export type FlowSecret = 'state' | 'nonce' | 'verifier' | 'handover';

function derive(key: Buffer, purpose: Purpose, challengeId: string): Buffer {
  return createHmac('sha256', key).update(`${purpose}:${challengeId}`).digest();
}

/** Six decimal digits (20 bits), each as likely as the others: words beyond the last full million are skipped. */
export function deriveOtp(subkeys: Subkeys, challengeId: string): string {
  return otpUnder(subkeys.current.key, challengeId);
}

function otpUnder(key: Buffer, challengeId: string): string {
  const bytes = derive(key, 'otp', challengeId);
  const fullMillions = 2 ** 32 - (2 ** 32 % 1_000_000);
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.readUInt32BE(at);
    if (word < fullMillions) return String(word % 1_000_000).padStart(6, '0');
  }
  // Eight words in a row beyond the last million: once in 10^30 challenges.
  return String(bytes.readUInt32BE(0) % 1_000_000).padStart(6, '0');
}

/** Half of a link's proof, 128 bits in base64url (22 characters): one stays on the device, one travels in the mail. */
export function deriveHalf(subkeys: Subkeys, half: 'device-half' | 'mail-half', challengeId: string): string {
  return halfUnder(subkeys.current.key, half, challengeId);
}

function halfUnder(key: Buffer, half: 'device-half' | 'mail-half', challengeId: string): string {
  return derive(key, half, challengeId).subarray(0, 16).toString('base64url');
}

/** Crockford's base32: no I, L, O or U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Eight characters to be typed (40 bits), in place of the mail's half. */
export function deriveTypedCode(subkeys: Subkeys, challengeId: string): string {
  return typedUnder(subkeys.current.key, challengeId);
}

function typedUnder(key: Buffer, challengeId: string): string {
  return [...derive(key, 'typed-code', challengeId).subarray(0, 8)]
    .map((byte) => alphabet[byte & 31])
    .join('');
}

/** A secret of a flow, 256 bits in base64url (43 characters). */
export function deriveFlowSecret(subkeys: Subkeys, purpose: FlowSecret, id: string): string {
  return derive(subkeys.current.key, purpose, id).toString('base64url');
}

/** The id and the secret of a flow in one text, so that whoever brings it back need not name the flow apart. */
export function writeFlowTicket(subkeys: Subkeys, purpose: FlowSecret, id: string): string {
  return `${id}.${deriveFlowSecret(subkeys, purpose, id)}`;
}

/** The id in a ticket that was made here for this purpose; null for anything else. */
export function readFlowTicket(subkeys: Subkeys, purpose: FlowSecret, ticket: string): string | null {
  const [id = '', secret = '', ...more] = ticket.split('.');
  const known = subkeys.all.some(({ key }) => isSame(derive(key, purpose, id).toString('base64url'), secret));
  return known && more.length === 0 ? id : null;
}

/** Whether the code is the challenge's, under the current or the previous key; in constant time. */
export function isOtp(subkeys: Subkeys, challengeId: string, code: string): boolean {
  return subkeys.all.some(({ key }) => isSame(otpUnder(key, challengeId), code));
}

/** Whether it is that half of the challenge's proof. */
export function isHalf(
  subkeys: Subkeys,
  half: 'device-half' | 'mail-half',
  challengeId: string,
  secret: string,
): boolean {
  return subkeys.all.some(({ key }) => isSame(halfUnder(key, half, challengeId), secret));
}

/** Whether it is the challenge's typed code, as people type: any case, blanks and hyphens, O for 0, I and L for 1. */
export function isTypedCode(subkeys: Subkeys, challengeId: string, typed: string): boolean {
  const tidy = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return subkeys.all.some(({ key }) => isSame(typedUnder(key, challengeId), tidy));
}

function isSame(right: string, given: string): boolean {
  const [a, b] = [Buffer.from(right), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

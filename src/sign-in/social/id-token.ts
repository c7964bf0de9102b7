// Verifies the ID tokens of providers, and reads from them who somebody is.
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { isShowable } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';
import type { IdentifierKind } from '../../users/users.js';
import type { Provider } from './providers.js';

/** Asymmetric ones only: with HS256 the public key would be the secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** How far the clocks of a provider and this gateway may be apart, in seconds. */
const leeway = 60;

/**
 * Verifies a token by OpenID Connect Core, section 3.1.3.7. `nonces`: what the token may give as nonce; null for a
 * provider that gives none, and then a token with one was made for something else.
 * @returns null for a token that is not good here
 * @throws UNAVAILABLE when its key is not known and the provider cannot be asked
 */
export async function verifyIdToken(
  { audiences, issuers, keys }: Provider,
  token: string,
  nonces: readonly string[] | null,
): Promise<JWTPayload | null> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
      algorithms,
      issuer: [...issuers],
      audience: [...audiences],
      requiredClaims: ['sub', 'iat', 'exp'],
      clockTolerance: leeway,
    });
    // An access token or a logout token is signed by the same keys.
    const isIdToken = protectedHeader.typ === undefined || protectedHeader.typ.toUpperCase() === 'JWT';
    const isForUs = [payload.aud].flat().every((audience) => audiences.includes(audience ?? ''));
    const isByOurs = payload.azp === undefined || holds(audiences, payload.azp);
    const isPast = typeof payload.iat === 'number' && payload.iat <= Date.now() / 1000 + leeway;
    const isAsked = nonces === null ? payload.nonce === undefined : holds(nonces, payload.nonce);
    const hasSubject = typeof payload.sub === 'string' && /^[\x21-\x7e]{1,255}$/.test(payload.sub);
    return isIdToken && isForUs && isByOurs && isPast && isAsked && hasSubject ? payload : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    throw error;
  }
}

/** A list with one of them in it is none of them. */
const holds = (texts: readonly string[], claim: unknown) =>
  typeof claim === 'string' && texts.includes(claim);

/** Who somebody is, by a provider's word. */
export interface IdentityClaims {
  issuer: string;
  subject: string;
  /** Canonical; null where the provider tells none, or not one plain address. */
  email: string | null;
  /** What the provider vouches for, and accounts can be found by. */
  vouched: { kind: IdentifierKind; identifier: string } | null;
  isPrivateRelay: boolean;
  /** The relay address, where Apple itself says so: it made it for this identity alone. */
  relay: string | null;
  name: string | null;
  /** When the person last proved who they are to the provider, in seconds since 1970; null: it does not tell. */
  authTime: number | null;
}

/** Reads a verified token. A claim of an unexpected type counts as absent. */
export function readIdentity(
  { issuer, method, vouchesForEmail }: Provider,
  payload: JWTPayload,
  toldName?: string,
): IdentityClaims {
  const email = typeof payload.email === 'string' ? normaliseEmail(payload.email) : null;
  // Apple writes booleans as text at times.
  const says = (claim: unknown) => claim === true || (method === 'APPLE' && claim === 'true');
  const isPrivateRelay =
    says(payload.is_private_email) || (email?.endsWith('@privaterelay.appleid.com') ?? false);
  const phone = method === 'FIREBASE' ? payload.phone_number : undefined;
  const name = (toldName ?? (typeof payload.name === 'string' ? payload.name : '')).trim();
  const isVouchedFor = vouchesForEmail && says(payload.email_verified);
  return {
    issuer,
    subject: String(payload.sub),
    email,
    vouched:
      email !== null && !isPrivateRelay && isVouchedFor
        ? { kind: 'mailbox', identifier: email }
        : // Firebase has sent a code to it.
          typeof phone === 'string' && /^\+[1-9]\d{7,14}$/.test(phone)
          ? { kind: 'phone', identifier: phone }
          : null,
    isPrivateRelay,
    relay: method === 'APPLE' && isPrivateRelay && isVouchedFor ? email : null,
    name: isShowable(name) ? name : null,
    authTime: typeof payload.auth_time === 'number' ? payload.auth_time : null,
  };
}

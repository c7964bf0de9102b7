// Signs and verifies access tokens: JWTs by RFC 9068, which any service can check against the published key set.
import { randomUUID } from 'node:crypto';
import { type CryptoKey, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { SigningAlgorithm } from './signing-key.js';

/** A key that signs. */
export interface SigningKey {
  kid: string;
  algorithm: SigningAlgorithm;
  privateKey: CryptoKey;
}

/** The keys whose tokens are good, by kid. */
export type VerifyingKeys = ReadonlyMap<string, { algorithm: SigningAlgorithm; publicKey: CryptoKey }>;

/** What every access token of this gateway shares. */
export interface TokenProfile {
  issuer: string;
  audience: readonly string[];
  lifetimeSeconds: number;
}

/** What one access token says, by the names of RFC 9068, OpenID Connect and RFC 8176. */
export interface AccessTokenClaims {
  /** The user. */
  sub: string;
  /** The session. */
  sid: string;
  client_id: string;
  /** When the person last proved who they are, in seconds since 1970. */
  auth_time: number;
  /** How they did. */
  amr: string[];
}

/** The claims as they stand in a token. */
export type VerifiedToken = AccessTokenClaims & { jti: string; iat: number; exp: number; acr: string };

/** Signs a token for these claims, good for the usual time but no longer than its session; `now` in milliseconds. */
export async function signAccessToken(
  key: SigningKey,
  profile: TokenProfile,
  claims: AccessTokenClaims,
  sessionEndsAt: Date,
  now: number,
): Promise<{ accessToken: string; expiresAt: Date }> {
  const issuedAt = Math.floor(now / 1000);
  const expires = Math.min(issuedAt + profile.lifetimeSeconds, Math.floor(sessionEndsAt.getTime() / 1000));
  const [only] = profile.audience;
  const payload: JWTPayload = {
    iss: profile.issuer,
    aud: profile.audience.length === 1 && only !== undefined ? only : [...profile.audience],
    ...claims,
    iat: issuedAt,
    exp: expires,
    jti: randomUUID(),
    // Authenticator assurance levels of NIST SP 800-63B: 2 for two factors, as a passkey with user verification is.
    acr: claims.amr.includes('mfa') ? 'aal2' : 'aal1',
  };
  const accessToken = await new SignJWT(payload)
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid, typ: 'at+jwt' })
    .sign(key.privateKey);
  return { accessToken, expiresAt: new Date(expires * 1000) };
}

/** Leeway for clocks that differ a little: how long after its end a token is taken (RFC 7519, section 4.1.4). */
const lateSeconds = 5;
/**
 * How far ahead the clock of the signer may be. A token from further in the future would outlive its time by as much:
 * after a clock was set back, what was signed before is refused, and the client refreshes.
 */
const earlySeconds = 30;

/** Verifies a token by every rule of RFC 9068, section 4; `now` in milliseconds. */
export async function verifyAccessToken(
  keys: VerifyingKeys,
  profile: TokenProfile,
  token: string,
  now: number,
): Promise<VerifiedToken | 'invalid' | 'expired' | 'unknown-key'> {
  if (!isCanonical(token)) return 'invalid';
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid = '', alg }) => {
        const key = keys.get(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        if (key.algorithm !== alg) throw new errors.JOSEAlgNotAllowed();
        return key.publicKey;
      },
      {
        algorithms: ['ES256', 'EdDSA'],
        typ: 'at+jwt',
        issuer: profile.issuer,
        audience: [...profile.audience],
        requiredClaims: ['sub', 'sid', 'client_id', 'auth_time', 'iat', 'exp', 'jti'],
        clockTolerance: lateSeconds,
        currentDate: new Date(now),
      },
    );
    return isOurs(payload, profile) && !isFromTheFuture(payload, now) ? payload : 'invalid';
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'expired';
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
    if (error instanceof errors.JOSEError) return 'invalid';
    throw error;
  }
}

/** Whether a token that was verified before is to be taken without another look; `now` in milliseconds. */
export function isStillGood(token: VerifiedToken, now: number): boolean {
  return token.exp * 1000 > now && !isFromTheFuture(token, now);
}

function isFromTheFuture({ iat }: VerifiedToken, now: number): boolean {
  return iat > now / 1000 + earlySeconds;
}

/** A lenient decoder takes blanks, `=` and changed low bits at the end of a part: one token, many spellings. */
function isCanonical(token: string): boolean {
  const parts = token.split('.');
  return (
    parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part)
  );
}

/** What jose leaves open: one audience of many would do for it, and a claim may be of any type. */
function isOurs(payload: JWTPayload, { audience }: TokenProfile): payload is JWTPayload & VerifiedToken {
  return (
    [payload.aud].flat().every((name) => name !== undefined && audience.includes(name)) &&
    typeof payload.sub === 'string' &&
    typeof payload.sid === 'string' &&
    uuid.test(payload.sid)
  );
}

const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;

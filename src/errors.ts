// Owns the two channels of failure: AuthError values for what is expected, coded GraphQL errors for the rest.
import { GraphQLError } from 'graphql';
import type { AuthErrorCode, SignInMethod } from './graphql/schema.generated.js';

/** An expected failure as the schema shows it; `docUrl` is filled in on the way out. */
export interface AuthFailure {
  __typename: 'AuthError';
  code: AuthErrorCode;
  message: string;
  retryAfterSeconds?: number;
  methods?: SignInMethod[];
  restoreToken?: string;
  eraseAt?: Date;
}

const messages: Record<AuthErrorCode, string> = {
  INVALID_CREDENTIALS: 'There is no such account, or the proof is wrong.',
  TOO_MANY_ATTEMPTS: 'Too many tries. Wait a while, or sign in another way.',
  TRY_AGAIN_LATER: 'The gateway is busy. Try again in a moment.',
  ACCOUNT_DISABLED: 'This account is closed to sign-ins.',
  CHALLENGE_GONE: 'This is used up or has lapsed. Ask for a new one.',
  DELIVERY_FAILED: 'The message could not be delivered. Try again, or choose another channel.',
  METHOD_UNAVAILABLE: 'This way to sign in is not switched on here.',
  PHONE_INVALID: 'This is not a mobile number that can be reached.',
  COUNTRY_NOT_SERVED: 'Numbers of this country are not served here.',
  EMAIL_INVALID: 'This is not one plain e-mail address.',
  EMAIL_TAKEN: 'There is an account with this address already.',
  NAME_INVALID: 'A name has 1 to 100 characters and no control characters.',
  DEVICE_INVALID: 'A field of the device has 1 to 100 characters and no control characters.',
  IDEMPOTENCY_KEY_INVALID: 'An idempotencyKey has 8 to 128 characters from A-Z a-z 0-9 - _ . :',
  PASSWORD_TOO_SHORT: 'The password is too short.',
  PASSWORD_TOO_LONG: 'The password is too long.',
  PASSWORD_TOO_COMMON: 'This password is among the first that are tried.',
  PASSWORD_TOO_WEAK: 'This password is easy to guess.',
  PASSWORD_NOT_TEXT: 'The password holds half a character.',
  REFRESH_TOKEN_INVALID: 'This refresh token is not known here. Sign in again.',
  REFRESH_TOKEN_REUSED: 'This refresh token was spent before, so its session is ended. Sign in again.',
  SESSION_EXPIRED: 'The session has reached its end. Sign in again.',
  SESSION_REVOKED: 'The session was ended. Sign in again.',
  SESSION_NOT_FOUND: 'There is no such live session.',
  ACCOUNT_DELETED: 'This account is about to be erased. It can still be taken back.',
  FRESH_PROOF_REQUIRED: 'Prove once more that it is you, then repeat this.',
  LAST_WAY_IN: 'Nothing would be left to sign in by. Add another way in first.',
  PASSKEY_INVALID: 'The answer of the authenticator is not right.',
  PASSKEY_TAKEN: 'This passkey is registered already.',
  TOO_MANY_PASSKEYS: 'There are as many passkeys as one person may have.',
  PASSKEY_NOT_FOUND: 'There is no such passkey.',
  PASSKEY_COPIED: 'The counter of this passkey went back, so there may be a copy of it. Sign in another way.',
  ACCOUNT_EXISTS: 'There is an account with this mailbox. Sign in the old way, then link this identity.',
  IDENTITY_TAKEN: 'This identity is the way in of another account.',
  IDENTITY_NOT_FOUND: 'There is no such identity.',
  REDIRECT_URI_INVALID: 'This is not one of APP_LINKS, character by character.',
  CODE_CHALLENGE_INVALID: 'This is not a code_challenge of the method S256.',
};

/** An expected failure, to be returned, never thrown: a throw would roll back what was counted. */
export function fail(
  code: AuthErrorCode,
  more: Partial<Omit<AuthFailure, '__typename' | 'code'>> = {},
): AuthFailure {
  return { __typename: 'AuthError', code, message: messages[code], ...more };
}

/** Whether a story came to an expected failure. */
export function isFailure(outcome: object): outcome is AuthFailure {
  return '__typename' in outcome && outcome.__typename === 'AuthError';
}

/** Why a bearer was not accepted: `reason` in the error's extensions. */
export type BearerProblem = 'MISSING' | 'TOKEN_INVALID' | 'TOKEN_EXPIRED' | 'SESSION_REVOKED';

const bearerMessages: Record<BearerProblem, string> = {
  MISSING: 'An access token is needed.',
  TOKEN_INVALID: 'The access token is not valid.',
  TOKEN_EXPIRED: 'The access token has expired.',
  SESSION_REVOKED: 'The session of the access token was ended.',
};

/** You may not ask without a good bearer: HTTP 401 (RFC 6750, section 3.1). */
export function unauthenticated(reason: BearerProblem): GraphQLError {
  return new GraphQLError(bearerMessages[reason], { extensions: { code: 'UNAUTHENTICATED', reason } });
}

/** You may not ask this. */
export function forbidden(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'FORBIDDEN' } });
}

/** The request itself is at fault, not the person: a developer's mistake. */
export function badUserInput(message: string, statusCode = 400): GraphQLError {
  const error = new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
  return Object.assign(error, { statusCode });
}

/** Too many requests from one network; a spent limit on guesses is an AuthError instead. */
export function rateLimited(retryAfterSeconds: number): GraphQLError {
  const extensions = { code: 'RATE_LIMITED', retryAfterSeconds };
  return new GraphQLError('Too many requests from this network.', { extensions });
}

/** Something the gateway leans on does not answer. */
export function unavailable(retryAfterSeconds = 2): GraphQLError {
  return new GraphQLError('The gateway cannot answer this right now.', {
    extensions: { code: 'UNAVAILABLE', retryAfterSeconds },
  });
}

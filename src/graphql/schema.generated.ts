// Generated from schema.graphql by `npm run generate`.
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Person } from '../users/users.js';
import type { SessionRow } from '../sessions/sessions.table.js';
import type { IssuedTokens } from '../sessions/issue-tokens.js';
import type { LoginEventRow } from '../users/login-events.table.js';
import type { PasskeyRow } from '../sign-in/passkey/passkeys.js';
import type { IdentityRow } from '../sign-in/social/identities.js';
import type { ChangedPassword } from '../sign-in/password/change-password.js';
import type { Context } from '../context.js';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A moment in UTC, as RFC 3339 text with milliseconds: `2026-11-22T09:30:00.000Z`. */
  DateTime: { input: Date; output: Date; }
};

/** What can be asked. */
export type Query = {
  __typename?: 'Query';
  /** The person whose access token came with the request. */
  me: User;
  /** The live sessions of the person who asks, the one used last first, the asking one marked `current`. */
  sessions: Array<Session>;
  /**
   * What happened at the doors of this account, newest first, as a Relay connection.
   * Events are kept for `LOGIN_EVENTS_DAYS`.
   */
  loginEvents: LoginEventConnection;
  /** The ways to sign in that are switched on here, in the order in which to offer them. Draw the sign-in screen from it. */
  authMethods: Array<AuthMethod>;
  /** What became of the message with the code, for a screen that waits. Null for an unknown challenge. */
  otpDelivery?: Maybe<OtpDelivery>;
  /** The passkeys of the person who asks, the newest first. */
  passkeys: Array<Passkey>;
  /** What the device should know of this person's passkeys, for its Signal API: call it after a sign-in and tidy the device's list. */
  passkeySignals: PasskeySignals;
  /** The accounts elsewhere that the person who asks signs in by. */
  identities: Array<Identity>;
  /** Login events counted by day (UTC), kind, method and outcome, newest day first. */
  loginStats: Array<LoginCount>;
  /** Messages counted by day (UTC), channel and status, with what they cost, newest day first. */
  deliveryStats: Array<DeliveryCount>;
};


/** What can be asked. */
export type QueryLoginEventsArgs = {
  first?: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
};


/** What can be asked. */
export type QueryOtpDeliveryArgs = {
  challengeId: Scalars['ID']['input'];
};


/** What can be asked. */
export type QueryLoginStatsArgs = {
  days?: Scalars['Int']['input'];
};


/** What can be asked. */
export type QueryDeliveryStatsArgs = {
  days?: Scalars['Int']['input'];
};

/** What can be done, one thing a request. */
export type Mutation = {
  __typename?: 'Mutation';
  /**
   * Exchange a refresh token for new tokens. Every refresh gives a new refresh token and spends the old one; store
   * the new one before using it. Safe to repeat: the same `idempotencyKey` gives the same successor until that
   * successor is used, and so does a repeat within the grace period (`REFRESH_GRACE_SECONDS`). A spent token that
   * comes back otherwise ends its session (RFC 9700, section 4.14.2).
   * Only an `AuthError` from here means that the person is signed out, and `IDEMPOTENCY_KEY_INVALID` not even then. A bad `Authorization` header is ignored.
   */
  refreshSession: SignInResult;
  /**
   * End the session of a refresh token. Takes any token this gateway ever issued, however old, needs no access token, and says
   * true for an unknown one too: an app may queue it while offline.
   */
  logout: Scalars['Boolean']['output'];
  /** End every session of the person who asks, on every device, this one included unless `keepCurrent`. */
  logoutEverywhere: LogoutEverywhereResult;
  /** End one session of the person who asks, as listed by `sessions`. */
  revokeSession: RevokeSessionResult;
  /**
   * Make an account with an e-mail address and a password, and sign in. At most `SIGNUPS_PER_HOUR` a network.
   * With `SIGNUP_EMAIL_PROOF` the answer is `EmailProofRequired`, for free and taken addresses alike: the mail alone
   * tells which, and `verifyEmail` makes the account. These mails count with those of `requestMagicLink`.
   */
  signup: SignInResult;
  /** Sign in with an e-mail address and a password. An unknown address and a wrong password answer alike. */
  login: SignInResult;
  /**
   * Change the password of the person who asks. Ends every other session in the same transaction. A wrong
   * `currentPassword` counts as a wrong login.
   */
  changePassword: ChangePasswordResult;
  /**
   * Send a link to a mailbox. The answer is the same for an address with and without an account: an account is made
   * when the link is proved. Keep `deviceSecret` on the device; without it the link is worth nothing.
   *
   * An hour brings a mailbox at most `MAGIC_LINKS_PER_MAILBOX` mails from all strangers together, and as many from each
   * device that has signed in to it before, by its `device.id`: strangers cannot lock out an owner who is known. Who
   * is not known yet waits `retryAfterSeconds` or signs in another way. A proved link gives its mail back.
   *
   * Send the bearer along when somebody is signed in: the first proof of a mailbox removes the unproved passwords and ends
   * the sessions of its account, except this session and what it made.
   */
  requestMagicLink: RequestMagicLinkResult;
  /** Finish with the device's half and the mail's half: the secret from the link, or the 8 characters shown beside it. */
  verifyMagicLink: SignInResult;
  /**
   * Prove the mailbox of a signup that answered `EmailProofRequired`, with the halves as in `verifyMagicLink`. The account
   * is made only now.
   */
  verifyEmail: SignInResult;
  /**
   * Send a 6-digit code to a mobile number. The answer is the same for a number with and without an account: an account
   * is made when the code is proved.
   */
  sendOtp: SendOtpResult;
  /** Send the same code of the same challenge again, by the same or another channel; the attempts stay spent. */
  resendOtp: ResendOtpResult;
  /** Finish with the code: 5 attempts a challenge. */
  verifyOtp: SignInResult;
  /**
   * Begin to add a passkey to the account of the person who asks (WebAuthn Level 3). Needs a proof that is at most 5 minutes old,
   * which a sign-in is: offer it right after one where `SessionTokens.offerPasskey` says so.
   */
  startPasskeyRegistration: StartPasskeyRegistrationResult;
  /** Keep the passkey that the device has made. */
  finishPasskeyRegistration: FinishPasskeyRegistrationResult;
  /** Begin a sign-in by passkey. No name is typed: the device shows the passkeys it has for this relying party. */
  startPasskeySignIn: StartPasskeySignInResult;
  /**
   * Finish with the authenticator's answer. `INVALID_CREDENTIALS`: nobody has this passkey here any more, and the device may be
   * told so (`signalUnknownCredential`).
   */
  verifyPasskey: SignInResult;
  /** Begin an account that has nothing but a passkey: no address, no number, no password. To finish it counts as a signup. */
  startPasskeySignup: StartPasskeySignupResult;
  /** Finish the signup: the account is made now. */
  finishPasskeySignup: SignInResult;
  /** Give a passkey another name in the list. */
  renamePasskey: RenamePasskeyResult;
  /** Remove a passkey from the account; never the last way in. Needs a proof that is at most 5 minutes old. */
  deletePasskey: DeletePasskeyResult;
  /** Make a nonce to give to the kit of Google or Apple before it makes an ID token. Good once, for 10 minutes. */
  createNonce: CreateNonceResult;
  /** Sign in with the ID token of Google's kit (Credential Manager on Android, GoogleSignIn on iOS). */
  signInWithGoogle: SignInResult;
  /** Sign in with the identity token of Apple's kit (AuthenticationServices). */
  signInWithApple: SignInResult;
  /** Sign in with the ID token of Firebase Authentication: people keep their account when a team moves over. */
  signInWithFirebase: SignInResult;
  /**
   * Begin a sign-in in the browser, for devices without a provider's kit and for every provider of `OIDC_PROVIDERS`: the code flow of
   * OpenID Connect with PKCE (RFC 7636). Open `authorizationUrl` in the system's browser (Custom Tabs, ASWebAuthenticationSession), never in a web view.
   */
  startSocialSignIn: StartSocialSignInResult;
  /**
   * Finish with the `code` that came to `redirectUri`: good once, for 60 seconds, and only with the verifier of the challenge that
   * started the sign-in. Where there is an `error` in its place (`access_denied`: the person turned back), nothing is to finish.
   */
  finishSocialSignIn: SignInResult;
  /** Add an account elsewhere as a way in. Needs a proof that is at most 5 minutes old. */
  linkIdentity: LinkIdentityResult;
  /** Remove an account elsewhere as a way in; never the last one. Needs a proof that is at most 5 minutes old. At Apple the grant is revoked. */
  unlinkIdentity: UnlinkIdentityResult;
  /**
   * Prove once more who is signed in, by any way in of the account. The session stays the same, gets a new `auth_time` and new
   * tokens: store them as after a refresh. What asks for a fresh proof says so by `FRESH_PROOF_REQUIRED` and names the `methods`.
   */
  reauthenticate: SignInResult;
  /**
   * Close the account of the person who asks and sign it out everywhere, at once. After `DELETE_UNDO_DAYS` it is erased, and its grant at Apple
   * revoked; until then a sign-in answers `ACCOUNT_DELETED` with a `restoreToken`. Needs a proof that is at most 5 minutes old.
   */
  deleteAccount: DeleteAccountResult;
  /** Take a closed account back, and sign in. */
  restoreAccount: SignInResult;
};


/** What can be done, one thing a request. */
export type MutationRefreshSessionArgs = {
  input: RefreshSessionInput;
};


/** What can be done, one thing a request. */
export type MutationLogoutArgs = {
  input: LogoutInput;
};


/** What can be done, one thing a request. */
export type MutationLogoutEverywhereArgs = {
  keepCurrent?: Scalars['Boolean']['input'];
};


/** What can be done, one thing a request. */
export type MutationRevokeSessionArgs = {
  input: RevokeSessionInput;
};


/** What can be done, one thing a request. */
export type MutationSignupArgs = {
  input: SignupInput;
};


/** What can be done, one thing a request. */
export type MutationLoginArgs = {
  input: LoginInput;
};


/** What can be done, one thing a request. */
export type MutationChangePasswordArgs = {
  input: ChangePasswordInput;
};


/** What can be done, one thing a request. */
export type MutationRequestMagicLinkArgs = {
  input: RequestMagicLinkInput;
};


/** What can be done, one thing a request. */
export type MutationVerifyMagicLinkArgs = {
  input: VerifyMagicLinkInput;
};


/** What can be done, one thing a request. */
export type MutationVerifyEmailArgs = {
  input: VerifyEmailInput;
};


/** What can be done, one thing a request. */
export type MutationSendOtpArgs = {
  input: SendOtpInput;
};


/** What can be done, one thing a request. */
export type MutationResendOtpArgs = {
  input: ResendOtpInput;
};


/** What can be done, one thing a request. */
export type MutationVerifyOtpArgs = {
  input: VerifyOtpInput;
};


/** What can be done, one thing a request. */
export type MutationFinishPasskeyRegistrationArgs = {
  input: FinishPasskeyRegistrationInput;
};


/** What can be done, one thing a request. */
export type MutationVerifyPasskeyArgs = {
  input: VerifyPasskeyInput;
};


/** What can be done, one thing a request. */
export type MutationStartPasskeySignupArgs = {
  input: StartPasskeySignupInput;
};


/** What can be done, one thing a request. */
export type MutationFinishPasskeySignupArgs = {
  input: FinishPasskeySignupInput;
};


/** What can be done, one thing a request. */
export type MutationRenamePasskeyArgs = {
  input: RenamePasskeyInput;
};


/** What can be done, one thing a request. */
export type MutationDeletePasskeyArgs = {
  input: DeletePasskeyInput;
};


/** What can be done, one thing a request. */
export type MutationSignInWithGoogleArgs = {
  input: SignInWithGoogleInput;
};


/** What can be done, one thing a request. */
export type MutationSignInWithAppleArgs = {
  input: SignInWithAppleInput;
};


/** What can be done, one thing a request. */
export type MutationSignInWithFirebaseArgs = {
  input: SignInWithFirebaseInput;
};


/** What can be done, one thing a request. */
export type MutationStartSocialSignInArgs = {
  input: StartSocialSignInInput;
};


/** What can be done, one thing a request. */
export type MutationFinishSocialSignInArgs = {
  input: FinishSocialSignInInput;
};


/** What can be done, one thing a request. */
export type MutationLinkIdentityArgs = {
  input: LinkIdentityInput;
};


/** What can be done, one thing a request. */
export type MutationUnlinkIdentityArgs = {
  input: UnlinkIdentityInput;
};


/** What can be done, one thing a request. */
export type MutationReauthenticateArgs = {
  input: ReauthenticateInput;
};


/** What can be done, one thing a request. */
export type MutationRestoreAccountArgs = {
  input: RestoreAccountInput;
};

/** What a sign-in comes to. Expected failures are data, in an HTTP 200, never in `errors`. */
export type SignInResult = SessionTokens | EmailProofRequired | SecondFactorRequired | AuthError;

/** A session has started or goes on: keep the refresh token in the device's key store, the access token in memory. */
export type SessionTokens = {
  __typename?: 'SessionTokens';
  /** A JWT by RFC 9068 for the `Authorization` header; any service verifies it by `/.well-known/jwks.json`. */
  accessToken: Scalars['String']['output'];
  /** When the access token ends. */
  accessTokenExpiresAt: Scalars['DateTime']['output'];
  /** The access token's remaining life in seconds, for devices whose clock is wrong. */
  accessTokenExpiresIn: Scalars['Int']['output'];
  /** An opaque text, for `refreshSession` and `logout` only. Good for one refresh. */
  refreshToken: Scalars['String']['output'];
  /** When the refresh token ends if it is not used: the idle or the absolute end of the session, whichever is nearer. */
  refreshTokenExpiresAt: Scalars['DateTime']['output'];
  /** The gateway's clock when it answered. */
  serverTime: Scalars['DateTime']['output'];
  /** Always `Bearer` (RFC 6750). */
  tokenType: Scalars['String']['output'];
  /** Who is signed in. */
  user: User;
  /** The session these tokens belong to. */
  session: Session;
  /** Whether to offer a passkey now: they are switched on, and this person has none. A registration right after a sign-in asks for no further proof. */
  offerPasskey: Scalars['Boolean']['output'];
};

/** The mailbox has to be proved before the account can be used: a mail is on its way, and `verifyEmail` goes on. */
export type EmailProofRequired = {
  __typename?: 'EmailProofRequired';
  /** Names the request for proof. */
  requestId: Scalars['ID']['output'];
  /** The half of the proof that stays on the device that asked. */
  deviceSecret: Scalars['String']['output'];
  /** When the request lapses. */
  expiresAt: Scalars['DateTime']['output'];
};

/** The first factor was right; another one is asked for. */
export type SecondFactorRequired = {
  __typename?: 'SecondFactorRequired';
  /** To be sent along with the second factor. */
  challengeToken: Scalars['String']['output'];
  /** What can serve as the second factor. */
  methods: Array<SignInMethod>;
  /** When the challenge lapses. */
  expiresAt: Scalars['DateTime']['output'];
};

/** An expected failure. Decide by `code`; `message` is English, for developers' eyes and may change. */
export type AuthError = {
  __typename?: 'AuthError';
  /** What failed, for the app to act on. */
  code: AuthErrorCode;
  /** The same in words, for a log or a debugger. */
  message: Scalars['String']['output'];
  /** Seconds to wait before trying again, where waiting helps. */
  retryAfterSeconds?: Maybe<Scalars['Int']['output']>;
  /** A page of this gateway that explains the code. */
  docUrl?: Maybe<Scalars['String']['output']>;
  /** For `FRESH_PROOF_REQUIRED`: the ways in this person can give a fresh proof by, to `reauthenticate`. */
  methods?: Maybe<Array<SignInMethod>>;
  /** For `ACCOUNT_DELETED`: give it to `restoreAccount` within 10 minutes to have the account back. */
  restoreToken?: Maybe<Scalars['String']['output']>;
  /** For `ACCOUNT_DELETED`: when the account is erased. */
  eraseAt?: Maybe<Scalars['DateTime']['output']>;
};

/** Every expected failure. New codes may be added: treat an unknown one as `INVALID_CREDENTIALS` would be treated. */
export type AuthErrorCode =
  /** No such account, or the proof is wrong: which of the two is never told. */
  | 'INVALID_CREDENTIALS'
  /** Too many tries with this credential or from this network. Wait `retryAfterSeconds`, or sign in another way. */
  | 'TOO_MANY_ATTEMPTS'
  /** The gateway is busy right now; nothing was counted against anyone. Wait `retryAfterSeconds` and repeat. */
  | 'TRY_AGAIN_LATER'
  /** The account is closed to sign-ins. */
  | 'ACCOUNT_DISABLED'
  /** The link or code is used up, has lapsed, or was never made: ask for a new one. */
  | 'CHALLENGE_GONE'
  /** The message could not be handed over for delivery. Try again, or choose another channel. */
  | 'DELIVERY_FAILED'
  /** This way to sign in is not switched on here. */
  | 'METHOD_UNAVAILABLE'
  /** Not one mobile number that can be reached: send it with its country code, `+919876543210`. */
  | 'PHONE_INVALID'
  /** Numbers of this country are not served here. */
  | 'COUNTRY_NOT_SERVED'
  /** Not one plain e-mail address: `local@domain`, without quotes, comments or invisible characters. */
  | 'EMAIL_INVALID'
  /** There is an account with this address already: sign in instead. */
  | 'EMAIL_TAKEN'
  /** A name has 1 to 100 characters and no control characters. */
  | 'NAME_INVALID'
  /** A field of `device` is longer than 100 characters, empty or holds control characters. */
  | 'DEVICE_INVALID'
  /** An `idempotencyKey` has 8 to 128 characters from `A-Z a-z 0-9 - _ . :`; make a random one for each refresh. */
  | 'IDEMPOTENCY_KEY_INVALID'
  /** The password has fewer characters than `PasswordPolicy.minLength`. */
  | 'PASSWORD_TOO_SHORT'
  /** The password has more characters than `PasswordPolicy.maxLength`. */
  | 'PASSWORD_TOO_LONG'
  /** The password is among the commonest ones, which are tried first. */
  | 'PASSWORD_TOO_COMMON'
  /** The password is easy to guess: common words, the person's own name or address, keyboard rows, dates. */
  | 'PASSWORD_TOO_WEAK'
  /** The password holds half a character (a lone UTF-16 surrogate) and cannot be stored faithfully. */
  | 'PASSWORD_NOT_TEXT'
  /** The refresh token is not one of this gateway's, or its session is long gone. Sign in again. */
  | 'REFRESH_TOKEN_INVALID'
  /** A spent refresh token came back, so a copy of it may be in other hands. Its session is ended. Sign in again. */
  | 'REFRESH_TOKEN_REUSED'
  /** The session reached its idle or its absolute end. Sign in again. */
  | 'SESSION_EXPIRED'
  /** The session was ended: by logout, from another device, by a change of password, or by the cap on sessions. */
  | 'SESSION_REVOKED'
  /** The person who asks has no live session of this id. */
  | 'SESSION_NOT_FOUND'
  /** The account is about to be erased: `restoreToken` brings it back until `eraseAt`. */
  | 'ACCOUNT_DELETED'
  /** The last proof is older than 5 minutes: `reauthenticate` by one of `methods`, then repeat this with the new access token. */
  | 'FRESH_PROOF_REQUIRED'
  /** Without it nothing would be left to sign in by: add another way in first. */
  | 'LAST_WAY_IN'
  /** The authenticator's answer is not right: another origin, another ceremony, no user verification, or not what was asked for. */
  | 'PASSKEY_INVALID'
  /** This passkey is registered already. */
  | 'PASSKEY_TAKEN'
  /** There are as many passkeys as one person may have (`PASSKEYS_PER_USER`). */
  | 'TOO_MANY_PASSKEYS'
  /** The person who asks has no passkey of this id. */
  | 'PASSKEY_NOT_FOUND'
  /** The passkey's counter went back, so a copy of it may be in use. It is flagged; sign in another way and delete it. */
  | 'PASSKEY_COPIED'
  /** There is an account with this mailbox, and another identity of the same provider stands there: sign in the old way, then `linkIdentity`. */
  | 'ACCOUNT_EXISTS'
  /** This identity is somebody else's way in. */
  | 'IDENTITY_TAKEN'
  /** The person who asks has no identity of this id. */
  | 'IDENTITY_NOT_FOUND'
  /** Not one of `APP_LINKS`, character by character. */
  | 'REDIRECT_URI_INVALID'
  /** Not a `code_challenge` of the method S256: 43 characters of base64url (RFC 7636, section 4.2). */
  | 'CODE_CHALLENGE_INVALID';

/** A person with an account. */
export type User = {
  __typename?: 'User';
  /** Never changes and is never given to anyone else: the `sub` of access tokens. */
  id: Scalars['ID']['output'];
  /** What the person wants to be called. */
  name?: Maybe<Scalars['String']['output']>;
  /** The address in canonical form: lower case, internationalised domains as A-labels. */
  email?: Maybe<Scalars['String']['output']>;
  /** Whether the person has proved to own the mailbox. */
  emailVerified: Scalars['Boolean']['output'];
  /** The mobile number in E.164: `+919876543210`. */
  phone?: Maybe<Scalars['String']['output']>;
  /** Whether the person has proved to hold the number. */
  phoneVerified: Scalars['Boolean']['output'];
  /** When the account was made. */
  createdAt: Scalars['DateTime']['output'];
};

/** One sign-in on one device, kept alive by refreshing. */
export type Session = {
  __typename?: 'Session';
  /** The `sid` of its access tokens. */
  id: Scalars['ID']['output'];
  /** Whether this is the session that asks. */
  current: Scalars['Boolean']['output'];
  /** How it was signed in. */
  method: SignInMethod;
  /** The device as it described itself at the sign-in. */
  device?: Maybe<Device>;
  /** The network it was last used from: an IPv4 address or an IPv6 /64. */
  network?: Maybe<Scalars['String']['output']>;
  /** When it was signed in. */
  createdAt: Scalars['DateTime']['output'];
  /** The last sign-in or refresh. */
  lastUsedAt: Scalars['DateTime']['output'];
  /** When it ends if it is not refreshed before. */
  expiresAt: Scalars['DateTime']['output'];
};

/** How a person signs in. */
export type SignInMethod =
  /** E-mail address and password. */
  | 'PASSWORD'
  /** A link in a mail, bound to the device that asked. */
  | 'MAGIC_LINK'
  /** A code over WhatsApp. */
  | 'OTP_WHATSAPP'
  /** A code over SMS. */
  | 'OTP_SMS'
  /** The fixed code of a number in `TEST_OTPS`, as reviewers of app stores use it; nothing was sent. */
  | 'OTP_TEST'
  /** A passkey (WebAuthn). */
  | 'PASSKEY'
  /** A Google account. */
  | 'GOOGLE'
  /** An Apple account. */
  | 'APPLE'
  /** A Firebase account of the project in `FIREBASE_PROJECT_ID`. */
  | 'FIREBASE'
  /** An account at a provider in `OIDC_PROVIDERS`; `AuthMethod.provider` and `Identity.provider` name it. */
  | 'OPENID';

/** A device as it describes itself: good for recognising, not for trusting. */
export type Device = {
  __typename?: 'Device';
  /** A random name that the app made at its first launch and kept. */
  id?: Maybe<Scalars['String']['output']>;
  /** What the owner calls it: `Asha's Pixel`. */
  name?: Maybe<Scalars['String']['output']>;
  /** What it runs. */
  platform?: Maybe<Platform>;
  /** `Pixel 9`, `iPhone17,1`. */
  model?: Maybe<Scalars['String']['output']>;
  /** The version of what it runs: `16`, `26.1`. */
  osVersion?: Maybe<Scalars['String']['output']>;
  /** The version of the app: `4.2.0`. */
  appVersion?: Maybe<Scalars['String']['output']>;
};

/** What an app runs on. */
export type Platform =
  /** iOS or iPadOS. */
  | 'IOS'
  /** Android. */
  | 'ANDROID'
  /** A browser, on whatever system. */
  | 'WEB'
  /** macOS. */
  | 'MACOS'
  /** Windows. */
  | 'WINDOWS'
  /** Linux. */
  | 'LINUX'
  /** Anything else: a watch, a television, a console. */
  | 'OTHER';

/** A device as it describes itself. Every field is optional, at most 100 characters, without control characters. */
export type DeviceInput = {
  /**
   * Random, made at the first launch and kept. A device that has signed in before is counted apart from strangers, in
   * wrong passwords, codes and messages, so that they cannot lock it out.
   */
  id?: InputMaybe<Scalars['String']['input']>;
  /** What the owner calls it: `Asha's Pixel`. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** What it runs. */
  platform?: InputMaybe<Platform>;
  /** `Pixel 9`, `iPhone17,1`. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** The version of what it runs: `16`, `26.1`. */
  osVersion?: InputMaybe<Scalars['String']['input']>;
  /** The version of the app: `4.2.0`. */
  appVersion?: InputMaybe<Scalars['String']['input']>;
};

/** A way to sign in that is switched on. */
export type AuthMethod = {
  __typename?: 'AuthMethod';
  /** Its name. */
  method: SignInMethod;
  /** The rules for new passwords; only for `PASSWORD`. */
  passwordPolicy?: Maybe<PasswordPolicy>;
  /** The countries whose mobile numbers are served, ISO 3166-1 alpha-2; only for one-time codes. */
  countries?: Maybe<Array<Scalars['String']['output']>>;
  /** The name to give to `startSocialSignIn`, where that flow is configured; only for identities. */
  provider?: Maybe<Scalars['String']['output']>;
  /** What device and gateway call the relying party (WebAuthn, RP ID); only for `PASSKEY`. */
  rpId?: Maybe<Scalars['String']['output']>;
};

/** Rules for new passwords (NIST SP 800-63B, section 3.1.1.2): length and strength, no composition rules. */
export type PasswordPolicy = {
  __typename?: 'PasswordPolicy';
  /** The fewest characters (Unicode code points). */
  minLength: Scalars['Int']['output'];
  /** The most characters (Unicode code points). */
  maxLength: Scalars['Int']['output'];
  /** The least strength on zxcvbn's scale of 0 to 4; the gateway judges, an app may draw a meter. */
  minScore: Scalars['Int']['output'];
};

/** What happened at a door of an account. */
export type LoginEvent = {
  __typename?: 'LoginEvent';
  /** Names the event, for the key of a list. */
  id: Scalars['ID']['output'];
  /** What was done or tried. */
  kind: LoginEventKind;
  /** The way in that was used; none for events of a session. */
  method?: Maybe<SignInMethod>;
  /** Why it failed; null when it succeeded. */
  failure?: Maybe<AuthErrorCode>;
  /** When it happened. */
  occurredAt: Scalars['DateTime']['output'];
  /** The session it was about. */
  sessionId?: Maybe<Scalars['ID']['output']>;
  /** The device as it described itself. */
  device?: Maybe<Device>;
  /** The app by its `apollographql-client-name` header. */
  clientName?: Maybe<Scalars['String']['output']>;
  /** The app's version by its `apollographql-client-version` header. */
  clientVersion?: Maybe<Scalars['String']['output']>;
  /** An IPv4 address or an IPv6 /64. */
  network?: Maybe<Scalars['String']['output']>;
};

/** What a login event tells of. */
export type LoginEventKind =
  /** An account was made. */
  | 'SIGN_UP'
  /** Somebody signed in, or tried to. */
  | 'SIGN_IN'
  /** A refresh that was out of the ordinary: a spent token came back, or one ahead of a restored database. */
  | 'REFRESH'
  /** A session was ended by its own logout. */
  | 'SIGN_OUT'
  /** Sessions were ended from another one, by the cap on sessions or by a change of password. */
  | 'REVOCATION'
  /** The password was changed, or somebody tried to. */
  | 'PASSWORD_CHANGE'
  /** A signed-in person gave a fresh proof, or somebody tried to. */
  | 'REAUTHENTICATION'
  /** A way in was added: a passkey, an identity. */
  | 'WAY_IN_ADDED'
  /** A way in was removed. */
  | 'WAY_IN_REMOVED'
  /** The account was closed, to be erased. */
  | 'DELETION'
  /** The account was taken back before it was erased. */
  | 'RESTORATION';

/** A page of login events (Relay cursor connections). */
export type LoginEventConnection = {
  __typename?: 'LoginEventConnection';
  /** The events of this page, newest first. */
  edges: Array<LoginEventEdge>;
  /** Whether there are more, and where they begin. */
  pageInfo: PageInfo;
};

/** A login event and its place in the list. */
export type LoginEventEdge = {
  __typename?: 'LoginEventEdge';
  /** The event. */
  node: LoginEvent;
  /** Opaque; give it as `after`. */
  cursor: Scalars['String']['output'];
};

/** Where a page stands among its neighbours (Relay cursor connections). */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Whether older ones follow. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Pages only go forward: always false. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The place of the first one; null on an empty page. */
  startCursor?: Maybe<Scalars['String']['output']>;
  /** The place of the last one, for `after`; null on an empty page. */
  endCursor?: Maybe<Scalars['String']['output']>;
};

/** What `refreshSession` takes. */
export type RefreshSessionInput = {
  /** The newest refresh token of the session. */
  refreshToken: Scalars['String']['input'];
  /**
   * A fresh random text (a UUID will do), stored before the request is sent and sent again until an answer arrives:
   * then a lost answer costs nothing, however long the phone stays in the tunnel.
   */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** What `logout` takes. */
export type LogoutInput = {
  /** Any refresh token of the session, however old. */
  refreshToken: Scalars['String']['input'];
};

/** What `revokeSession` takes. */
export type RevokeSessionInput = {
  /** A `Session.id` from `sessions`. */
  id: Scalars['ID']['input'];
};

/** What `logoutEverywhere` comes to. */
export type LogoutEverywhereResult = SessionsRevoked | AuthError;

/** What `revokeSession` comes to. */
export type RevokeSessionResult = SessionsRevoked | AuthError;

/** Sessions were ended, at once for everything this gateway answers; access tokens elsewhere live out their minutes. */
export type SessionsRevoked = {
  __typename?: 'SessionsRevoked';
  /** The sessions that were live until now. */
  revokedSessionIds: Array<Scalars['ID']['output']>;
};

/** What `signup` takes. */
export type SignupInput = {
  /** One plain address; kept in canonical form, see `User.email`. */
  email: Scalars['String']['input'];
  /** See `authMethods` for the rules. Taken exactly as it is: no trimming, no case folding, no normalisation. */
  password: Scalars['String']['input'];
  /** What the person wants to be called, 1 to 100 characters. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** The device that signs up. */
  device?: InputMaybe<DeviceInput>;
  /** The language of the mail, if one is sent: `en` or `hi`, with or without a region; another one gets English. */
  locale?: InputMaybe<Scalars['String']['input']>;
  /** A fresh random text; the same one again does not send a second mail. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** What `login` takes. */
export type LoginInput = {
  /** The address of the account, in any spelling that `signup` takes. */
  email: Scalars['String']['input'];
  /** The password, exactly as it was set. */
  password: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** What `changePassword` takes. */
export type ChangePasswordInput = {
  /** The password so far. */
  currentPassword: Scalars['String']['input'];
  /** See `authMethods` for the rules. */
  newPassword: Scalars['String']['input'];
};

/** What `changePassword` comes to. */
export type ChangePasswordResult = PasswordChanged | AuthError;

/** The new password is in force. */
export type PasswordChanged = {
  __typename?: 'PasswordChanged';
  /** Whose password it is. */
  user: User;
  /** The sessions that ended with the old password: all but the one that asks. */
  revokedSessionIds: Array<Scalars['ID']['output']>;
};

/** What a link is asked for with. */
export type RequestMagicLinkInput = {
  /** The mailbox. */
  email: Scalars['String']['input'];
  /** The device that asks; the mail names it. */
  device?: InputMaybe<DeviceInput>;
  /** The language of the mail: `en` or `hi`, with or without a region; another one gets English. */
  locale?: InputMaybe<Scalars['String']['input']>;
  /** A fresh random text; the same one again does not send a second mail. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** A mail is on its way, or none can be. */
export type RequestMagicLinkResult = MagicLinkRequested | AuthError;

/** A mail is on its way, if the mailbox exists. */
export type MagicLinkRequested = {
  __typename?: 'MagicLinkRequested';
  /** Names the request. */
  requestId: Scalars['ID']['output'];
  /** The half that stays on the device, in its key store. */
  deviceSecret: Scalars['String']['output'];
  /** When the link lapses. */
  expiresAt: Scalars['DateTime']['output'];
  /** When another one may be asked for. */
  resendAt: Scalars['DateTime']['output'];
};

/** What a link is proved with. */
export type VerifyMagicLinkInput = {
  /** From `MagicLinkRequested`. */
  requestId: Scalars['ID']['input'];
  /** From `MagicLinkRequested`. */
  deviceSecret: Scalars['String']['input'];
  /**
   * What stands behind the dot in the link, `<PUBLIC_URL>/m/<requestId>.<secret>`, or `secret` where the page opened the
   * app, `com.acme.app://magic-link?requestId=<requestId>&secret=<secret>`. Either this or `code`.
   */
  mailSecret?: InputMaybe<Scalars['String']['input']>;
  /** The 8 characters that the page shows when the link is opened elsewhere; case and blanks do not matter. */
  code?: InputMaybe<Scalars['String']['input']>;
};

/** What the mailbox of a signup is proved with. */
export type VerifyEmailInput = {
  /** From `EmailProofRequired`. */
  requestId: Scalars['ID']['input'];
  /** From `EmailProofRequired`. */
  deviceSecret: Scalars['String']['input'];
  /**
   * What stands behind the dot in the link, `<PUBLIC_URL>/m/<requestId>.<secret>`, or `secret` where the page opened the
   * app, `com.acme.app://magic-link?requestId=<requestId>&secret=<secret>`. Either this or `code`.
   */
  mailSecret?: InputMaybe<Scalars['String']['input']>;
  /** The 8 characters that the page shows when the link is opened elsewhere; case and blanks do not matter. */
  code?: InputMaybe<Scalars['String']['input']>;
};

/** How a code travels. */
export type OtpChannel =
  /** WhatsApp first, then SMS with the same code if it does not arrive. */
  | 'AUTO'
  /** WhatsApp only; a failure is told instead of covered up. */
  | 'WHATSAPP'
  /** SMS only. */
  | 'SMS';

/** What a code is asked for with. */
export type SendOtpInput = {
  /** With country code: `+91 98765 43210`. */
  phone: Scalars['String']['input'];
  /** How it is to travel; `AUTO` if nothing is said. */
  channel?: InputMaybe<OtpChannel>;
  /** `platform` chooses the text that the phone can fill in by itself. */
  device?: InputMaybe<DeviceInput>;
  /** The language of the message: `en` or `hi`, with or without a region; another one gets English. */
  locale?: InputMaybe<Scalars['String']['input']>;
  /** A fresh random text; the same one again does not send a second message. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
};

/** What a code is asked for again with. */
export type ResendOtpInput = {
  /** From `OtpSent`. */
  challengeId: Scalars['ID']['input'];
  /** How it is to travel; as the first time if nothing is said. */
  channel?: InputMaybe<OtpChannel>;
};

/** What a code is proved with. */
export type VerifyOtpInput = {
  /** From `OtpSent`. */
  challengeId: Scalars['ID']['input'];
  /** The 6 digits. */
  code: Scalars['String']['input'];
};

/** A code is on its way, or none can be. */
export type SendOtpResult = OtpSent | AuthError;

/** The code is on its way again, or cannot be. */
export type ResendOtpResult = OtpSent | AuthError;

/** A code is on its way. */
export type OtpSent = {
  __typename?: 'OtpSent';
  /** Names the challenge. */
  challengeId: Scalars['ID']['output'];
  /** When the code lapses. */
  expiresAt: Scalars['DateTime']['output'];
  /** When it may be sent again. */
  resendAt: Scalars['DateTime']['output'];
};

/** Where a code has got to. */
export type OtpDelivery = {
  __typename?: 'OtpDelivery';
  /** Where it has got to. */
  status: OtpDeliveryStatus;
  /** How it travels now. */
  channel: DeliveryChannel;
};

/** Where a code can have got to. */
export type OtpDeliveryStatus =
  /** Accepted, no word from the carrier yet. */
  | 'QUEUED'
  /** With the carrier. */
  | 'SENT'
  /** On the phone. */
  | 'DELIVERED'
  /** WhatsApp did not get through; the same code goes by SMS. */
  | 'FAILED_OVER'
  /** It will not arrive. */
  | 'FAILED';

/** A passkey as its owner sees it in a list. */
export type Passkey = {
  __typename?: 'Passkey';
  /** Names it here; not the credential id. */
  id: Scalars['ID']['output'];
  /** At first that of the password manager or device that holds it, as far as it tells. */
  name: Scalars['String']['output'];
  /** When it was registered. */
  createdAt: Scalars['DateTime']['output'];
  /** The last sign-in or proof by it; null: none yet. */
  lastUsedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Whether it is kept in a password manager's cloud: then losing the device does not lose it. */
  backedUp: Scalars['Boolean']['output'];
  /** When its counter went back, a sign of a copy; null: never. */
  copiedAt?: Maybe<Scalars['DateTime']['output']>;
};

/** What the WebAuthn Signal API takes (WebAuthn Level 3, section 5.1.10). */
export type PasskeySignals = {
  __typename?: 'PasskeySignals';
  /** For every signal. */
  rpId: Scalars['String']['output'];
  /** The user handle, base64url. */
  userId: Scalars['String']['output'];
  /** For `signalAllAcceptedCredentials`: others that the device has for this user can go. */
  acceptedCredentialIds: Array<Scalars['String']['output']>;
  /** For `signalCurrentUserDetails`. */
  name: Scalars['String']['output'];
  /** For `signalCurrentUserDetails`. */
  displayName: Scalars['String']['output'];
};

/** The device can begin, or there is a reason against it. */
export type StartPasskeyRegistrationResult = PasskeyCreationStarted | AuthError;

/** The device can begin, or there is a reason against it. */
export type StartPasskeySignupResult = PasskeyCreationStarted | AuthError;

/** A passkey can be made. */
export type PasskeyCreationStarted = {
  __typename?: 'PasskeyCreationStarted';
  /** Names the challenge. */
  challengeId: Scalars['ID']['output'];
  /**
   * PublicKeyCredentialCreationOptionsJSON, as text: for Android's `CreatePublicKeyCredentialRequest`, for browsers'
   * `PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options))`, field by field for iOS.
   */
  options: Scalars['String']['output'];
  /** When the challenge lapses. */
  expiresAt: Scalars['DateTime']['output'];
};

/** The device can begin, or there is a reason against it. */
export type StartPasskeySignInResult = PasskeySignInStarted | AuthError;

/** A passkey can be asked for. */
export type PasskeySignInStarted = {
  __typename?: 'PasskeySignInStarted';
  /** Names the challenge. */
  challengeId: Scalars['ID']['output'];
  /** PublicKeyCredentialRequestOptionsJSON, as text, for Android's `GetPublicKeyCredentialOption` and browsers' `parseRequestOptionsFromJSON`. */
  options: Scalars['String']['output'];
  /** When the challenge lapses. */
  expiresAt: Scalars['DateTime']['output'];
};

/** What a registration is finished with. */
export type FinishPasskeyRegistrationInput = {
  /** From `PasskeyCreationStarted`. */
  challengeId: Scalars['ID']['input'];
  /** RegistrationResponseJSON as text: what the platform gave. */
  response: Scalars['String']['input'];
  /** A name for the list, 1 to 100 characters; without it that of the password manager. */
  name?: InputMaybe<Scalars['String']['input']>;
};

/** The passkey is kept, or there is a reason against it. */
export type FinishPasskeyRegistrationResult = PasskeyRegistered | AuthError;

/** The passkey is kept. */
export type PasskeyRegistered = {
  __typename?: 'PasskeyRegistered';
  /** The new passkey. */
  passkey: Passkey;
  /** For the device's Signal API. */
  signals: PasskeySignals;
};

/** What a sign-in is finished with. */
export type VerifyPasskeyInput = {
  /** From `PasskeySignInStarted`. */
  challengeId: Scalars['ID']['input'];
  /** AuthenticationResponseJSON as text: what the platform gave. */
  response: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** What a signup by passkey begins with. */
export type StartPasskeySignupInput = {
  /** What the person wants to be called, 1 to 100 characters: the device shows it beside the passkey. */
  name: Scalars['String']['input'];
};

/** What a signup by passkey is finished with. */
export type FinishPasskeySignupInput = {
  /** From `PasskeyCreationStarted`. */
  challengeId: Scalars['ID']['input'];
  /** RegistrationResponseJSON as text: what the platform gave. */
  response: Scalars['String']['input'];
  /** The device that signs up. */
  device?: InputMaybe<DeviceInput>;
};

/** What `renamePasskey` takes. */
export type RenamePasskeyInput = {
  /** From `Passkey`. */
  id: Scalars['ID']['input'];
  /** 1 to 100 characters. */
  name: Scalars['String']['input'];
};

/** What `renamePasskey` comes to. */
export type RenamePasskeyResult = PasskeyRenamed | AuthError;

/** The passkey has its new name. */
export type PasskeyRenamed = {
  __typename?: 'PasskeyRenamed';
  /** The passkey. */
  passkey: Passkey;
};

/** What `deletePasskey` takes. */
export type DeletePasskeyInput = {
  /** From `Passkey`. */
  id: Scalars['ID']['input'];
};

/** What `deletePasskey` comes to. */
export type DeletePasskeyResult = PasskeyDeleted | AuthError;

/** The passkey opens nothing any more. */
export type PasskeyDeleted = {
  __typename?: 'PasskeyDeleted';
  /** The passkey that was. */
  id: Scalars['ID']['output'];
  /** For the device's Signal API: the device can forget it too. */
  signals: PasskeySignals;
};

/** An account at a provider that somebody signs in by: the pair of issuer and subject. */
export type Identity = {
  __typename?: 'Identity';
  /** Names it here. */
  id: Scalars['ID']['output'];
  /** What kind of account it is. */
  method: SignInMethod;
  /** `google`, `apple`, `firebase`, or the name in `OIDC_PROVIDERS`. */
  provider: Scalars['String']['output'];
  /** The address as the provider told it last; good for recognising the account, no proof of anything. */
  email?: Maybe<Scalars['String']['output']>;
  /** Whether the address is one of Apple's relay addresses, which Apple forwards for as long as the person wants. */
  isPrivateRelay: Scalars['Boolean']['output'];
  /** Whether mails to the relay address arrive, as Apple told it last. */
  forwardsMail: Scalars['Boolean']['output'];
  /** When it was linked. */
  createdAt: Scalars['DateTime']['output'];
};

/** What `createNonce` comes to. */
export type CreateNonceResult = Nonce | AuthError;

/** A number used once (OpenID Connect Core, section 15.5.2). */
export type Nonce = {
  __typename?: 'Nonce';
  /** 256 bits in base64url. Give it to Google's kit as it is, to Apple's as its SHA-256 in hex; both times send it here as it is. */
  nonce: Scalars['String']['output'];
  /** When it lapses. */
  expiresAt: Scalars['DateTime']['output'];
};

/** What `signInWithGoogle` takes. */
export type SignInWithGoogleInput = {
  /** The ID token, a JWT. */
  idToken: Scalars['String']['input'];
  /** From `createNonce`. */
  nonce: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** What `signInWithApple` takes. */
export type SignInWithAppleInput = {
  /** The identity token, a JWT. */
  identityToken: Scalars['String']['input'];
  /** From `createNonce`. */
  nonce: Scalars['String']['input'];
  /** The authorization code: exchanged for the token by which the grant is revoked when the account is deleted (App Store Review Guideline 5.1.1(v)). */
  authorizationCode?: InputMaybe<Scalars['String']['input']>;
  /** Apple tells the name once, and outside the token: send it when it is there. */
  givenName?: InputMaybe<Scalars['String']['input']>;
  /** The rest of the name. */
  familyName?: InputMaybe<Scalars['String']['input']>;
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** What `signInWithFirebase` takes. */
export type SignInWithFirebaseInput = {
  /** The ID token, a JWT: `user.getIdToken()`. */
  idToken: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** What `startSocialSignIn` takes. */
export type StartSocialSignInInput = {
  /** From `AuthMethod.provider`. */
  provider: Scalars['String']['input'];
  /** Where the browser is sent at the end: one of `APP_LINKS`, character by character. */
  redirectUri: Scalars['String']['input'];
  /** BASE64URL(SHA256(code_verifier)) of a fresh verifier with 43 to 128 characters (RFC 7636, method S256). */
  codeChallenge: Scalars['String']['input'];
};

/** What `startSocialSignIn` comes to. */
export type StartSocialSignInResult = SocialSignInStarted | AuthError;

/** The browser can be opened. */
export type SocialSignInStarted = {
  __typename?: 'SocialSignInStarted';
  /** Open it in the system's browser. */
  authorizationUrl: Scalars['String']['output'];
  /** When it is too late. */
  expiresAt: Scalars['DateTime']['output'];
};

/** What `finishSocialSignIn` takes. */
export type FinishSocialSignInInput = {
  /** From `redirectUri`. */
  code: Scalars['String']['input'];
  /** The verifier of the challenge that started it. */
  codeVerifier: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** The proof of an account elsewhere: one of them. */
export type LinkIdentityInput =
  /** A Google account. */
  { google: GoogleProofInput; apple?: never; firebase?: never; social?: never; }
  |  /** An Apple account. */
  { google?: never; apple: AppleProofInput; firebase?: never; social?: never; }
  |  /** A Firebase account. */
  { google?: never; apple?: never; firebase: FirebaseProofInput; social?: never; }
  |  /** An account by the code flow. */
  { google?: never; apple?: never; firebase?: never; social: SocialProofInput; };

/** A Google account is proved with. */
export type GoogleProofInput = {
  /** The ID token, a JWT. */
  idToken: Scalars['String']['input'];
  /** From `createNonce`. */
  nonce: Scalars['String']['input'];
};

/** An Apple account is proved with. */
export type AppleProofInput = {
  /** The identity token, a JWT. */
  identityToken: Scalars['String']['input'];
  /** From `createNonce`. */
  nonce: Scalars['String']['input'];
  /** The authorization code, see `SignInWithAppleInput`. */
  authorizationCode?: InputMaybe<Scalars['String']['input']>;
};

/** A Firebase account is proved with. */
export type FirebaseProofInput = {
  /** The ID token, a JWT. For a fresh proof its own `auth_time` is at most 5 minutes old. */
  idToken: Scalars['String']['input'];
};

/** The end of the code flow is proved with. */
export type SocialProofInput = {
  /** From `redirectUri`. */
  code: Scalars['String']['input'];
  /** The verifier of the challenge that started it. */
  codeVerifier: Scalars['String']['input'];
};

/** What `linkIdentity` comes to. */
export type LinkIdentityResult = IdentityLinked | AuthError;

/** The account elsewhere is a way in. */
export type IdentityLinked = {
  __typename?: 'IdentityLinked';
  /** The identity. */
  identity: Identity;
};

/** What `unlinkIdentity` takes. */
export type UnlinkIdentityInput = {
  /** From `Identity`. */
  id: Scalars['ID']['input'];
};

/** What `unlinkIdentity` comes to. */
export type UnlinkIdentityResult = IdentityUnlinked | AuthError;

/** The account elsewhere opens nothing here any more. */
export type IdentityUnlinked = {
  __typename?: 'IdentityUnlinked';
  /** The identity that was. */
  id: Scalars['ID']['output'];
};

/** One proof: exactly one of them. */
export type ReauthenticateInput =
  /** The password of the account. */
  { password: Scalars['String']['input']; otp?: never; magicLink?: never; passkey?: never; google?: never; apple?: never; firebase?: never; social?: never; }
  |  /** A code that `sendOtp` sent to the account's phone. */
  { password?: never; otp: VerifyOtpInput; magicLink?: never; passkey?: never; google?: never; apple?: never; firebase?: never; social?: never; }
  |  /** A link that `requestMagicLink` sent to the account's mailbox. */
  { password?: never; otp?: never; magicLink: VerifyMagicLinkInput; passkey?: never; google?: never; apple?: never; firebase?: never; social?: never; }
  |  /** A passkey of the account, by `startPasskeySignIn`. */
  { password?: never; otp?: never; magicLink?: never; passkey: PasskeyProofInput; google?: never; apple?: never; firebase?: never; social?: never; }
  |  /** A linked Google account. */
  { password?: never; otp?: never; magicLink?: never; passkey?: never; google: GoogleProofInput; apple?: never; firebase?: never; social?: never; }
  |  /** A linked Apple account. */
  { password?: never; otp?: never; magicLink?: never; passkey?: never; google?: never; apple: AppleProofInput; firebase?: never; social?: never; }
  |  /** A linked Firebase account. */
  { password?: never; otp?: never; magicLink?: never; passkey?: never; google?: never; apple?: never; firebase: FirebaseProofInput; social?: never; }
  |  /** A linked account by the code flow. */
  { password?: never; otp?: never; magicLink?: never; passkey?: never; google?: never; apple?: never; firebase?: never; social: SocialProofInput; };

/** A passkey is proved with. */
export type PasskeyProofInput = {
  /** From `PasskeySignInStarted`. */
  challengeId: Scalars['ID']['input'];
  /** AuthenticationResponseJSON as text. */
  response: Scalars['String']['input'];
};

/** What `deleteAccount` comes to. */
export type DeleteAccountResult = AccountDeleted | AuthError;

/** The account is closed and signed out everywhere. */
export type AccountDeleted = {
  __typename?: 'AccountDeleted';
  /** When it is erased. */
  eraseAt: Scalars['DateTime']['output'];
};

/** What `restoreAccount` takes. */
export type RestoreAccountInput = {
  /** From `AuthError`, with the code `ACCOUNT_DELETED`. */
  restoreToken: Scalars['String']['input'];
  /** The device that signs in. */
  device?: InputMaybe<DeviceInput>;
};

/** How often something happened in a day. */
export type LoginCount = {
  __typename?: 'LoginCount';
  /** `2026-11-22`, UTC. */
  day: Scalars['String']['output'];
  /** What happened. */
  kind: LoginEventKind;
  /** The way in that was used; none for events of a session. */
  method?: Maybe<SignInMethod>;
  /** Null: it succeeded. */
  failure?: Maybe<AuthErrorCode>;
  /** How often. */
  count: Scalars['Int']['output'];
};

/** How a message travels. */
export type DeliveryChannel =
  /** A mail over SMTP. */
  | 'EMAIL'
  /** A WhatsApp message by Twilio. */
  | 'WHATSAPP'
  /** An SMS by Twilio. */
  | 'SMS';

/** Where a message has got to. */
export type DeliveryStatus =
  /** Accepted, not yet handed over. */
  | 'QUEUED'
  /** Being handed over; after a crash an SMS or WhatsApp message stays here and is not sent twice. */
  | 'SENDING'
  /** With the carrier or the mail server. */
  | 'SENT'
  /** On the phone. */
  | 'DELIVERED'
  /** It will not arrive. */
  | 'FAILED';

/** Messages of one day, channel and status. */
export type DeliveryCount = {
  __typename?: 'DeliveryCount';
  /** `2026-11-22`, UTC. */
  day: Scalars['String']['output'];
  /** How they travelled. */
  channel: DeliveryChannel;
  /** Where they have got to. */
  status: DeliveryStatus;
  /** How many. */
  count: Scalars['Int']['output'];
  /** The provider's own prices, summed, where they have arrived; else the configured ones. */
  cost: Scalars['Float']['output'];
  /** ISO 4217. */
  currency: Scalars['String']['output'];
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;



/** Mapping of union types */
export type ResolversUnionTypes<_RefType extends Record<string, unknown>> = {
  SignInResult:
    | ( IssuedTokens & { __typename: 'SessionTokens' } )
    | ( EmailProofRequired & { __typename: 'EmailProofRequired' } )
    | ( SecondFactorRequired & { __typename: 'SecondFactorRequired' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  LogoutEverywhereResult:
    | ( SessionsRevoked & { __typename: 'SessionsRevoked' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  RevokeSessionResult:
    | ( SessionsRevoked & { __typename: 'SessionsRevoked' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  ChangePasswordResult:
    | ( ChangedPassword & { __typename: 'PasswordChanged' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  RequestMagicLinkResult:
    | ( MagicLinkRequested & { __typename: 'MagicLinkRequested' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  SendOtpResult:
    | ( OtpSent & { __typename: 'OtpSent' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  ResendOtpResult:
    | ( OtpSent & { __typename: 'OtpSent' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  StartPasskeyRegistrationResult:
    | ( PasskeyCreationStarted & { __typename: 'PasskeyCreationStarted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  StartPasskeySignupResult:
    | ( PasskeyCreationStarted & { __typename: 'PasskeyCreationStarted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  StartPasskeySignInResult:
    | ( PasskeySignInStarted & { __typename: 'PasskeySignInStarted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  FinishPasskeyRegistrationResult:
    | ( Omit<PasskeyRegistered, 'passkey'> & { passkey: _RefType['Passkey'] } & { __typename: 'PasskeyRegistered' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  RenamePasskeyResult:
    | ( Omit<PasskeyRenamed, 'passkey'> & { passkey: _RefType['Passkey'] } & { __typename: 'PasskeyRenamed' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  DeletePasskeyResult:
    | ( PasskeyDeleted & { __typename: 'PasskeyDeleted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  CreateNonceResult:
    | ( Nonce & { __typename: 'Nonce' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  StartSocialSignInResult:
    | ( SocialSignInStarted & { __typename: 'SocialSignInStarted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  LinkIdentityResult:
    | ( Omit<IdentityLinked, 'identity'> & { identity: _RefType['Identity'] } & { __typename: 'IdentityLinked' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  UnlinkIdentityResult:
    | ( IdentityUnlinked & { __typename: 'IdentityUnlinked' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
  DeleteAccountResult:
    | ( AccountDeleted & { __typename: 'AccountDeleted' } )
    | ( AuthError & { __typename: 'AuthError' } )
  ;
};


/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  SignInResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['SignInResult']>;
  SessionTokens: ResolverTypeWrapper<IssuedTokens>;
  EmailProofRequired: ResolverTypeWrapper<EmailProofRequired>;
  SecondFactorRequired: ResolverTypeWrapper<SecondFactorRequired>;
  AuthError: ResolverTypeWrapper<AuthError>;
  AuthErrorCode: AuthErrorCode;
  User: ResolverTypeWrapper<Person>;
  Session: ResolverTypeWrapper<SessionRow>;
  SignInMethod: SignInMethod;
  Device: ResolverTypeWrapper<Device>;
  Platform: Platform;
  DeviceInput: DeviceInput;
  AuthMethod: ResolverTypeWrapper<AuthMethod>;
  PasswordPolicy: ResolverTypeWrapper<PasswordPolicy>;
  LoginEvent: ResolverTypeWrapper<LoginEventRow>;
  LoginEventKind: LoginEventKind;
  LoginEventConnection: ResolverTypeWrapper<Omit<LoginEventConnection, 'edges'> & { edges: Array<ResolversTypes['LoginEventEdge']> }>;
  LoginEventEdge: ResolverTypeWrapper<Omit<LoginEventEdge, 'node'> & { node: ResolversTypes['LoginEvent'] }>;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  RefreshSessionInput: RefreshSessionInput;
  LogoutInput: LogoutInput;
  RevokeSessionInput: RevokeSessionInput;
  LogoutEverywhereResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['LogoutEverywhereResult']>;
  RevokeSessionResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['RevokeSessionResult']>;
  SessionsRevoked: ResolverTypeWrapper<SessionsRevoked>;
  SignupInput: SignupInput;
  LoginInput: LoginInput;
  ChangePasswordInput: ChangePasswordInput;
  ChangePasswordResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['ChangePasswordResult']>;
  PasswordChanged: ResolverTypeWrapper<ChangedPassword>;
  RequestMagicLinkInput: RequestMagicLinkInput;
  RequestMagicLinkResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['RequestMagicLinkResult']>;
  MagicLinkRequested: ResolverTypeWrapper<MagicLinkRequested>;
  VerifyMagicLinkInput: VerifyMagicLinkInput;
  VerifyEmailInput: VerifyEmailInput;
  OtpChannel: OtpChannel;
  SendOtpInput: SendOtpInput;
  ResendOtpInput: ResendOtpInput;
  VerifyOtpInput: VerifyOtpInput;
  SendOtpResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['SendOtpResult']>;
  ResendOtpResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['ResendOtpResult']>;
  OtpSent: ResolverTypeWrapper<OtpSent>;
  OtpDelivery: ResolverTypeWrapper<OtpDelivery>;
  OtpDeliveryStatus: OtpDeliveryStatus;
  Passkey: ResolverTypeWrapper<PasskeyRow>;
  PasskeySignals: ResolverTypeWrapper<PasskeySignals>;
  StartPasskeyRegistrationResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['StartPasskeyRegistrationResult']>;
  StartPasskeySignupResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['StartPasskeySignupResult']>;
  PasskeyCreationStarted: ResolverTypeWrapper<PasskeyCreationStarted>;
  StartPasskeySignInResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['StartPasskeySignInResult']>;
  PasskeySignInStarted: ResolverTypeWrapper<PasskeySignInStarted>;
  FinishPasskeyRegistrationInput: FinishPasskeyRegistrationInput;
  FinishPasskeyRegistrationResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['FinishPasskeyRegistrationResult']>;
  PasskeyRegistered: ResolverTypeWrapper<Omit<PasskeyRegistered, 'passkey'> & { passkey: ResolversTypes['Passkey'] }>;
  VerifyPasskeyInput: VerifyPasskeyInput;
  StartPasskeySignupInput: StartPasskeySignupInput;
  FinishPasskeySignupInput: FinishPasskeySignupInput;
  RenamePasskeyInput: RenamePasskeyInput;
  RenamePasskeyResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['RenamePasskeyResult']>;
  PasskeyRenamed: ResolverTypeWrapper<Omit<PasskeyRenamed, 'passkey'> & { passkey: ResolversTypes['Passkey'] }>;
  DeletePasskeyInput: DeletePasskeyInput;
  DeletePasskeyResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['DeletePasskeyResult']>;
  PasskeyDeleted: ResolverTypeWrapper<PasskeyDeleted>;
  Identity: ResolverTypeWrapper<IdentityRow>;
  CreateNonceResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['CreateNonceResult']>;
  Nonce: ResolverTypeWrapper<Nonce>;
  SignInWithGoogleInput: SignInWithGoogleInput;
  SignInWithAppleInput: SignInWithAppleInput;
  SignInWithFirebaseInput: SignInWithFirebaseInput;
  StartSocialSignInInput: StartSocialSignInInput;
  StartSocialSignInResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['StartSocialSignInResult']>;
  SocialSignInStarted: ResolverTypeWrapper<SocialSignInStarted>;
  FinishSocialSignInInput: FinishSocialSignInInput;
  LinkIdentityInput: LinkIdentityInput;
  GoogleProofInput: GoogleProofInput;
  AppleProofInput: AppleProofInput;
  FirebaseProofInput: FirebaseProofInput;
  SocialProofInput: SocialProofInput;
  LinkIdentityResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['LinkIdentityResult']>;
  IdentityLinked: ResolverTypeWrapper<Omit<IdentityLinked, 'identity'> & { identity: ResolversTypes['Identity'] }>;
  UnlinkIdentityInput: UnlinkIdentityInput;
  UnlinkIdentityResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['UnlinkIdentityResult']>;
  IdentityUnlinked: ResolverTypeWrapper<IdentityUnlinked>;
  ReauthenticateInput: ReauthenticateInput;
  PasskeyProofInput: PasskeyProofInput;
  DeleteAccountResult: ResolverTypeWrapper<ResolversUnionTypes<ResolversTypes>['DeleteAccountResult']>;
  AccountDeleted: ResolverTypeWrapper<AccountDeleted>;
  RestoreAccountInput: RestoreAccountInput;
  LoginCount: ResolverTypeWrapper<LoginCount>;
  DeliveryChannel: DeliveryChannel;
  DeliveryStatus: DeliveryStatus;
  DeliveryCount: ResolverTypeWrapper<DeliveryCount>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  DateTime: Scalars['DateTime']['output'];
  Query: Record<PropertyKey, never>;
  Int: Scalars['Int']['output'];
  String: Scalars['String']['output'];
  ID: Scalars['ID']['output'];
  Mutation: Record<PropertyKey, never>;
  Boolean: Scalars['Boolean']['output'];
  SignInResult: ResolversUnionTypes<ResolversParentTypes>['SignInResult'];
  SessionTokens: IssuedTokens;
  EmailProofRequired: EmailProofRequired;
  SecondFactorRequired: SecondFactorRequired;
  AuthError: AuthError;
  User: Person;
  Session: SessionRow;
  Device: Device;
  DeviceInput: DeviceInput;
  AuthMethod: AuthMethod;
  PasswordPolicy: PasswordPolicy;
  LoginEvent: LoginEventRow;
  LoginEventConnection: Omit<LoginEventConnection, 'edges'> & { edges: Array<ResolversParentTypes['LoginEventEdge']> };
  LoginEventEdge: Omit<LoginEventEdge, 'node'> & { node: ResolversParentTypes['LoginEvent'] };
  PageInfo: PageInfo;
  RefreshSessionInput: RefreshSessionInput;
  LogoutInput: LogoutInput;
  RevokeSessionInput: RevokeSessionInput;
  LogoutEverywhereResult: ResolversUnionTypes<ResolversParentTypes>['LogoutEverywhereResult'];
  RevokeSessionResult: ResolversUnionTypes<ResolversParentTypes>['RevokeSessionResult'];
  SessionsRevoked: SessionsRevoked;
  SignupInput: SignupInput;
  LoginInput: LoginInput;
  ChangePasswordInput: ChangePasswordInput;
  ChangePasswordResult: ResolversUnionTypes<ResolversParentTypes>['ChangePasswordResult'];
  PasswordChanged: ChangedPassword;
  RequestMagicLinkInput: RequestMagicLinkInput;
  RequestMagicLinkResult: ResolversUnionTypes<ResolversParentTypes>['RequestMagicLinkResult'];
  MagicLinkRequested: MagicLinkRequested;
  VerifyMagicLinkInput: VerifyMagicLinkInput;
  VerifyEmailInput: VerifyEmailInput;
  SendOtpInput: SendOtpInput;
  ResendOtpInput: ResendOtpInput;
  VerifyOtpInput: VerifyOtpInput;
  SendOtpResult: ResolversUnionTypes<ResolversParentTypes>['SendOtpResult'];
  ResendOtpResult: ResolversUnionTypes<ResolversParentTypes>['ResendOtpResult'];
  OtpSent: OtpSent;
  OtpDelivery: OtpDelivery;
  Passkey: PasskeyRow;
  PasskeySignals: PasskeySignals;
  StartPasskeyRegistrationResult: ResolversUnionTypes<ResolversParentTypes>['StartPasskeyRegistrationResult'];
  StartPasskeySignupResult: ResolversUnionTypes<ResolversParentTypes>['StartPasskeySignupResult'];
  PasskeyCreationStarted: PasskeyCreationStarted;
  StartPasskeySignInResult: ResolversUnionTypes<ResolversParentTypes>['StartPasskeySignInResult'];
  PasskeySignInStarted: PasskeySignInStarted;
  FinishPasskeyRegistrationInput: FinishPasskeyRegistrationInput;
  FinishPasskeyRegistrationResult: ResolversUnionTypes<ResolversParentTypes>['FinishPasskeyRegistrationResult'];
  PasskeyRegistered: Omit<PasskeyRegistered, 'passkey'> & { passkey: ResolversParentTypes['Passkey'] };
  VerifyPasskeyInput: VerifyPasskeyInput;
  StartPasskeySignupInput: StartPasskeySignupInput;
  FinishPasskeySignupInput: FinishPasskeySignupInput;
  RenamePasskeyInput: RenamePasskeyInput;
  RenamePasskeyResult: ResolversUnionTypes<ResolversParentTypes>['RenamePasskeyResult'];
  PasskeyRenamed: Omit<PasskeyRenamed, 'passkey'> & { passkey: ResolversParentTypes['Passkey'] };
  DeletePasskeyInput: DeletePasskeyInput;
  DeletePasskeyResult: ResolversUnionTypes<ResolversParentTypes>['DeletePasskeyResult'];
  PasskeyDeleted: PasskeyDeleted;
  Identity: IdentityRow;
  CreateNonceResult: ResolversUnionTypes<ResolversParentTypes>['CreateNonceResult'];
  Nonce: Nonce;
  SignInWithGoogleInput: SignInWithGoogleInput;
  SignInWithAppleInput: SignInWithAppleInput;
  SignInWithFirebaseInput: SignInWithFirebaseInput;
  StartSocialSignInInput: StartSocialSignInInput;
  StartSocialSignInResult: ResolversUnionTypes<ResolversParentTypes>['StartSocialSignInResult'];
  SocialSignInStarted: SocialSignInStarted;
  FinishSocialSignInInput: FinishSocialSignInInput;
  LinkIdentityInput: LinkIdentityInput;
  GoogleProofInput: GoogleProofInput;
  AppleProofInput: AppleProofInput;
  FirebaseProofInput: FirebaseProofInput;
  SocialProofInput: SocialProofInput;
  LinkIdentityResult: ResolversUnionTypes<ResolversParentTypes>['LinkIdentityResult'];
  IdentityLinked: Omit<IdentityLinked, 'identity'> & { identity: ResolversParentTypes['Identity'] };
  UnlinkIdentityInput: UnlinkIdentityInput;
  UnlinkIdentityResult: ResolversUnionTypes<ResolversParentTypes>['UnlinkIdentityResult'];
  IdentityUnlinked: IdentityUnlinked;
  ReauthenticateInput: ReauthenticateInput;
  PasskeyProofInput: PasskeyProofInput;
  DeleteAccountResult: ResolversUnionTypes<ResolversParentTypes>['DeleteAccountResult'];
  AccountDeleted: AccountDeleted;
  RestoreAccountInput: RestoreAccountInput;
  LoginCount: LoginCount;
  DeliveryCount: DeliveryCount;
  Float: Scalars['Float']['output'];
};

export type AuthenticatedDirectiveArgs = { };

export type AuthenticatedDirectiveResolver<Result, Parent, ContextType = Context, Args = AuthenticatedDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type OperatorDirectiveArgs = { };

export type OperatorDirectiveResolver<Result, Parent, ContextType = Context, Args = OperatorDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  me: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  sessions: Resolver<Array<ResolversTypes['Session']>, ParentType, ContextType>;
  loginEvents: Resolver<ResolversTypes['LoginEventConnection'], ParentType, ContextType, RequireFields<QueryLoginEventsArgs, 'first'>>;
  authMethods: Resolver<Array<ResolversTypes['AuthMethod']>, ParentType, ContextType>;
  otpDelivery: Resolver<Maybe<ResolversTypes['OtpDelivery']>, ParentType, ContextType, RequireFields<QueryOtpDeliveryArgs, 'challengeId'>>;
  passkeys: Resolver<Array<ResolversTypes['Passkey']>, ParentType, ContextType>;
  passkeySignals: Resolver<ResolversTypes['PasskeySignals'], ParentType, ContextType>;
  identities: Resolver<Array<ResolversTypes['Identity']>, ParentType, ContextType>;
  loginStats: Resolver<Array<ResolversTypes['LoginCount']>, ParentType, ContextType, RequireFields<QueryLoginStatsArgs, 'days'>>;
  deliveryStats: Resolver<Array<ResolversTypes['DeliveryCount']>, ParentType, ContextType, RequireFields<QueryDeliveryStatsArgs, 'days'>>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  refreshSession: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationRefreshSessionArgs, 'input'>>;
  logout: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationLogoutArgs, 'input'>>;
  logoutEverywhere: Resolver<ResolversTypes['LogoutEverywhereResult'], ParentType, ContextType, RequireFields<MutationLogoutEverywhereArgs, 'keepCurrent'>>;
  revokeSession: Resolver<ResolversTypes['RevokeSessionResult'], ParentType, ContextType, RequireFields<MutationRevokeSessionArgs, 'input'>>;
  signup: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationSignupArgs, 'input'>>;
  login: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationLoginArgs, 'input'>>;
  changePassword: Resolver<ResolversTypes['ChangePasswordResult'], ParentType, ContextType, RequireFields<MutationChangePasswordArgs, 'input'>>;
  requestMagicLink: Resolver<ResolversTypes['RequestMagicLinkResult'], ParentType, ContextType, RequireFields<MutationRequestMagicLinkArgs, 'input'>>;
  verifyMagicLink: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationVerifyMagicLinkArgs, 'input'>>;
  verifyEmail: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationVerifyEmailArgs, 'input'>>;
  sendOtp: Resolver<ResolversTypes['SendOtpResult'], ParentType, ContextType, RequireFields<MutationSendOtpArgs, 'input'>>;
  resendOtp: Resolver<ResolversTypes['ResendOtpResult'], ParentType, ContextType, RequireFields<MutationResendOtpArgs, 'input'>>;
  verifyOtp: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationVerifyOtpArgs, 'input'>>;
  startPasskeyRegistration: Resolver<ResolversTypes['StartPasskeyRegistrationResult'], ParentType, ContextType>;
  finishPasskeyRegistration: Resolver<ResolversTypes['FinishPasskeyRegistrationResult'], ParentType, ContextType, RequireFields<MutationFinishPasskeyRegistrationArgs, 'input'>>;
  startPasskeySignIn: Resolver<ResolversTypes['StartPasskeySignInResult'], ParentType, ContextType>;
  verifyPasskey: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationVerifyPasskeyArgs, 'input'>>;
  startPasskeySignup: Resolver<ResolversTypes['StartPasskeySignupResult'], ParentType, ContextType, RequireFields<MutationStartPasskeySignupArgs, 'input'>>;
  finishPasskeySignup: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationFinishPasskeySignupArgs, 'input'>>;
  renamePasskey: Resolver<ResolversTypes['RenamePasskeyResult'], ParentType, ContextType, RequireFields<MutationRenamePasskeyArgs, 'input'>>;
  deletePasskey: Resolver<ResolversTypes['DeletePasskeyResult'], ParentType, ContextType, RequireFields<MutationDeletePasskeyArgs, 'input'>>;
  createNonce: Resolver<ResolversTypes['CreateNonceResult'], ParentType, ContextType>;
  signInWithGoogle: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationSignInWithGoogleArgs, 'input'>>;
  signInWithApple: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationSignInWithAppleArgs, 'input'>>;
  signInWithFirebase: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationSignInWithFirebaseArgs, 'input'>>;
  startSocialSignIn: Resolver<ResolversTypes['StartSocialSignInResult'], ParentType, ContextType, RequireFields<MutationStartSocialSignInArgs, 'input'>>;
  finishSocialSignIn: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationFinishSocialSignInArgs, 'input'>>;
  linkIdentity: Resolver<ResolversTypes['LinkIdentityResult'], ParentType, ContextType, RequireFields<MutationLinkIdentityArgs, 'input'>>;
  unlinkIdentity: Resolver<ResolversTypes['UnlinkIdentityResult'], ParentType, ContextType, RequireFields<MutationUnlinkIdentityArgs, 'input'>>;
  reauthenticate: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationReauthenticateArgs, 'input'>>;
  deleteAccount: Resolver<ResolversTypes['DeleteAccountResult'], ParentType, ContextType>;
  restoreAccount: Resolver<ResolversTypes['SignInResult'], ParentType, ContextType, RequireFields<MutationRestoreAccountArgs, 'input'>>;
};

export type SignInResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SignInResult'] = ResolversParentTypes['SignInResult']> = {
  __resolveType: TypeResolveFn<'SessionTokens' | 'EmailProofRequired' | 'SecondFactorRequired' | 'AuthError', ParentType, ContextType>;
};

export type SessionTokensResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SessionTokens'] = ResolversParentTypes['SessionTokens']> = {
  accessToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  accessTokenExpiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  accessTokenExpiresIn?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  refreshToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  refreshTokenExpiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  serverTime?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  tokenType?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  session?: Resolver<ResolversTypes['Session'], ParentType, ContextType>;
  offerPasskey?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type EmailProofRequiredResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EmailProofRequired'] = ResolversParentTypes['EmailProofRequired']> = {
  requestId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  deviceSecret?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SecondFactorRequiredResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SecondFactorRequired'] = ResolversParentTypes['SecondFactorRequired']> = {
  challengeToken?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  methods?: Resolver<Array<ResolversTypes['SignInMethod']>, ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AuthErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AuthError'] = ResolversParentTypes['AuthError']> = {
  code?: Resolver<ResolversTypes['AuthErrorCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  retryAfterSeconds?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  docUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  methods?: Resolver<Maybe<Array<ResolversTypes['SignInMethod']>>, ParentType, ContextType>;
  restoreToken?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  eraseAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type UserResolvers<ContextType = Context, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  email?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  emailVerified?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  phone?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  phoneVerified?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type SessionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Session'] = ResolversParentTypes['Session']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  current?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  method?: Resolver<ResolversTypes['SignInMethod'], ParentType, ContextType>;
  device?: Resolver<Maybe<ResolversTypes['Device']>, ParentType, ContextType>;
  network?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastUsedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type DeviceResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Device'] = ResolversParentTypes['Device']> = {
  id?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  platform?: Resolver<Maybe<ResolversTypes['Platform']>, ParentType, ContextType>;
  model?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  osVersion?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  appVersion?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type AuthMethodResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AuthMethod'] = ResolversParentTypes['AuthMethod']> = {
  method?: Resolver<ResolversTypes['SignInMethod'], ParentType, ContextType>;
  passwordPolicy?: Resolver<Maybe<ResolversTypes['PasswordPolicy']>, ParentType, ContextType>;
  countries?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  provider?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  rpId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PasswordPolicyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasswordPolicy'] = ResolversParentTypes['PasswordPolicy']> = {
  minLength?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  maxLength?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  minScore?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type LoginEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LoginEvent'] = ResolversParentTypes['LoginEvent']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LoginEventKind'], ParentType, ContextType>;
  method?: Resolver<Maybe<ResolversTypes['SignInMethod']>, ParentType, ContextType>;
  failure?: Resolver<Maybe<ResolversTypes['AuthErrorCode']>, ParentType, ContextType>;
  occurredAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  sessionId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  device?: Resolver<Maybe<ResolversTypes['Device']>, ParentType, ContextType>;
  clientName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  clientVersion?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  network?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type LoginEventConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LoginEventConnection'] = ResolversParentTypes['LoginEventConnection']> = {
  edges?: Resolver<Array<ResolversTypes['LoginEventEdge']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type LoginEventEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LoginEventEdge'] = ResolversParentTypes['LoginEventEdge']> = {
  node?: Resolver<ResolversTypes['LoginEvent'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type LogoutEverywhereResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LogoutEverywhereResult'] = ResolversParentTypes['LogoutEverywhereResult']> = {
  __resolveType: TypeResolveFn<'SessionsRevoked' | 'AuthError', ParentType, ContextType>;
};

export type RevokeSessionResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevokeSessionResult'] = ResolversParentTypes['RevokeSessionResult']> = {
  __resolveType: TypeResolveFn<'SessionsRevoked' | 'AuthError', ParentType, ContextType>;
};

export type SessionsRevokedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SessionsRevoked'] = ResolversParentTypes['SessionsRevoked']> = {
  revokedSessionIds?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ChangePasswordResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ChangePasswordResult'] = ResolversParentTypes['ChangePasswordResult']> = {
  __resolveType: TypeResolveFn<'PasswordChanged' | 'AuthError', ParentType, ContextType>;
};

export type PasswordChangedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasswordChanged'] = ResolversParentTypes['PasswordChanged']> = {
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  revokedSessionIds?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RequestMagicLinkResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RequestMagicLinkResult'] = ResolversParentTypes['RequestMagicLinkResult']> = {
  __resolveType: TypeResolveFn<'MagicLinkRequested' | 'AuthError', ParentType, ContextType>;
};

export type MagicLinkRequestedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MagicLinkRequested'] = ResolversParentTypes['MagicLinkRequested']> = {
  requestId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  deviceSecret?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  resendAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SendOtpResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SendOtpResult'] = ResolversParentTypes['SendOtpResult']> = {
  __resolveType: TypeResolveFn<'OtpSent' | 'AuthError', ParentType, ContextType>;
};

export type ResendOtpResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ResendOtpResult'] = ResolversParentTypes['ResendOtpResult']> = {
  __resolveType: TypeResolveFn<'OtpSent' | 'AuthError', ParentType, ContextType>;
};

export type OtpSentResolvers<ContextType = Context, ParentType extends ResolversParentTypes['OtpSent'] = ResolversParentTypes['OtpSent']> = {
  challengeId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  resendAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type OtpDeliveryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['OtpDelivery'] = ResolversParentTypes['OtpDelivery']> = {
  status?: Resolver<ResolversTypes['OtpDeliveryStatus'], ParentType, ContextType>;
  channel?: Resolver<ResolversTypes['DeliveryChannel'], ParentType, ContextType>;
};

export type PasskeyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Passkey'] = ResolversParentTypes['Passkey']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastUsedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  backedUp?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  copiedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type PasskeySignalsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeySignals'] = ResolversParentTypes['PasskeySignals']> = {
  rpId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  userId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  acceptedCredentialIds?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  displayName?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type StartPasskeyRegistrationResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartPasskeyRegistrationResult'] = ResolversParentTypes['StartPasskeyRegistrationResult']> = {
  __resolveType: TypeResolveFn<'PasskeyCreationStarted' | 'AuthError', ParentType, ContextType>;
};

export type StartPasskeySignupResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartPasskeySignupResult'] = ResolversParentTypes['StartPasskeySignupResult']> = {
  __resolveType: TypeResolveFn<'PasskeyCreationStarted' | 'AuthError', ParentType, ContextType>;
};

export type PasskeyCreationStartedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeyCreationStarted'] = ResolversParentTypes['PasskeyCreationStarted']> = {
  challengeId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  options?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type StartPasskeySignInResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartPasskeySignInResult'] = ResolversParentTypes['StartPasskeySignInResult']> = {
  __resolveType: TypeResolveFn<'PasskeySignInStarted' | 'AuthError', ParentType, ContextType>;
};

export type PasskeySignInStartedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeySignInStarted'] = ResolversParentTypes['PasskeySignInStarted']> = {
  challengeId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  options?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type FinishPasskeyRegistrationResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['FinishPasskeyRegistrationResult'] = ResolversParentTypes['FinishPasskeyRegistrationResult']> = {
  __resolveType: TypeResolveFn<'PasskeyRegistered' | 'AuthError', ParentType, ContextType>;
};

export type PasskeyRegisteredResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeyRegistered'] = ResolversParentTypes['PasskeyRegistered']> = {
  passkey?: Resolver<ResolversTypes['Passkey'], ParentType, ContextType>;
  signals?: Resolver<ResolversTypes['PasskeySignals'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RenamePasskeyResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RenamePasskeyResult'] = ResolversParentTypes['RenamePasskeyResult']> = {
  __resolveType: TypeResolveFn<'PasskeyRenamed' | 'AuthError', ParentType, ContextType>;
};

export type PasskeyRenamedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeyRenamed'] = ResolversParentTypes['PasskeyRenamed']> = {
  passkey?: Resolver<ResolversTypes['Passkey'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type DeletePasskeyResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeletePasskeyResult'] = ResolversParentTypes['DeletePasskeyResult']> = {
  __resolveType: TypeResolveFn<'PasskeyDeleted' | 'AuthError', ParentType, ContextType>;
};

export type PasskeyDeletedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PasskeyDeleted'] = ResolversParentTypes['PasskeyDeleted']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  signals?: Resolver<ResolversTypes['PasskeySignals'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IdentityResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Identity'] = ResolversParentTypes['Identity']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  method?: Resolver<ResolversTypes['SignInMethod'], ParentType, ContextType>;
  provider?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  email?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  isPrivateRelay?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  forwardsMail?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
};

export type CreateNonceResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateNonceResult'] = ResolversParentTypes['CreateNonceResult']> = {
  __resolveType: TypeResolveFn<'Nonce' | 'AuthError', ParentType, ContextType>;
};

export type NonceResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Nonce'] = ResolversParentTypes['Nonce']> = {
  nonce?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type StartSocialSignInResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartSocialSignInResult'] = ResolversParentTypes['StartSocialSignInResult']> = {
  __resolveType: TypeResolveFn<'SocialSignInStarted' | 'AuthError', ParentType, ContextType>;
};

export type SocialSignInStartedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SocialSignInStarted'] = ResolversParentTypes['SocialSignInStarted']> = {
  authorizationUrl?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type LinkIdentityResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LinkIdentityResult'] = ResolversParentTypes['LinkIdentityResult']> = {
  __resolveType: TypeResolveFn<'IdentityLinked' | 'AuthError', ParentType, ContextType>;
};

export type IdentityLinkedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['IdentityLinked'] = ResolversParentTypes['IdentityLinked']> = {
  identity?: Resolver<ResolversTypes['Identity'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type UnlinkIdentityResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UnlinkIdentityResult'] = ResolversParentTypes['UnlinkIdentityResult']> = {
  __resolveType: TypeResolveFn<'IdentityUnlinked' | 'AuthError', ParentType, ContextType>;
};

export type IdentityUnlinkedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['IdentityUnlinked'] = ResolversParentTypes['IdentityUnlinked']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type DeleteAccountResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeleteAccountResult'] = ResolversParentTypes['DeleteAccountResult']> = {
  __resolveType: TypeResolveFn<'AccountDeleted' | 'AuthError', ParentType, ContextType>;
};

export type AccountDeletedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AccountDeleted'] = ResolversParentTypes['AccountDeleted']> = {
  eraseAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type LoginCountResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LoginCount'] = ResolversParentTypes['LoginCount']> = {
  day?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LoginEventKind'], ParentType, ContextType>;
  method?: Resolver<Maybe<ResolversTypes['SignInMethod']>, ParentType, ContextType>;
  failure?: Resolver<Maybe<ResolversTypes['AuthErrorCode']>, ParentType, ContextType>;
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type DeliveryCountResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeliveryCount'] = ResolversParentTypes['DeliveryCount']> = {
  day?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  channel?: Resolver<ResolversTypes['DeliveryChannel'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['DeliveryStatus'], ParentType, ContextType>;
  count?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  cost?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  currency?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  DateTime?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  SignInResult?: SignInResultResolvers<ContextType>;
  SessionTokens?: SessionTokensResolvers<ContextType>;
  EmailProofRequired?: EmailProofRequiredResolvers<ContextType>;
  SecondFactorRequired?: SecondFactorRequiredResolvers<ContextType>;
  AuthError?: AuthErrorResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  Session?: SessionResolvers<ContextType>;
  Device?: DeviceResolvers<ContextType>;
  AuthMethod?: AuthMethodResolvers<ContextType>;
  PasswordPolicy?: PasswordPolicyResolvers<ContextType>;
  LoginEvent?: LoginEventResolvers<ContextType>;
  LoginEventConnection?: LoginEventConnectionResolvers<ContextType>;
  LoginEventEdge?: LoginEventEdgeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  LogoutEverywhereResult?: LogoutEverywhereResultResolvers<ContextType>;
  RevokeSessionResult?: RevokeSessionResultResolvers<ContextType>;
  SessionsRevoked?: SessionsRevokedResolvers<ContextType>;
  ChangePasswordResult?: ChangePasswordResultResolvers<ContextType>;
  PasswordChanged?: PasswordChangedResolvers<ContextType>;
  RequestMagicLinkResult?: RequestMagicLinkResultResolvers<ContextType>;
  MagicLinkRequested?: MagicLinkRequestedResolvers<ContextType>;
  SendOtpResult?: SendOtpResultResolvers<ContextType>;
  ResendOtpResult?: ResendOtpResultResolvers<ContextType>;
  OtpSent?: OtpSentResolvers<ContextType>;
  OtpDelivery?: OtpDeliveryResolvers<ContextType>;
  Passkey?: PasskeyResolvers<ContextType>;
  PasskeySignals?: PasskeySignalsResolvers<ContextType>;
  StartPasskeyRegistrationResult?: StartPasskeyRegistrationResultResolvers<ContextType>;
  StartPasskeySignupResult?: StartPasskeySignupResultResolvers<ContextType>;
  PasskeyCreationStarted?: PasskeyCreationStartedResolvers<ContextType>;
  StartPasskeySignInResult?: StartPasskeySignInResultResolvers<ContextType>;
  PasskeySignInStarted?: PasskeySignInStartedResolvers<ContextType>;
  FinishPasskeyRegistrationResult?: FinishPasskeyRegistrationResultResolvers<ContextType>;
  PasskeyRegistered?: PasskeyRegisteredResolvers<ContextType>;
  RenamePasskeyResult?: RenamePasskeyResultResolvers<ContextType>;
  PasskeyRenamed?: PasskeyRenamedResolvers<ContextType>;
  DeletePasskeyResult?: DeletePasskeyResultResolvers<ContextType>;
  PasskeyDeleted?: PasskeyDeletedResolvers<ContextType>;
  Identity?: IdentityResolvers<ContextType>;
  CreateNonceResult?: CreateNonceResultResolvers<ContextType>;
  Nonce?: NonceResolvers<ContextType>;
  StartSocialSignInResult?: StartSocialSignInResultResolvers<ContextType>;
  SocialSignInStarted?: SocialSignInStartedResolvers<ContextType>;
  LinkIdentityResult?: LinkIdentityResultResolvers<ContextType>;
  IdentityLinked?: IdentityLinkedResolvers<ContextType>;
  UnlinkIdentityResult?: UnlinkIdentityResultResolvers<ContextType>;
  IdentityUnlinked?: IdentityUnlinkedResolvers<ContextType>;
  DeleteAccountResult?: DeleteAccountResultResolvers<ContextType>;
  AccountDeleted?: AccountDeletedResolvers<ContextType>;
  LoginCount?: LoginCountResolvers<ContextType>;
  DeliveryCount?: DeliveryCountResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = Context> = {
  authenticated?: AuthenticatedDirectiveResolver<any, any, ContextType>;
  operator?: OperatorDirectiveResolver<any, any, ContextType>;
};

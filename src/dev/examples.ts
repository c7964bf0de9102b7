// Owns the example operations of GraphiQL, in the order in which a newcomer runs them. Runs in the browser as well.
import type { Known } from './graphiql-memory.js';

/** One tab. The name of the operation is its title. */
export interface Example {
  query: string;
  /** What it is asked with; each value of `known` stands there whole, so that it can be brought up to date. */
  variables?: (known: Known) => object;
}

const tokens = `__typename
    ... on SessionTokens {
      accessToken
      accessTokenExpiresIn
      refreshToken
      refreshTokenExpiresAt
      user { id name email emailVerified phone }
      session { id method }
    }
    ... on AuthError { code message retryAfterSeconds docUrl restoreToken }`;

const device = ({ deviceId }: Known) => ({ id: deviceId, name: 'GraphiQL', platform: 'WEB' });

export const examples: readonly Example[] = [
  {
    query: `# 1. Make an account. Press play, or Ctrl-Enter.
#
# The variables are a person made up for this visit.
# This page takes the tokens out of the answer: the
# access token goes with every later request, and
# the variables of the other tabs are filled in.
# What you type there yourself stays as it is.

mutation SignUp($input: SignupInput!) {
  signup(input: $input) {
    ${tokens}
  }
}`,
    variables: (known) => ({
      input: { email: known.email, password: known.password, name: 'Asha', device: device(known) },
    }),
  },
  {
    query: `# 2. Log in as the person who has just signed up.
#
# That starts a second session, and this page goes
# on with the tokens of that one.

mutation LogIn($input: LoginInput!) {
  login(input: $input) {
    ${tokens}
  }
}`,
    variables: (known) => ({
      input: { email: known.email, password: known.password, device: device(known) },
    }),
  },
  {
    query: `# 3. Ask who you are.
#
# The access token goes along by itself, in the
# Authorization header. Without one (press Forget,
# at the top, and run it again) it is a 401.

query Me {
  me {
    id
    name
    email
    emailVerified
    createdAt
  }
}`,
  },
  {
    query: `# 4. List where you are signed in.
#
# One is from signing up, one from logging in.

query Sessions {
  sessions {
    id
    current
    method
    device { name platform }
    network
    createdAt
    lastUsedAt
    expiresAt
  }
}`,
  },
  {
    query: `# 5. Exchange the refresh token for new tokens.
#
# The variables hold the newest one, and a fresh
# idempotencyKey: an app stores both, then sends,
# and repeats them until an answer comes.
# For a replay, paste a token of an older answer.

mutation Refresh($input: RefreshSessionInput!) {
  refreshSession(input: $input) {
    ${tokens}
  }
}`,
    variables: ({ refreshToken, idempotencyKey }) => ({ input: { refreshToken, idempotencyKey } }),
  },
  {
    query: `# 6. Get it wrong.
#
# What an app has to expect is data in an HTTP 200:
# an AuthError with a code. An address that has no
# account answers just the same.

mutation WrongPassword($input: LoginInput!) {
  login(input: $input) {
    __typename
    ... on SessionTokens { accessToken refreshToken }
    ... on AuthError { code message retryAfterSeconds docUrl }
  }
}`,
    variables: ({ email }) => ({ input: { email, password: 'not the password' } }),
  },
  {
    query: `# 7. List the ways to sign in.
#
# An app draws its sign-in screen from these, so it
# takes no token.

query AuthMethods {
  authMethods {
    method
    passwordPolicy { minLength maxLength minScore }
    countries
    provider
    rpId
  }
}`,
  },
  {
    query: `# 8. List what happened to your account.
#
# The wrong password is among it.

query LoginEvents($first: Int!, $after: String) {
  loginEvents(first: $first, after: $after) {
    edges {
      node {
        kind
        method
        failure
        occurredAt
        sessionId
        clientName
        device { name platform }
        network
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
    variables: () => ({ first: 10, after: null }),
  },
  {
    query: `# 9. End another session, as on a list of devices.
#
# The variables hold the id of one that is not this
# one, as soon as Sessions has listed it.

mutation RevokeSession($input: RevokeSessionInput!) {
  revokeSession(input: $input) {
    __typename
    ... on SessionsRevoked { revokedSessionIds }
    ... on AuthError { code message }
  }
}`,
    variables: ({ otherSessionId }) => ({ input: { id: otherSessionId } }),
  },
  {
    query: `# 10. Change the password.
#
# Every other session ends with it. From now on
# LogIn is filled in with the new one.

mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    __typename
    ... on PasswordChanged { user { email } revokedSessionIds }
    ... on AuthError { code message retryAfterSeconds }
  }
}`,
    variables: ({ password, newPassword }) => ({ input: { currentPassword: password, newPassword } }),
  },
  {
    query: `# 11. Log out.
#
# Ends the session at once, and says true for any
# refresh token, however old. This page forgets its
# tokens, as an app would.

mutation LogOut($input: LogoutInput!) {
  logout(input: $input)
}`,
    variables: ({ refreshToken }) => ({ input: { refreshToken } }),
  },
  {
    query: `# 12. Sign in without a password: ask for a link.
#
# The mail waits in the outbox: /outbox, at the top.
# A new address answers as a known one does, and
# becomes an account when the link is proved.
# Half of the proof stays with this page, as
# deviceSecret; the mail carries the other half.

mutation RequestMagicLink($input: RequestMagicLinkInput!) {
  requestMagicLink(input: $input) {
    __typename
    ... on MagicLinkRequested { requestId deviceSecret expiresAt resendAt }
    ... on AuthError { code message retryAfterSeconds docUrl }
  }
}`,
    variables: (known) => ({ input: { email: known.mailbox, locale: 'en', device: device(known) } }),
  },
  {
    query: `# 13. Finish with both halves.
#
# Open the link from the outbox, as often as you
# like: that uses nothing up. On the phone that
# asked, it opens the app, which sends the secret in
# it as mailSecret. Anywhere else the page shows 8
# characters: put them in the variables, as code.

mutation VerifyMagicLink($input: VerifyMagicLinkInput!) {
  verifyMagicLink(input: $input) {
    ${tokens}
  }
}`,
    variables: ({ requestId, deviceSecret }) => ({
      input: { requestId, deviceSecret, code: 'the 8 characters behind the link' },
    }),
  },
  {
    query: `# 14. Sign in by a code to a phone.
#
# It waits in the outbox, as WhatsApp message. Play
# "undelivered" there, or do nothing for a while,
# and the same code follows by SMS.
# Where Twilio is configured the message is really
# sent: then write your own number.

mutation SendOtp($input: SendOtpInput!) {
  sendOtp(input: $input) {
    __typename
    ... on OtpSent { challengeId expiresAt resendAt }
    ... on AuthError { code message retryAfterSeconds docUrl }
  }
}`,
    variables: (known) => ({
      input: { phone: known.phone, channel: 'AUTO', locale: 'en', device: device(known) },
    }),
  },
  {
    query: `# 15. Ask what became of the message.
#
# For a screen that waits. Play "delivered" in the
# outbox, and ask again.

query OtpDelivery($challengeId: ID!) {
  otpDelivery(challengeId: $challengeId) {
    status
    channel
  }
}`,
    variables: ({ challengeId }) => ({ challengeId }),
  },
  {
    query: `# 16. Finish with the code.
#
# Copy it from the outbox into the variables. Five
# wrong ones use the challenge up.

mutation VerifyOtp($input: VerifyOtpInput!) {
  verifyOtp(input: $input) {
    ${tokens}
  }
}`,
    variables: ({ challengeId }) => ({ input: { challengeId, code: 'the 6 digits from the outbox' } }),
  },
  {
    query: `# 17. List what else leads into the account.
#
# Passkeys and accounts elsewhere: make some in the
# playground (/playground, at the top), which does
# what a browser alone can do.

query WaysIn {
  passkeys { id name createdAt lastUsedAt backedUp }
  identities { id provider email createdAt }
}`,
  },
  {
    query: `# 18. Ask for a nonce, before Google's or Apple's
# kit makes an ID token.
#
# The app sends both with signInWithGoogle or
# signInWithApple.

mutation CreateNonce {
  createNonce {
    __typename
    ... on Nonce { nonce expiresAt }
    ... on AuthError { code message retryAfterSeconds docUrl }
  }
}`,
  },
  {
    query: `# 19. Prove once more that it is you.
#
# What changes who gets in asks for a proof that is
# at most 5 minutes old (FRESH_PROOF_REQUIRED). The
# session stays, with new tokens.

mutation Reauthenticate($input: ReauthenticateInput!) {
  reauthenticate(input: $input) {
    ${tokens}
  }
}`,
    variables: ({ password }) => ({ input: { password } }),
  },
  {
    query: `# 20. Close the account.
#
# Every session ends at once. After two weeks it is
# erased; until then LogIn answers ACCOUNT_DELETED.

mutation DeleteAccount {
  deleteAccount {
    __typename
    ... on AccountDeleted { eraseAt }
    ... on AuthError { code message methods docUrl }
  }
}`,
  },
  {
    query: `# 21. Take it back.
#
# Run LogIn first: its answer brings a restoreToken,
# which this page fills in.

mutation RestoreAccount($input: RestoreAccountInput!) {
  restoreAccount(input: $input) {
    ${tokens}
  }
}`,
    variables: (known) => ({ input: { restoreToken: known.restoreToken, device: device(known) } }),
  },
];

/** The variables of an example as a person reads them. */
export function writeVariables({ variables }: Example, known: Known): string {
  return variables ? JSON.stringify(variables(known), null, 2) : '';
}

// Owns what the GraphiQL page remembers between requests, in its memory only: the person of the examples and the tokens.
// Runs in the browser; nothing in here knows the page.

/** What the variables of the examples are filled with. All of these differ from one another. */
export interface Known {
  email: string;
  password: string;
  newPassword: string;
  deviceId: string;
  /** Of a person without a password. */
  mailbox: string;
  phone: string;
  requestId: string;
  deviceSecret: string;
  challengeId: string;
  refreshToken: string;
  idempotencyKey: string;
  otherSessionId: string;
  restoreToken: string;
}

/** The tokens of the last sign-in or refresh. */
export interface SignedIn {
  accessToken: string;
  /** An address or a number; null where the answer was not asked for it. */
  who: string | null;
  expiresAt: number | null;
  /** Why the gateway would not take the access token any more, once it has said so. */
  refused: string | null;
}

export interface Memory {
  known: Known;
  signedIn: SignedIn | null;
}

/** A GraphQL answer. */
export interface Answer {
  data?: Record<string, unknown> | null;
  errors?: readonly { extensions?: { code?: string; reason?: string } }[];
}

const noRefreshToken = 'filled in by every sign-in';
const noOtherSession = 'filled in by Sessions, once there are two';
const noRestoreToken = 'filled in by LogIn, once the account is closed';

/**
 * A person nobody has met, so that signing up works on every visit. Where codes are really sent, no number is made up:
 * it would be somebody's.
 */
export function begin(sendsCodes = false): Memory {
  const known: Known = {
    email: `asha-${randomText(6)}@example.com`,
    password: inventPassword(),
    newPassword: inventPassword(),
    deviceId: `graphiql-${randomText(12)}`,
    mailbox: `ravi-${randomText(6)}@example.com`,
    phone: sendsCodes ? 'your own number, like +91 98765 43210' : `+9199999${randomText(5, '0123456789')}`,
    requestId: 'filled in by RequestMagicLink',
    deviceSecret: 'filled in by RequestMagicLink, too',
    challengeId: 'filled in by SendOtp',
    refreshToken: noRefreshToken,
    idempotencyKey: randomText(20),
    otherSessionId: noOtherSession,
    restoreToken: noRestoreToken,
  };
  return { known, signedIn: null };
}

/** Drops the tokens. */
export function forget({ known }: Memory): Memory {
  return { known: { ...known, refreshToken: noRefreshToken }, signedIn: null };
}

/** What is known after an answer. */
export function learn(memory: Memory, variables: unknown, answer: Answer): Memory {
  const { input = {} } = (variables ?? {}) as { input?: Record<string, unknown> };
  let { known, signedIn } = memory;
  for (const result of Object.values(answer.data ?? {})) {
    if (isTokens(result)) {
      signedIn = {
        accessToken: result.accessToken,
        who: result.user ? (result.user.email ?? result.user.phone ?? null) : (signedIn?.who ?? null),
        expiresAt:
          result.accessTokenExpiresIn === undefined ? null : Date.now() + result.accessTokenExpiresIn * 1000,
        refused: null,
      };
      const { email = known.email, password = known.password } = input as Partial<Known>;
      const { refreshToken } = result;
      known = { ...known, email, password, refreshToken, idempotencyKey: randomText(20) };
    } else if (isMagicLinkRequested(result)) {
      const { requestId, deviceSecret } = result;
      known = { ...known, requestId, deviceSecret };
    } else if (isClosed(result)) {
      known = { ...known, restoreToken: result.restoreToken };
    } else if (isOtpSent(result)) {
      known = { ...known, challengeId: result.challengeId };
    } else if (isSessions(result)) {
      const other = result.find((session) => session.current === false);
      known = { ...known, otherSessionId: other?.id ?? noOtherSession };
    } else if (isPasswordChanged(result) && typeof input.newPassword === 'string') {
      known = { ...known, password: input.newPassword, newPassword: inventPassword() };
    }
  }
  const refusal = answer.errors?.find(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  if (refusal && signedIn)
    signedIn = { ...signedIn, refused: refusal.extensions?.reason ?? 'UNAUTHENTICATED' };

  const loggedOut = answer.data?.logout === true && input.refreshToken === known.refreshToken;
  return loggedOut ? forget({ known, signedIn }) : { known, signedIn };
}

/** Brings variables up to date that were filled in by an earlier `known`. What a person typed instead stays. */
export function refill(variables: string, filled: Known, known: Known): string {
  const fresh = new Map<string, string>();
  for (const [name, value] of Object.entries(known)) {
    fresh.set(JSON.stringify(filled[name as keyof Known]), JSON.stringify(value));
  }
  // In one go: the new password of before is the password of now.
  return variables.replace(/"(?:[^"\\]|\\.)*"/g, (text) => fresh.get(text) ?? text);
}

interface Tokens {
  accessToken: string;
  refreshToken: string;
  accessTokenExpiresIn?: number;
  user?: { email?: string | null; phone?: string | null };
}

function isTokens(result: unknown): result is Tokens {
  const { accessToken, refreshToken } = (result ?? {}) as Partial<Tokens>;
  return typeof accessToken === 'string' && typeof refreshToken === 'string';
}

function isMagicLinkRequested(result: unknown): result is { requestId: string; deviceSecret: string } {
  const { __typename, requestId, deviceSecret } = (result ?? {}) as Record<string, unknown>;
  return (
    __typename === 'MagicLinkRequested' && typeof requestId === 'string' && typeof deviceSecret === 'string'
  );
}

function isOtpSent(result: unknown): result is { challengeId: string } {
  return typeof (result as { challengeId?: unknown } | null)?.challengeId === 'string';
}

function isClosed(result: unknown): result is { restoreToken: string } {
  return typeof (result as { restoreToken?: unknown } | null)?.restoreToken === 'string';
}

function isSessions(result: unknown): result is { id: string; current: boolean }[] {
  return Array.isArray(result) && typeof result[0]?.current === 'boolean' && typeof result[0].id === 'string';
}

function isPasswordChanged(result: unknown): boolean {
  return (result as { __typename?: string } | null)?.__typename === 'PasswordChanged';
}

/** 93 bits, in the shape that phones propose. */
function inventPassword(): string {
  return `${randomText(6)}-${randomText(6)}-${randomText(6)}`;
}

/** Not crypto.randomUUID: that one is missing where the page comes over plain HTTP from another machine. */
function randomText(length: number, letters = 'abcdefghijkmnopqrstuvwxyz0123456789'): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(length)), (n) => letters[n % letters.length]).join(
    '',
  );
}

// Owns what the GraphiQL page remembers between requests, in its memory only: the person of the examples and the tokens.
// Runs in the browser; nothing in here knows the page.

/** What the variables of the examples are filled with. All of these differ from one another. */
export interface Known {
  email: string;
  password: string;
  newPassword: string;
  deviceId: string;
  refreshToken: string;
  idempotencyKey: string;
  otherSessionId: string;
}

/** The tokens of the last sign-in or refresh. */
export interface SignedIn {
  accessToken: string;
  /** Null where the answer was not asked for it. */
  email: string | null;
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

const noRefreshToken = 'filled in by SignUp and LogIn';
const noOtherSession = 'filled in by Sessions, once there are two';

/** A person nobody has met, so that signing up works on every visit. */
export function begin(): Memory {
  const known: Known = {
    email: `asha-${randomText(6)}@example.com`,
    password: inventPassword(),
    newPassword: inventPassword(),
    deviceId: `graphiql-${randomText(12)}`,
    refreshToken: noRefreshToken,
    idempotencyKey: randomText(20),
    otherSessionId: noOtherSession,
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
        email: result.user?.email ?? signedIn?.email ?? null,
        expiresAt:
          result.accessTokenExpiresIn === undefined ? null : Date.now() + result.accessTokenExpiresIn * 1000,
        refused: null,
      };
      const { email = known.email, password = known.password } = input as Partial<Known>;
      const { refreshToken } = result;
      known = { ...known, email, password, refreshToken, idempotencyKey: randomText(20) };
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
  user?: { email?: string | null };
}

function isTokens(result: unknown): result is Tokens {
  const { accessToken, refreshToken } = (result ?? {}) as Partial<Tokens>;
  return typeof accessToken === 'string' && typeof refreshToken === 'string';
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
function randomText(length: number): string {
  const letters = 'abcdefghijkmnopqrstuvwxyz0123456789';
  return Array.from(crypto.getRandomValues(new Uint32Array(length)), (n) => letters[n % letters.length]).join(
    '',
  );
}

// What the tests of guessing share: trying a password, and counting what that came to.
import type { Test } from 'tap';
import { type Answer, type Gateway, operations, type Sending, type SignedIn } from '../../helper.js';

/** Settings that leave all refusals to the limit under test, on however slow a machine. */
export const roomy = {
  PASSWORD_ATTEMPTS_PER_NETWORK: '100000',
  PASSWORD_QUEUE_SECONDS: '30',
};

/** A login with this address and password. */
export function logIn(
  gateway: Gateway,
  input: { email: string; password: string; device?: object },
  sending?: Sending,
): Promise<Answer> {
  const { email, password, device } = input;
  return gateway.graphql(
    operations.login,
    { input: { email, password, ...(device && { device }) } },
    sending,
  );
}

/** A login of that person with a password that is not theirs. */
export function guess(
  gateway: Gateway,
  { email }: Pick<SignedIn, 'email'>,
  sending?: Sending,
): Promise<Answer> {
  return logIn(gateway, { email, password: 'not-the-password' }, sending);
}

/** A change of password by the holder of this token. */
export function changePassword(
  gateway: Gateway,
  token: string,
  currentPassword: string,
  newPassword: string,
  sending: Sending = {},
): Promise<Answer> {
  return gateway.graphql(
    operations.changePassword,
    { input: { currentPassword, newPassword } },
    { token, ...sending },
  );
}

/** What one mutation came to: the code of an AuthError, else the name of what it gave, else the errors. */
export function outcomeOf({ data, errors }: Answer): string {
  const [result] = Object.values<{ __typename: string; code?: string }>(data ?? {});
  return result?.code ?? result?.__typename ?? JSON.stringify(errors);
}

/** Whether the machine was too slow for its database: then a request is told so, and has come to nothing. */
export function isBusy({ errors }: Answer): boolean {
  return errors?.[0]?.extensions.code === 'UNAVAILABLE';
}

/** How often each outcome stands among the answers. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of answers.map(outcomeOf)) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/**
 * Shows that so many of these passed and all others met the limit. Where the machine was too slow for its database
 * and some came to nothing, no more than so many.
 */
export function onlySomePass(
  t: Test,
  answers: readonly Answer[],
  most: number,
  passed = 'INVALID_CREDENTIALS',
): void {
  const counted = answers.filter((answer) => !isBusy(answer));
  const { [passed]: pass = 0, TOO_MANY_ATTEMPTS: refused = 0, ...others } = tally(counted);
  t.same(others, {}, 'they pass, or meet the limit');
  t.equal(pass + refused, counted.length);
  if (counted.length === answers.length) t.equal(pass, most, `${most} pass, ${refused} do not`);
  else t.ok(pass <= most, `of the ${most} that may pass, ${pass} do`);
}

/** As many as asked for, at once. */
export function inParallel<T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => work(index)));
}

/** The argon2 computations of these gateways so far. */
export async function hashesOf(...gateways: Gateway[]): Promise<number> {
  const counters = await Promise.all(gateways.map(({ app }) => app.tools.metrics.passwordHashes.get()));
  return counters.reduce((sum, { values }) => sum + (values[0]?.value ?? 0), 0);
}

/** How many rows each of these tables has. */
export async function rowsOf({ sql }: Gateway, ...tables: string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const [row] = await sql<[{ rows: number }]>`select count(*)::int as rows from ${sql(table)}`;
    counts[table] = row.rows;
  }
  return counts;
}

/** A text for the title of a test, whatever stands in it. */
export function spelledOut(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text
    .slice(0, 80)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// Registers passkeys and signs in by them as apps do, with whatever plays the authenticator.
import { type Gateway, operations, randomNetwork, type Sending, type SignedIn } from '../../helper.js';

/** What makes passkeys and signs by them: options as text in, response as text out. */
export interface Authenticator {
  create(options: string): string | Promise<string>;
  get(options: string): string | Promise<string>;
}

/** What an operation came to: any of its fields, by name. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
export type Outcome = any;

/** Any operation of passkeys, each time from another network unless one is named. */
export async function ask(
  gateway: Gateway,
  operation: keyof typeof operations,
  input?: object,
  sending: Sending = {},
): Promise<Outcome> {
  const answer = await gateway.graphql(operations[operation], input && { input }, {
    from: randomNetwork(),
    ...sending,
  });
  if (!answer.data?.[operation]) throw new Error(`${operation} gave no data: ${answer.body}`);
  return answer.data[operation];
}

/** A further passkey for who holds the token. */
export async function register(
  gateway: Gateway,
  authenticator: Authenticator,
  token: string,
  name?: string,
): Promise<Outcome> {
  const started = await ask(gateway, 'startPasskeyRegistration', undefined, { token });
  if (started.__typename === 'AuthError') return started;
  const { challengeId, options } = started;
  const response = await authenticator.create(options);
  return ask(gateway, 'finishPasskeyRegistration', { challengeId, response, name }, { token });
}

/** A sign-in by whichever passkey the authenticator has. */
export async function signIn(
  gateway: Gateway,
  authenticator: Authenticator,
  device?: object,
): Promise<Outcome> {
  const { challengeId, options } = await ask(gateway, 'startPasskeySignIn');
  return ask(gateway, 'verifyPasskey', { challengeId, response: await authenticator.get(options), device });
}

/** An account that has nothing but a passkey. */
export async function signUpByPasskey(
  gateway: Gateway,
  authenticator: Authenticator,
  name = 'Asha',
): Promise<SignedIn & Outcome> {
  const { challengeId, options } = await ask(gateway, 'startPasskeySignup', { name });
  const response = await authenticator.create(options);
  return ask(gateway, 'finishPasskeySignup', { challengeId, response });
}

/** What a person reads of their own history, the newest first. */
export async function eventsOf(gateway: Gateway, token: string): Promise<Outcome[]> {
  const { edges } = await ask(gateway, 'loginEvents', undefined, { token });
  return edges.map(({ node }: { node: object }) => node);
}

/** Makes a session look as old as this, with its proof. */
export async function ageSession({ sql }: Gateway, id: string, seconds: number): Promise<void> {
  const by = `${seconds} seconds`;
  await sql`update sessions set created_at = created_at - ${by}::interval,
    reauthenticated_at = reauthenticated_at - ${by}::interval where id = ${id}`;
}

/** Lines of the log at level error or above: nothing that a person does may write any. */
export const faultsIn = ({ log }: Gateway): string[] => log.filter((line) => JSON.parse(line).level >= 50);

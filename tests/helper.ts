// Boots the real app on a database of its own and speaks GraphQL to it, as an app would.
import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import postgres from 'postgres';
import type { Test } from 'tap';
import { buildApp } from '../src/app.js';
import { type Config, readConfig } from '../src/config.js';
import { connect } from '../src/db/client.js';

/** What a GraphQL request came to. */
export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
  data: any;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  errors: any[] | undefined;
  /** The body as it was sent. */
  body: string;
}

/** How a request is sent: with which bearer and headers, from which address. */
export interface Sending {
  token?: string | undefined;
  headers?: Record<string, string>;
  from?: string;
}

/** A running gateway and the ways to talk to it. */
export interface Gateway {
  app: FastifyInstance;
  config: Config;
  /** The database, for what no API shows or makes: clocks turned back, rows counted. */
  sql: postgres.Sql;
  /** The name of its database, to build a second gateway on the same one. */
  database: string;
  /** Every line logged so far. */
  log: string[];
  /** A GraphQL request. */
  graphql(query: string, variables?: Record<string, unknown>, sending?: Sending): Promise<Answer>;
  /** Anything else over HTTP. */
  inject(options: InjectOptions): Promise<LightMyRequestResponse>;
}

/** Settings by the names of their variables. */
export type Environment = Record<string, string>;

const { server, template } = JSON.parse(process.env.TEST_POSTGRES ?? '{}') as {
  server: { host: string; port: number; user: string; password?: string; database: string };
  template: string;
};
const secretKey = randomBytes(32);

/** Where the tests' Postgres listens, for a proxy in front of it. */
export const postgresAddress = server?.host.startsWith('/')
  ? { path: `${server.host}/.s.PGSQL.${server.port}` }
  : { host: server?.host ?? '', port: server?.port ?? 0 };

/** Why tests that need Redis are not run, for `t.test(name, { skip: withoutRedis }, ...)`; false where there is one. */
export const withoutRedis = process.env.TEST_REDIS_URL ? false : 'no Redis: set TEST_REDIS_URL';

/** A test sends more than a network does; what is about the shield sets it. */
const unshielded = { REQUESTS_PER_MINUTE: '1000000' };
/** A busy machine is no fault of the database: only what looks for faults has the gateway's own patience. */
const patience = { DATABASE_TIMEOUT_MS: '20000' };

/**
 * Builds a gateway with a database of its own, or on that of another gateway (`on`), and closes it after the test.
 * Its own connections may go elsewhere, `through` a proxy; then it is as impatient as in production. Logs are kept, at
 * level `info`, instead of printed.
 */
export async function build(
  t: Test,
  environment: Environment = {},
  on?: Gateway,
  through?: { host?: string; port?: number },
): Promise<Gateway> {
  if (!server) throw new Error('there is no database: run the tests with `npm test -- <file>`');
  const database = on?.database ?? `test_${randomUUID().replaceAll('-', '')}`;
  if (!on) await administer(`create database ${database} template ${template}`);
  const config = readConfig(
    { NODE_ENV: 'test', LOG_LEVEL: 'info', ...unshielded, ...(!through && patience), ...environment },
    () => secretKey,
  );
  const connection = { ...server, database };
  const { db, close } = connect({ ...connection, ...through }, config);
  const sql = postgres({ ...connection, max: 2, onnotice: () => {} });
  const log: string[] = [];
  const app = await buildApp(config, db, { logStream: { write: (line) => void log.push(line) } });
  t.teardown(async () => {
    await app.close();
    await close(1);
    await sql.end({ timeout: 1 });
    if (!on) await administer(`drop database ${database} with (force)`);
  });

  const inject = (options: InjectOptions) => app.inject(options);
  const graphql: Gateway['graphql'] = async (query, variables = {}, { token, headers = {}, from } = {}) => {
    const response = await inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      payload: { query, variables },
      ...(from !== undefined && { remoteAddress: from }),
    });
    const { data, errors } = response.json();
    return { status: response.statusCode, headers: response.headers, data, errors, body: response.body };
  };
  return { app, config, sql, database, log, graphql, inject };
}

async function administer(statement: string): Promise<void> {
  const admin = postgres({ ...server, max: 1, onnotice: () => {} });
  try {
    await admin.unsafe(statement);
  } finally {
    await admin.end();
  }
}

/** All of a SignInResult that tests look at. */
export const signInFields = `
  __typename
  ... on SessionTokens {
    accessToken accessTokenExpiresAt accessTokenExpiresIn refreshToken refreshTokenExpiresAt serverTime tokenType
    user { id name email emailVerified phone phoneVerified createdAt }
    session { id current method network createdAt lastUsedAt expiresAt device { id name platform model osVersion appVersion } }
  }
  ... on EmailProofRequired { requestId deviceSecret expiresAt }
  ... on AuthError { code message retryAfterSeconds docUrl methods restoreToken eraseAt }`;

const passkeyFields = 'id name createdAt lastUsedAt backedUp copiedAt';
const signalFields = 'signals { rpId userId acceptedCredentialIds name displayName }';
const identityFields = 'id method provider email isPrivateRelay forwardsMail createdAt';
const failure = '... on AuthError { code message retryAfterSeconds methods }';

/** The operations of the contract, as an app would send them. */
export const operations = {
  signup: `mutation Signup($input: SignupInput!) { signup(input: $input) { ${signInFields} } }`,
  login: `mutation Login($input: LoginInput!) { login(input: $input) { ${signInFields} } }`,
  refreshSession: `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${signInFields} } }`,
  logout: 'mutation Logout($input: LogoutInput!) { logout(input: $input) }',
  logoutEverywhere: `mutation LogoutEverywhere($keepCurrent: Boolean) {
    logoutEverywhere(keepCurrent: $keepCurrent) { __typename ... on SessionsRevoked { revokedSessionIds } ... on AuthError { code } } }`,
  revokeSession: `mutation Revoke($input: RevokeSessionInput!) {
    revokeSession(input: $input) { __typename ... on SessionsRevoked { revokedSessionIds } ... on AuthError { code } } }`,
  changePassword: `mutation ChangePassword($input: ChangePasswordInput!) { changePassword(input: $input) {
    __typename ... on PasswordChanged { user { id } revokedSessionIds } ... on AuthError { code retryAfterSeconds } } }`,
  requestMagicLink: `mutation RequestMagicLink($input: RequestMagicLinkInput!) { requestMagicLink(input: $input) {
    __typename ... on MagicLinkRequested { requestId deviceSecret expiresAt resendAt } ... on AuthError { code retryAfterSeconds } } }`,
  verifyMagicLink: `mutation VerifyMagicLink($input: VerifyMagicLinkInput!) { verifyMagicLink(input: $input) { ${signInFields} } }`,
  verifyEmail: `mutation VerifyEmail($input: VerifyEmailInput!) { verifyEmail(input: $input) { ${signInFields} } }`,
  sendOtp: `mutation SendOtp($input: SendOtpInput!) { sendOtp(input: $input) {
    __typename ... on OtpSent { challengeId expiresAt resendAt } ... on AuthError { code retryAfterSeconds } } }`,
  resendOtp: `mutation ResendOtp($input: ResendOtpInput!) { resendOtp(input: $input) {
    __typename ... on OtpSent { challengeId expiresAt resendAt } ... on AuthError { code retryAfterSeconds } } }`,
  verifyOtp: `mutation VerifyOtp($input: VerifyOtpInput!) { verifyOtp(input: $input) { ${signInFields} } }`,
  otpDelivery:
    'query Delivery($challengeId: ID!) { otpDelivery(challengeId: $challengeId) { status channel } }',
  startPasskeyRegistration: `mutation { startPasskeyRegistration {
    __typename ... on PasskeyCreationStarted { challengeId options expiresAt } ${failure} } }`,
  finishPasskeyRegistration: `mutation Finish($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) {
    __typename ... on PasskeyRegistered { passkey { ${passkeyFields} } ${signalFields} } ${failure} } }`,
  startPasskeySignIn: `mutation { startPasskeySignIn {
    __typename ... on PasskeySignInStarted { challengeId options expiresAt } ${failure} } }`,
  verifyPasskey: `mutation Verify($input: VerifyPasskeyInput!) { verifyPasskey(input: $input) { ${signInFields} } }`,
  startPasskeySignup: `mutation Start($input: StartPasskeySignupInput!) { startPasskeySignup(input: $input) {
    __typename ... on PasskeyCreationStarted { challengeId options expiresAt } ${failure} } }`,
  finishPasskeySignup: `mutation Finish($input: FinishPasskeySignupInput!) { finishPasskeySignup(input: $input) { ${signInFields} } }`,
  renamePasskey: `mutation Rename($input: RenamePasskeyInput!) { renamePasskey(input: $input) {
    __typename ... on PasskeyRenamed { passkey { ${passkeyFields} } } ${failure} } }`,
  deletePasskey: `mutation Delete($input: DeletePasskeyInput!) { deletePasskey(input: $input) {
    __typename ... on PasskeyDeleted { id ${signalFields} } ${failure} } }`,
  passkeys: `{ passkeys { ${passkeyFields} } }`,
  passkeySignals: '{ passkeySignals { rpId userId acceptedCredentialIds name displayName } }',
  createNonce: `mutation { createNonce { __typename ... on Nonce { nonce expiresAt } ${failure} } }`,
  signInWithGoogle: `mutation Google($input: SignInWithGoogleInput!) { signInWithGoogle(input: $input) { ${signInFields} } }`,
  signInWithApple: `mutation Apple($input: SignInWithAppleInput!) { signInWithApple(input: $input) { ${signInFields} } }`,
  signInWithFirebase: `mutation Firebase($input: SignInWithFirebaseInput!) { signInWithFirebase(input: $input) { ${signInFields} } }`,
  startSocialSignIn: `mutation Start($input: StartSocialSignInInput!) { startSocialSignIn(input: $input) {
    __typename ... on SocialSignInStarted { authorizationUrl expiresAt } ${failure} } }`,
  finishSocialSignIn: `mutation Finish($input: FinishSocialSignInInput!) { finishSocialSignIn(input: $input) { ${signInFields} } }`,
  identities: `{ identities { ${identityFields} } }`,
  linkIdentity: `mutation Link($input: LinkIdentityInput!) { linkIdentity(input: $input) {
    __typename ... on IdentityLinked { identity { ${identityFields} } } ${failure} } }`,
  unlinkIdentity: `mutation Unlink($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) {
    __typename ... on IdentityUnlinked { id } ${failure} } }`,
  reauthenticate: `mutation Prove($input: ReauthenticateInput!) { reauthenticate(input: $input) { ${signInFields} } }`,
  deleteAccount: `mutation { deleteAccount { __typename ... on AccountDeleted { eraseAt } ${failure} } }`,
  restoreAccount: `mutation Restore($input: RestoreAccountInput!) { restoreAccount(input: $input) { ${signInFields} } }`,
  me: '{ me { id name email emailVerified phone phoneVerified createdAt } }',
  sessions: `{ sessions { id current method network createdAt lastUsedAt expiresAt
    device { id name platform model osVersion appVersion } } }`,
  loginEvents: `query Events($first: Int, $after: String) { loginEvents(first: $first, after: $after) {
    edges { cursor node { id kind method failure occurredAt sessionId network clientName clientVersion device { name } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
} as const;

/** A password that passes the policy. */
export const goodPassword = 'orange-kettle-42-window';

/** Tokens as they came, with what belongs to them. */
export interface SignedIn {
  accessToken: string;
  refreshToken: string;
  email: string;
  password: string;
  user: { id: string; email: string };
  session: { id: string };
}

/** Signs a new person up, each time from another network so that the rate of signups stays out of the way. */
export async function signUp(
  gateway: Gateway,
  input: { email?: string; password?: string; name?: string; device?: object } = {},
  sending: Sending = {},
): Promise<SignedIn> {
  const email = input.email ?? `${randomUUID()}@example.com`;
  const password = input.password ?? goodPassword;
  const answer = await gateway.graphql(
    operations.signup,
    { input: { ...input, email, password } },
    { from: randomNetwork(), ...sending },
  );
  if (answer.data?.signup?.__typename !== 'SessionTokens') throw new Error(`signup failed: ${answer.body}`);
  return { ...answer.data.signup, email, password };
}

/** An IPv4 address nobody else has. */
export function randomNetwork(): string {
  return `10.${[...randomBytes(3)].join('.')}`;
}

import { randomUUID } from 'node:crypto';
import t from 'tap';
import {
  build,
  type Gateway,
  operations,
  randomNetwork,
  type Sending,
  type SignedIn,
  signUp,
} from '../helper.js';
import { untilSomebodyWaits } from '../statements.js';

const gateway = await build(t);
const replica = await build(t, {}, gateway);
const { sql } = gateway;

interface Listed {
  id: string;
  current: boolean;
  method: string;
  network: string;
  device: object | null;
  createdAt: string;
  lastUsedAt: string;
  expiresAt: string;
}

async function logIn(
  { email, password }: Pick<SignedIn, 'email' | 'password'>,
  device?: object,
  sending: Sending = {},
  at: Gateway = gateway,
): Promise<SignedIn> {
  const input = { email, password, ...(device && { device }) };
  const { data, body } = await at.graphql(operations.login, { input }, { from: randomNetwork(), ...sending });
  if (data?.login?.__typename !== 'SessionTokens') throw new Error(`login failed: ${body}`);
  return { ...data.login, email, password };
}

async function list(
  { accessToken }: Pick<SignedIn, 'accessToken'>,
  at: Gateway = gateway,
): Promise<Listed[]> {
  return (await at.graphql(operations.sessions, {}, { token: accessToken })).data.sessions;
}

async function logout(refreshToken: string, sending: Sending = {}) {
  const { status, data } = await gateway.graphql(operations.logout, { input: { refreshToken } }, sending);
  return `${status} ${data?.logout}`;
}

async function refresh(refreshToken: string, sending: Sending = {}, at: Gateway = gateway) {
  const { data } = await at.graphql(operations.refreshSession, { input: { refreshToken } }, sending);
  return data.refreshSession as SignedIn & { __typename: string; code?: string };
}

async function revoke(asking: Pick<SignedIn, 'accessToken'>, id: string) {
  return gateway.graphql(operations.revokeSession, { input: { id } }, { token: asking.accessToken });
}

/** How `me` answers an access token at each replica. */
async function ask(token: string) {
  const answers = [];
  for (const at of [gateway, replica]) {
    const { status, errors } = await at.graphql(operations.me, {}, { token });
    answers.push(errors ? errors[0].extensions.reason : status);
  }
  return answers.join();
}

async function lastUsed({ session }: Pick<SignedIn, 'session'>, ago: string) {
  await sql`update sessions set last_used_at = now() - ${ago}::interval where id = ${session.id}`;
}

async function eventsOf({ session }: Pick<SignedIn, 'session'>) {
  return (await sql`select kind from login_events where session_id = ${session.id} order by id`).map(
    (event) => event.kind,
  );
}

t.test('sessions lists the live ones, the one used last first, and marks the one that asks', async (t) => {
  const phone = {
    name: 'Asha’s Pixel',
    platform: 'ANDROID',
    model: 'Pixel 9',
    osVersion: '16',
    appVersion: '3.1',
  };
  const first = await signUp(gateway, { device: { ...phone, id: 'device-1' } }, { from: '203.0.113.7' });
  const second = await logIn(first, undefined, { from: '2001:db8:1:2:3:4:5:6' });
  const third = await logIn(first, { platform: 'IOS' }, { from: '::ffff:198.51.100.4' });
  await lastUsed(third, '1 hour');

  const all = await list(first);
  t.strictSame(
    all.map(({ id, current }) => [id, current]),
    [
      [second.session.id, false],
      [first.session.id, true],
      [third.session.id, false],
    ],
  );
  t.match(all[0], { method: 'PASSWORD', network: '2001:db8:1:2::/64', device: null });
  t.match(all[1], { method: 'PASSWORD', network: '203.0.113.7', device: { ...phone, id: 'device-1' } });
  t.match(all[2], { network: '198.51.100.4', device: { platform: 'IOS', id: null, name: null } });
  for (const { createdAt, lastUsedAt, expiresAt } of all) {
    t.ok(Date.parse(lastUsedAt) <= Date.now() && Date.parse(createdAt) <= Date.now());
    t.equal(Date.parse(expiresAt) - Date.parse(lastUsedAt), 30 * 86_400_000, 'the idle end is nearer');
  }

  await refresh(third.refreshToken, { from: '198.51.100.9' });
  const [top] = await list(second);
  t.match(top, { id: third.session.id, network: '198.51.100.9', current: false });
});

t.test('sessions shows neither ended, lapsed nor foreign ones', async (t) => {
  const first = await signUp(gateway);
  const [ended, idle, old] = [await logIn(first), await logIn(first), await logIn(first)];
  await signUp(gateway);
  await logout(ended.refreshToken);
  await lastUsed(idle, '30 days 1 second');
  await sql`update sessions set ends_at = now() where id = ${old.session.id}`;
  t.strictSame(
    (await list(first)).map(({ id }) => id),
    [first.session.id],
  );
});

t.test('a session says which app it belongs to, if the app is one of ours', async (t) => {
  const at = await build(t, { APP_CLIENT_IDS: 'acme-ios, acme-android' }, gateway);
  const claimsOf = async (name: string) => {
    const { accessToken } = await signUp(at, {}, { headers: { 'apollographql-client-name': name } });
    return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  };
  t.equal((await claimsOf('acme-android')).client_id, 'acme-android');
  t.equal((await claimsOf('somebody-else')).client_id, 'acme-ios');
});

t.test('a new sign-in is a new session, whatever came with it', async (t) => {
  const first = await signUp(gateway);
  const input = { email: first.email, password: first.password };
  const { data } = await gateway.graphql(operations.login, { input }, { token: first.accessToken });
  t.not(data.login.session.id, first.session.id);
  t.equal(await ask(first.accessToken), '200,200', 'and the old one goes on');
});

t.test('the cap on sessions ends the one unused for longest', async (t) => {
  const capped = await build(t, { SESSIONS_PER_USER: '3' }, gateway);
  const first = await signUp(gateway);
  const [second, third] = [
    await logIn(first, undefined, {}, capped),
    await logIn(first, undefined, {}, capped),
  ];
  await lastUsed(first, '3 hours');
  await lastUsed(second, '2 hours');
  await lastUsed(third, '1 hour');
  await refresh(first.refreshToken);

  const fourth = await logIn(first, undefined, {}, capped);
  t.strictSame(
    (await list(fourth)).map(({ id }) => id),
    [fourth, first, third].map(({ session }) => session.id),
  );
  t.equal(await ask(second.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.equal((await refresh(second.refreshToken)).code, 'SESSION_REVOKED');
  t.strictSame(await eventsOf(second), ['SIGN_IN', 'REVOCATION']);
});

t.test('twenty sign-ins at once at two replicas keep to the cap exactly', async (t) => {
  const environment = { SESSIONS_PER_USER: '5', PASSWORD_ATTEMPTS: '1000', PASSWORD_QUEUE_SECONDS: '30' };
  const [one, two] = [await build(t, environment, gateway), await build(t, environment, gateway)];
  const first = await signUp(gateway);
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, turn) => logIn(first, undefined, {}, turn % 2 ? one : two)),
  );
  const answers = await Promise.all(all.map(({ accessToken }) => ask(accessToken)));
  t.equal(answers.filter((answer) => answer === '200,200').length, 5);
  const survivor = all[answers.indexOf('200,200')];
  t.equal((await list({ accessToken: survivor?.accessToken ?? '' })).length, 5);
});

t.test('a sign-in that drives a session out does not clash with the end of that session', async (t) => {
  const capped = await build(t, { SESSIONS_PER_USER: '1' }, gateway);
  const first = await signUp(capped);
  // Both wait for the row of the session, the logout first; with its event it then refers to the person.
  const blocker = await sql.reserve();
  await blocker`begin`;
  await blocker`select from sessions where id = ${first.session.id} for update`;
  const ending = logout(first.refreshToken);
  await untilSomebodyWaits(gateway);
  const starting = logIn(first, undefined, {}, capped);
  await untilSomebodyWaits(gateway, 2);
  await blocker`commit`;
  blocker.release();
  t.equal(await ending, '200 true');
  t.equal((await list(await starting)).length, 1);
});

t.test('logout ends the session at once everywhere, and again says true', async (t) => {
  const first = await signUp(gateway);
  const other = await logIn(first);
  t.equal(await logout(first.refreshToken), '200 true');
  t.equal(await ask(first.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.equal((await refresh(first.refreshToken)).code, 'SESSION_REVOKED');
  t.equal(await logout(first.refreshToken), '200 true');
  t.strictSame(await eventsOf(first), ['SIGN_UP', 'SIGN_OUT'], 'one event');
  t.equal(await ask(other.accessToken), '200,200');
});

t.test('logout takes any token of the session, however old, and never counts as reuse', async (t) => {
  const first = await signUp(gateway);
  const second = await refresh(first.refreshToken);
  await refresh(second.refreshToken);
  await sql`update sessions set rotated_at = now() - interval '1 day' where id = ${first.session.id}`;
  t.equal(await logout(first.refreshToken), '200 true');
  const [row] = await sql`select revocation_reason from sessions where id = ${first.session.id}`;
  t.equal(row?.revocation_reason, 'logout');
});

t.test('no refresh that races a logout outlives it', async (t) => {
  for (let round = 0; round < 10; round += 1) {
    const { accessToken, refreshToken } = await signUp(gateway);
    const racing = Array.from({ length: 6 }, (_, turn) =>
      refresh(refreshToken, {}, turn % 2 ? gateway : replica),
    );
    racing.splice(round % 6, 0, logout(refreshToken) as never);
    const won = (await Promise.all(racing)).filter((answer) => answer.__typename === 'SessionTokens');
    for (const tokens of [...won, { accessToken, refreshToken }]) {
      t.equal(await ask(tokens.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
      t.equal((await refresh(tokens.refreshToken)).code, 'SESSION_REVOKED');
    }
  }
});

t.test('logout says true for an unknown token and for garbage, and touches nothing', async (t) => {
  const first = await signUp(gateway);
  const stranger = await signUp(gateway);
  await sql`delete from sessions where id = ${stranger.session.id}`;
  const garbage = [
    '',
    'x',
    'dwr_',
    first.accessToken,
    `${first.refreshToken}A`,
    first.session.id,
    "' or true --",
    '\0',
  ];
  for (const token of [stranger.refreshToken, ...garbage]) {
    t.equal(await logout(token), '200 true', JSON.stringify(token.slice(0, 20)));
  }
  t.equal(await ask(first.accessToken), '200,200');
});

const badHeaders = [
  '',
  'Bearer',
  'Bearer ',
  'Bearer x',
  'Bearer a.b.c',
  'Basic dXNlcjpwYXNz',
  'Bearer null',
  'é',
];

t.test('sign-in, refresh and logout are not disturbed by a bad Authorization header', async (t) => {
  const { accessToken: revoked, refreshToken } = await signUp(gateway);
  await logout(refreshToken);
  for (const authorization of [
    ...badHeaders,
    `Bearer ${revoked}`,
    `Bearer ${revoked.slice(0, -8)}AAAAAAAA`,
  ]) {
    const sending = { headers: { authorization } };
    const first = await signUp(gateway, {}, sending);
    const second = await logIn(first, undefined, sending);
    t.equal((await refresh(second.refreshToken, sending)).__typename, 'SessionTokens', authorization);
    t.equal(await logout(second.refreshToken, sending), '200 true');
    t.equal(await ask(second.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  }
});

t.test('revokeSession ends one session of the person who asks, its own too', async (t) => {
  const first = await signUp(gateway);
  const second = await logIn(first);
  const { data } = await revoke(first, second.session.id.toUpperCase());
  t.strictSame(data.revokeSession, { __typename: 'SessionsRevoked', revokedSessionIds: [second.session.id] });
  t.equal(await ask(second.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.equal((await refresh(second.refreshToken)).code, 'SESSION_REVOKED');
  t.strictSame(await eventsOf(second), ['SIGN_IN', 'REVOCATION']);

  t.match((await revoke(first, first.session.id)).data.revokeSession, {
    revokedSessionIds: [first.session.id],
  });
  t.equal(await ask(first.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
});

t.test(
  'revokeSession finds neither foreign, ended, lapsed, unknown nor malformed ids, in one answer',
  async (t) => {
    const [asking, stranger] = [await signUp(gateway), await signUp(gateway)];
    const [ended, idle] = [await logIn(asking), await logIn(asking)];
    await logout(ended.refreshToken);
    await lastUsed(idle, '31 days');
    const malformed = [
      '',
      ' ',
      'x',
      `${asking.session.id} `,
      `{${asking.session.id}}`,
      "' or true --",
      '1',
      '%',
      '\0',
    ];
    const ids = [
      stranger.session.id,
      ended.session.id,
      idle.session.id,
      randomUUID(),
      stranger.user.id,
      ...malformed,
    ];
    const answers = [];
    for (const id of ids) answers.push(await revoke(asking, id));
    const [{ body } = { body: '' }] = answers;
    t.match(JSON.parse(body), {
      data: { revokeSession: { __typename: 'AuthError', code: 'SESSION_NOT_FOUND' } },
    });
    for (const answer of answers) t.strictSame([answer.status, answer.body], [200, body]);

    t.equal(await ask(stranger.accessToken), '200,200');
    t.strictSame(await eventsOf(stranger), ['SIGN_UP']);
    t.strictSame(await eventsOf(ended), ['SIGN_IN', 'SIGN_OUT']);
    t.strictSame(await eventsOf(idle), ['SIGN_IN']);
  },
);

t.test('logoutEverywhere ends every session of the person, and of nobody else', async (t) => {
  const stranger = await signUp(gateway);
  const first = await signUp(gateway);
  const [second, third] = [await logIn(first), await logIn(first)];
  const spare = { keepCurrent: true };
  const others = await gateway.graphql(operations.logoutEverywhere, spare, { token: first.accessToken });
  t.same(others.data.logoutEverywhere.revokedSessionIds.sort(), [second.session.id, third.session.id].sort());
  t.equal(await ask(first.accessToken), '200,200');
  for (const { accessToken, refreshToken } of [second, third]) {
    t.equal(await ask(accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
    t.equal((await refresh(refreshToken)).code, 'SESSION_REVOKED');
  }
  const fourth = await logIn(first);
  const all = await gateway.graphql(
    'mutation { logoutEverywhere { __typename } }',
    {},
    { token: fourth.accessToken },
  );
  t.equal(all.data.logoutEverywhere.__typename, 'SessionsRevoked');
  t.equal(await ask(first.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.equal(await ask(fourth.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.strictSame(await eventsOf(fourth), ['SIGN_IN', 'REVOCATION']);
  t.equal(await ask(stranger.accessToken), '200,200');
  t.equal((await refresh(stranger.refreshToken)).__typename, 'SessionTokens');
});

t.test('what needs a bearer is refused without a good one, and nothing happens', async (t) => {
  const first = await signUp(gateway);
  const asked: [string, Record<string, unknown>][] = [
    [operations.sessions, {}],
    [operations.logoutEverywhere, {}],
    [operations.revokeSession, { input: { id: first.session.id } }],
  ];
  for (const [operation, variables] of asked) {
    for (const token of [undefined, 'x', first.refreshToken]) {
      t.equal((await gateway.graphql(operation, variables, { token })).status, 401);
    }
  }
  t.equal(await ask(first.accessToken), '200,200');
});

t.test('a disabled account is closed on every pathway, and its sessions with it', async (t) => {
  const first = await signUp(gateway);
  const second = await logIn(first);
  t.equal(await ask(second.accessToken), '200,200');
  await sql`update users set disabled_at = now() where id = ${first.user.id}`;

  t.equal(await ask(first.accessToken), 'SESSION_REVOKED,SESSION_REVOKED');
  t.equal((await refresh(first.refreshToken)).code, 'ACCOUNT_DISABLED');
  const input = { email: first.email, password: first.password };
  const { data } = await gateway.graphql(operations.login, { input });
  t.equal(data.login.code, 'ACCOUNT_DISABLED');
  const wrong = await gateway.graphql(operations.login, {
    input: { ...input, password: 'wrong-wrong-wrong' },
  });
  t.equal(wrong.data.login.code, 'INVALID_CREDENTIALS', 'told only to who knows the password');
  for (const [operation, variables] of [
    [operations.sessions, {}],
    [operations.loginEvents, {}],
    [operations.logoutEverywhere, {}],
    [operations.revokeSession, { input: { id: second.session.id } }],
    [
      operations.changePassword,
      { input: { currentPassword: first.password, newPassword: `${first.password}!` } },
    ],
  ] as const) {
    const answer = await gateway.graphql(operation, variables, { token: first.accessToken });
    t.match(answer, { status: 401, errors: [{ extensions: { reason: 'SESSION_REVOKED' } }] });
  }
  const [opened] = await sql`select count(*)::int as count from sessions where user_id = ${first.user.id}`;
  t.equal(opened?.count, 2);
  t.equal(await logout(second.refreshToken), '200 true');
});

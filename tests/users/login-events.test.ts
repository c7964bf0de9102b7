import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { sweepLoginEvents } from '../../src/users/login-events.js';
import { build, type Gateway, operations, signUp } from '../helper.js';
import { changePassword, guess, logIn, outcomeOf, rowsOf, spelledOut } from '../sign-in/password/guessing.js';

const gateway = await build(t);

const query = `query Events($first: Int, $after: String) { loginEvents(first: $first, after: $after) {
  edges { cursor node {
    id kind method failure occurredAt sessionId network clientName clientVersion
    device { id name platform model osVersion appVersion } } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;

interface Page {
  edges: { cursor: string; node: { id: string; kind: string } & Record<string, unknown> }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

const ask = (token: string, variables = {}, on: Gateway = gateway) => on.graphql(query, variables, { token });
const page = async (token: string, variables = {}): Promise<Page> =>
  (await ask(token, variables)).data.loginEvents;

t.test('every attempt leaves one event, with all that is known of it', async (t) => {
  const device = {
    id: 'd-1',
    name: 'Asha’s Pixel',
    platform: 'ANDROID',
    model: 'Pixel 9',
    osVersion: '16',
    appVersion: '1.2',
  };
  const headers = { 'apollographql-client-name': 'shop-android', 'apollographql-client-version': '7.1.0' };
  const from = '10.11.12.13';
  const begun = Date.now();
  const person = await signUp(gateway, { device }, { from, headers });
  await logIn(
    gateway,
    { ...person, password: 'not-the-password', device },
    { from: '2001:db8:1:2::3', headers },
  );
  const login = await logIn(gateway, { ...person, device }, { from, headers });
  await changePassword(gateway, person.accessToken, 'not-the-password', 'violet-ladder-73-canyon', {
    from,
    headers,
  });
  await gateway.graphql(
    operations.logout,
    { input: { refreshToken: login.data.login.refreshToken } },
    { from },
  );

  const { edges } = await page(person.accessToken);
  const common = { network: from, clientName: 'shop-android', clientVersion: '7.1.0', device, failure: null };
  t.match(
    edges.map(({ node }) => node),
    [
      {
        kind: 'SIGN_OUT',
        method: null,
        sessionId: login.data.login.session.id,
        network: from,
        clientName: null,
      },
      {
        ...common,
        kind: 'PASSWORD_CHANGE',
        method: 'PASSWORD',
        failure: 'INVALID_CREDENTIALS',
        sessionId: person.session.id,
      },
      { ...common, kind: 'SIGN_IN', method: 'PASSWORD', sessionId: login.data.login.session.id },
      {
        ...common,
        kind: 'SIGN_IN',
        method: 'PASSWORD',
        failure: 'INVALID_CREDENTIALS',
        sessionId: null,
        network: '2001:db8:1:2::/64',
      },
      { ...common, kind: 'SIGN_UP', method: 'PASSWORD', sessionId: person.session.id },
    ],
  );
  t.equal(edges.length, 5);
  for (const { node } of edges) {
    const at = Date.parse(String(node.occurredAt));
    t.ok(at >= begun - 1000 && at <= Date.now() + 1000);
  }
});

t.test('refusals are on record by their code, with nobody’s address', async (t) => {
  const gateway = await build(t, { PASSWORD_ATTEMPTS: '1' });
  const person = await signUp(gateway, { email: 'meera@example.com' });
  await guess(gateway, person);
  await guess(gateway, person);
  await gateway.sql`update users set disabled_at = now()`;
  await logIn(gateway, person, { from: '10.0.0.9' });
  await guess(gateway, { email: 'stranger@example.com' });
  const events = await gateway.sql`select * from login_events order by id`;
  const known = person.user.id;
  t.match(events, [
    { kind: 'SIGN_UP', failure: null, user_id: known },
    { kind: 'SIGN_IN', failure: 'INVALID_CREDENTIALS', user_id: known },
    { kind: 'SIGN_IN', failure: 'TOO_MANY_ATTEMPTS', user_id: known },
    { kind: 'SIGN_IN', failure: 'ACCOUNT_DISABLED', user_id: known, session_id: null },
    { kind: 'SIGN_IN', failure: 'INVALID_CREDENTIALS', user_id: null },
  ]);
  t.equal(events.length, 5);
  t.notMatch(JSON.stringify(events), /meera|stranger|example/);
  t.ok(
    events.every(({ request_id }) => gateway.log.some((line) => line.includes(request_id))),
    'the log has the rest',
  );
});

t.test('events are counted for operators by kind, method and outcome', async (t) => {
  const gateway = await build(t);
  const person = await signUp(gateway);
  await guess(gateway, person);
  await logIn(gateway, person);
  const { values } = await gateway.app.tools.metrics.loginEvents.get();
  t.match(
    values.map(({ labels, value }) => `${labels.kind} ${labels.method} ${labels.outcome} ${value}`).sort(),
    ['SIGN_IN PASSWORD INVALID_CREDENTIALS 1', 'SIGN_IN PASSWORD success 1', 'SIGN_UP PASSWORD success 1'],
  );
});

t.test('what a client calls itself is kept if it can be shown', async (t) => {
  const person = await signUp(gateway);
  const names: [string, string | null][] = [
    ['shop-ios', 'shop-ios'],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['x'.repeat(101), null],
    ['', null],
    ['  ', null],
    ['a\tb', null],
    ['\u0085', null],
  ];
  for (const [name, shown] of names) {
    const headers = { 'apollographql-client-name': name, 'apollographql-client-version': name };
    t.equal(outcomeOf(await logIn(gateway, person, { headers })), 'SessionTokens');
    const { edges } = await page(person.accessToken, { first: 1 });
    t.match(edges, [{ node: { clientName: shown, clientVersion: shown } }], spelledOut(name));
  }
});

t.test('pages follow each other without gaps or repeats, also while new events come', async (t) => {
  const person = await signUp(gateway);
  for (let i = 0; i < 6; i++) await guess(gateway, person);
  const all = await page(person.accessToken);
  t.equal(all.edges.length, 7);
  t.match(all.pageInfo, {
    hasNextPage: false,
    hasPreviousPage: false,
    startCursor: all.edges[0]?.cursor,
    endCursor: all.edges[6]?.cursor,
  });
  t.same(
    all.edges.map(({ node }) => Number(node.id)),
    all.edges.map(({ node }) => Number(node.id)).toSorted((a, b) => b - a),
  );

  const seen: string[] = [];
  let after: string | null = null;
  for (const [size, more] of [
    [3, true],
    [3, true],
    [1, false],
  ] as const) {
    const { edges, pageInfo }: Page = await page(person.accessToken, { first: 3, after });
    t.equal(edges.length, size);
    t.equal(pageInfo.hasNextPage, more);
    t.equal(pageInfo.hasPreviousPage, false);
    seen.push(...edges.map(({ node }) => node.id));
    after = pageInfo.endCursor;
    await guess(gateway, person);
  }
  t.same(
    seen,
    all.edges.map(({ node }) => node.id),
  );

  const exact = await page(person.accessToken, { first: 10 });
  t.match(
    [exact.edges.length, exact.pageInfo.hasNextPage],
    [10, false],
    'a page that is just full is the last',
  );
  const beyond = await page(person.accessToken, { after: all.edges[6]?.cursor });
  t.same(beyond, {
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  });
});

t.test('without first there are twenty, and at most a hundred', async (t) => {
  const person = await signUp(gateway);
  await gateway.sql`
    insert into login_events (user_id, kind) select ${person.user.id}::uuid, 'SIGN_IN' from generate_series(1, 120)`;
  t.equal((await page(person.accessToken)).edges.length, 20);
  t.equal((await page(person.accessToken, { first: 100 })).edges.length, 100);
  for (const first of [0, -1, 101, 2 ** 31 - 1, 2 ** 31, 1.5, '5', null]) {
    const { errors, data } = await ask(person.accessToken, { first });
    t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], String(first));
    t.notOk(data?.loginEvents);
  }
});

t.test('a cursor is one that was given out, in its own spelling', async (t) => {
  const person = await signUp(gateway);
  const { edges } = await page(person.accessToken);
  const cursor = String(edges[0]?.cursor);
  t.match(cursor, /^[\w-]+$/);
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  for (const after of [
    '',
    ' ',
    'nonsense',
    '1',
    `${cursor} `,
    `${cursor}=`,
    `${cursor}.`,
    encode('event:'),
    encode('event:-1'),
    encode('event:1.5'),
    encode('event:1e3'),
    encode('event:01'),
    encode('event:9999999999999999'),
    encode('event:1 or 1=1'),
    encode('user:1'),
    encode('event:1\n'),
    'ZXZlbnQ6MQ==',
    'x'.repeat(10_000),
  ]) {
    const { errors } = await ask(person.accessToken, { after });
    t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], spelledOut(after));
  }
});

t.test('nobody sees what happened at another one’s doors', async (t) => {
  const asha = await signUp(gateway);
  const ravi = await signUp(gateway);
  for (let i = 0; i < 3; i++) await guess(gateway, asha);
  const hers = await page(asha.accessToken);
  const his = await page(ravi.accessToken, { first: 100 });
  t.same(
    his.edges.map(({ node }) => [node.kind, node.sessionId]),
    [['SIGN_UP', ravi.session.id]],
  );
  const after = hers.edges[0]?.cursor;
  const behind = await page(ravi.accessToken, { first: 100, after });
  t.same(
    behind.edges.map(({ node }) => node.id),
    his.edges.map(({ node }) => node.id),
    'her cursor is only a place',
  );
  const { status, errors } = await gateway.graphql(query);
  t.match({ status, errors }, { status: 401, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
});

t.test('an event does not wait for a sign-in that is under way', async (t) => {
  const person = await signUp(gateway);
  let failed: Promise<unknown> | undefined;
  let done = false;
  await gateway.sql.begin(async (tx) => {
    // As a sign-in holds the person until it commits.
    await tx`select 1 from users where id = ${person.user.id} for no key update`;
    failed = guess(gateway, person).then(() => {
      done = true;
    });
    for (let i = 0; i < 200 && !done; i++) await sleep(10);
    t.ok(done);
  });
  await failed;
});

t.test('events are removed after their days, in batches', async (t) => {
  const gateway = await build(t);
  await gateway.sql`insert into login_events (kind, occurred_at) values
    ('SIGN_IN', now() - interval '401 days'), ('SIGN_IN', now() - interval '402 days'), ('SIGN_IN', now() - interval '399 days')`;
  const { db } = gateway.app.tools;
  t.equal(await sweepLoginEvents(db, 400, 1), 1);
  t.equal(await sweepLoginEvents(db, 400, 10), 1);
  t.equal(await sweepLoginEvents(db, 400, 10), 0);
  t.same(await rowsOf(gateway, 'login_events'), { login_events: 1 });
});

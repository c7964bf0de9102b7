import { randomUUID } from 'node:crypto';
import t from 'tap';
import { readConfig } from '../../src/config.js';
import { build, operations, signUp } from '../helper.js';

const token = `operator.${randomUUID()}~/+==`;
const gateway = await build(t, { OPERATOR_TOKEN: token });

const loginStats = `query ($days: Int) { loginStats(days: $days) { day kind method failure count } }`;
const deliveryStats = `query ($days: Int) { deliveryStats(days: $days) { day channel status count cost currency } }`;
const ask = (query: string, variables = {}, bearer: string | undefined = token) =>
  gateway.graphql(query, variables, { token: bearer });

t.test('figures are for the bearer of OPERATOR_TOKEN and nobody else', async (t) => {
  const { accessToken } = await signUp(gateway);
  const before = await gateway.app.tools.metrics.refusedRequests.get();
  const bearers = [
    undefined,
    accessToken,
    `${token}x`,
    token.slice(0, -1),
    token.toUpperCase(),
    'a'.repeat(token.length),
  ];
  for (const query of [loginStats, deliveryStats]) {
    for (const bearer of bearers) {
      const { status, data, errors, headers } = await gateway.graphql(query, {}, { token: bearer });
      t.equal(status, 403, String(bearer));
      t.equal(data, undefined, 'nothing ran');
      t.match(errors, [{ extensions: { code: 'FORBIDDEN' } }]);
      t.equal(headers['www-authenticate'], undefined, 'an app does not refresh over it');
    }
    t.equal((await ask(query)).status, 200);
  }
  for (const authorization of ['', 'Bearer', 'Bearer ', token, `Basic ${token}`]) {
    t.equal((await gateway.graphql(loginStats, {}, { headers: { authorization } })).status, 403);
  }
  t.same(before.values, [], 'nothing was refused before');
  const refused = await gateway.app.tools.metrics.refusedRequests.get();
  t.match(refused.values, [{ labels: { reason: 'operator' }, value: 17 }]);
});

t.test('the mark is found in fragments, behind aliases, beside other fields and skipped', async (t) => {
  for (const query of [
    'query { authMethods { method } figures: loginStats { count } }',
    'query { ... on Query { ... { loginStats { count } } } }',
    'query { ...F } fragment F on Query { loginStats { count } }',
    'query { authMethods { method } loginStats @skip(if: true) { count } }',
  ]) {
    t.equal((await gateway.graphql(query)).status, 403, query);
    t.equal((await ask(query)).status, 200, query);
  }
  t.equal((await gateway.graphql('query A { authMethods { method } }')).status, 200);
});

t.test("the operators' bearer is no person's", async (t) => {
  const { status, errors } = await ask(operations.me);
  t.equal(status, 401);
  t.match(errors, [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' } }]);
  const both = 'query { me { id } loginStats { count } }';
  const { accessToken } = await signUp(gateway);
  t.equal((await ask(both)).status, 401);
  t.equal((await ask(both, {}, accessToken)).status, 403);
});

t.test('without OPERATOR_TOKEN they are closed', async (t) => {
  const shut = await build(t);
  for (const bearer of [undefined, '', 'undefined', token]) {
    t.equal((await shut.graphql(loginStats, {}, { token: bearer })).status, 403);
  }
});

t.test('OPERATOR_TOKEN is long, and made of what a bearer can be made of', async (t) => {
  const read = (OPERATOR_TOKEN: string) => readConfig({ OPERATOR_TOKEN }, () => Buffer.alloc(32));
  t.equal(read(token).operatorToken, token);
  t.equal(read('').operatorToken, undefined);
  for (const bad of ['a'.repeat(31), `${'a'.repeat(32)} b`, 'é'.repeat(32), `${'a'.repeat(32)}\n`]) {
    t.throws(() => read(bad), /OPERATOR_TOKEN /, bad);
  }
});

t.test('login events are counted by day, kind, method and outcome', async (t) => {
  await gateway.sql`truncate login_events cascade`;
  const events = [
    ['SIGN_IN', 'OTP_WHATSAPP', null, 'today'],
    ['SIGN_IN', 'OTP_WHATSAPP', null, 'today'],
    ['SIGN_IN', 'OTP_WHATSAPP', 'INVALID_CREDENTIALS', 'today'],
    ['SIGN_IN', 'PASSWORD', null, 'today'],
    ['SIGN_OUT', null, null, 'today'],
    ['SIGN_UP', 'MAGIC_LINK', null, 'yesterday'],
    // The first and the last moment of a day belong to it.
    ['SIGN_IN', 'OTP_SMS', null, 'first'],
    ['SIGN_IN', 'OTP_SMS', null, 'last'],
    ['SIGN_IN', 'OTP_SMS', null, 'before'],
  ] as const;
  const midnight = new Date().setUTCHours(0, 0, 0, 0);
  const day = 24 * 60 * 60 * 1000;
  const times = {
    today: midnight,
    yesterday: midnight - 1,
    first: midnight - 2 * day,
    last: midnight - day - 1,
    before: midnight - 2 * day - 1,
  };
  for (const [kind, method, failure, time] of events) {
    await gateway.sql`insert into login_events (kind, method, failure, occurred_at)
      values (${kind}, ${method}, ${failure}, ${new Date(times[time])})`;
  }
  const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
  const [today, yesterday, earlier] = [dayOf(midnight), dayOf(times.yesterday), dayOf(times.first)];

  const todays = [
    { day: today, kind: 'SIGN_IN', method: 'OTP_WHATSAPP', failure: 'INVALID_CREDENTIALS', count: 1 },
    { day: today, kind: 'SIGN_IN', method: 'OTP_WHATSAPP', failure: null, count: 2 },
    { day: today, kind: 'SIGN_IN', method: 'PASSWORD', failure: null, count: 1 },
    { day: today, kind: 'SIGN_OUT', method: null, failure: null, count: 1 },
  ];
  const before = [
    { day: yesterday, kind: 'SIGN_UP', method: 'MAGIC_LINK', failure: null, count: 1 },
    { day: earlier, kind: 'SIGN_IN', method: 'OTP_SMS', failure: null, count: 2 },
  ];
  t.same((await ask(loginStats, { days: 1 })).data.loginStats, todays);
  t.same((await ask(loginStats, { days: 3 })).data.loginStats, [...todays, ...before]);
  t.equal((await ask(loginStats)).data.loginStats.length, 7, 'thirty days unless told otherwise');
});

t.test('a wrong and a right password are told apart', async (t) => {
  await gateway.sql`truncate login_events cascade`;
  const { email, password } = await signUp(gateway);
  await gateway.graphql(operations.login, { input: { email, password: 'not the password' } });
  await gateway.graphql(operations.login, { input: { email, password } });
  t.match((await ask(loginStats)).data.loginStats, [
    { kind: 'SIGN_IN', method: 'PASSWORD', failure: 'INVALID_CREDENTIALS', count: 1 },
    { kind: 'SIGN_IN', method: 'PASSWORD', failure: null, count: 1 },
    { kind: 'SIGN_UP', method: 'PASSWORD', failure: null, count: 1 },
  ]);
});

t.test('messages are counted by day, channel and status, with what they cost in each currency', async (t) => {
  const deliver = (channel: string, status: string, price: number, currency = 'INR', daysAgo = 0) =>
    gateway.sql`insert into deliveries (challenge_id, template, channel, locale, status, price, currency, send_before, created_at)
      values (gen_random_uuid(), 'otp', ${channel}, 'en', ${status}, ${price}, ${currency}, now(),
        now() - make_interval(days => ${daysAgo}))`;
  for (let i = 0; i < 3; i += 1) await deliver('WHATSAPP', 'DELIVERED', 0.1);
  await deliver('WHATSAPP', 'FAILED', 0.12);
  await deliver('SMS', 'SENT', 0.3);
  await deliver('SMS', 'SENT', 0.0042, 'USD');
  await deliver('EMAIL', 'SENT', 0);
  await deliver('SMS', 'DELIVERED', 0.3, 'INR', 40);

  const rows = (await ask(deliveryStats)).data.deliveryStats.map(
    ({ channel, status, currency, count, cost }: Record<string, unknown>) => [
      channel,
      status,
      currency,
      count,
      Math.round(Number(cost) * 1e5) / 1e5,
    ],
  );
  t.same(rows, [
    ['EMAIL', 'SENT', 'INR', 1, 0],
    ['SMS', 'SENT', 'INR', 1, 0.3],
    ['SMS', 'SENT', 'USD', 1, 0.0042],
    ['WHATSAPP', 'DELIVERED', 'INR', 3, 0.3],
    ['WHATSAPP', 'FAILED', 'INR', 1, 0.12],
  ]);
  t.equal((await ask(deliveryStats, { days: 41 })).data.deliveryStats.length, 6);
});

t.test('days are 1 to 400', async (t) => {
  for (const query of [loginStats, deliveryStats]) {
    for (const days of [1, 400]) t.equal((await ask(query, { days })).errors, undefined);
    for (const days of [0, -1, 401, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1.5, '7']) {
      const { errors } = await ask(query, { days });
      t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], String(days));
    }
  }
});

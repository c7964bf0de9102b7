import t, { type Test } from 'tap';
import {
  type Answer,
  build,
  type Gateway,
  goodPassword,
  operations,
  postgresAddress,
  signUp,
} from '../helper.js';
import { TcpProxy } from '../tcp-proxy.js';

const gateway = await build(t);
const production = await build(t, { INTROSPECTION: 'false' }, gateway);

const closedList = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
];

const isCoded = (t: Test, { errors }: Answer, code: string, title = code) => {
  t.ok(closedList.includes(code));
  t.ok(errors?.length, title);
  for (const { extensions } of errors ?? []) t.equal(extensions.code, code, title);
};

/** A gateway on the same database whose connections go through a proxy of their own. */
async function behindProxy(t: Test, environment = {}): Promise<Gateway & { proxy: TcpProxy }> {
  const proxy = await TcpProxy.open(t, postgresAddress);
  const through = { host: '127.0.0.1', port: proxy.port };
  return { ...(await build(t, environment, gateway, through)), proxy };
}

async function timed(work: Promise<Answer>): Promise<Answer & { tookMs: number }> {
  const begun = performance.now();
  return { ...(await work), tookMs: performance.now() - begun };
}

function isUnavailable(t: Test, answer: Answer & { tookMs: number }, title: string) {
  t.equal(answer.status, 503, title);
  isCoded(t, answer, 'UNAVAILABLE', title);
  t.ok(Number(answer.headers['retry-after']) > 0, `${title}: says when to come back`);
  t.equal(String(answer.errors?.[0].extensions.retryAfterSeconds), answer.headers['retry-after']);
  // Two seconds, and what a busy machine adds.
  t.ok(answer.tookMs < 2_500, `${title}: ${answer.tookMs.toFixed()} ms`);
}

/** Waits until a condition holds. */
async function until(holds: () => Promise<boolean>, mostMs = 5_000): Promise<number> {
  const begun = performance.now();
  while (!(await holds())) {
    if (performance.now() - begun > mostMs) throw new Error('it never came to hold');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - begun;
}

t.test('what is wrong with a document or its variables is BAD_USER_INPUT, without data', async (t) => {
  const faulty: [string, string, object?][] = [
    ['syntax', '{ me'],
    ['an unknown field', '{ nothing }'],
    ['no selection', '{ me }'],
    ['an unknown type', 'query($v: Nothing) { authMethods { method } }'],
    ['only a fragment', 'fragment F on Query { authMethods { method } }'],
    ['only a definition', 'type T { f: Int }'],
    ['a subscription', 'subscription { me { id } }'],
    ['a missing variable', operations.login],
    ['a null variable', operations.login, { input: null }],
    ['a variable of another type', operations.login, { input: 'x' }],
    ['a missing member', operations.login, { input: { email: 'a' } }],
    ['an unknown member', operations.login, { input: { email: 'a', password: 'b', admin: true } }],
    ['several operations', 'query A { authMethods { method } } query B { authMethods { method } }'],
    ['a prototype', operations.login, JSON.parse('{"input":{"email":"a","password":"b","constructor":{}}}')],
  ];
  for (const [title, query, variables] of faulty) {
    const answer = await gateway.graphql(query, variables as Record<string, unknown>);
    t.equal(answer.status, 400, title);
    t.equal(answer.data, undefined, title);
    isCoded(t, answer, 'BAD_USER_INPUT', title);
  }
  t.equal(gateway.log.filter((line) => JSON.parse(line).level >= 40).length, 0);
});

t.test('a refusal within an operation keeps its place and what else came of it', async (t) => {
  const { accessToken: token } = await signUp(gateway);
  const answer = await gateway.graphql(
    '{ events: loginEvents(first: 1000) { pageInfo { endCursor } } }',
    {},
    { token },
  );
  t.equal(answer.status, 200);
  t.equal(answer.data, null);
  isCoded(t, answer, 'BAD_USER_INPUT');
  t.strictSame(answer.errors?.[0].path, ['events']);
});

t.test('null is no way to ask for the default: nothing runs', async (t) => {
  const operator = `operator.${'x'.repeat(32)}`;
  const gate = await build(t, { OPERATOR_TOKEN: operator }, gateway);
  const { accessToken: person } = await signUp(gate);
  const asked: [argument: string, type: string, token: string, query: (value: string) => string][] = [
    ['days', 'Int', operator, (value) => `query Q { loginStats(days: ${value}) { count } }`],
    ['days', 'Int', operator, (value) => `query Q { deliveryStats(days: ${value}) { count } }`],
    ['first', 'Int', person, (value) => `query Q { loginEvents(first: ${value}) { edges { cursor } } }`],
    [
      'keepCurrent',
      'Boolean',
      person,
      (value) => `mutation Q { logoutEverywhere(keepCurrent: ${value}) { __typename } }`,
    ],
  ];
  for (const [argument, type, token, query] of asked) {
    const literal = await gate.graphql(query('null'), {}, { token });
    t.equal(literal.status, 400, query('null'));
    isCoded(t, literal, 'BAD_USER_INPUT', query('null'));
    const withVariable = query(`$${argument}`).replace(' Q ', ` Q($${argument}: ${type}) `);
    const variable = await gate.graphql(withVariable, { [argument]: null }, { token });
    t.notOk(variable.data, withVariable);
    isCoded(t, variable, 'BAD_USER_INPUT', withVariable);
    t.equal((await gate.graphql(operations.me, {}, { token: person })).status, 200, 'nobody was signed out');
    // What is left out means the default.
    t.ok((await gate.graphql(withVariable, {}, { token })).data, withVariable);
  }
  t.equal(gate.log.filter((line) => JSON.parse(line).level >= 40).length, 0, 'a fault of the client alone');
});

t.test('values are not repeated in errors, whatever they hold', async (t) => {
  const secret = 'hunter2';
  const decoys = [
    secret,
    `${secret}; at "input"; ${secret}`,
    `x at "input.email"; ${secret} cannot represent: ${secret}`,
    `${secret}" does not exist in "Platform" enum. ${secret}`,
    `Did you mean ${secret}?`,
    `\n    at ${secret}`,
  ];
  const inputs = decoys.flatMap((text) => [
    text,
    [text],
    { email: [text], password: text },
    { email: { value: text }, password: text },
    { email: 'a@example.com', password: [text, text] },
    { email: 'a@example.com', password: text, device: text },
    { email: 'a@example.com', password: text, device: { platform: text } },
    { email: 'a@example.com', password: text, device: { platform: [text] } },
    { email: 'a@example.com', password: text, name: 5, device: { id: { text } } },
  ]);
  for (const gate of [gateway, production]) {
    for (const input of inputs) {
      const answer = await gate.graphql(operations.signup, { input });
      t.equal(answer.status, 400);
      isCoded(t, answer, 'BAD_USER_INPUT');
      t.notMatch(answer.body, secret);
    }
    const login = (argument: string) =>
      `mutation($e: String = "x") { login(input: ${argument}) { __typename } }`;
    for (const argument of [
      `{ email: $e, password: ["${secret}"] }`,
      `{ email: $e, password: 5, device: { platform: "${secret}" } }`,
      `{ email: $e, password: "x", device: "${secret}" }`,
      `"${secret}"`,
      `{ email: "a" "${secret}" }`,
      `{ email: "a", password: """${secret}""" """${secret}""" }`,
    ]) {
      const answer = await gate.graphql(login(argument));
      t.equal(answer.status, 400, argument);
      isCoded(t, answer, 'BAD_USER_INPUT', argument);
      t.notMatch(answer.body, secret, argument);
    }
    // Refused by execution, not by validation: the variable has a default and is null all the same.
    const answer = await gate.graphql(login(`{ email: $e, password: "${secret}" }`), { e: null });
    isCoded(t, answer, 'BAD_USER_INPUT');
    t.notMatch(answer.body, secret);
    t.notMatch(gate.log.join(''), secret);
  }
});

t.test('in production the schema is not told: no introspection, no suggestions', async (t) => {
  const questions = [
    '{ __schema { types { name } } }',
    '{ __type(name: "User") { fields { name } } }',
    '{ x: __type(name: "User") { name } }',
    '{ ...F } fragment F on Query { __schema { queryType { name } } }',
    '{ ... { ... on Query { __type(name: "User") { name } } } }',
    '{ authMethods { method } __schema { types { name } } }',
    'query A { authMethods { method } } query B { __schema { types { name } } }',
  ];
  for (const query of questions) {
    t.equal((await gateway.graphql(query.replace(/^query A.* (?=query B)/, ''))).status, 200, query);
    const answer = await production.graphql(query);
    t.equal(answer.status, 400, query);
    isCoded(t, answer, 'BAD_USER_INPUT', query);
    const byGet = await production.inject({ url: '/graphql', query: { query } });
    t.equal(byGet.statusCode, 400, query);
  }
  const nearly: [string, object?][] = [
    ['{ authMethod { method } }'],
    ['{ authMethods { metod } }'],
    ['{ authMethods(x: 1) { method } }'],
    ['{ loginEvents(frst: 1) { pageInfo { endCursor } } }'],
    ['{ authMethods @skp(if: true) { method } }'],
    ['{ ... on Qery { authMethods { method } } }'],
    ['{ authMethods }'],
    ['query($v: Strng) { authMethods { method } }'],
    ['mutation { login(input: { emial: "a", password: "b" }) { __typename } }'],
    ['mutation { login(input: { email: "a", password: "b", device: { platform: IOSS } }) { __typename } }'],
    [operations.login, { input: { emial: 'a', password: 'b' } }],
    [operations.login, { input: { email: 'a', password: 'b', device: { platform: 'IOSS' } } }],
  ];
  let suggestions = 0;
  for (const [query, variables = {}] of nearly) {
    const open = await gateway.graphql(query, variables as Record<string, unknown>);
    if (/did you mean/i.test(open.body)) suggestions += 1;
    const closed = await production.graphql(query, variables as Record<string, unknown>);
    t.equal(closed.status, 400, query);
    t.notMatch(closed.body, /did you mean/i, query);
  }
  // Where the schema may be asked for they do come.
  t.ok(suggestions > 8, `${suggestions}`);
  t.equal((await production.graphql('{ __typename authMethods { __typename } }')).status, 200);
});

t.test(
  'an unexpected error is told by its code and the id of the request, and logged once under it',
  async (t) => {
    const broken = await build(t, {}, gateway);
    const secret = 'quoted-in-the-error';
    const thrown: unknown[] = [
      new Error(`failed with ${secret}`),
      new TypeError(`\n    at ${secret}\n    at x`),
      Object.assign(new Error(secret), { code: 'EWHATEVER', cause: new Error(secret) }),
      // As Drizzle and postgres.js throw: the message quotes the parameters.
      Object.assign(new Error(`${secret}\n    at ${secret}`), { query: secret, parameters: [secret] }),
      Object.assign(new Error(secret), { statusCode: 404, errors: [new Error(secret)] }),
      secret,
      undefined,
      { secret },
    ];
    for (const error of thrown) {
      const asked = broken.app.tools.db;
      broken.app.tools.db = new Proxy(asked, {
        get: () => () => {
          throw error;
        },
      });
      broken.log.length = 0;
      const answer = await broken.graphql(operations.login, {
        input: { email: 'a@example.com', password: 'correct horse', device: { id: 'a phone' } },
      });
      broken.app.tools.db = asked;
      isCoded(t, answer, 'INTERNAL_SERVER_ERROR');
      t.equal(answer.data, null);
      t.notMatch(answer.body, secret);
      const [told, ...more] = broken.log
        .map((line) => JSON.parse(line))
        .filter(({ level, reqId }) => level >= 40 && reqId);
      t.equal(more.length, 0);
      t.equal(told.reqId, answer.errors?.[0].extensions.requestId);
      t.equal(told.path, 'login');
      t.notMatch(JSON.stringify(told), /a@example|correct horse|a phone/);
      if (error instanceof Error && 'query' in error) t.notMatch(JSON.stringify(told), secret);
    }
  },
);

t.test('what Postgres quotes in its errors is in no answer and no log', async (t) => {
  const torn = await build(t);
  const secrets = {
    email: 'Canary.Person@example.com',
    name: 'Canary Name',
    device: { id: 'canary-device', name: 'Canary Phone' },
    password: goodPassword,
  };
  await torn.sql`create unique index on users ((left(name, 3)))`;
  await signUp(torn, { name: 'Canine' });
  const clash = await torn.graphql(operations.signup, { input: secrets });
  isCoded(t, clash, 'INTERNAL_SERVER_ERROR', 'a unique violation, whose detail is the value');
  await torn.sql`alter table credentials add check (identifier not like 'canary%')`;
  await torn.sql`alter table users alter name type varchar(3) using left(name, 3)`;
  isCoded(t, await torn.graphql(operations.signup, { input: secrets }), 'INTERNAL_SERVER_ERROR', 'too long');
  await torn.sql`alter table credentials rename to hidden`;
  for (const operation of [operations.signup, operations.login]) {
    const { name, ...rest } = secrets;
    const input = operation === operations.login ? rest : secrets;
    const answer = await torn.graphql(operation, { input });
    isCoded(t, answer, 'INTERNAL_SERVER_ERROR', 'a missing table, with the statement and its parameters');
    t.notMatch(answer.body, /canary|select|insert/i);
  }
  const lines = torn.log.map((line) => JSON.parse(line));
  t.equal(lines.filter(({ level }) => level === 50).length, 4);
  t.notMatch(torn.log.join('\n'), /canary|orange-kettle|insert into|select "/i);
  // Enough is left to find the fault.
  t.match(torn.log.join('\n'), /42P01/);
  t.match(torn.log.join('\n'), /23505/);
});

t.test(
  'with Postgres away the gateway says so in time, keeps what needs no database, and finds it again',
  async (t) => {
    const { proxy, ...faulty } = await behindProxy(t);
    const { accessToken: token, email, password, refreshToken } = await signUp(faulty);
    const all = () =>
      Promise.all(
        [
          faulty.graphql(operations.me, {}, { token }),
          faulty.graphql(operations.login, { input: { email, password } }),
          faulty.graphql(operations.refreshSession, { input: { refreshToken } }),
          faulty.graphql('{ authMethods { method } sessions { id } }', {}, { token }),
        ].map(timed),
      );
    for (const mode of ['refuse', 'hang-up', 'silent'] as const) {
      await proxy.fail(mode);
      if (mode === 'hang-up') proxy.cut();
      for (const answer of await all()) isUnavailable(t, answer, mode);
      t.equal((await faulty.inject({ url: '/.well-known/jwks.json' })).statusCode, 200, mode);
      t.equal((await faulty.inject({ url: '/healthz' })).statusCode, 200, mode);
      t.equal((await faulty.graphql('{ authMethods { method } }')).status, 200, mode);

      await proxy.fail('pass');
      const backAfterMs = await until(
        async () => (await faulty.graphql(operations.me, {}, { token })).status === 200,
      );
      t.ok(backAfterMs < 5_000, `${mode}: back after ${backAfterMs.toFixed()} ms`);
      t.equal((await faulty.inject({ url: '/readyz' })).statusCode, 200, mode);
    }
    // None of the refreshes that failed has cost the session.
    const refreshed = await faulty.graphql(operations.refreshSession, { input: { refreshToken } });
    t.equal(refreshed.data.refreshSession.__typename, 'SessionTokens');
    const lines = faulty.log.map((line) => JSON.parse(line));
    t.equal(lines.filter(({ level }) => level >= 50).length, 0, 'an outage is a warning');
    t.notMatch(faulty.log.join('\n'), new RegExp(`${email}|${password}|${token}|${refreshToken}`));
  },
);

t.test(
  'a statement that takes too long, and all who wait for its connection, are told in time',
  async (t) => {
    const slow = await build(t, { DATABASE_POOL: '1', DATABASE_TIMEOUT_MS: '1500' }, gateway);
    const { accessToken: token } = await signUp(slow);
    await gateway.sql.begin(async (tx) => {
      await tx`lock table sessions in access exclusive mode`;
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => timed(slow.graphql(operations.me, {}, { token }))),
      );
      for (const answer of answers) isUnavailable(t, answer, 'behind a lock');
    });
    t.equal((await slow.graphql(operations.me, {}, { token })).status, 200);
  },
);

t.test('a connection that is killed under a request is one clean error', async (t) => {
  const victim = await build(t, {}, gateway);
  const { accessToken: token, refreshToken } = await signUp(victim);
  for (const [title, ask] of Object.entries({
    me: () => victim.graphql(operations.me, {}, { token }),
    'in a transaction': () => victim.graphql(operations.logout, { input: { refreshToken } }),
  })) {
    const answer = await gateway.sql.begin(async (tx) => {
      await tx`lock table sessions in access exclusive mode`;
      const asked = timed(ask());
      await until(async () => {
        // Apart: a transaction knows no connection that was made after its first look.
        const killed = await gateway.sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity
          where datname = ${gateway.database} and application_name = 'darwaza' and wait_event_type = 'Lock'`;
        return killed.length > 0;
      });
      return asked;
    });
    isUnavailable(t, answer, title);
    t.equal(
      (await victim.graphql(operations.me, {}, { token })).status,
      200,
      `${title}: and all is well again`,
    );
  }
});

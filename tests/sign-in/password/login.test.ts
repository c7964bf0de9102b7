import { randomUUID } from 'node:crypto';
import { hash as argon2 } from '@node-rs/argon2';
import t from 'tap';
import { type Answer, build, goodPassword, operations, randomNetwork, signUp } from '../../helper.js';
import { untilSomebodyWaits, watchStatements } from '../../statements.js';
import { guess, hashesOf, inParallel, logIn, outcomeOf, rowsOf, tally } from './guessing.js';

const gateway = await build(t);
const unknown = () => ({ email: `${randomUUID()}@example.com` });

t.test('login gives a session for the right password', async (t) => {
  const person = await signUp(gateway, { name: 'Asha' });
  const device = { id: 'd-2', name: 'Tablet', platform: 'IOS', osVersion: '19.1' };
  const { status, data } = await logIn(gateway, { ...person, device }, { from: '10.2.2.2' });
  t.equal(status, 200);
  t.match(data.login, {
    __typename: 'SessionTokens',
    accessToken: String,
    refreshToken: /^dwr_/,
    user: { id: person.user.id, name: 'Asha', email: person.email },
    session: { current: true, method: 'PASSWORD', network: '10.2.2.2', device },
  });
  t.not(data.login.session.id, person.session.id, 'a session of its own');
  const { data: me } = await gateway.graphql(operations.me, {}, { token: data.login.accessToken });
  t.equal(me.me.id, person.user.id);
});

t.test('the same login sent twice is two sessions', async (t) => {
  const person = await signUp(gateway);
  const answers = [await logIn(gateway, person), await logIn(gateway, person)];
  t.same(tally(answers), { SessionTokens: 2 });
  t.equal(new Set(answers.map(({ data }) => data.login.session.id)).size, 2);
});

t.test('any spelling of an address is that address', async (t) => {
  const { password } = await signUp(gateway, { email: 'Meera.Rao@bücher.example' });
  for (const email of ['meera.rao@xn--bcher-kva.example', ' MEERA.RAO@BÜCHER.EXAMPLE ']) {
    t.equal(outcomeOf(await logIn(gateway, { email, password })), 'SessionTokens', email);
  }
});

t.test('a login ignores the old token that apps attach', async (t) => {
  const person = await signUp(gateway);
  for (const token of ['nonsense', `${person.accessToken}x`]) {
    t.equal(outcomeOf(await logIn(gateway, person, { token })), 'SessionTokens');
  }
});

t.test('an unknown address and a wrong password answer with the same bytes', async (t) => {
  const person = await signUp(gateway);
  const disabled = await signUp(gateway);
  await gateway.sql`update users set disabled_at = now() where id = ${disabled.user.id}`;
  const from = randomNetwork();
  const shown = ({ status, headers: { date: _, ...headers }, body }: Answer) => ({ status, headers, body });
  const wrong = shown(await guess(gateway, person, { from }));
  t.match(JSON.parse(wrong.body).data.login, { code: 'INVALID_CREDENTIALS', retryAfterSeconds: null });
  t.strictSame(shown(await guess(gateway, unknown(), { from })), wrong);
  t.strictSame(shown(await guess(gateway, disabled, { from })), wrong);
  const device = { id: 'another-phone' };
  for (const { email } of [person, unknown(), disabled]) {
    const input = { email, password: 'not-the-password', device };
    t.strictSame(shown(await logIn(gateway, input, { from })), wrong);
  }
});

t.test(
  'an unknown address and a wrong password cost the same, also when the tries are used up',
  async (t) => {
    const gateway = await build(t, { PASSWORD_ATTEMPTS: '2' });
    const person = await signUp(gateway);
    const statements = watchStatements(gateway);
    const cost = async (who: { email: string }, from: string) => {
      const before = [await hashesOf(gateway), await rowsOf(gateway, 'attempts', 'login_events')] as const;
      statements.length = 0;
      const outcome = outcomeOf(await guess(gateway, who, { from }));
      const sent = [...statements];
      const after = [await hashesOf(gateway), await rowsOf(gateway, 'attempts', 'login_events')] as const;
      const rows = Object.keys(after[1]).map((table) => Number(after[1][table]) - Number(before[1][table]));
      return { outcome, sent, hashes: after[0] - before[0], rows };
    };
    // Once before: the first query of its kind is told to the server in more than one message.
    await guess(gateway, unknown());
    const stranger = unknown();
    for (const [outcome, hashes, attempts] of [
      ['INVALID_CREDENTIALS', 1, 2],
      ['INVALID_CREDENTIALS', 1, 0],
      ['TOO_MANY_ATTEMPTS', 0, 0],
    ] as const) {
      const known = await cost(person, '10.3.0.1');
      t.match(known, { outcome, hashes, rows: [attempts, 1] });
      t.ok(known.sent.length >= 3, 'statements are seen');
      t.strictSame(await cost(stranger, '10.3.0.1'), known);
    }
  },
);

t.test('an account that is closed says so only to who has its password', async (t) => {
  const person = await signUp(gateway);
  await gateway.sql`update users set disabled_at = now() where id = ${person.user.id}`;
  t.equal(outcomeOf(await guess(gateway, person)), 'INVALID_CREDENTIALS');
  const { data } = await logIn(gateway, person);
  t.match(data.login, { __typename: 'AuthError', code: 'ACCOUNT_DISABLED' });
  const sessions = await gateway.sql`select 1 from sessions where user_id = ${person.user.id}`;
  t.equal(sessions.length, 1, 'only that of the signup');
});

t.test('what cannot be a login is refused by its code and counts against nobody', async (t) => {
  const gateway = await build(t);
  const { email, password } = { email: 'asha@example.com', password: goodPassword };
  for (const [code, input] of [
    ['EMAIL_INVALID', { email: 'asha', password }],
    ['EMAIL_INVALID', { email: 'asha@example.com\u0000', password }],
    ['EMAIL_INVALID', { email: `${'a'.repeat(30_000)}@example.com`, password }],
    ['DEVICE_INVALID', { email, password, device: { id: 'x'.repeat(101) } }],
    ['DEVICE_INVALID', { email, password, device: { name: 'a\u0007' } }],
  ] as const) {
    t.equal(outcomeOf(await logIn(gateway, input)), code);
  }
  t.same(await rowsOf(gateway, 'attempts', 'login_events'), { attempts: 0, login_events: 0 });
  t.equal(await hashesOf(gateway), 0);
  const { status, errors } = await gateway.graphql(operations.login, { input: { email } });
  t.equal(status, 400);
  t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

t.test('a password is compared exactly as it was received', async (t) => {
  const base = 'Orange-kettle 42 Wíndow';
  const long = [...Array(13)].map((_, i) => `${i}-lantern`).join(' ');
  const astral = [...'🫖🌳🪟🧵🛶🪁🧭🪕🦉🪴'];
  const widest = [...Array(256)].map((_, i) => astral[(i * 7 + Math.floor(i / 10)) % 10]).join('');
  t.ok(long.length > 129);
  for (const [password, ...others] of [
    [base, 'orange-kettle 42 Wíndow', `${base} `, ` ${base}`, base.normalize('NFD'), base.slice(0, -1), ''],
    [`${base}\u0000kettle`, `${base}\u0000`, base, `${base}\u0000kettlf`],
    [`${base}  `, `${base} `, base],
    [long, long.slice(0, 72), long.slice(0, 128), `${long.slice(0, 128)}#${long.slice(129)}`],
    [widest, [...widest].slice(0, 255).join(''), `${widest}🫖`],
  ]) {
    if (password === undefined) continue;
    const { email } = await signUp(gateway, { password });
    t.equal(outcomeOf(await logIn(gateway, { email, password })), 'SessionTokens');
    for (const other of others) {
      t.not(other, password);
      t.equal(outcomeOf(await logIn(gateway, { email, password: other })), 'INVALID_CREDENTIALS');
    }
  }
});

t.test('a hash at an old cost is renewed by the next login, also by several at once', async (t) => {
  const person = await signUp(gateway);
  const ofPerson = gateway.sql`
    credential_id = (select id from credentials where user_id = ${person.user.id} and kind = 'password')`;
  const old = await argon2(person.password, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
  const [before] = await gateway.sql`
    update passwords set hash = ${old} where ${ofPerson} returning changed_at::text`;

  t.equal(outcomeOf(await guess(gateway, person)), 'INVALID_CREDENTIALS');
  const [kept] = await gateway.sql`select hash from passwords where ${ofPerson}`;
  t.equal(kept?.hash, old, 'a wrong password renews nothing');

  const answers = await inParallel(5, () => logIn(gateway, person, { from: randomNetwork() }));
  t.same(tally(answers), { SessionTokens: 5 });
  const [after] = await gateway.sql`select hash, changed_at::text from passwords where ${ofPerson}`;
  t.match(after?.hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.equal(after?.changed_at, before?.changed_at, 'it is still the same password');

  const hashes = await hashesOf(gateway);
  t.equal(outcomeOf(await logIn(gateway, person)), 'SessionTokens');
  t.equal(await hashesOf(gateway), hashes + 1, 'and not renewed again');
});

t.test('a thousand aliased logins in one request check at most one password', async (t) => {
  const wide = await build(t, {
    GRAPHQL_MAX_ALIASES: '1000',
    GRAPHQL_MAX_TOKENS: '100000',
    BODY_LIMIT_BYTES: '1048576',
  });
  const person = await signUp(wide);
  const logins = (times: number, as = (alias: string, login: string) => `${alias}: ${login}`) =>
    Array.from({ length: times }, (_, i) =>
      as(
        `a${i}`,
        `login(input: { email: "${person.email}", password: "guess-${i}" }) { ... on AuthError { code } }`,
      ),
    );
  const documents = {
    'side by side': `mutation { ${logins(1000).join(' ')} }`,
    'side by side, with the right one last': `mutation { ${logins(999).join(' ')} last: login(input: { email: "${person.email}", password: "${goodPassword}" }) { __typename } }`,
    'in inline fragments': `mutation { ${logins(1000, (a, l) => `... { ${a}: ${l} }`).join(' ')} }`,
    'in fragments': `mutation { ${logins(500, (a) => `...F${a}`).join(' ')} } ${logins(500, (a, l) => `fragment F${a} on Mutation { ${a}: ${l} }`).join(' ')}`,
    'two, one of them skipped': `mutation { a: login(input: { email: "${person.email}", password: "x" }) { __typename } b: login(input: { email: "${person.email}", password: "y" }) @skip(if: true) { __typename } }`,
    'in operations': logins(1000, (a, l) => `mutation M${a} { ${a}: ${l} }`).join(' '),
  };
  for (const [name, query] of Object.entries(documents)) {
    const before = await hashesOf(wide);
    const { errors } = await wide.graphql(query);
    t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], name);
    t.equal(await hashesOf(wide), before, name);
  }
  t.same(await rowsOf(wide, 'attempts'), { attempts: 0 });

  const { status } = await gateway.graphql(documents['side by side']);
  t.ok(status >= 400, 'with the limits as they come the request is not even read');
  const response = await wide.inject({
    method: 'POST',
    url: '/graphql',
    payload: logins(100).map((login) => ({ query: `mutation { ${login} }` })),
  });
  t.equal(response.statusCode, 400, 'nor in an array of requests');
  t.same(await rowsOf(wide, 'attempts'), { attempts: 0 });

  const one = `${documents['in operations']}`;
  const answer = await wide.inject({
    method: 'POST',
    url: '/graphql',
    payload: { query: one, operationName: 'Ma7' },
  });
  t.match(answer.json(), { data: { a7: { code: 'INVALID_CREDENTIALS' } } }, 'one of a thousand may run');
  t.equal(await hashesOf(wide), 2, 'that of the signup and that one');
});

t.test('a login and the end of the session that it drives out do not wait for each other', async (t) => {
  const gateway = await build(t, { SESSIONS_PER_USER: '1' });
  const person = await signUp(gateway);
  // A logout, held between its two statements: the session is ended, the event not yet written.
  let login: Promise<Answer> | undefined;
  await gateway.sql.begin(async (tx) => {
    await tx`update sessions set revoked_at = now(), revocation_reason = 'logout' where id = ${person.session.id}`;
    login = logIn(gateway, person);
    await untilSomebodyWaits(gateway);
    await tx`insert into login_events (user_id, kind) values (${person.user.id}, 'SIGN_OUT')`;
  });
  t.equal(login && outcomeOf(await login), 'SessionTokens');
});

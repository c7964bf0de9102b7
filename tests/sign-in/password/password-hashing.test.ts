import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { makeMetrics } from '../../../src/metrics.js';
import { hashesAtOnce, PasswordHashing } from '../../../src/sign-in/password/password-hashing.js';
import { build, goodPassword, operations, randomNetwork, signUp } from '../../helper.js';
import {
  changePassword,
  guess,
  hashesOf,
  inParallel,
  isBusy,
  logIn,
  outcomeOf,
  rowsOf,
  tally,
} from './guessing.js';

const nobody = () => ({ email: `${randomUUID()}@example.com` });

const oneAtATime = { passwordHashesAtOnce: 1, webConcurrency: 1, passwordQueueSeconds: 1 };

t.test('a hash says how it was made, and only that password opens it', async (t) => {
  const hashing = new PasswordHashing(oneAtATime, makeMetrics(false));
  const phc = await hashing.hash(goodPassword);
  t.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.equal(await hashing.verify(phc, goodPassword), true);
  t.equal(await hashing.verify(phc, `${goodPassword} `), false);
  t.equal(hashing.isOutdated(phc), false);
  for (const old of ['m=19456,t=1,p=1', 'm=8192,t=2,p=1', 'm=65536,t=3,p=4']) {
    t.equal(hashing.isOutdated(phc.replace('m=19456,t=2,p=1', old)), true, old);
  }
  t.equal(hashing.isOutdated(phc.replace('argon2id', 'argon2i')), true);
});

t.test('where there is no hash the same work is done, and nothing is right', async (t) => {
  const metrics = makeMetrics(false);
  const hashing = new PasswordHashing(oneAtATime, metrics);
  t.equal(await hashing.verify(null, goodPassword), false);
  t.equal(await hashing.verify(null, ''), false);
  t.match(await metrics.passwordHashes.get(), { values: [{ value: 2 }] });
});

t.test('hashing leaves threads of the pool to others and is shared among the workers', async (t) => {
  t.intercept(process, 'env', { value: { ...process.env } });
  const cases: [string | undefined, number | undefined, number, number | RegExp][] = [
    [undefined, undefined, 1, /^[12]$/],
    ['3', undefined, 1, 1],
    ['2', undefined, 1, 1],
    ['nonsense', undefined, 1, 1],
    ['128', 6, 1, 6],
    ['128', 6, 2, 3],
    ['128', 6, 64, 1],
  ];
  for (const [threads, passwordHashesAtOnce, webConcurrency, atOnce] of cases) {
    delete process.env.UV_THREADPOOL_SIZE;
    if (threads !== undefined) process.env.UV_THREADPOOL_SIZE = threads;
    t.match(
      String(hashesAtOnce({ passwordHashesAtOnce, webConcurrency })),
      new RegExp(`^${atOnce instanceof RegExp ? atOnce.source : atOnce}$`),
    );
  }
});

t.test('no more is computed at a time than allowed, first come first served', async (t) => {
  for (const [passwordHashesAtOnce, waiting] of [
    [1, 5],
    [2, 4],
  ] as const) {
    const metrics = makeMetrics(false);
    const hashing = new PasswordHashing({ ...oneAtATime, passwordHashesAtOnce }, metrics);
    const done: number[] = [];
    const all = inParallel(6, (i) => hashing.verify(null, 'x').then(() => done.push(i)));
    t.match(await metrics.passwordQueue.get(), { values: [{ value: waiting }] });
    await all;
    if (passwordHashesAtOnce === 1) t.same(done, [0, 1, 2, 3, 4, 5]);
    t.match(await metrics.passwordQueue.get(), { values: [{ value: 0 }] });
  }
});

t.test('beyond the queue a story is not begun, until there is room again', async (t) => {
  const hashing = new PasswordHashing(oneAtATime, makeMetrics(false));
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const begun: number[] = [];
  const results = inParallel(200, (i) =>
    hashing.admit(async () => {
      begun.push(i);
      await held;
    }),
  );
  const admitted = begun.length;
  t.ok(admitted > 10 && admitted < 60, `${admitted} of 30 ms each fit into a second`);
  finish();
  const refused = (await results).filter((result) => result !== undefined);
  t.equal(refused.length, 200 - admitted);
  for (const failure of refused) t.match(failure, { code: 'TRY_AGAIN_LATER', retryAfterSeconds: 2 });
  t.equal(await hashing.admit(async () => 'welcome'), 'welcome');
  await t.rejects(
    hashing.admit(() => Promise.reject(new Error('lost'))),
    { message: 'lost' },
  );
  await inParallel(admitted, () => hashing.admit(async () => {}));
  t.equal(await hashing.admit(async () => 'welcome'), 'welcome', 'a story that fails leaves too');
});

t.test('whoever is sent away from a full queue has lost nothing', async (t) => {
  const gateway = await build(t, {
    PASSWORD_QUEUE_SECONDS: '1',
    PASSWORD_HASHES_AT_ONCE: '1',
    PASSWORD_ATTEMPTS: '1000',
    SIGNUPS_PER_HOUR: '1000',
  });
  const person = await signUp(gateway);
  const from = randomNetwork();
  const before = await hashesOf(gateway);
  const [logins, signups, changes] = await Promise.all([
    inParallel(150, () => guess(gateway, person, { from })),
    inParallel(5, () =>
      gateway.graphql(operations.signup, { input: { ...nobody(), password: goodPassword } }, { from }),
    ),
    inParallel(5, () =>
      changePassword(gateway, person.accessToken, 'not-the-password', 'violet-ladder-73-canyon'),
    ),
  ]);
  const { INVALID_CREDENTIALS: wrong = 0, TRY_AGAIN_LATER: later = 0, ...others } = tally(logins);
  t.same(others, {});
  t.ok(wrong > 0 && later > 0, `${wrong} were checked, ${later} sent away`);
  t.same(tally([...signups, ...changes]), { TRY_AGAIN_LATER: 10 });
  for (const { data } of logins) {
    const { code, retryAfterSeconds } = data.login;
    if (code === 'TRY_AGAIN_LATER') t.ok(retryAfterSeconds >= 1 && retryAfterSeconds <= 30);
  }
  t.equal(await hashesOf(gateway), before + wrong);
  const counters = await gateway.sql`select count from attempts`;
  t.same(
    counters.map(({ count }) => count),
    [wrong, wrong],
  );
  t.same(await rowsOf(gateway, 'users', 'login_events'), { users: 1, login_events: 1 + wrong });
  t.equal(outcomeOf(await logIn(gateway, person, { from })), 'SessionTokens', 'and soon there is room again');
});

t.test('beside five hundred logins at once a session is refreshed again and again', async (t) => {
  const gateway = await build(t);
  const { refreshToken, accessToken } = await signUp(gateway);
  let token = refreshToken;
  let answered = 0;
  // All from one network, as behind a carrier: the rate of 300 is not what they meet. Twenty in each turn of the
  // event loop, as a socket would bring them: in one turn alone nobody could answer anybody.
  const logins = inParallel(500, async (i) => {
    for (let turn = 0; turn < i / 20; turn++) await setImmediate();
    const answer = await guess(gateway, nobody(), { from: '10.9.9.9' });
    answered += 1;
    return answer;
  });
  let refreshes = 0;
  while (answered < 500) {
    const refresh = await gateway.graphql(operations.refreshSession, { input: { refreshToken: token } });
    if (isBusy(refresh)) continue;
    token = refresh.data.refreshSession.refreshToken;
    const me = await gateway.graphql(operations.me, {}, { token: accessToken });
    if (answered < 500 && me.status === 200) refreshes += 1;
  }
  t.ok(refreshes > 5, `${refreshes} refreshes while logins were still on their way`);
  const answers = (await logins).filter((answer) => !isBusy(answer));
  const { INVALID_CREDENTIALS: wrong = 0, TRY_AGAIN_LATER: later = 0, ...others } = tally(answers);
  t.same(others, {}, 'nobody is told to wait for a quarter of an hour');
  t.ok(wrong > 0, `${wrong} were checked`);
  t.ok(later > 0, `${later} were told to come back`);
});

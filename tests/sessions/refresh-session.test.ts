import { randomUUID } from 'node:crypto';
import t from 'tap';
import { makeRefreshToken } from '../../src/tokens/refresh-token.js';
import { build, type Gateway, operations, type SignedIn, signUp } from '../helper.js';

const gateway = await build(t);
// Few connections: a refresh needs one at a time, however many come.
const replica = await build(t, { DATABASE_POOL: '1' }, gateway);
const { sql } = gateway;

async function refresh(at: Gateway, refreshToken: string, idempotencyKey?: string) {
  const input = { refreshToken, ...(idempotencyKey !== undefined && { idempotencyKey }) };
  const { status, data } = await at.graphql(operations.refreshSession, { input });
  return { status, ...data.refreshSession } as SignedIn & {
    status: number;
    __typename: string;
    code?: string;
    accessTokenExpiresAt: string;
    refreshTokenExpiresAt: string;
  };
}

/** Lets time pass over a session: every moment in its row moves into the past. */
async function age({ session }: Pick<SignedIn, 'session'>, time: string) {
  await sql`update sessions set rotated_at = rotated_at - ${time}::interval,
    last_used_at = last_used_at - ${time}::interval, created_at = created_at - ${time}::interval,
    ends_at = ends_at - ${time}::interval where id = ${session.id}`;
}

async function rowOf({ session }: Pick<SignedIn, 'session'>) {
  const [row] = await sql`select * from sessions where id = ${session.id}`;
  return row;
}

async function eventsOf({ session }: Pick<SignedIn, 'session'>) {
  return [
    ...(await sql`select kind, failure, network from login_events where session_id = ${session.id}
      and kind not in ('SIGN_UP', 'SIGN_IN') order by id`),
  ];
}

async function countOf(at: Gateway, outcome: string) {
  const { values } = await at.app.tools.metrics.refreshes.get();
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
}

/** How `me` answers an access token: a status and, refused, the reason. */
async function ask(at: Gateway, token: string) {
  const { status, errors } = await at.graphql(operations.me, {}, { token });
  return errors ? `${status} ${errors[0].extensions.reason}` : String(status);
}

t.test('a refresh gives new tokens of the same session, and each is good', async (t) => {
  const first = await signUp(gateway);
  const second = await refresh(gateway, first.refreshToken);
  t.equal(second.status, 200);
  t.equal(second.__typename, 'SessionTokens');
  t.equal(second.session.id, first.session.id);
  t.equal(second.user.id, first.user.id);
  t.not(second.refreshToken, first.refreshToken);
  t.not(second.accessToken, first.accessToken);
  t.match(second, {
    tokenType: 'Bearer',
    accessTokenExpiresIn: /^(900|899|898)$/,
    session: { current: true },
  });
  t.equal(await ask(gateway, second.accessToken), '200');

  const third = await refresh(replica, second.refreshToken);
  t.equal(third.session.id, first.session.id);
  t.equal(new Set([first, second, third].map((tokens) => tokens.refreshToken)).size, 3);
  t.strictSame(await eventsOf(first), [], 'an ordinary refresh is no event');
});

t.test(
  'the same idempotencyKey gives the same successor at any age, until the successor is used',
  async (t) => {
    const first = await signUp(gateway);
    const key = randomUUID();
    const second = await refresh(gateway, first.refreshToken, key);
    await age(first, '29 days');
    const again = await refresh(replica, first.refreshToken, key);
    t.equal(again.refreshToken, second.refreshToken);
    t.equal(await ask(gateway, again.accessToken), '200');
    await age(first, '29 days');
    t.equal((await refresh(gateway, first.refreshToken, key)).refreshToken, second.refreshToken);

    t.equal((await refresh(gateway, second.refreshToken, randomUUID())).__typename, 'SessionTokens');
    t.equal((await refresh(gateway, first.refreshToken, key)).code, 'REFRESH_TOKEN_REUSED');
  },
);

t.test(
  'within the grace period a spent token gives the same successor, outside it ends its session',
  async (t) => {
    const first = await signUp(gateway);
    const second = await refresh(gateway, first.refreshToken);
    await age(first, '55 seconds');
    t.equal((await refresh(gateway, first.refreshToken)).refreshToken, second.refreshToken);
    t.equal((await refresh(gateway, first.refreshToken, randomUUID())).refreshToken, second.refreshToken);
    await age(first, '5 seconds');
    // A repeat is no rotation: it does not begin the grace period anew.
    t.equal((await refresh(gateway, first.refreshToken)).code, 'REFRESH_TOKEN_REUSED');
  },
);

t.test('repeats within the grace period leave the idempotencyKey of the rotation as it is', async (t) => {
  const first = await signUp(gateway);
  const { refreshToken } = await refresh(gateway, first.refreshToken, 'key-of-the-rotation');
  t.equal((await refresh(gateway, first.refreshToken)).refreshToken, refreshToken);
  t.equal((await refresh(gateway, first.refreshToken, 'key-of-a-repeat')).refreshToken, refreshToken);
  await age(first, '1 day');
  t.equal((await refresh(gateway, first.refreshToken, 'key-of-the-rotation')).refreshToken, refreshToken);
  t.equal((await refresh(gateway, first.refreshToken, 'key-of-a-repeat')).code, 'REFRESH_TOKEN_REUSED');
});

t.test('another idempotencyKey than the one of the rotation is no better than none', async (t) => {
  const first = await signUp(gateway);
  await refresh(gateway, first.refreshToken, 'a-key-of-my-own');
  await age(first, '61 seconds');
  t.equal((await refresh(gateway, first.refreshToken, 'a-key-of-a-thief')).code, 'REFRESH_TOKEN_REUSED');

  const other = await signUp(gateway);
  await refresh(gateway, other.refreshToken);
  await age(other, '61 seconds');
  t.equal((await refresh(gateway, other.refreshToken, 'a-key-of-a-thief')).code, 'REFRESH_TOKEN_REUSED');
});

t.test('without a grace period a spent token is reuse at once', async (t) => {
  const strict = await build(t, { REFRESH_GRACE_SECONDS: '0' }, gateway);
  const first = await signUp(strict);
  await refresh(strict, first.refreshToken);
  t.equal((await refresh(strict, first.refreshToken)).code, 'REFRESH_TOKEN_REUSED');
});

t.test('ten refreshes of one token at once, at two replicas, end in one successor', async (t) => {
  const first = await signUp(gateway);
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, turn) => refresh(turn % 2 ? gateway : replica, first.refreshToken)),
  );
  t.strictSame([...new Set(answers.map((answer) => answer.__typename))], ['SessionTokens']);
  const [successor, ...others] = new Set(answers.map((answer) => answer.refreshToken));
  t.strictSame(others, []);
  t.match(await rowOf(first), { refresh_count: 1, revoked_at: null });
  t.equal((await refresh(gateway, successor ?? '')).__typename, 'SessionTokens');
});

t.test(
  'generation after generation, twenty at once from each of two replicas, one line of successors',
  async (t) => {
    const { session, ...first } = await signUp(gateway);
    let token = first.refreshToken;
    for (let generation = 1; generation <= 4; generation += 1) {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, turn) => {
          const key = turn % 3 === 0 ? randomUUID() : undefined;
          return refresh(turn % 2 ? gateway : replica, token, key);
        }),
      );
      const successors = new Set(answers.map((answer) => answer.refreshToken));
      t.equal(successors.size, 1, `generation ${generation} has one successor`);
      t.match(await rowOf({ session }), { refresh_count: generation, revoked_at: null });
      token = answers[0]?.refreshToken ?? '';
    }
  },
);

t.test('reuse ends that session alone, at once and for good, with one event', async (t) => {
  const first = await signUp(gateway);
  const elsewhere = await signInAgain(first);
  const second = await refresh(gateway, first.refreshToken);
  await age(first, '61 seconds');
  const before = await countOf(gateway, 'REFRESH_TOKEN_REUSED');
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, turn) => refresh(turn % 2 ? gateway : replica, first.refreshToken)),
  );
  t.strictSame([...new Set(answers.map((answer) => answer.code))], ['REFRESH_TOKEN_REUSED']);
  t.equal((await countOf(gateway, 'REFRESH_TOKEN_REUSED')) - before, 5);
  t.match(await rowOf(first), { refresh_count: 1, revocation_reason: 'refresh_token_reuse' });
  t.match(await eventsOf(first), [
    { kind: 'REFRESH', failure: 'REFRESH_TOKEN_REUSED', network: '127.0.0.1' },
  ]);

  for (const { accessToken } of [first, second]) {
    t.equal(await ask(gateway, accessToken), '401 SESSION_REVOKED');
    t.equal(await ask(replica, accessToken), '401 SESSION_REVOKED');
  }
  t.equal((await refresh(gateway, second.refreshToken)).code, 'REFRESH_TOKEN_REUSED', 'the newest falls too');
  t.equal((await refresh(gateway, first.refreshToken)).code, 'REFRESH_TOKEN_REUSED');
  t.equal((await eventsOf(first)).length, 1);

  t.equal(await ask(gateway, elsewhere.accessToken), '200', 'another session of the person goes on');
  t.equal((await refresh(gateway, elsewhere.refreshToken)).__typename, 'SessionTokens');
});

t.test('a token two generations old is reuse, within the grace period too', async (t) => {
  const first = await signUp(gateway);
  const second = await refresh(gateway, first.refreshToken, 'key-of-the-first');
  await refresh(gateway, second.refreshToken, 'key-of-the-second');
  t.equal((await refresh(gateway, first.refreshToken, 'key-of-the-first')).code, 'REFRESH_TOKEN_REUSED');
});

t.test('a token ahead of a restored row is accepted, the row advances, and there is an event', async (t) => {
  const first = await signUp(gateway);
  let newest = await refresh(gateway, first.refreshToken);
  for (let turn = 0; turn < 4; turn += 1) newest = await refresh(gateway, newest.refreshToken);
  await sql`update sessions set refresh_count = 1 where id = ${first.session.id}`;

  const before = await countOf(gateway, 'ahead');
  const next = await refresh(gateway, newest.refreshToken);
  t.equal(next.session.id, first.session.id);
  t.equal(await countOf(gateway, 'ahead'), before + 1);
  t.match(await rowOf(first), { refresh_count: 6, revoked_at: null });
  t.match(await eventsOf(first), [{ kind: 'REFRESH', failure: null }]);
  t.equal((await refresh(gateway, next.refreshToken)).__typename, 'SessionTokens');
});

t.test('refreshes at once of a token ahead of the row end in one successor and one event', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const first = await signUp(gateway);
    const second = await refresh(gateway, first.refreshToken);
    const third = await refresh(gateway, second.refreshToken);
    await sql`update sessions set refresh_count = 0 where id = ${first.session.id}`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, turn) => refresh(turn % 2 ? gateway : replica, third.refreshToken)),
    );
    t.strictSame([...new Set(answers.map((answer) => answer.code ?? answer.__typename))], ['SessionTokens']);
    t.equal(new Set(answers.map((answer) => answer.refreshToken)).size, 1);
    t.match(await rowOf(first), { refresh_count: 3, revoked_at: null });
    t.equal((await eventsOf(first)).length, 1);
  }
});

t.test('an idle session ends, and its tokens say so', async (t) => {
  const lively = await signUp(gateway);
  await age(lively, '29 days 23 hours');
  const refreshed = await refresh(gateway, lively.refreshToken);
  t.equal(refreshed.__typename, 'SessionTokens');
  t.ok(
    Date.parse(refreshed.refreshTokenExpiresAt) > Date.now() + 29 * 86_400_000,
    'the idle time begins anew',
  );

  const idle = await signUp(gateway);
  await age(idle, '30 days 1 second');
  t.equal((await refresh(gateway, idle.refreshToken)).code, 'SESSION_EXPIRED');
  t.equal(await ask(gateway, idle.accessToken), '401 SESSION_REVOKED');
});

t.test('a session never outlives its absolute end, however busy it is', async (t) => {
  const first = await signUp(gateway);
  let newest = await refresh(gateway, first.refreshToken);
  for (let month = 1; month <= 7; month += 1) {
    await age(first, '29 days');
    const next = await refresh(gateway, newest.refreshToken, `month-number-${month}`);
    if (month === 6) {
      const left = Date.parse(next.refreshTokenExpiresAt) - Date.now();
      t.ok(left > 5.9 * 86_400_000 && left < 6 * 86_400_000, 'the absolute end is the nearer one');
    }
    if (month === 7) t.equal(next.code, 'SESSION_EXPIRED');
    else t.equal(next.__typename, 'SessionTokens', `still there after ${month * 29} days`);
    newest = next.__typename === 'SessionTokens' ? next : newest;
  }
  t.equal((await refresh(gateway, newest.refreshToken, 'month-number-6')).code, 'SESSION_EXPIRED');
  t.equal(await ask(gateway, newest.accessToken), '401 SESSION_REVOKED');
});

t.test('nor do its access tokens, for those who only look at them', async (t) => {
  const first = await signUp(gateway);
  await age(first, '29 days');
  await sql`update sessions set ends_at = now() + interval '5 minutes' where id = ${first.session.id}`;
  const last = await refresh(gateway, first.refreshToken);
  const { exp, iat } = JSON.parse(Buffer.from(last.accessToken.split('.')[1] ?? '', 'base64url').toString());
  t.ok(exp - iat <= 300 && exp - iat > 290, `${exp - iat} s`);
  t.equal(Date.parse(last.accessTokenExpiresAt), exp * 1000);
  t.equal(Math.floor(Date.parse(last.refreshTokenExpiresAt) / 1000), exp);
});

t.test('a malformed idempotencyKey is refused and spends nothing', async (t) => {
  const first = await signUp(gateway);
  for (const key of [
    '',
    'short-7',
    'x'.repeat(129),
    'with a blank',
    'ümlaut-ümlaut',
    'newline-newline\n',
    'a"b;--\'12345',
  ]) {
    t.equal(
      (await refresh(gateway, first.refreshToken, key)).code,
      'IDEMPOTENCY_KEY_INVALID',
      JSON.stringify(key),
    );
  }
  t.match(await rowOf(first), { refresh_count: 0, revoked_at: null });
  for (const key of ['eight-ch', 'x'.repeat(128), 'A-Z_a:z.0-9']) {
    const fresh = await signUp(gateway);
    t.equal((await refresh(gateway, fresh.refreshToken, key)).__typename, 'SessionTokens');
  }
});

t.test('a disabled account gets no tokens for its sessions, and they are refused everywhere', async (t) => {
  const first = await signUp(gateway);
  const second = await refresh(gateway, first.refreshToken);
  await sql`update users set disabled_at = now() where id = ${first.user.id}`;
  t.equal((await refresh(gateway, second.refreshToken)).code, 'ACCOUNT_DISABLED');
  t.equal((await refresh(gateway, first.refreshToken)).code, 'ACCOUNT_DISABLED', 'within the grace period');
  await sql`update sessions set refresh_count = 0 where id = ${first.session.id}`;
  t.equal((await refresh(gateway, second.refreshToken)).code, 'ACCOUNT_DISABLED', 'ahead of the row');
  t.match(await rowOf(first), { refresh_count: 0 });
  t.equal(await ask(gateway, second.accessToken), '401 SESSION_REVOKED');
});

t.test('a deleted account leaves no session behind', async (t) => {
  const first = await signUp(gateway);
  await sql`delete from users where id = ${first.user.id}`;
  t.equal((await refresh(gateway, first.refreshToken)).code, 'REFRESH_TOKEN_INVALID');
  t.equal(await ask(gateway, first.accessToken), '401 SESSION_REVOKED');
});

t.test('a thousand refreshes rewrite their rows in place (HOT)', async (t) => {
  await t.test('a third of three thousand sessions is refreshed', async (t) => {
    const busy = await build(t, {}, gateway);
    const { user } = await signUp(busy);
    const added = await sql`insert into sessions (user_id, method, amr, client_id, device, network, ends_at)
      select ${user.id}, 'PASSWORD', '{pwd}', 'app', '{"platform":"ANDROID","name":"Pixel"}', '203.0.113.7',
        now() + interval '90 days' from generate_series(1, 3000) returning id`;
    await sql`vacuum analyze sessions`;
    await sql`select pg_stat_reset_single_table_counters('sessions'::regclass)`;
    const subkeys = busy.app.tools.subkeys['refresh-token'];
    const turns = Array.from({ length: 10 }, async (_, line) => {
      for (let turn = line; turn < 1000; turn += 10) {
        const token = makeRefreshToken(subkeys, { sessionId: added[turn * 3]?.id, count: 0 });
        if ((await refresh(busy, token)).__typename !== 'SessionTokens') t.fail('a refresh failed');
      }
    });
    await Promise.all(turns);
  });
  // A connection tells the statistics what it did when it closes.
  const { updated, inPlace } = await until(async () => {
    const [row] = await sql`select n_tup_upd::int as updated, n_tup_hot_upd::int as "inPlace"
      from pg_stat_user_tables where relname = 'sessions'`;
    return row && row.updated >= 1000 ? (row as unknown as { updated: number; inPlace: number }) : null;
  });
  t.ok(inPlace / updated > 0.99, `${inPlace} of ${updated} updates stayed in their page`);
});

async function signInAgain({ email, password }: SignedIn): Promise<SignedIn> {
  const { data } = await gateway.graphql(operations.login, { input: { email, password } });
  return data.login;
}

/** Looks again until there is something; the runner's time-out ends what never comes. */
async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import t from 'tap';
import { sweep } from '../src/sweep.js';
import { build, type Gateway, operations, signUp } from './helper.js';

function sweepAt({ app, config }: Gateway) {
  return sweep(app.tools.db, config);
}

async function count({ sql }: Gateway, table: 'sessions' | 'login_events' | 'attempts') {
  const [row] = await sql`select count(*)::int as count from ${sql(table)}`;
  return row?.count;
}

/** Writes sessions of one person in these states, so many of each. */
async function addSessions({ sql }: Gateway, userId: string, copies: number, ...states: string[]) {
  for (const state of states) {
    // Wide rows, a few to a page.
    await sql`insert into sessions (user_id, method, amr, client_id, device, network, last_used_at, ends_at, revoked_at)
      select ${userId}, 'PASSWORD', '{pwd}', 'app', jsonb_build_object('name', repeat('x', 1500)), ${state},
        ${sql.unsafe(state)} from generate_series(1, ${copies})`;
  }
}

const ago = (time: string) => `now() - interval '${time}'`;
const ahead = `now() + interval '90 days'`;

t.test('sessions go thirty days after their end, whichever end it was, and no sooner', async (t) => {
  const gateway = await build(t);
  const { user, refreshToken } = await signUp(gateway);
  const gone = [
    [ago('1 day'), ahead, ago('30 days 1 minute')],
    [ago('31 days'), ago('30 days 1 minute'), 'null'],
    [ago('60 days 1 minute'), ahead, 'null'],
    [ago('400 days'), ago('300 days'), ago('31 days')],
  ].map((state) => state.join());
  const kept = [
    [ago('1 minute'), ahead, 'null'],
    [ago('29 days'), ahead, ago('29 days')],
    [ago('31 days'), ago('29 days'), 'null'],
    [ago('59 days 23 hours'), ahead, 'null'],
  ].map((state) => state.join());
  await addSessions(gateway, user.id, 2, ...gone, ...kept);
  await sweepAt(gateway);
  const left = await gateway.sql`select network, count(*)::int as count from sessions
    where network <> '127.0.0.1' and network like 'now%' group by network`;
  t.same(left.map(({ network }) => network).sort(), kept.toSorted());
  t.ok(left.every((row) => row.count === 2));
  const { data } = await gateway.graphql(operations.refreshSession, { input: { refreshToken } });
  t.equal(data.refreshSession.__typename, 'SessionTokens', 'a living session goes on');
});

t.test('large tables are swept to the end, by two replicas at once', async (t) => {
  const gateway = await build(t);
  const replica = await build(t, {}, gateway);
  const { user } = await signUp(gateway);
  // More than the pages, and the rows, of one statement.
  await addSessions(gateway, user.id, 1500, [ago('1 day'), ahead, ago('31 days')].join());
  await addSessions(gateway, user.id, 1500, [ago('1 day'), ahead, 'null'].join());
  await gateway.sql`insert into login_events (kind, occurred_at)
    select 'SIGN_IN', now() - make_interval(days => 400, mins => case when i % 2 = 0 then 1 else -1 end)
    from generate_series(1, 5000) as i`;
  await gateway.sql`insert into attempts
    select 'bucket ' || i, 1, now() + make_interval(secs => case when i % 2 = 0 then -1 else 600 end)
    from generate_series(1, 5000) as i`;
  const [{ pages } = { pages: 0 }] = await gateway.sql`select pg_relation_size('sessions') / 8192 as pages`;
  t.ok(pages > 500);
  await Promise.all([sweepAt(gateway), sweepAt(replica)]);
  await sweepAt(gateway);
  t.equal(await count(gateway, 'sessions'), 1501);
  t.equal(await count(gateway, 'login_events'), 2501);
  t.equal(await count(gateway, 'attempts'), 2500);
});

t.test('login events are kept for LOGIN_EVENTS_DAYS', async (t) => {
  const gateway = await build(t, { LOGIN_EVENTS_DAYS: '7' });
  await gateway.sql`insert into login_events (kind, occurred_at)
    values ('SIGN_IN', now() - interval '7 days 1 minute'), ('SIGN_OUT', now() - interval '6 days 23 hours')`;
  await sweepAt(gateway);
  t.match([...(await gateway.sql`select kind from login_events`)], [{ kind: 'SIGN_OUT' }]);
});

t.test('one table that cannot be swept holds up none of the others', async (t) => {
  const first = await build(t);
  await first.sql.unsafe(`alter database ${first.database} set lock_timeout = '100ms'`);
  const gateway = await build(t, {}, first);
  const { user } = await signUp(gateway);
  await addSessions(gateway, user.id, 1, [ago('1 day'), ahead, ago('31 days')].join());
  await gateway.sql`insert into login_events (kind, occurred_at) values ('SIGN_IN', now() - interval '401 days')`;
  const blocker = await gateway.sql.reserve();
  await blocker`begin`;
  await blocker`lock attempts`;
  await t.rejects(sweepAt(gateway), 'and the failure is told');
  await blocker`rollback`;
  blocker.release();
  t.equal(await count(gateway, 'sessions'), 1);
  t.equal(await count(gateway, 'login_events'), 1);
});

t.test('challenges of passkeys go when they have lapsed', async (t) => {
  const gateway = await build(t);
  await gateway.sql`insert into passkey_challenges (ceremony, challenge, expires_at)
    select 'sign_in', 'x', now() + make_interval(secs => case when i % 2 = 0 then -1 else 300 end)
    from generate_series(1, 3000) as i`;
  await sweepAt(gateway);
  t.equal((await gateway.sql`select from passkey_challenges`).length, 1500);
});

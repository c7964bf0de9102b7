import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sql } from 'drizzle-orm';
import t, { type Test } from 'tap';
import { connect } from '../../src/db/client.js';
import { isOutage } from '../../src/db/pool.js';
import { build, postgresAddress } from '../helper.js';
import { TcpProxy } from '../tcp-proxy.js';

const gateway = await build(t);
await gateway.sql`create table pairs (id int, half int)`;

/** A pool of our own on the gateway's database, behind a proxy. */
async function open(t: Test, settings: { databasePool?: number; databaseTimeoutMs?: number } = {}) {
  const proxy = await TcpProxy.open(t, postgresAddress);
  const { user, password } = JSON.parse(process.env.TEST_POSTGRES ?? '{}').server;
  const { db, close } = connect(
    { user, password, database: gateway.database, host: '127.0.0.1', port: proxy.port },
    { ...gateway.config, databasePool: 5, databaseTimeoutMs: 500, ...settings },
  );
  t.teardown(() => close(0));
  return { proxy, db, close };
}

/** What an attempt comes to, and after how long. */
async function attempt(work: () => PromiseLike<unknown>) {
  const begun = performance.now();
  const error = await Promise.resolve(work()).then(
    () => null,
    (error: Error) => error,
  );
  return { error, tookMs: performance.now() - begun };
}

const one = sql`select 1 as one`;

t.test('a transaction is all or nothing, and a failed statement cannot be committed over', async (t) => {
  const { db } = await open(t);
  await db.transaction(async (tx) => {
    await tx.execute(sql`insert into pairs values (1, 1)`);
    await tx.execute(sql`insert into pairs values (1, 2)`);
  });
  const thrown = new Error('no');
  const { error } = await attempt(() =>
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into pairs values (2, 1)`);
      throw thrown;
    }),
  );
  t.equal(error, thrown);
  const { error: swallowed } = await attempt(() =>
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into pairs values (3, 1)`);
      await tx.execute(sql`select * from nowhere`).catch(() => {});
    }),
  );
  t.ok(swallowed);
  t.same(await gateway.sql`select id, half from pairs order by half`, [
    { id: 1, half: 1 },
    { id: 1, half: 2 },
  ]);
});

t.test('a refused statement leaves its connection in use', async (t) => {
  const { db, proxy } = await open(t, { databasePool: 1 });
  await db.execute(one);
  const { error } = await attempt(() => db.execute(sql`select * from nowhere`));
  t.notOk(isOutage(error as Error));
  await db.execute(one);
  t.equal(proxy.taken, 1);
});

t.test(
  'a connection that breaks within a transaction is one clean error, and nobody inherits it',
  async (t) => {
    const { db } = await open(t, { databasePool: 1 });
    for (const moment of ['during a statement', 'between two'] as const) {
      let went = 0;
      const { error } = await attempt(() =>
        db.transaction(async (tx) => {
          await tx.execute(sql`insert into pairs values (4, 1)`);
          const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
          const killed = gateway.sql`select pg_terminate_backend(${row?.pid ?? 0}, 1000)`;
          if (moment === 'between two') await killed;
          else await Promise.all([killed, tx.execute(sql`select pg_sleep(5)`)]);
          went += 1;
          await tx.execute(sql`insert into pairs values (4, 2)`);
          went += 1;
        }),
      );
      t.ok(error && isOutage(error), `${moment}: an outage`);
      t.ok(went < 2);
      for (let count = 0; count < 3; count += 1) await db.execute(one);
    }
    t.same(await gateway.sql`select * from pairs where id = 4`, []);
  },
);

t.test('a hundred kills under load take no transaction apart and cost no connection for good', async (t) => {
  const { db } = await open(t);
  const told = new Set<number>();
  let id = 100;
  let done = false;
  const unclean: Error[] = [];
  const work = async () => {
    while (!done) {
      id += 1;
      const mine = id;
      const { error } = await attempt(() =>
        db.transaction(async (tx) => {
          await tx.execute(sql`insert into pairs values (${mine}, 1)`);
          await tx.execute(sql`insert into pairs values (${mine}, 2)`);
        }),
      );
      if (error === null) told.add(mine);
      else if (!isOutage(error)) unclean.push(error);
    }
  };
  const workers = Array.from({ length: 10 }, work);
  for (let count = 0; count < 100; count += 1) {
    const before = told.size;
    await gateway.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${gateway.database} and pid <> pg_backend_pid() and application_name = 'darwaza'`;
    while (told.size < before + 2) await new Promise(setImmediate);
  }
  done = true;
  await Promise.all(workers);

  t.strictSame(unclean, []);
  const rows = await gateway.sql<{ id: number; halves: number }[]>`
    select id, count(*)::int as halves from pairs where id > 100 group by id`;
  t.strictSame(
    rows.filter(({ halves }) => halves !== 2),
    [],
  );
  const kept = new Set(rows.map((row) => row.id));
  t.strictSame(
    [...told].filter((mine) => !kept.has(mine)),
    [],
  );
  const after = await Promise.all(Array.from({ length: 50 }, () => attempt(() => db.execute(one))));
  t.strictSame(
    after.filter(({ error }) => error !== null),
    [],
  );
});

t.test('an outage is told from a quarrel with a statement', async (t) => {
  const refused = Object.assign(new Error(), { code: 'ECONNREFUSED', syscall: 'connect' });
  for (const outage of [
    refused,
    Object.assign(new Error(), { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }),
    Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' }),
    Object.assign(new Error(), { code: 'CONNECT_TIMEOUT' }),
    Object.assign(new Error(), { code: '53300', severity: 'FATAL' }),
    Object.assign(new Error(), { code: '40P01', severity: 'ERROR' }),
    new Error('Failed query', { cause: Object.assign(new Error(), { code: '57014' }) }),
  ]) {
    t.ok(isOutage(outage));
  }
  for (const quarrel of [
    new Error('connect'),
    new AggregateError([new Error()]),
    Object.assign(new Error(), { code: '23505', severity: 'ERROR' }),
    Object.assign(new Error(), { code: '42P01', severity: 'ERROR' }),
    Object.assign(new Error(), { code: 'ENOENT', syscall: 'open' }),
  ]) {
    t.notOk(isOutage(quarrel));
  }
});

t.test('of statements that fail nothing is kept: an outage may last', async (t) => {
  const { db } = await open(t);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const fail = async () => {
    const text = `select 1/0 -- ${randomBytes(50_000).toString('hex')}`;
    t.ok((await attempt(() => db.execute(sql.raw(text)))).error);
  };
  for (let n = 0; n < 20; n += 1) await fail();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 200; n += 1) await fail();
  collect();
  const kept = process.memoryUsage().heapUsed - before;
  t.ok(kept < 5_000_000, `${kept} bytes of 20 MB`);
});

t.test('a slow statement is ended by the server, and its connection goes on', async (t) => {
  const { db, proxy } = await open(t, { databasePool: 1 });
  const { error, tookMs } = await attempt(() => db.execute(sql`select pg_sleep(5)`));
  t.ok(error && isOutage(error));
  t.ok(tookMs < 2_000, `${tookMs.toFixed()} ms`);
  await db.execute(one);
  t.equal(proxy.taken, 1);
});

t.test('a server that falls silent is an error in time, and forgotten when it speaks again', async (t) => {
  const { db, proxy } = await open(t);
  await db.execute(one);
  await proxy.fail('silent');
  const silent = await Promise.all(
    ['a warm connection', 'a new one', 'another', 'another'].map(() => attempt(() => db.execute(one))),
  );
  for (const { error, tookMs } of silent) {
    t.ok(error && isOutage(error));
    t.ok(tookMs < 2_000, `${tookMs.toFixed()} ms`);
  }
  await proxy.fail('pass');
  t.equal((await attempt(() => db.execute(one))).error, null);
});

t.test('a transaction that falls silent half way is given up as a whole', async (t) => {
  const { db, proxy } = await open(t);
  const { error, tookMs } = await attempt(() =>
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into pairs values (5, 1)`);
      await proxy.fail('silent');
      await tx.execute(sql`insert into pairs values (5, 2)`);
    }),
  );
  t.ok(error && isOutage(error));
  t.ok(tookMs < 2_000, `${tookMs.toFixed()} ms`);
  await proxy.fail('pass');
  await db.execute(one);
  t.same(await gateway.sql`select * from pairs where id = 5`, []);
});

t.test('a server that is away refuses at once, and is found again at once', async (t) => {
  const { db, proxy } = await open(t);
  await db.execute(one);
  for (const mode of ['refuse', 'hang-up'] as const) {
    await proxy.fail(mode);
    proxy.cut();
    const before = proxy.taken;
    const away = await Promise.all(Array.from({ length: 20 }, () => attempt(() => db.execute(one))));
    for (const { error, tookMs } of away) {
      t.ok(error && isOutage(error), mode);
      t.ok(tookMs < 2_000, `${tookMs.toFixed()} ms`);
    }
    // postgres.js by itself knocks some thousand times a second at a door that is shut in its face.
    t.ok(proxy.taken - before <= 20);
    await proxy.fail('pass');
    t.equal((await attempt(() => db.execute(one))).error, null);
  }
});

t.test('nobody waits long for a connection, and who waited in time is served in turn', async (t) => {
  const { db } = await open(t, { databasePool: 1, databaseTimeoutMs: 3_000 });
  const blocker = attempt(() => db.execute(sql`select pg_sleep(1.5)`));
  const waits = await Promise.all(Array.from({ length: 20 }, () => attempt(() => db.execute(one))));
  for (const { error, tookMs } of waits) {
    t.ok(error && isOutage(error));
    t.ok(tookMs < 2_500, `${tookMs.toFixed()} ms`);
  }
  t.equal((await blocker).error, null);
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async (_, turn) => {
      await db.execute(one);
      order.push(turn);
    }),
  );
  t.strictSame(order, [...order.keys()]);
});

t.test('closing waits for what is under way, and lets nothing new begin', async (t) => {
  const { db, close } = await open(t);
  const under = attempt(() => db.execute(sql`select pg_sleep(0.2)`));
  await db.execute(one);
  await close(2);
  t.equal((await under).error, null);
  const late = await attempt(() => db.execute(one));
  t.ok(late.error && isOutage(late.error));
});

t.test('a connection stays in use until its time, and no more of them are made than needed', async (t) => {
  const { db, proxy } = await open(t);
  for (let count = 0; count < 20; count += 1) await db.execute(one);
  t.equal(proxy.taken, 1);
  await Promise.all(Array.from({ length: 50 }, () => db.execute(one)));
  t.equal(proxy.taken, 5);
});

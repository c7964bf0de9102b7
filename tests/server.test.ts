import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { operations } from './helper.js';
import {
  canLogIn,
  findFreePort,
  makeDatabase,
  makeDataDir,
  productionSettings,
  runScript,
  signUpAt,
  startGateway,
} from './process.js';

const server = ['dist/server.js'];
/** Of an error that nobody has put into words. */
const stack = /^ {4}at /m;

t.test(
  'a second start on nothing but a directory keeps the people and the tokens of the first',
  async (t) => {
    const DATA_DIR = await makeDataDir(t);
    const first = await startGateway(t, { DATA_DIR });
    const { email, accessToken } = await signUpAt(first);
    const { code, stdout, stderr } = await first.stop();
    t.equal(code, 0);
    t.match(stdout, 'Making a database in');
    t.match(stdout, 'open for the first time');
    t.equal(stderr, '');

    const second = await startGateway(t, { DATA_DIR, PORT: new URL(first.url).port });
    t.notMatch(second.printed().stdout, 'first');
    t.ok(await canLogIn(second, email));
    const { data } = await second.graphql(operations.me, {}, accessToken);
    t.equal(data.me.email, email, 'keys and SECRET_KEY have outlived the restart');
  },
);

t.test('kill -9 in the middle of signups loses nobody who was told of success', async (t) => {
  const DATA_DIR = await makeDataDir(t);
  const settings = { DATA_DIR, SIGNUPS_PER_HOUR: '10000' };
  const first = await startGateway(t, settings);
  const acknowledged: string[] = [];
  const keepSigningUp = async () => {
    for (;;) acknowledged.push((await signUpAt(first)).email);
  };
  const crowd = Promise.allSettled(Array.from({ length: 6 }, keepSigningUp));
  while (acknowledged.length < 6) await sleep(5);
  await sleep(Math.random() * 300);
  await first.stop('SIGKILL');
  await crowd;

  const second = await startGateway(t, settings);
  const back = await Promise.all(acknowledged.map((email) => canLogIn(second, email)));
  t.same(new Set(back), new Set([true]), `all ${back.length} are there`);
});

t.test(
  'SIGTERM: not ready at once, requests still taken for a while, those in flight answered, exit 0',
  async (t) => {
    const gateway = await startGateway(t, {
      ...(await makeDatabase(t, 'migrated')),
      DATA_DIR: await makeDataDir(t),
      DRAIN_SECONDS: '1',
    });
    const { email, accessToken } = await signUpAt(gateway);
    t.equal((await fetch(`${gateway.url}/readyz`)).status, 200);
    const inFlight = Array.from({ length: 8 }, () => canLogIn(gateway, email));
    // The requests are on their way once one of them is back.
    await Promise.race(inFlight);

    const begun = performance.now();
    const ending = gateway.stop();
    while ((await fetch(`${gateway.url}/readyz`)).status === 200) await sleep(5);
    t.ok(performance.now() - begun < 900, 'it says so while it still takes requests');
    const response = await fetch(`${gateway.url}/healthz`);
    t.equal(response.status, 200);
    t.equal(response.headers.get('connection'), 'close', 'who is connected is asked to come by another way');
    t.match((await gateway.graphql(operations.me, {}, accessToken)).data, { me: { email } });
    t.same(new Set(await Promise.all(inFlight)), new Set([true]));

    const { code } = await ending;
    t.equal(code, 0);
    const seconds = (performance.now() - begun) / 1000;
    t.ok(seconds >= 1 && seconds < 5, `closed within ${seconds.toFixed(1)} s`);
    await t.rejects(fetch(`${gateway.url}/healthz`), 'nobody listens any more');
  },
);

t.test(
  'a request that is still being answered keeps the door open no longer than SHUTDOWN_SECONDS',
  async (t) => {
    const gateway = await startGateway(t, {
      ...(await makeDatabase(t, 'migrated')),
      DATA_DIR: await makeDataDir(t),
      SHUTDOWN_SECONDS: '1',
    });
    const slow = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{')) }),
      duplex: 'half',
    } as RequestInit).catch(() => 'cut off');
    await sleep(100);
    const begun = performance.now();
    t.equal((await gateway.stop()).code, 1, 'something was cut off');
    t.ok(performance.now() - begun < 3_000);
    t.equal(await slow, 'cut off');
  },
);

t.test('an error that nothing catches is logged, requests in flight are answered, exit 1', async (t) => {
  const DATA_DIR = await makeDataDir(t);
  // Thrown where no request is: from the handler of a signal that means nothing else.
  const bomb = 'process.on("SIGWINCH", () => { throw new Error("a bug") })';
  const gateway = await startGateway(t, {
    ...(await makeDatabase(t, 'migrated')),
    DATA_DIR,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bomb)}`,
  });
  const { email } = await signUpAt(gateway);
  const inFlight = Array.from({ length: 5 }, () => canLogIn(gateway, email));
  await Promise.race(inFlight);
  const begun = performance.now();
  const { code, stdout } = await gateway.stop('SIGWINCH');
  t.equal(code, 1);
  t.ok(performance.now() - begun < 5_000, 'connections that were kept alive do not hold it up');
  t.same(new Set(await Promise.all(inFlight)), new Set([true]));
  const logged = stdout.split('\n').find((line) => line.includes('a bug')) ?? '{}';
  t.match(JSON.parse(logged), { level: 60, err: { message: 'a bug' } });
});

t.test('a gateway whose embedded Postgres is gone says so and ends', async (t) => {
  const DATA_DIR = await makeDataDir(t);
  const gateway = await startGateway(t, { DATA_DIR });
  const [pid] = readFileSync(join(DATA_DIR, 'postgres/postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGQUIT');
  const { code, stderr } = await gateway.exited;
  t.equal(code, 1);
  t.match(stderr, 'Postgres ended by itself');
});

t.test('production names all that is missing at once, in plain words', async (t) => {
  const { code, stdout, stderr } = await runScript(server, { NODE_ENV: 'production' });
  t.equal(code, 1);
  t.equal(stdout, '');
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'PUBLIC_URL', 'TRUST_PROXY']) {
    t.match(stderr, new RegExp(`^  ${name} is needed in production`, 'm'));
  }
  t.notMatch(stderr, stack);
});

t.test('a database without the tables, or with older ones, is refused with the way out', async (t) => {
  const empty = await makeDatabase(t, 'empty');
  const older = await makeDatabase(t, 'migrated');
  const outdate = `import postgres from 'postgres'; const sql = postgres(process.env.DATABASE_URL);
    await sql\`update drizzle.__drizzle_migrations set created_at = 1\`; await sql.end();`;
  t.equal((await runScript(['--input-type=module', '-e', outdate], older)).code, 0);

  for (const database of [empty, older]) {
    const { code, stderr } = await runScript(server, { ...database, DATA_DIR: await makeDataDir(t) });
    t.equal(code, 1);
    t.match(stderr, 'npm run migrate');
    t.notMatch(stderr, stack);
  }
});

t.test('a database that does not answer, or refuses, is named without its password', async (t) => {
  const DATA_DIR = await makeDataDir(t);
  const port = await findFreePort();
  const away = ['127.0.0.1', 'localhost', 'no-such-host.invalid'].map(async (host) => {
    const DATABASE_URL = `postgres://someone:s3cret-pass@${host}:${port}/darwaza`;
    const { code, stdout, stderr } = await runScript(server, { DATABASE_URL, DATA_DIR });
    t.equal(code, 1, host);
    t.match(stderr, /^The database of DATABASE_URL does not answer: \S+/);
    t.notMatch(stdout + stderr, 's3cret-pass');
    t.notMatch(stderr, stack);
  });
  await Promise.all(away);

  const { DATABASE_URL, ...database } = await makeDatabase(t, 'empty');
  const unknown = { ...database, DATABASE_URL: `${DATABASE_URL}_elsewhere`, DATA_DIR };
  const { code, stderr } = await runScript(server, unknown);
  t.equal(code, 1);
  t.match(stderr, /^The database of DATABASE_URL refuses: .* \(3D000\)/);
});

t.test('a taken port is named with its variable; that of the metrics gives way in development', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const port = String((taken.address() as { port: number }).port);
  const DATA_DIR = await makeDataDir(t);
  const database = await makeDatabase(t, 'migrated');

  const first = await runScript(server, { ...database, DATA_DIR, PORT: port, METRICS_PORT: '0' });
  t.equal(first.code, 1);
  t.equal(first.stderr, `Port ${port} is taken by another program. Set PORT to a free one.\n`);

  const gateway = await startGateway(t, { ...database, DATA_DIR, METRICS_PORT: port });
  const [, metricsPort] = /Metrics +http:\/\/localhost:(\d+)/.exec(gateway.printed().stdout) ?? [];
  t.not(metricsPort, port);
  t.match(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text(), 'darwaza_');

  const key = readFileSync(join(DATA_DIR, 'secret.key'), 'utf8').trim();
  const settings = { ...productionSettings(key), METRICS_HOST: '127.0.0.1', METRICS_PORT: port };
  const third = await runScript(server, { ...database, ...settings });
  t.equal(third.code, 1);
  t.equal(third.stderr, `Port ${port} is taken by another program. Set METRICS_PORT to a free one.\n`);
});

t.test('an address that is none of this machine is named with its variable', async (t) => {
  const database = await makeDatabase(t, 'migrated');
  const DATA_DIR = await makeDataDir(t);
  // TEST-NET-1 (RFC 5737) belongs to nobody.
  const elsewhere = ['203.0.113.1', 'no-such-host.invalid'].map(async (HOST) => {
    const { code, stderr } = await runScript(server, { ...database, DATA_DIR, HOST, METRICS_PORT: '0' });
    t.equal(code, 1, HOST);
    t.equal(stderr, `${HOST} is no address of this machine. Set HOST to one that is.\n`);
  });
  await Promise.all(elsewhere);
});

t.test('a data directory that cannot be written is named', async (t) => {
  const directory = await makeDataDir(t);
  writeFileSync(join(directory, 'a-file'), '');
  const { code, stderr } = await runScript(server, { DATA_DIR: join(directory, 'a-file', 'data') });
  t.equal(code, 1);
  t.match(stderr, 'a-file');
  t.match(stderr, 'DATA_DIR');
  t.notMatch(stderr, stack);
});

t.test('another SECRET_KEY than the one in use is refused, unless the old one is named', async (t) => {
  const database = await makeDatabase(t, 'migrated');
  const DATA_DIR = await makeDataDir(t);
  const [used, other] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const first = await startGateway(t, { ...database, DATA_DIR, SECRET_KEY: used });
  const { refreshToken } = await signUpAt(first);
  await first.stop();

  const refused = await runScript(server, { ...database, DATA_DIR, SECRET_KEY: other, METRICS_PORT: '0' });
  t.equal(refused.code, 1);
  t.match(refused.stderr, 'SECRET_KEY_PREVIOUS');
  t.notMatch(refused.stderr, new RegExp(`${used}|${other}`));
  t.notMatch(refused.stderr, stack);

  const settings = { ...database, DATA_DIR, SECRET_KEY: other, SECRET_KEY_PREVIOUS: used };
  const second = await startGateway(t, settings);
  const { data } = await second.graphql(operations.refreshSession, { input: { refreshToken } });
  t.equal(data.refreshSession.__typename, 'SessionTokens');
  await second.stop();

  const third = await startGateway(t, { ...database, DATA_DIR, SECRET_KEY: other });
  const again = await third.graphql(operations.refreshSession, { input: { refreshToken } });
  t.equal(
    again.data.refreshSession.code,
    'REFRESH_TOKEN_INVALID',
    'what the old key made is worth nothing now',
  );
});

t.test('a gateway in development', async (t) => {
  const database = await makeDatabase(t, 'migrated');
  const SECRET_KEY = randomBytes(32).toString('base64url');
  const settings = { ...database, SECRET_KEY };
  const gateway = await startGateway(t, settings);
  const greeting = gateway.printed().stdout;
  // Linux answers on all of 127.0.0.0/8 who listens everywhere.
  const beside = process.platform === 'linux' ? '127.0.0.2' : '[::1]';
  const reach = async (url: string) =>
    (await fetch(url.replace('127.0.0.1', beside)).catch(() => null))?.status ?? null;

  t.test('greets with where everything is', async (t) => {
    for (const path of ['/graphiql', '/graphql', '/healthz', '/readyz', '/.well-known/jwks.json']) {
      t.match(greeting, gateway.url.replace('127.0.0.1', 'localhost') + path);
    }
    t.match(greeting, new URL(gateway.metricsUrl).port);
    t.match(greeting, /Mode +development, listening on 127\.0\.0\.1/);
    t.match(greeting, /Data +the Postgres of DATABASE_URL/);
    t.match(greeting, 'needs DATABASE_URL, REDIS_URL, SECRET_KEY, PUBLIC_URL, TRUST_PROXY and SMTP_URL');
  });

  t.test('tells its metrics on a port of their own, there alone, and nothing else there', async (t) => {
    const { email } = await signUpAt(gateway);
    await canLogIn(gateway, email);
    const response = await fetch(gateway.metricsUrl);
    t.match(response.headers.get('content-type'), 'text/plain; version=0.0.4');
    const text = await response.text();
    t.match(text, 'darwaza_login_events_total{kind="SIGN_IN",method="PASSWORD",outcome="success"} 1');
    t.match(text, 'darwaza_password_hashes_total 2');
    t.match(text, /^nodejs_eventloop_lag_seconds /m);
    t.notMatch(text, email);
    for (const path of ['/', '/metrics/', '/graphql', '/healthz', '/metrics?x=1']) {
      t.equal((await fetch(new URL(path, gateway.metricsUrl))).status, 404, path);
    }
    t.equal((await fetch(gateway.metricsUrl, { method: 'POST' })).status, 404);
    t.equal((await fetch(`${gateway.url}/metrics`)).status, 404);
  });

  t.test('listens to this machine alone, unless DEV_LAN asks for more', async (t) => {
    t.equal(await reach(`${gateway.url}/healthz`), null);
    t.notMatch(greeting, 'Network');

    const open = await startGateway(t, { ...settings, DEV_LAN: '1' });
    t.equal(await reach(`${open.url}/healthz`), 200);
    t.equal(await reach(open.metricsUrl), null, 'metrics stay here');
    const hasNetwork = Object.values(networkInterfaces()).some((all) =>
      all?.some(({ family, internal }) => family === 'IPv4' && !internal),
    );
    t.equal(open.printed().stdout.includes('Network'), hasNetwork, 'where a phone finds it');
  });

  t.test('in production there are lines for machines instead of a greeting', async (t) => {
    const production = await startGateway(t, { ...productionSettings(SECRET_KEY), ...database });
    const lines = production.printed().stdout.trim().split('\n');
    t.ok(lines.some((line) => JSON.parse(line).msg.startsWith('listening at')));
  });
});

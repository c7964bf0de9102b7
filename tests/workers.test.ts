import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { operations, withoutRedis } from './helper.js';
import {
  canLogIn,
  makeDatabase,
  makeDataDir,
  productionSettings,
  type RunningGateway,
  runScript,
  signUpAt,
  startGateway,
} from './process.js';

t.test('several workers without a common Postgres and Redis are refused', async (t) => {
  const DATA_DIR = await makeDataDir(t);
  const { code, stderr } = await runScript(['dist/server.js'], { DATA_DIR, WEB_CONCURRENCY: '2' });
  t.equal(code, 1);
  t.match(stderr, /^ {2}WEB_CONCURRENCY .* DATABASE_URL and REDIS_URL/m);
});

t.test(
  'workers share the port, sum their metrics, are replaced and close together',
  { skip: withoutRedis },
  async (t) => {
    const settings = {
      ...productionSettings(),
      ...(await makeDatabase(t, 'migrated')),
      WEB_CONCURRENCY: '2',
    };
    const gateway = await startGateway(t, settings);
    const bothServe = async () => (await workersOf(gateway)).size === 2;
    await until(bothServe);

    const { email, accessToken } = await signUpAt(gateway);
    for (let logins = 0; logins < 4; logins += 1) t.ok(await canLogIn(gateway, email));
    t.equal(await countHashes(gateway), 5, 'the sum of what each of them has counted');
    t.match((await gateway.graphql(operations.me, {}, accessToken)).data, { me: { email } });
    t.same(pidsThatLog(gateway, 'request completed'), await workersOf(gateway), 'each of them has served');

    const [victim, survivor] = [...(await workersOf(gateway))];
    process.kill(Number(victim), 'SIGKILL');
    const ask = () => gateway.graphql(operations.me, {}, accessToken);
    await until(async () => {
      // A connection may have been in the hands of the one that is gone: apps try again then.
      t.equal((await ask().catch(ask)).status, 200, 'the other one goes on');
      return gateway.printed().stderr.includes('SIGKILL') && bothServe();
    });
    const now = await workersOf(gateway);
    t.notOk(now.has(victim ?? ''));
    t.ok(now.has(survivor ?? ''));
    t.ok(await canLogIn(gateway, email));

    const inFlight = Array.from({ length: 6 }, () => canLogIn(gateway, email));
    await Promise.race(inFlight);
    t.equal((await gateway.stop()).code, 0);
    t.same(new Set(await Promise.all(inFlight)), new Set([true]));
    for (const pid of now) t.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  },
);

t.test(
  'Ctrl-C, which reaches every process of a terminal, closes workers as gently',
  { skip: withoutRedis },
  async (t) => {
    const settings = {
      ...productionSettings(),
      ...(await makeDatabase(t, 'migrated')),
      WEB_CONCURRENCY: '2',
    };
    const gateway = await startGateway(t, settings);
    await until(async () => (await workersOf(gateway)).size === 2);
    const { email } = await signUpAt(gateway);
    const inFlight = Array.from({ length: 6 }, () => canLogIn(gateway, email));
    await Promise.race(inFlight);
    for (const pid of await workersOf(gateway)) process.kill(Number(pid), 'SIGINT');
    t.equal((await gateway.stop('SIGINT')).code, 0);
    t.same(new Set(await Promise.all(inFlight)), new Set([true]));
  },
);

t.test('what keeps workers from starting is told once', { skip: withoutRedis }, async (t) => {
  const settings = { ...productionSettings(), ...(await makeDatabase(t, 'empty')), WEB_CONCURRENCY: '2' };
  const { code, stderr } = await runScript(['dist/server.js'], { ...settings, METRICS_PORT: '0' });
  t.equal(code, 1);
  t.equal(stderr.match(/npm run migrate/g)?.length, 1);
});

/** The pids of the workers that listen. */
async function workersOf(gateway: RunningGateway): Promise<Set<string>> {
  return new Set([...pidsThatLog(gateway, 'listening at')].filter((pid) => isAlive(Number(pid))));
}

function pidsThatLog(gateway: RunningGateway, message: string): Set<string> {
  const lines = gateway
    .printed()
    .stdout.split('\n')
    .filter((line) => line.includes(message));
  return new Set(lines.map((line) => String(JSON.parse(line).pid)));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function countHashes(gateway: RunningGateway): Promise<number> {
  const text = await (await fetch(gateway.metricsUrl)).text();
  return Number(/^darwaza_password_hashes_total (\d+)/m.exec(text)?.[1]);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

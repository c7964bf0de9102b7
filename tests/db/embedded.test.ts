// Shows the embedded Postgres at work with the real binaries: starts, stops, kills, and two of them at once.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import t, { type Test } from 'tap';
import ts from 'typescript';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded.js';
import { findBinaries, findClosedDirectory } from '../../src/db/embedded-binaries.js';

const linux = process.platform === 'linux';
const root = process.getuid?.() === 0;
const quiet = () => {};

/** What another process runs: it takes the directory and inserts rows, telling of each that was acknowledged. */
const gatewaySource = `
  import postgres from 'postgres';
  import { startEmbeddedPostgres } from './embedded.js';
  try {
    const embedded = await startEmbeddedPostgres(process.argv[2], () => {});
    process.send({ pid: embedded.pid, sockets: embedded.connection.host });
    const sql = postgres({ ...embedded.connection, onnotice() {} });
    await sql\`create table if not exists written (n int primary key)\`;
    for (;;) {
      const [{ n }] = await sql\`insert into written select coalesce(max(n), 0) + 1 from written returning n\`;
      process.send({ inserted: n });
    }
  } catch (error) {
    process.send({ failed: error.message, code: error.code });
  }`;

const compiled = t.testdir({ ...compile(), 'gateway.js': gatewaySource });

t.test('the first start makes the database, and a restart keeps its rows', async (t) => {
  const dataDir = makeDataDir(t);
  const said: string[] = [];

  const first = await start(t, dataDir, said);
  t.equal(first.firstStart, true);
  t.match(said, [/^Making a database in .+postgres$/]);
  t.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700);
  await query(first, (sql) => sql`create table kept as select 42 as answer`);
  const [settings] = await query(
    first,
    (sql) => sql`select current_database() as name, current_setting('fsync') as fsync,
      current_setting('listen_addresses') as tcp, current_setting('server_encoding') as encoding`,
  );
  t.same(settings, { name: 'darwaza', fsync: 'on', tcp: '', encoding: 'UTF8' });
  await Promise.all([first.stop(), first.stop()]);
  await first.stop();
  t.equal(await first.exited, null);
  t.notOk(existsSync(first.connection.host), 'the socket directory is gone');
  t.same(readdirSync(dataDir), ['postgres'], 'nothing else is left behind');

  const second = await start(t, dataDir, said);
  t.equal(second.firstStart, false);
  t.equal(said.length, 1, 'a later start has nothing to say');
  t.same(await query(second, (sql) => sql`select answer from kept`), [{ answer: 42 }]);
});

t.test('a second gateway on the same directory is refused and does not disturb the first', async (t) => {
  const dataDir = makeDataDir(t);
  const first = await start(t, dataDir);
  const since = Date.now();

  await t.rejects(startEmbeddedPostgres(dataDir, quiet), {
    code: 'DATA_DIR_IN_USE',
    message: /DATABASE_URL/,
  });
  t.ok(Date.now() - since < 1_000, 'at once');
  const other = startGateway(t, dataDir);
  t.equal((await nextMessage(other, 'failed')).code, 'DATA_DIR_IN_USE', 'also from another process');
  t.same(await query(first, (sql) => sql`select 1 as one`), [{ one: 1 }]);

  await first.stop();
  await (await start(t, dataDir)).stop();
});

t.test('a gateway that is killed while it writes loses nothing that was acknowledged', async (t) => {
  const dataDir = makeDataDir(t);
  await (await start(t, dataDir)).stop();
  let acknowledged = 0;
  for (let round = 1; round <= 3; round++) {
    const gateway = startGateway(t, dataDir);
    gateway.on('message', ({ inserted }: Message) => {
      acknowledged = inserted ?? acknowledged;
    });
    const goal = acknowledged + 100;
    while (acknowledged < goal) await once(gateway, 'message');
    gateway.kill('SIGKILL');
    await once(gateway, 'exit');

    const since = Date.now();
    const next = await start(t, dataDir);
    t.ok(Date.now() - since < 5_000, 'the next one starts at once');
    const [row] = await query(next, (sql) => sql`select count(*)::int as rows, max(n) as last from written`);
    t.equal(row?.rows, row?.last, `round ${round}: no gaps`);
    t.ok(row?.last >= acknowledged, `round ${round}: ${row?.last} of ${acknowledged} acknowledged`);
    acknowledged = row?.last;
    await next.stop();
  }
});

// Without setpriv nothing stops Postgres when its gateway is killed, and without unshare root has to become
// another user: an empty PATH shows both.
const closed =
  root &&
  findClosedDirectory(dirname(findBinaries()?.postgres ?? '/'), 65534) !== null &&
  'no other user can enter this directory';
t.test('a Postgres that outlived its gateway is stopped by the next one', { skip: closed }, async (t) => {
  const dataDir = makeDataDir(t);
  const gateway = startGateway(t, dataDir, { PATH: join(dataDir, 'nothing') });
  const { pid = 0, sockets = '' } = await nextMessage(gateway, 'pid');
  if (root && linux) t.equal(statSync(`/proc/${pid}`).uid, 65534, 'it does not run as root');
  await nextMessage(gateway, 'inserted');
  gateway.kill('SIGKILL');
  await once(gateway, 'exit');
  t.ok(process.kill(pid, 0), 'it still runs');

  const said: string[] = [];
  const next = await start(t, dataDir, said);
  t.same(said, ['Waiting for the Postgres of a killed gateway to stop']);
  t.notOk(existsSync(sockets), 'its socket directory is cleared away');
  t.ok((await query(next, (sql) => sql`select n from written`)).length > 0);
});

t.test('a kill during initdb leaves nothing half made', async (t) => {
  const dataDir = makeDataDir(t);
  const gateway = startGateway(t, dataDir);
  const halfMade = () => readdirSync(dataDir).filter((name) => name.startsWith('postgres.new-'));
  while (!halfMade().some((name) => existsSync(join(dataDir, name, 'data', 'base')))) await sleep(5);
  gateway.kill('SIGKILL');
  await once(gateway, 'exit');
  t.equal(halfMade().length, 1);
  t.notOk(existsSync(join(dataDir, 'postgres')));
  mkdirSync(join(dataDir, 'postgres.new-older', 'data'), { recursive: true });

  const next = await start(t, dataDir);
  t.equal(next.firstStart, true);
  t.same(halfMade(), []);
});

t.test('the path of the data directory may be very long', async (t) => {
  const dataDir = join(
    makeDataDir(t),
    ...Array.from({ length: 8 }, () => 'a-rather-long-directory-name'),
    'd',
  );
  mkdirSync(dirname(dataDir), { recursive: true });
  const embedded = await start(t, dataDir);
  t.ok(dataDir.length > 200);
  t.same(await query(embedded, (sql) => sql`select 1 as one`), [{ one: 1 }]);
});

t.test('a Postgres that ends by itself is reported, and what it left can be started again', async (t) => {
  const dataDir = makeDataDir(t);
  const embedded = await start(t, dataDir);
  await query(embedded, (sql) => sql`create table kept as select 42 as answer`);
  // Nothing of the embedded Postgres keeps a process alive.
  const awake = setInterval(quiet, 1_000);
  process.kill(embedded.pid, 'SIGKILL');
  t.match(await embedded.exited, { code: 'ENDED', message: /SIGKILL/ });
  clearInterval(awake);
  await embedded.stop();

  const next = await start(t, dataDir);
  t.same(await query(next, (sql) => sql`select answer from kept`), [{ answer: 42 }]);
});

t.test('what a crash left is not mistaken for a live gateway', async (t) => {
  const dataDir = makeDataDir(t);
  const lock = join(dataDir, 'postgres.lock');
  const crashed = await start(t, dataDir);
  const held = JSON.parse(readFileSync(lock, 'utf8'));
  const status = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
  await crashed.stop();
  const bystander = fork('-e', ['setTimeout(() => {}, 60_000)'], { execArgv: [] });
  t.teardown(() => bystander.kill('SIGKILL'));

  // The pids of the gateway and of its Postgres, given to another process since.
  writeFileSync(lock, JSON.stringify({ ...held, pid: bystander.pid }));
  const { uid, gid } = statSync(join(dataDir, 'postgres'));
  const statusFile = join(dataDir, 'postgres', 'postmaster.pid');
  writeFileSync(statusFile, status.replace(/^\d+/, String(bystander.pid)), { mode: 0o600 });
  chownSync(statusFile, uid, gid);
  await (await start(t, dataDir)).stop();
  t.equal(bystander.signalCode, null, 'the bystander is left alone');

  // Cut off by a full disk or a power cut.
  writeFileSync(lock, '');
  utimesSync(lock, new Date(0), new Date(0));
  await (await start(t, dataDir)).stop();

  // In another container: its pid says nothing here, only whether it still touches the lock.
  writeFileSync(lock, JSON.stringify({ ...held, place: 'elsewhere' }));
  utimesSync(lock, new Date(0), new Date(0));
  await (await start(t, dataDir)).stop();
  writeFileSync(lock, JSON.stringify({ ...held, place: 'elsewhere' }));
  const beating = setInterval(() => utimesSync(lock, new Date(), new Date()), 200);
  await t.rejects(startEmbeddedPostgres(dataDir, quiet), { code: 'DATA_DIR_IN_USE' });
  clearInterval(beating);
});

t.test('of several gateways that find a dead lock at the same time, one gets it', async (t) => {
  const dataDir = makeDataDir(t);
  const embedded = await start(t, dataDir);
  const left = readFileSync(join(dataDir, 'postgres.lock'), 'utf8');
  await embedded.stop();
  writeFileSync(join(dataDir, 'postgres.lock'), JSON.stringify({ ...JSON.parse(left), started: 'long ago' }));

  const gateways = Array.from({ length: 4 }, () => startGateway(t, dataDir));
  const outcomes = await Promise.all(gateways.map((gateway) => nextMessage(gateway, 'pid', 'failed')));
  const codes = outcomes.map(({ code = 'started' }) => code).sort();
  t.same(codes, ['DATA_DIR_IN_USE', 'DATA_DIR_IN_USE', 'DATA_DIR_IN_USE', 'started']);

  const winner = outcomes.findIndex(({ pid }) => pid);
  gateways[winner]?.kill('SIGKILL');
  await once(gateways[winner] as ChildProcess, 'exit');
  await start(t, dataDir);
  t.notOk(existsSync(outcomes[winner]?.sockets ?? ''), 'what the winner left is cleared away');
});

t.test('data that this Postgres cannot read is refused', async (t) => {
  const dataDir = makeDataDir(t);
  mkdirSync(join(dataDir, 'postgres'));
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '15\n');
  await t.rejects(startEmbeddedPostgres(dataDir, quiet), { code: 'DATA_MISMATCH', message: /PostgreSQL 15/ });
  rmSync(join(dataDir, 'postgres', 'PG_VERSION'));
  writeFileSync(join(dataDir, 'postgres', 'holiday.jpg'), '');
  await t.rejects(startEmbeddedPostgres(dataDir, quiet), {
    code: 'DATA_MISMATCH',
    message: /no Postgres data/,
  });
  t.same(readdirSync(dataDir), ['postgres'], 'and nothing is left of the attempt');
});

t.test('what initdb and Postgres complain about reaches the person', async (t) => {
  const dataDir = makeDataDir(t);
  await (await start(t, dataDir)).stop();
  writeFileSync(join(dataDir, 'postgres', 'postgresql.conf'), 'nonsense = on\n');
  await t.rejects(startEmbeddedPostgres(dataDir, quiet), { code: 'NOT_READY', message: /nonsense/ });

  const tooLong = join(dataDir, ...Array.from({ length: 5 }, () => 'x'.repeat(200)));
  mkdirSync(dirname(tooLong), { recursive: true });
  await t.rejects(startEmbeddedPostgres(tooLong, quiet), {
    code: 'INITDB_FAILED',
    message: /initdb ended with/,
  });
  t.same(readdirSync(tooLong), [], 'and nothing is left of the attempt');
});

t.test(
  'root with no way to be somebody else is told the way out',
  { skip: !root && 'only root is refused' },
  async (t) => {
    const closed = join(makeDataDir(t), 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const { PATH } = process.env;
    t.teardown(() => Object.assign(process.env, { PATH }));
    process.env.PATH = closed;
    await t.rejects(startEmbeddedPostgres(join(closed, 'data'), quiet), {
      code: 'ROOT_REFUSED',
      message: /DATABASE_URL/,
    });
  },
);

t.test('a platform without binaries is told the way out', async (t) => {
  t.intercept(process, 'arch', { value: 'z80' });
  await t.rejects(startEmbeddedPostgres(makeDataDir(t), quiet), {
    code: 'PLATFORM_UNSUPPORTED',
    message: /z80 is not installed.*\n.*DATABASE_URL/,
  });
});

interface Message {
  pid?: number;
  sockets?: string;
  inserted?: number;
  failed?: string;
  code?: string;
}

/** Not in the project, which another user may not be able to enter. */
function makeDataDir(t: Test): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  // Where root cannot unshare (in most containers), Postgres runs as another user, who has to pass through.
  chmodSync(dataDir, 0o711);
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 }));
  return dataDir;
}

async function start(t: Test, dataDir: string, said: string[] = []): Promise<EmbeddedPostgres> {
  const embedded = await startEmbeddedPostgres(dataDir, (line) => said.push(line));
  t.teardown(() => embedded.stop());
  return embedded;
}

async function query(
  { connection }: EmbeddedPostgres,
  ask: (sql: postgres.Sql) => PromiseLike<postgres.Row[]>,
): Promise<postgres.Row[]> {
  const sql = postgres({ ...connection, max: 1 });
  try {
    return [...(await ask(sql))];
  } finally {
    await sql.end();
  }
}

function startGateway(t: Test, dataDir: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const script = join(compiled, 'gateway.js');
  const gateway = fork(script, [dataDir], { env: { ...process.env, ...env }, execArgv: [] });
  t.teardown(() => gateway.kill('SIGKILL'));
  return gateway;
}

/** Types removed beforehand: a loader would make every gateway start a second later. */
function compile(): Record<string, string> {
  const sources = new URL('../../src/db/', import.meta.url);
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  const names = readdirSync(sources).filter((name) => /^embedded.*\.ts$/.test(name));
  return Object.fromEntries(
    names.map((name) => {
      const source = readFileSync(new URL(name, sources), 'utf8');
      return [name.replace('.ts', '.js'), ts.transpileModule(source, { compilerOptions }).outputText];
    }),
  );
}

async function nextMessage(gateway: ChildProcess, ...about: (keyof Message)[]): Promise<Message> {
  for (;;) {
    const [message] = (await once(gateway, 'message')) as [Message];
    if (message.failed && !about.includes('failed')) throw new Error(message.failed);
    if (about.some((key) => key in message)) return message;
  }
}

// Owns the embedded Postgres: making its data, starting it, stopping it, and clearing up after a kill.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askVersion,
  asOurselves,
  type Binaries,
  commandLineOf,
  findBinaries,
  findClosedDirectory,
  findWay,
  launch,
  platformPackage,
  run,
  type Server,
  type Way,
} from './embedded-binaries.js';
import {
  EmbeddedPostgresError,
  refuseFiles,
  refusePlatform,
  refuseRoot,
  refuseSecond,
  refuseVersion,
} from './embedded-errors.js';
import { type Lock, takeLock } from './embedded-lock.js';

export { EmbeddedPostgresError } from './embedded-errors.js';

/** A Postgres that this process started and watches over. */
export interface EmbeddedPostgres {
  /**
   * Options for postgres.js, which takes a `host` with a slash in it for the directory of a Unix socket.
   * (On Windows: loopback TCP with a password.)
   * @example const sql = postgres(embedded.connection)
   */
  connection: { host: string; port: number; user: string; database: string; password?: string };
  pid: number;
  /** Whether the data had to be made first. */
  firstStart: boolean;
  /** Settles when Postgres has ended: with null after `stop`, with the error to log when it ended by itself. */
  exited: Promise<EmbeddedPostgresError | null>;
  /** Ends open connections, stops cleanly and lets go of the data directory. May be called again. */
  stop(): Promise<void>;
}

/** A minute covers the recovery after a power cut and the last checkpoint of a busy server. */
const patienceMs = 60_000;
const halfMade = 'postgres.new-';
const socketPrefix = 'darwaza-';
// Node does not speak Unix sockets there.
const overTcp = process.platform === 'win32';

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, making it first when it is not there. Nothing needs to be
 * installed: the binaries come with an npm package. One gateway at a time may use a data directory.
 * @param say told the few things worth showing to a person, such as why the first start takes a second
 * @throws {EmbeddedPostgresError}
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  say: (line: string) => void,
): Promise<EmbeddedPostgres> {
  const binaries = findBinaries();
  if (!binaries)
    throw refusePlatform(`${platformPackage()} is not installed (npm leaves it out with --omit=optional).`);
  const version = await askVersion(binaries.postgres);
  if ('problem' in version) throw refusePlatform(version.problem);

  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const home = await realpath(dataDir);
  const data = join(home, 'postgres');
  const sockets = await makeSocketDirectory();
  let lock: Lock | null = null;
  const letGo = async () => {
    await removeSocketDirectory(sockets);
    lock?.release();
  };

  try {
    const taken = await takeLock(join(home, 'postgres.lock'), sockets);
    lock = taken.lock;
    await Promise.all(taken.abandoned.map(removeSocketDirectory));
    if (!lock) throw refuseSecond(home, taken.heldBy);
    await removeHalfMade(home);
    const firstStart = await isMissing(data, version.major);
    const way = await chooseWay(binaries.postgres, home, data, sockets, firstStart);
    if (firstStart) {
      say(`Making a database in ${data}`);
      await makeData(binaries, way, home, data);
    }
    const connection = await describeConnection(data, sockets);
    const server = await startServer(binaries, way, data, connection, say);
    return keep(server, binaries, data, connection, firstStart, letGo);
  } catch (error) {
    await letGo();
    throw error;
  }
}

type Connection = EmbeddedPostgres['connection'];

/** Whether the data has to be made; throws when there is something that this Postgres cannot read. */
async function isMissing(data: string, major: number): Promise<boolean> {
  const found = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(nullIfAbsent);
  if (found !== null && Number(found) === major) return false;
  if (found !== null) throw refuseVersion(data, found.trim(), major);
  const entries = await readdir(data).catch(nullIfAbsent);
  if (entries === null || entries.length === 0) return true;
  throw refuseFiles(data);
}

async function chooseWay(
  postgres: string,
  home: string,
  data: string,
  sockets: string,
  fresh: boolean,
): Promise<Way> {
  const way = await findWay(postgres, await stat(fresh ? home : data), fresh);
  if (!way) {
    const besides = fresh ? `no other user can run ${postgres}` : `${data} belongs to root`;
    throw refuseRoot(`"unshare -U" does not work here, and ${besides}`);
  }
  if (!way.user) return way;

  const { uid, gid } = way.user;
  // Passing through is enough; what lies in it keeps its own permissions.
  if (findClosedDirectory(home, uid) === home) await chmod(home, (await stat(home)).mode | 0o001);
  const closed = findClosedDirectory(home, uid) ?? findClosedDirectory(dirname(sockets), uid);
  if (closed) throw refuseRoot(`and user ${uid}, its stand-in, cannot enter ${closed}`);
  await chown(sockets, uid, gid);
  return way;
}

/** Makes the data beside its place and moves it there when complete, so that a kill leaves nothing half made. */
async function makeData(binaries: Binaries, way: Way, home: string, data: string): Promise<void> {
  const half = await mkdtemp(join(home, halfMade));
  const made = join(half, 'data');
  const password = join(half, 'password');
  const access = overTcp ? ['-A', 'scram-sha-256', `--pwfile=${password}`] : ['-A', 'trust'];
  try {
    if (way.user) await chown(half, way.user.uid, way.user.gid);
    // 256 bits.
    if (overTcp) await writeFile(password, randomBytes(32).toString('base64url'), { mode: 0o600 });
    await run(way, binaries.initdb, ['-D', made, ...access, '-E', 'UTF8', '--no-locale', '-U', 'postgres']);
    const alone = ['--single', '-c', 'exit_on_error=on', '-D', made, 'postgres'];
    await run(way, binaries.postgres, alone, 'CREATE DATABASE darwaza\n');
    if (overTcp) await copyFile(password, passwordFile(made));
    await rename(made, data);
    await settle(home);
  } catch (error) {
    throw new EmbeddedPostgresError(
      'INITDB_FAILED',
      `Could not make a database in ${data}: ${(error as Error).message}`,
    );
  } finally {
    await removeTree(half);
  }
}

async function startServer(
  binaries: Binaries,
  way: Way,
  data: string,
  connection: Connection,
  say: (line: string) => void,
): Promise<Server> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const stale = await stopOrphan(binaries, data, say);
    // Postgres takes a lock file for live if any process has the pid in it, except this "grandparent".
    const forgive: Record<string, string> = stale === null ? {} : { PG_GRANDPARENT_PID: String(stale) };
    const server = launch(way, binaries.postgres, settings(data, connection), forgive);
    const problem = await becomeReady(server, data);
    if (problem === null) return server;
    // A killed Postgres leaves children that hold its memory for a moment, and one killed while it started
    // may write its lock file after we looked.
    const held = /pre-existing shared memory block|lock file .* already exists/.test(problem);
    if (!held || Date.now() > deadline) {
      throw new EmbeddedPostgresError('NOT_READY', `Postgres did not start on ${data}: ${problem}`);
    }
    await sleep(250);
  }
}

/**
 * Stops the Postgres of a gateway that was killed.
 * @returns a pid in Postgres's lock file that belongs to nobody or to something else by now
 */
async function stopOrphan(
  binaries: Binaries,
  data: string,
  say: (line: string) => void,
): Promise<number | null> {
  const pid = Number((await readStatus(data))[0]) || null;
  if (pid === null) return null;
  if (process.platform === 'win32') {
    // Its pipe bears the pid, so this reaches a Postgres or nobody.
    await askToStop(pid, binaries, data).catch(() => {});
    return pid;
  }
  const isOurs = () => commandLineOf(pid)?.includes(`postgres -D ${data} `) ?? null;
  // What cannot be looked at may be a Postgres: then Postgres's own judgement is to count.
  if (!isOurs()) return isOurs() === null ? null : pid;
  say('Waiting for the Postgres of a killed gateway to stop');
  await askToStop(pid, binaries, data).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ESRCH') throw error;
  });
  const deadline = Date.now() + patienceMs;
  while (isOurs()) {
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        'NOT_READY',
        `Postgres ${pid} still runs on ${data} and does not stop.`,
      );
    }
    await sleep(10);
  }
  return pid;
}

/** Waits until connections are accepted; returns what went wrong if that does not come. */
async function becomeReady({ child, ended, tail }: Server, data: string): Promise<string | null> {
  let end: string | undefined;
  ended.then((how) => {
    end = how;
  });
  const deadline = Date.now() + patienceMs;
  while (end === undefined && Date.now() < deadline) {
    // What pg_ctl reads too: the pid in the first line, the state in the eighth.
    const status = await readStatus(data);
    if (Number(status[0]) === child.pid && status[7]?.trim() === 'ready') return null;
    await sleep(10);
  }
  child.kill('SIGQUIT');
  return `${end ?? `not ready after ${patienceMs / 1000} s`}\n${tail()}`;
}

function keep(
  { child, ended, tail }: Server,
  binaries: Binaries,
  data: string,
  connection: Connection,
  firstStart: boolean,
  letGo: () => Promise<void>,
): EmbeddedPostgres {
  const pid = child.pid ?? 0;
  let stopping: Promise<void> | undefined;

  // Who forgets to stop it can still end, and takes it along.
  child.unref();
  (child.stderr as Socket).unref();
  const interrupt = () => child.kill('SIGINT');
  process.once('exit', interrupt);

  const exited = ended.then((how) => {
    process.off('exit', interrupt);
    return stopping
      ? null
      : new EmbeddedPostgresError('ENDED', `Postgres ended by itself: ${how}\n${tail()}`);
  });
  const stop = async () => {
    child.ref();
    if (child.exitCode === null && child.signalCode === null) await askToStop(pid, binaries, data);
    await ended;
    await letGo();
  };
  return {
    connection,
    pid,
    firstStart,
    exited,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function settings(data: string, { host, port }: Connection): string[] {
  const values = {
    listen_addresses: overTcp ? host : '',
    unix_socket_directories: overTcp ? '' : host,
    port,
    max_connections: 100,
    shared_buffers: '32MB',
    max_wal_size: '256MB',
    // No helper processes for reading ahead: the data fits in memory.
    io_method: 'sync',
    fsync: 'on',
    // Errors of statements are the gateway's to log, and could show what people typed.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  };
  return ['-D', data, ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function describeConnection(data: string, sockets: string): Promise<Connection> {
  const common = { user: 'postgres', database: 'darwaza' };
  if (!overTcp) return { host: sockets, port: 5432, ...common };
  const password = await readFile(passwordFile(data), 'utf8');
  return { host: '127.0.0.1', port: await findFreePort(), ...common, password };
}

async function askToStop(pid: number, { pgCtl }: Binaries, data: string): Promise<void> {
  // Windows knows no signals; there pg_ctl has a pipe of its own to Postgres.
  if (process.platform === 'win32') await run(asOurselves, pgCtl, ['stop', '-D', data, '-m', 'fast']);
  else process.kill(pid, 'SIGINT');
}

/** The lines of Postgres's own lock file, none when there is none. */
async function readStatus(data: string): Promise<string[]> {
  const status = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return status.split('\n');
}

/** A short directory of its own: the path of a socket has 107 bytes at most (103 on macOS). */
async function makeSocketDirectory(): Promise<string> {
  const parent = !overTcp && Buffer.byteLength(tmpdir()) > 70 ? '/tmp' : tmpdir();
  return mkdtemp(join(parent, socketPrefix));
}

async function removeSocketDirectory(directory: string): Promise<void> {
  if (!basename(directory).startsWith(socketPrefix)) return;
  const leftOver = ['.s.PGSQL.5432', '.s.PGSQL.5432.lock'];
  await Promise.allSettled(leftOver.map((name) => unlink(join(directory, name))));
  await rmdir(directory).catch(() => {});
}

async function removeHalfMade(home: string): Promise<void> {
  const names = (await readdir(home)).filter((name) => name.startsWith(halfMade));
  await Promise.all(names.map((name) => removeTree(join(home, name))));
}

function removeTree(path: string): Promise<void> {
  // An initdb that is being killed may still be writing there.
  return rm(path, { recursive: true, force: true, maxRetries: 10 });
}

/** Puts a rename on the disk. */
async function settle(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory);
  await handle.sync().finally(() => handle.close());
}

function passwordFile(data: string): string {
  return join(data, 'darwaza.password');
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

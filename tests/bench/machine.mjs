// Owns the machine under the bench: who runs on which core, what a process has used, and that nothing is left behind.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const availableCores = cpus().length;
const pinnable = process.platform === 'linux' && availableParallelism() > 1 && runs('taskset', '-V');

/** The gateway, or what it is compared with, has a core to itself; the load and the servers behind share the other. */
export const cores = pinnable ? { gateway: '0', rest: '1', all: '0,1' } : null;

const cleanups = [];

/** Has something undone at the end, also after Ctrl-C; what came last goes first. */
export function later(undo) {
  cleanups.push(undo);
}

let cleaning;

/** Undoes it all, once: Ctrl-C and the failure that it causes both wait for the same end. */
export function cleanUp() {
  cleaning ??= (async () => {
    while (cleanups.length > 0) await cleanups.pop()();
  })();
  return cleaning;
}

/** Starts a program on its core; it is killed at the end unless it has ended. */
export function start(core, program, args, options = {}) {
  const [command, ...rest] = [...(cores ? ['taskset', '-c', cores[core]] : []), program, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      child.said = (child.said + text).slice(-4000);
    });
  }
  later(() => stop(child));
  return child;
}

export async function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(patience);
}

/** Moves a process to other cores, with all of its threads. */
export function move(pid, core) {
  if (cores) execFileSync('taskset', ['-acp', cores[core], String(pid)]);
}

/** Microseconds that a process, with its children, has spent on a processor; null where the system does not tell. */
export function cpuOf(pid) {
  if (process.platform !== 'linux') return null;
  const nanoseconds = familyOf(pid).flatMap((member) =>
    readdirSync(`/proc/${member}/task`).map((task) =>
      Number(readFileSync(`/proc/${member}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    ),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
}

/**
 * Watches what other programs take of the machine. Ask when all that was started here has ended: a process is
 * counted with its parent only then.
 * @returns {() => number | null} their share of all processors since, 0 to 1
 */
export function watchOthers() {
  if (process.platform !== 'linux') return () => null;
  const begun = performance.now();
  const before = ticksOfOthers();
  const ticksPerMs = 100 / 1000;
  return () => (ticksOfOthers() - before) / ((performance.now() - begun) * ticksPerMs * availableCores);
}

function ticksOfOthers() {
  const [user, nice, system, , , irq, softirq, steal] = numbers('/proc/stat', 'cpu ');
  const [own, ownSystem, children, childrenSystem] = numbers('/proc/self/stat', ') ').slice(11);
  const all = user + nice + system + irq + softirq + steal;
  return all - own - ownSystem - children - childrenSystem;
}

/** The numbers in the first line of a file, after a mark. */
function numbers(file, mark) {
  const [line] = readFileSync(file, 'utf8').split('\n');
  return line
    .slice(line.indexOf(mark) + mark.length)
    .trim()
    .split(/ +/)
    .map(Number);
}

/** Resident megabytes of a process alone; null where the system does not tell. */
export function memoryOf(pid) {
  if (process.platform !== 'linux') return null;
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function familyOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => familyOf(Number(child))))];
}

/** A directory that goes at the end. In memory, if there is room: a slow disk would hide what the gateway costs. */
export function makeDirectory({ inMemory = false } = {}) {
  const memory = '/dev/shm';
  const room = inMemory && process.platform === 'linux' && hasRoom(memory, 3);
  const directory = mkdtempSync(join(room ? memory : tmpdir(), 'darwaza-bench-'));
  later(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function hasRoom(directory, gigabytes) {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize > gigabytes * 2 ** 30;
  } catch {
    return false;
  }
}

export async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Whether a program is there and starts. */
export function runs(program, ...args) {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

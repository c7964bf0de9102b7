// Owns the lock that keeps two gateways off one data directory.
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock that is ours until it is released or this process ends. */
export interface Lock {
  release(): void;
}

interface Outcome {
  lock: Lock | null;
  /** Who has it when we do not, as far as it can be told. */
  heldBy: number | null;
  /** Socket directories of dead holders that we cleared away: nobody else will remove them. */
  abandoned: string[];
}

interface Holder {
  pid: number;
  /** When `pid` started: a recycled pid started at another time. */
  started: string | null;
  /** Where `pid` means anything: this boot of this machine, this container. */
  place: string | null;
  sockets: string;
}

/** The holder shows every second that it lives; four missed beats mean that it does not. */
const beatMs = 1_000;
const silenceMs = 4 * beatMs;

/** Takes the lock, from a dead holder if need be, or tells who holds it. */
export async function takeLock(file: string, sockets: string): Promise<Outcome> {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), place: place(), sockets });
  const abandoned: string[] = [];
  for (;;) {
    if (create(file, mine)) return { lock: hold(file, mine), heldBy: null, abandoned };
    const theirs = read(file);
    if (theirs === null) continue;
    const holder = parse(theirs);
    if (await isAlive(holder, file)) return { lock: null, heldBy: holder?.pid ?? null, abandoned };
    if (remove(file, theirs) && holder) abandoned.push(holder.sockets);
  }
}

function hold(file: string, mine: string): Lock {
  const beating = setInterval(() => beat(file), beatMs).unref();
  return {
    release() {
      clearInterval(beating);
      if (read(file) === mine) remove(file, mine);
    },
  };
}

async function isAlive(holder: Holder | null, file: string): Promise<boolean> {
  // A pid of another container, machine or boot says nothing here, and neither does a lock that is not
  // fully written yet: there only the beat counts.
  if (holder === null || holder.place === null || holder.place !== place()) return beats(file);
  return startOf(holder.pid) === holder.started;
}

async function beats(file: string): Promise<boolean> {
  const seen = touched(file);
  const until = Date.now() + Math.min(silenceMs, silenceMs - (Date.now() - (seen ?? 0)));
  while (Date.now() < until) {
    await sleep(100);
    const now = touched(file);
    if (now !== seen) return now !== null;
  }
  return false;
}

/** When the process started, in the platform's own words; null when it does not run (a zombie does not). */
function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      // proc(5): state is field 3 and starttime field 22; the name before them may hold blanks and brackets.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return /^[ZX]/.test(fields[0] ?? '') ? null : (fields[19] ?? null);
    }
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env, encoding: 'utf8' });
    const [state = '', ...started] = line.trim().split(/\s+/);
    return state.startsWith('Z') ? null : started.join(' ');
  } catch {
    return null;
  }
}

function place(): string | null {
  try {
    if (process.platform === 'win32') return null;
    if (process.platform !== 'linux') return hostname();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

function create(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the file if it still says what we read. Of several that try, one succeeds. */
function remove(file: string, content: string): boolean {
  // Looking first and unlinking then could hit a lock that another gateway took in between, so the file is
  // moved away, which only one can do, looked at there, and put back if it is somebody's fresh lock.
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    const ours = read(aside) === content;
    if (!ours) linkSync(aside, file);
    return ours;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parse(content: string): Holder | null {
  try {
    return JSON.parse(content) as Holder;
  } catch {
    return null;
  }
}

function touched(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

function beat(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The directory is gone or read-only: Postgres will say so louder.
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

// Counts events by key in windows of time: in Redis for all replicas together, in process without it.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** A counter after an event. */
export interface Count {
  /** Above the most that are allowed: the event was not counted, so it need not be taken back. */
  count: number;
  /** Milliseconds until the window ends. */
  ttl: number;
}

export interface RateCounters {
  /** Counts an event, unless `max` stand in the window already. */
  increment(key: string, windowMs: number, max: number): Promise<Count>;
  /** Takes events back, if their window has not ended. */
  decrement(key: string, events?: number): Promise<void>;
}

/** Keys kept in process, about 200 bytes each; beyond, the oldest tenth goes. */
const mostKeys = 50_000;

/** Milliseconds by a clock that does not jump: set back, another one would hold a network up for as long. */
function readClock(): number {
  return Math.trunc(performance.now());
}

/** Counters of this process. Answers are copies: who holds one must not see it change. */
export class LocalCounters implements RateCounters {
  readonly #windows = new Map<string, { count: number; endsAt: number }>();

  async increment(key: string, windowMs: number, max: number): Promise<Count> {
    const now = readClock();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      window = { count: 0, endsAt: now + windowMs };
      // Set anew, so that the order of the map is the order of beginnings.
      this.#windows.delete(key);
      this.#makeRoom(now);
      this.#windows.set(key, window);
    }
    const ttl = window.endsAt - now;
    if (window.count >= max) return { count: max + 1, ttl };
    window.count += 1;
    return { count: window.count, ttl };
  }

  async decrement(key: string, events = 1): Promise<void> {
    const window = this.#windows.get(key);
    if (window !== undefined) window.count = Math.max(0, window.count - events);
  }

  #makeRoom(now: number): void {
    if (this.#windows.size < mostKeys) return;
    // Many at a time, because a Map looks through the places of those it has lost before it finds its first key.
    let surplus = mostKeys / 10;
    for (const [key, window] of this.#windows) {
      if (surplus <= 0 && window.endsAt > now) return;
      this.#windows.delete(key);
      surplus -= 1;
    }
  }
}

const increment = `
  local count = tonumber(redis.call('GET', KEYS[1]) or '0') + 1
  if count > tonumber(ARGV[2]) then return { count, redis.call('PTTL', KEYS[1]) } end
  redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return { count, redis.call('PTTL', KEYS[1]) }`;
const decrement = `
  local back = math.min(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1]))
  if back > 0 then redis.call('DECRBY', KEYS[1], back) end`;

/** How long Redis may take before the rates go on in process. */
const patienceMs = 100;
/** After a failure Redis is left alone for so long, so that only one request has to find out. */
const restMs = 2_000;

/**
 * Counters that all replicas share in Redis. Every event is counted in process as well, so that when Redis fails
 * the count goes on from what this process has seen: a limit never opens, and nobody waits long, nor twice.
 */
export class SharedCounters implements RateCounters {
  readonly #redis: Redis;
  readonly #local = new LocalCounters();
  readonly #onFailure: (error: unknown) => void;
  #restingUntil = 0;

  constructor(redis: Redis, onFailure: (error: unknown) => void) {
    this.#redis = redis;
    this.#onFailure = onFailure;
  }

  async increment(key: string, windowMs: number, max: number): Promise<Count> {
    const local = await this.#local.increment(key, windowMs, max);
    // What this process has seen is enough to refuse, and stands when Redis was emptied.
    if (local.count > max) return local;
    const shared = await this.#ask(() => this.#redis.eval(increment, 1, prefix + key, windowMs, max));
    if (shared === null) return local;
    const [count, ttl] = shared as [number, number];
    if (count > max) await this.#local.decrement(key);
    return { count, ttl: Math.max(ttl, 0) };
  }

  async decrement(key: string, events = 1): Promise<void> {
    await this.#local.decrement(key, events);
    await this.#ask(() => this.#redis.eval(decrement, 1, prefix + key, events));
  }

  async #ask(command: () => Promise<unknown>): Promise<unknown> {
    if (readClock() < this.#restingUntil) return null;
    const answered = new AbortController();
    try {
      return (await Promise.race([command(), silence(answered.signal)])) ?? null;
    } catch (error) {
      this.#restingUntil = readClock() + restMs;
      this.#onFailure(error);
      return null;
    } finally {
      answered.abort();
    }
  }
}

const prefix = 'darwaza:rate:';

/** Fails when nothing was heard for too long. An answer that came while this process was busy is heard first. */
async function silence(signal: AbortSignal): Promise<never> {
  await sleep(patienceMs, undefined, { signal });
  await turn();
  throw new Error(`no answer from Redis in ${patienceMs} ms`);
}

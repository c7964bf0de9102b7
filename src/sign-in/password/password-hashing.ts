// Hashes passwords with argon2id, off the event loop and a few at a time, so that the rest of the gateway goes on.
import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import type { Config } from '../../config.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { Metrics } from '../../metrics.js';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const costInPhc = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

/**
 * The hash of a password nobody knows, at the present cost: an unknown address is checked against it, so that it
 * takes the same work as a known one.
 */
const decoy = `${costInPhc}lYuoQnQAMEt1supoJCzAkQ$Fw6u/Em3bjZ+JKWi5G2LylDHQ/mYC1wdAKPszxsZSX4`;

/** How many hashes may be computed at a time by one process, leaving threads of libuv's pool for signatures. */
export function hashesAtOnce(config: Pick<Config, 'passwordHashesAtOnce' | 'webConcurrency'>): number {
  // Read as libuv reads it: what is no number means one thread.
  const threads = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '4', 10) || 1;
  const all = config.passwordHashesAtOnce ?? Math.min(availableParallelism(), threads - 2);
  return Math.max(1, Math.floor(all / config.webConcurrency));
}

/** The one place where argon2 runs. */
export class PasswordHashing {
  readonly #atOnce: number;
  readonly #patienceMs: number;
  readonly #metrics: Pick<Metrics, 'passwordHashes' | 'passwordQueue'>;
  readonly #waiting: (() => void)[] = [];
  #admitted = 0;
  #running = 0;
  /** A moving average of what one hash takes. */
  #usualMs = 30;

  constructor(
    config: Pick<Config, 'passwordHashesAtOnce' | 'webConcurrency' | 'passwordQueueSeconds'>,
    metrics: Pick<Metrics, 'passwordHashes' | 'passwordQueue'>,
  ) {
    this.#atOnce = hashesAtOnce(config);
    this.#patienceMs = config.passwordQueueSeconds * 1000;
    this.#metrics = metrics;
  }

  /**
   * Runs a story that hashes, if its turn will come soon enough. The queue has its end here, in front of the story
   * and not of the hash, so that a flood has cost nobody an attempt, and the database nothing, when it is sent away.
   */
  async admit<T>(story: () => Promise<T>): Promise<T | AuthFailure> {
    const waitMs = (this.#admitted * this.#usualMs) / this.#atOnce;
    if (waitMs > this.#patienceMs)
      return fail('TRY_AGAIN_LATER', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    this.#admitted += 1;
    try {
      return await story();
    } finally {
      this.#admitted -= 1;
    }
  }

  /** A PHC string for a new password. */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, cost));
  }

  /** Whether the password is that of the PHC string; without one, the same work and false. */
  async verify(phc: string | null, password: string): Promise<boolean> {
    const right = await this.#inTurn(() => verify(phc ?? decoy, password));
    return phc !== null && right;
  }

  /** Whether a PHC string was made at another cost than new ones are. */
  isOutdated(phc: string): boolean {
    return !phc.startsWith(costInPhc);
  }

  async #inTurn<T>(compute: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      this.#metrics.passwordQueue.set(this.#waiting.length + 1);
      await new Promise<void>((turn) => this.#waiting.push(turn));
    } else this.#running += 1;
    const begun = performance.now();
    try {
      return await compute();
    } finally {
      this.#usualMs += (performance.now() - begun - this.#usualMs) / 10;
      this.#metrics.passwordHashes.inc();
      const next = this.#waiting.shift();
      this.#metrics.passwordQueue.set(this.#waiting.length);
      // The place goes straight to who has waited longest.
      if (next) next();
      else this.#running -= 1;
    }
  }
}

// Owns the rates per network: reserved where a credential is checked, before it is, and given back on success.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { rateLimited } from '../errors.js';
import { networkOf } from './network.js';
import { LocalCounters, type RateCounters } from './rate-counters.js';

/** A place in a window, taken before the check. */
export interface Reservation {
  /** Not null: there was no place; seconds until the window ends. */
  retryAfterSeconds: number | null;
  /** Frees the place: what was checked was right. */
  giveBack(): Promise<void>;
}

/** The reservation of who is not counted here. */
export const uncounted: Reservation = { retryAfterSeconds: null, giveBack: async () => {} };

/** A limit on how often one network may do one thing. */
export interface Rate {
  (request: FastifyRequest): Promise<Reservation>;
  /** Frees places that were taken in an earlier request from this network. */
  giveBack(network: string, places?: number): Promise<void>;
}

/** Every rate that stories reserve. */
export interface Rates {
  signups: Rate;
  passwordChecks: Rate;
  magicLinks: Rate;
  otpSends: Rate;
  challenges: Rate;
}

const minute = 60_000;

/** What @fastify/rate-limit asks of a store, forwarded to our counters. */
function storeOver(shared: RateCounters, local: RateCounters) {
  return class Store {
    readonly #counters: RateCounters;
    constructor(options: { shield?: boolean }) {
      this.#counters = options.shield === false ? shared : local;
    }
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs: number,
      max: number,
    ) {
      this.#counters.increment(key, windowMs, max).then(
        ({ count, ttl }) => done(null, { current: count, ttl }),
        (error) => done(error),
      );
    }
    child(options: object): Store {
      return new Store(options);
    }
  };
}

/**
 * Sets up the rates, and in front of every route the shield: a cap on requests per network that only sheds load,
 * so it counts in process and costs no round trip.
 */
export async function setUpRates(
  app: FastifyInstance,
  config: Config,
  counters: RateCounters,
): Promise<Rates> {
  const network = (request: FastifyRequest) => networkOf(request, config.trustProxy);
  await app.register(rateLimit, {
    global: true,
    max: config.requestsPerMinute,
    timeWindow: minute,
    keyGenerator: network,
    // The types of the plugin know neither the options handed to a store nor promises in it.
    store: storeOver(counters, new LocalCounters()) as never,
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
    addHeaders: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
      'retry-after': true,
    },
    // For Fastify the status; for GraphQL the code.
    errorResponseBuilder: (_request, { statusCode, ttl }) =>
      Object.assign(rateLimited(Math.max(1, Math.ceil(ttl / 1000))), { statusCode }),
  });

  const rate = (name: string, max: number, timeWindow: number): Rate => {
    // In the shared store all limiters live side by side: the name keeps them apart.
    const keyFor = (from: string) => `${name}:${from}`;
    const keyGenerator = (request: FastifyRequest) => keyFor(network(request));
    const options = { max, timeWindow, keyGenerator, shield: false };
    const check = app.createRateLimit(options);
    const reserve = async (request: FastifyRequest): Promise<Reservation> => {
      const state = await check(request);
      if (state.isAllowed) throw new Error('no network is exempt from a rate');
      const giveBack = () => counters.decrement(keyGenerator(request));
      return { retryAfterSeconds: state.isExceeded ? Math.max(1, state.ttlInSeconds) : null, giveBack };
    };
    return Object.assign(reserve, {
      giveBack: (from: string, places = 1) => counters.decrement(keyFor(from), places),
    });
  };
  return {
    signups: rate('signup', config.signupsPerHour, 60 * minute),
    passwordChecks: rate('password', config.passwordAttemptsPerNetwork, 15 * minute),
    magicLinks: rate('magic-link', config.magicLinksPerNetwork, 60 * minute),
    otpSends: rate('otp', config.otpSendsPerNetwork, 60 * minute),
    challenges: rate('challenge', config.challengesPerMinute, minute),
  };
}

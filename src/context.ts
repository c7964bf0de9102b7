// Owns the Context of one request: who asks, from where, and with which tools the stories work.
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Config } from './config.js';
import type { Db } from './db/client.js';
import { unauthenticated } from './errors.js';
import { networkOf } from './limits/network.js';
import type { Rates } from './limits/rates.js';
import type { Doors } from './messages/channel.js';
import type { Metrics } from './metrics.js';
import type { SessionRow } from './sessions/sessions.table.js';
import type { PasswordHashing } from './sign-in/password/password-hashing.js';
import type { Providers } from './sign-in/social/providers.js';
import type { KeyRing } from './signing-keys/key-ring.js';
import type { KeyUse, Subkeys } from './tokens/secret-key.js';
import { isShowable } from './users/device.js';
import type { Person } from './users/users.js';

/** What every request works with. */
export interface Tools {
  config: Config;
  db: Db;
  keys: KeyRing;
  subkeys: Readonly<Record<Exclude<KeyUse, 'signing-key'>, Subkeys>>;
  rates: Rates;
  hashing: PasswordHashing;
  metrics: Metrics;
  /** The ways out for messages. */
  doors: Doors;
  /** Who may vouch for people here. */
  providers: Providers;
  log: FastifyBaseLogger;
  /** Lets work go on behind the answer; the app waits for it before it closes, and logs its failure. */
  afterwards(work: Promise<unknown>): void;
}

/** Who a good access token speaks for. */
export interface Caller {
  person: Person;
  session: SessionRow;
  /** When the person was last proved as the token was signed, in seconds since 1970. */
  authTime: number;
}

/** One request, as resolvers see it. */
export interface Context extends Tools {
  request: FastifyRequest;
  requestId: string;
  /** Which operation of the document is asked for, if it has several. */
  operationName: string | undefined;
  /** An IPv4 address, an IPv6 /64, or `unknown`. */
  network: string;
  /** The app by its own headers; null for what is absent or unprintable. */
  client: { name: string | null; version: string | null };
  /** Set before execution when the operation has a field marked `@authenticated`. */
  caller: Caller | null;
  /** The session of the caller, or the one that this request has just started or refreshed. */
  currentSessionId: string | null;
}

declare module 'mercurius' {
  interface MercuriusContext extends Context {}
}

/** Makes the context of a request, for the operation of that name if there are several. It inherits the tools: nothing is copied. */
export function makeContext(tools: Tools, request: FastifyRequest, operationName?: string): Context {
  const own: Omit<Context, keyof Tools> = {
    request,
    operationName,
    requestId: request.id,
    network: networkOf(request, tools.config.trustProxy),
    client: {
      name: readLabel(request.headers['apollographql-client-name']),
      version: readLabel(request.headers['apollographql-client-version']),
    },
    caller: null,
    currentSessionId: null,
  };
  return Object.assign(Object.create(tools), own);
}

/**
 * Who asks, in a field marked `@authenticated`.
 * @throws UNAUTHENTICATED, should a field be reached without the mark having been honoured
 */
export function callerOf({ caller }: Context): Caller {
  if (caller === null) throw unauthenticated('MISSING');
  return caller;
}

function readLabel(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && isShowable(value) ? value : null;
}

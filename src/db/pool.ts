// Lends connections, each to one statement or one transaction at a time, and to nobody once it has failed.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';

/** Options of postgres.js. */
export type Options = postgres.Options<Record<string, postgres.PostgresType>>;

/** Where the server is: a URL, or what postgres.js needs to know. */
export type Server = string | Options;

/** How long everybody may wait for a connection to come free, however short a statement may take. */
const leastWaitMs = 1_000;
/** How much later than the server's own statement_timeout, whose error says more, silence counts as an answer. */
const silenceMs = 250;
/** Below the ten minutes after which managed poolers cut a connection. */
const longestLifeMs = 9 * 60_000;

/** No answer from the database: it is away, silent or too busy. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
}

/** How a statement is run; the part of postgres.js that Drizzle uses. */
type Unsafe = (text: string, parameters?: never[], options?: postgres.UnsafeQueryOptions) => Rows;
type Rows = Promise<postgres.RowList<postgres.Row[]>> & { values(): Promise<unknown[][]> };

/**
 * One connection. postgres.js has a pool of its own, but there a connection that breaks within a transaction takes
 * the process down or runs the rest of the transaction inside a stranger's, and one that is refused at start-up
 * is tried again without end or pause (porsager/postgres #1208, #1215). So each client here holds exactly
 * one connection, makes it once, and after anything but an orderly answer is thrown away.
 */
class Connection {
  broken = false;
  readonly #client: postgres.Sql;
  readonly #patienceMs: number;
  readonly #madeAt = Date.now();

  constructor(server: Server, options: Options, timeoutMs: number) {
    this.#patienceMs = timeoutMs + silenceMs;
    const ours: Options = {
      ...options,
      max: 1,
      max_lifetime: null,
      connect_timeout: timeoutMs / 1000,
      // It asks for the array types outside of any statement, where a failure is nobody's to catch.
      fetch_types: false,
      onclose: () => {
        this.broken = true;
      },
      ...{ socket: connectOnce() },
    };
    this.#client = typeof server === 'string' ? postgres(server, ours) : postgres({ ...server, ...ours });
  }

  get isOld(): boolean {
    return Date.now() - this.#madeAt > longestLifeMs;
  }

  adopt({ parsers, serializers }: Pick<postgres.Sql['options'], 'parsers' | 'serializers'>): this {
    Object.assign(this.#client.options.parsers, parsers);
    Object.assign(this.#client.options.serializers, serializers);
    return this;
  }

  /** Runs a statement; whatever becomes of the server, it comes to an end. */
  run(text: string, parameters?: never[], options?: postgres.UnsafeQueryOptions, asValues = false) {
    return new Promise<postgres.RowList<postgres.Row[]>>((resolve, reject) => {
      if (this.broken) return reject(new DatabaseUnavailable('the connection was lost'));
      const answered = giveUpAfter(this.#patienceMs, () => {
        this.discard();
        reject(new DatabaseUnavailable('no answer in time'));
      });
      const query = this.#client.unsafe(text, parameters, options);
      // Asked for the origin of a statement that failed, postgres.js keeps its text for as long as the process lives: an
      // outage of an hour would fill the memory.
      Object.defineProperty(query, 'origin', { value: '' });
      (asValues ? query.values() : query).then(
        (rows) => {
          answered();
          resolve(rows as never);
        },
        (error) => {
          answered();
          if (!isOrderly(error)) this.discard();
          reject(error);
        },
      );
    });
  }

  discard(): void {
    this.broken = true;
    this.#client.end({ timeout: 0 }).catch(() => {});
  }
}

/**
 * Gives up after a while, unless the function it returns is called before. A process that was held up for so long
 * reads first what has arrived meanwhile: timers come before sockets in a turn of the loop, immediates after them.
 */
function giveUpAfter(ms: number, giveUp: () => void): () => void {
  let last: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    last = setImmediate(giveUp);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(last);
  };
}

/** Makes the one socket of a client; asked again, which postgres.js does when it is refused, it refuses too. */
function connectOnce() {
  let made = false;
  return ({ host: [host], port: [port], path }: { host: string[]; port: number[]; path: string | false }) => {
    if (made) throw new DatabaseUnavailable('the server closed the connection');
    made = true;
    const socket = path ? net.connect(path) : net.connect(port ?? 5432, host);
    // postgres.js checks the certificate against this name.
    return Object.assign(socket, { host });
  };
}

/** A refusal of one statement, after which the connection is as good as before. */
function isOrderly(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === 'ERROR';
}

/** As many connections as the settings allow, made when they are needed. */
export class Pool {
  readonly #make: () => Connection;
  readonly #most: number;
  /** Longer than this nobody waits for a connection to come free: the database has more to do than it can. */
  readonly #mostWaitMs: number;
  readonly #free: Connection[] = [];
  readonly #lent = new Set<Connection>();
  readonly #waiting = new Set<(connection: Connection) => void>();
  #closed: (() => void) | null = null;

  /** For Drizzle, which puts its own parsers here. */
  readonly options = { parsers: {}, serializers: {} } as postgres.Sql['options'];

  constructor(server: Server, options: Options, most: number, timeoutMs: number) {
    this.#make = () => new Connection(server, options, timeoutMs).adopt(this.options);
    this.#most = most;
    this.#mostWaitMs = Math.max(leastWaitMs, timeoutMs / 4);
  }

  /** Runs a statement on any connection. */
  readonly unsafe: Unsafe = (text, parameters, options) => {
    return asDrizzleAsks(async (isValues) => {
      const connection = await this.#lend();
      try {
        return await connection.run(text, parameters, options, isValues());
      } finally {
        this.#takeBack(connection);
      }
    });
  };

  /** Runs `story` in a transaction. Once the connection is lost, all that is left of the story fails. */
  readonly begin = async <T>(story: (tx: { unsafe: Unsafe }) => Promise<T>): Promise<T> => {
    const connection = await this.#lend();
    const unsafe: Unsafe = (text, parameters, options) =>
      asDrizzleAsks(async (isValues) => {
        await null;
        return connection.run(text, parameters, options, isValues());
      });
    try {
      await connection.run('begin');
      const told = await story({ unsafe });
      const { command } = await connection.run('commit');
      // Postgres answers so when a statement has failed and the story went on regardless.
      if (command !== 'COMMIT') throw new Error('a transaction was rolled back instead of committed');
      return told;
    } catch (error) {
      if (!connection.broken) await connection.run('rollback').catch(() => {});
      throw error;
    } finally {
      this.#takeBack(connection);
    }
  };

  /** Waits up to `seconds` for what is lent, then ends every connection. */
  async close(seconds: number): Promise<void> {
    const allBack = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    if (this.#lent.size > 0) await Promise.race([allBack, sleep(seconds * 1000, null, { ref: false })]);
    for (const connection of [...this.#free, ...this.#lent]) connection.discard();
  }

  async #lend(): Promise<Connection> {
    if (this.#closed) throw new DatabaseUnavailable('the database is closed');
    return this.#lent.size < this.#most ? this.#handOut() : this.#waitForOne();
  }

  /** The one used last, as long as it is good: then those that are not needed fall out of use. */
  #handOut(): Connection {
    let connection = this.#free.pop();
    while (connection !== undefined && (connection.broken || connection.isOld)) {
      connection.discard();
      connection = this.#free.pop();
    }
    connection ??= this.#make();
    this.#lent.add(connection);
    return connection;
  }

  #waitForOne(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const served = giveUpAfter(this.#mostWaitMs, () => {
        this.#waiting.delete(take);
        reject(new DatabaseUnavailable('no connection came free in time'));
      });
      const take = (connection: Connection) => {
        served();
        resolve(connection);
      };
      this.#waiting.add(take);
    });
  }

  #takeBack(connection: Connection): void {
    this.#lent.delete(connection);
    if (!connection.broken) this.#free.push(connection);
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next(this.#handOut());
    } else if (this.#lent.size === 0) this.#closed?.();
  }
}

/** Drizzle says whether it wants rows or values right after it has asked, as postgres.js allows. */
function asDrizzleAsks(ask: (isValues: () => boolean) => Promise<unknown>): Rows {
  let wantsValues = false;
  const answer = ask(() => wantsValues);
  const values = () => {
    wantsValues = true;
    return answer;
  };
  return Object.assign(answer, { values }) as Rows;
}

/**
 * Whether the database is away, shutting down, full or too slow, so that trying again may help, rather than at odds
 * with a statement: by the error classes of PostgreSQL (appendix A), postgres.js' own codes and system calls.
 */
export function isOutage(error: Error): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof DatabaseUnavailable) return true;
  if (/^(?:connect|read|write|getaddrinfo)$/.test(syscall ?? '')) return true;
  // 08 connection, 53 resources, 57P0x shutdown, 57014 statement_timeout, 40 a deadlock or a lost race.
  if (/^(?:CONNECT|08|40|53|57P0|57014)/.test(String(code))) return true;
  // A name with several addresses fails as many times at once.
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  return error.cause instanceof Error && isOutage(error.cause);
}

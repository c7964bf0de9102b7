// Opens the database: the server of DATABASE_URL, or the embedded Postgres; from there on there is no difference.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Config } from '../config.js';

/** The database or a transaction in it: the first argument of every repository function. */
export type Db = Pick<
  PostgresJsDatabase<Record<string, never>>,
  'select' | 'insert' | 'update' | 'delete' | 'execute' | 'transaction' | '$with' | 'with'
>;

/** An open database. */
export interface Database {
  db: Db;
  /** Waits up to `seconds` for statements in flight, then closes. */
  close(seconds?: number): Promise<void>;
}

/** postgres.js options that say where the server is. */
export type Connection = string | postgres.Options<Record<string, postgres.PostgresType>>;

/** Opens a pool of connections; none is made before the first statement. */
export function connect(to: Connection, config: Config): Database {
  const options: postgres.Options<Record<string, postgres.PostgresType>> = {
    max: config.databasePool,
    prepare: config.databasePrepare,
    connect_timeout: config.databaseTimeoutMs / 1000,
    // Below the ten minutes after which managed poolers cut a connection.
    max_lifetime: 9 * 60,
    // A first try again comes soon, so that the gateway is back within seconds of its database.
    backoff: (tries: number) => Math.min(0.1 * 2 ** tries, 1),
    onnotice: () => {},
    connection: {
      application_name: 'darwaza',
      // A pooler in transaction mode refuses start-up parameters it does not know.
      ...(config.databasePrepare && { statement_timeout: config.databaseTimeoutMs }),
    },
  };
  const client = typeof to === 'string' ? postgres(to, options) : postgres({ ...to, ...options });
  return { db: drizzle(client), close: (seconds = 5) => client.end({ timeout: seconds }) };
}

/**
 * A statement that is built once for each database and then only run: Drizzle's builder costs four times the
 * statement itself. Within a transaction it is built anew, because Drizzle binds it to the connection.
 */
export function prepared<Statement>(build: (db: Db) => Statement): (db: Db) => Statement {
  const built = new WeakMap<Db, Statement>();
  return (db) => {
    const known = built.get(db);
    if (known !== undefined) return known;
    const statement = build(db);
    built.set(db, statement);
    return statement;
  };
}

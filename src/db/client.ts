// Opens the database: the server of DATABASE_URL, or the embedded Postgres; from there on there is no difference.
import { sql } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { Config } from '../config.js';
import { type Options, Pool, type Server } from './pool.js';

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

/** Where the server is: a URL, or what postgres.js needs to know. */
export type Connection = Server;

/** Opens a pool of connections; none is made before the first statement. */
export function connect(to: Connection, config: Config): Database {
  const options: Options = {
    prepare: config.databasePrepare,
    onnotice: () => {},
    connection: {
      application_name: 'darwaza',
      // A pooler in transaction mode refuses start-up parameters it does not know.
      ...(config.databasePrepare && { statement_timeout: config.databaseTimeoutMs }),
    },
  };
  const pool = new Pool(to, options, config.databasePool, config.databaseTimeoutMs);
  return { db: drizzle(pool as unknown as postgres.Sql), close: (seconds = 5) => pool.close(seconds) };
}

/** One round trip; throws where the database does not answer. */
export async function ping(db: Db): Promise<void> {
  await db.execute(sql`select 1`);
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

// Brings a database to the newest migration, one process at a time, and tells whether one is there.
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { Connection } from './client.js';
import { refuseOldServer, refuseUnmigrated } from './server-errors.js';

/** Any number, the same in every process: the key of the advisory lock. */
const migrationLock = 0x64617277;
const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const oldestSupported = 150_000;
/** A server that has not answered by then is down, or the wrong address. */
const patienceSeconds = 10;

/** Runs the migrations that are missing, in one transaction, while others who try the same wait. */
export async function migrateDatabase(to: Connection): Promise<void> {
  await onOneConnection(to, 'darwaza migrate', async (client) => {
    await client`select pg_advisory_lock(${migrationLock})`;
    await migrate(drizzle(client), { migrationsFolder });
  });
}

/**
 * Makes sure that no migration is missing. There may be more of them: a newer gateway is about to take over, or
 * an older one is brought back.
 * @throws {DatabaseServerError}
 */
export async function requireMigrated(to: Connection): Promise<void> {
  const newest = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  await onOneConnection(to, 'darwaza', async (client) => {
    const [row] = await client`select max(created_at)::float8 as newest from drizzle.__drizzle_migrations`;
    if ((row?.newest ?? 0) < newest) throw refuseUnmigrated();
  }).catch((error) => {
    // A role that may use the tables but not see how they came about: then it has to be believed.
    if (error.code !== '42501') throw error;
  });
}

async function onOneConnection(
  to: Connection,
  name: string,
  work: (client: postgres.Sql) => Promise<void>,
): Promise<void> {
  const options = {
    max: 1,
    // A pooler in transaction mode keeps no prepared statements.
    prepare: false,
    connect_timeout: patienceSeconds,
    onnotice: () => {},
    connection: { application_name: name },
  };
  const client = typeof to === 'string' ? postgres(to, options) : postgres({ ...to, ...options });
  try {
    const [version] = await client`select current_setting('server_version_num')::int as number`;
    if (version?.number < oldestSupported) throw refuseOldServer();
    await work(client);
  } finally {
    await client.end({ timeout: 1 });
  }
}

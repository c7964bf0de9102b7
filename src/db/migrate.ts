// Brings a database to the newest migration, one process at a time.
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { Connection } from './client.js';

/** Any number, the same in every process: the key of the advisory lock. */
const migrationLock = 0x64617277;
const folder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const oldestSupported = 150_000;

/** Runs the migrations that are missing, in one transaction, while others who try the same wait. */
export async function migrateDatabase(to: Connection): Promise<void> {
  const options = { max: 1, onnotice: () => {}, connection: { application_name: 'darwaza migrate' } };
  const client = typeof to === 'string' ? postgres(to, options) : postgres({ ...to, ...options });
  try {
    const [version] = await client`select current_setting('server_version_num')::int as number`;
    if (version?.number < oldestSupported) throw new Error('PostgreSQL 15 or later is needed');
    await client`select pg_advisory_lock(${migrationLock})`;
    await migrate(drizzle(client), { migrationsFolder: folder });
  } finally {
    await client.end();
  }
}

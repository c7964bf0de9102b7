// Opens the database of the settings, ready for use: a server as it is, the embedded one started and migrated.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { type Connection, connect, type Database } from './client.js';
import type { EmbeddedPostgres } from './embedded.js';
import { migrateDatabase, requireMigrated } from './migrate.js';
import { describeFailure } from './server-errors.js';

/** An open database, and the embedded Postgres behind it if there is one. */
export interface OpenDatabase extends Database {
  connection: Connection;
  embedded: EmbeddedPostgres | null;
}

/** `say` hears what takes a while. A server of DATABASE_URL is migrated by `npm run migrate` alone. */
export async function openDatabase(config: Config, say: (line: string) => void): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) {
    await requireMigrated(config.databaseUrl).catch((error) => {
      throw describeFailure(error, 'DATABASE_URL');
    });
    return { ...connect(config.databaseUrl, config), connection: config.databaseUrl, embedded: null };
  }
  // Loaded here, because production never needs it.
  const { startEmbeddedPostgres } = await import('./embedded.js');
  const embedded = await startEmbeddedPostgres(config.dataDir, say);
  await migrateDatabase(embedded.connection);
  const { db, close } = connect(embedded.connection, config);
  return {
    db,
    connection: embedded.connection,
    embedded,
    close: async (seconds) => {
      await close(seconds);
      await embedded.stop();
    },
  };
}

/** Opens the database for a command, beside the gateway if one is running on the embedded Postgres. */
export async function joinDatabase(config: Config): Promise<OpenDatabase> {
  return openDatabase(config, () => {}).catch(async (error) => {
    const connection = error.code === 'DATA_DIR_IN_USE' ? await findRunning(config.dataDir) : null;
    if (connection === null) throw error;
    return { ...connect(connection, config), connection, embedded: null };
  });
}

/** Where a running embedded Postgres listens, by its own lock file; null when it does not say. */
async function findRunning(dataDir: string): Promise<Connection | null> {
  const data = join(dataDir, 'postgres');
  const status = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const [, , , port, socketDirectory, address] = status.split('\n').map((line) => line.trim());
  const common = { user: 'postgres', database: 'darwaza', port: Number(port) };
  if (socketDirectory) return { ...common, host: socketDirectory };
  if (!address) return null;
  // Windows: loopback with a password.
  return { ...common, host: address, password: await readFile(join(data, 'darwaza.password'), 'utf8') };
}

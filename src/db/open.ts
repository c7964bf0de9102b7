// Opens the database of the settings, ready for use: a server as it is, the embedded one started and migrated.
import type { Config } from '../config.js';
import { type Connection, connect, type Database } from './client.js';
import type { EmbeddedPostgres } from './embedded.js';
import { migrateDatabase } from './migrate.js';

/** An open database, and the embedded Postgres behind it if there is one. */
export interface OpenDatabase extends Database {
  connection: Connection;
  embedded: EmbeddedPostgres | null;
}

/** `say` hears what takes a while. A server of DATABASE_URL is migrated by `npm run migrate` alone. */
export async function openDatabase(config: Config, say: (line: string) => void): Promise<OpenDatabase> {
  if (config.databaseUrl !== undefined) {
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

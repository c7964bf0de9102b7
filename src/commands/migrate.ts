// npm run migrate: brings the database to the newest migration; the release command of a deployment.
import { readConfig } from '../config.js';
import { migrateDatabase } from '../db/migrate.js';
import { joinDatabase } from '../db/open.js';
import { describeFailure } from '../db/server-errors.js';
import { keepSecretKey } from '../dev/secret-key-file.js';
import { runCommand } from '../explain.js';
import { say } from '../greeting.js';

await runCommand(async () => {
  const config = readConfig(process.env, keepSecretKey);
  const variable = config.migrationDatabaseUrl === undefined ? 'DATABASE_URL' : 'MIGRATION_DATABASE_URL';
  const url = config.migrationDatabaseUrl ?? config.databaseUrl;
  // An embedded Postgres is migrated as it opens.
  if (url === undefined) await (await joinDatabase(config)).close();
  else {
    await migrateDatabase(url).catch((error) => {
      throw describeFailure(error, variable);
    });
  }
  say('The database is at the newest migration.');
});

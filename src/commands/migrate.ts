// npm run migrate: brings the database to the newest migration; the release command of a deployment.
import { readConfig } from '../config.js';
import { migrateDatabase } from '../db/migrate.js';
import { joinDatabase } from '../db/open.js';
import { keepSecretKey } from '../dev/secret-key-file.js';
import { runCommand } from '../explain.js';
import { say } from '../greeting.js';

await runCommand(async () => {
  const config = readConfig(process.env, keepSecretKey);
  // An embedded Postgres is migrated as it opens.
  if (config.databaseUrl === undefined) await (await joinDatabase(config)).close();
  else await migrateDatabase(config.databaseUrl);
  say('The database is at the newest migration.');
});

// Runs the suite: one Postgres for the whole run (embedded, or that of TEST_DATABASE_URL), a migrated template in it, then tap.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../dist/db/embedded.js';
import { migrateDatabase } from '../dist/db/migrate.js';

const template = 'darwaza_template';
const say = (line) => process.stdout.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), 'darwaza-tests-'));
const given = process.env.TEST_DATABASE_URL;
const embedded = given ? null : await startEmbeddedPostgres(directory, () => {});
const server = given ? optionsOf(new URL(given)) : embedded.connection;

const admin = postgres({ ...server, max: 1, onnotice: () => {} });
const [{ version }] = await admin`select split_part(version(), ' ', 2) as version`;
await admin.unsafe(`drop database if exists ${template} with (force)`);
await admin.unsafe(`create database ${template}`);
await admin.end();
await migrateDatabase({ ...server, database: template });

say(`Postgres ${version} (${given ? 'TEST_DATABASE_URL' : 'embedded'}), Redis ${process.env.TEST_REDIS_URL ? 'TEST_REDIS_URL' : 'none'}`);
const tap = spawn('npx', ['--no-install', 'tap', 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, TEST_POSTGRES: JSON.stringify({ server, template }) },
});
const [code, signal] = await once(tap, 'exit');
await embedded?.stop();
await rm(directory, { recursive: true, force: true });
process.exitCode = code ?? (signal ? 1 : 0);

function optionsOf(url) {
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1) || 'postgres',
  };
}

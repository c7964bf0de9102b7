// Runs the suite: one Postgres for the whole run (embedded, or that of TEST_DATABASE_URL), a migrated template in it, then tap.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../dist/db/embedded.js';
import { migrateDatabase } from '../dist/db/migrate.js';
import { report } from './report.mjs';

const template = 'darwaza_template';

const directory = await mkdtemp(join(tmpdir(), 'darwaza-tests-'));
const given = process.env.TEST_DATABASE_URL;
const embedded = given ? null : await startEmbeddedPostgres(directory, () => {});
try {
  const server = given ? optionsOf(new URL(given)) : embedded.connection;
  const version = await makeTemplate(server);
  const redis = process.env.TEST_REDIS_URL ? 'TEST_REDIS_URL' : 'none';
  process.stdout.write(`Postgres ${version} (${given ? 'TEST_DATABASE_URL' : 'embedded'}), Redis ${redis}\n`);
  process.exitCode = await runTap({ TEST_POSTGRES: JSON.stringify({ server, template }) });
} finally {
  await embedded?.stop();
  await rm(directory, { recursive: true, force: true });
}

/** Makes the database that each test file copies; returns the server's version. */
async function makeTemplate(server) {
  const admin = postgres({ ...server, max: 1, onnotice: () => {} });
  const [{ version }] = await admin`select split_part(version(), ' ', 2) as version`;
  await admin.unsafe(`drop database if exists ${template} with (force)`);
  await admin.unsafe(`create database ${template}`);
  await admin.end();
  await migrateDatabase({ ...server, database: template });
  return version;
}

async function runTap(more) {
  const bin = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs');
  const files = process.argv.slice(2);
  const tap = spawn(process.execPath, [bin, 'run', '--reporter=tap', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...more },
  });
  // Tap ends its files, and then this run cleans up after itself.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tap.kill(signal));
  const exited = once(tap, 'exit');
  const acceptable = await report(tap.stdout, process.env.TEST_MAY_SKIP);
  const [code] = await exited;
  return acceptable ? (code ?? 1) : code || 1;
}

function optionsOf(url) {
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1) || 'postgres',
  };
}

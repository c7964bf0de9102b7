// Owns the servers of the bench: Postgres, Redis and gateways, each started when a measure first asks for it.
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../../dist/db/embedded.js';
import { findWay, run } from '../../dist/db/embedded-binaries.js';
import { migrateDatabase } from '../../dist/db/migrate.js';
import { makeMetrics } from '../../dist/metrics.js';
import { PasswordHashing } from '../../dist/sign-in/password/password-hashing.js';
import { cores, findFreePort, later, makeDirectory, move, runs, start, stop } from './machine.mjs';
import { password, secretKey } from './requests.mjs';

const once = (make) => {
  let made;
  return () => (made ??= make());
};

/** Where a PostgreSQL with its tools is installed: PG_BIN, or the newest of Debian's; null for none. */
const installed = (() => {
  const root = '/usr/lib/postgresql';
  const versions = runs('test', '-d', root) ? readdirSync(root).sort((a, b) => b - a) : [];
  const places = [process.env.PG_BIN, ...versions.map((version) => join(root, version, 'bin'))];
  return places.find((place) => place && runs(join(place, 'pgbench'), '--version')) ?? null;
})();

export const pgbench = installed && join(installed, 'pgbench');
export const hasRedis = runs('redis-server', '--version');

/** A Postgres of the bench's own, on the core of the rest. */
export const openPostgres = once(async () => {
  const directory = makeDirectory({ inMemory: true });
  const server = installed ? await startInstalled(directory) : await startEmbedded(directory);
  const admin = postgres({ ...server.connection, database: 'postgres', max: 1, onnotice: () => {} });
  later(() => admin.end({ timeout: 1 }));
  const [{ version }] = await admin`select split_part(version(), ' ', 2) as version`;
  return { ...server, admin, version: `${version}${installed ? '' : ' (embedded)'}`, directory };
});

async function startInstalled(directory) {
  const data = join(directory, 'data');
  const ourselves = { uid: process.getuid(), gid: process.getgid() };
  const way = await findWay(join(installed, 'postgres'), ourselves, true);
  if (way === null) throw new Error('Postgres does not run as this user: run the bench as another one');
  if (way.user) chownSync(directory, way.user.uid, way.user.gid);
  const like = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  await run(way, join(installed, 'initdb'), ['-D', data, ...like]);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: directory,
    shared_buffers: '512MB',
    max_wal_size: '4GB',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...rest] = [...way.prefix, join(installed, 'postgres'), '-D', data, ...flags];
  const child = start('rest', command, rest, { ...way.user, cwd: '/' });
  later(() => stop(child, 'SIGINT'));
  const connection = { host: directory, port: 5432, user: 'postgres' };
  await until(() => isUp(connection), child);
  return { connection, pid: child.pid };
}

async function isUp(connection) {
  const sql = postgres({ ...connection, database: 'postgres', max: 1, onnotice: () => {} });
  return sql`select 1`
    .then(
      () => true,
      () => false,
    )
    .finally(() => sql.end({ timeout: 1 }));
}

async function startEmbedded(directory) {
  const embedded = await startEmbeddedPostgres(directory, () => {});
  later(() => embedded.stop());
  move(embedded.pid, 'rest');
  return { connection: embedded.connection, pid: embedded.pid };
}

export const openRedis = once(async () => {
  const port = await findFreePort();
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no' };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const child = start('rest', 'redis-server', flags);
  await until(() => child.said.includes('Ready to accept connections'), child);
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid };
});

/**
 * A migrated database with so many sessions, twenty a person, and two hundred people without any who all have
 * `password`.
 */
export function openDatabase(sessions, purpose = 'gateway') {
  const name = `${purpose}_${sessions}`;
  databases.set(name, databases.get(name) ?? fill(name, sessions));
  return databases.get(name);
}
const databases = new Map();

/** The people with `password`. */
export const people = Array.from({ length: 200 }, (_, n) => `person-${n}@example.com`);

/** The hash that these people have, as the gateway makes it. */
export const hashPassword = once(() => {
  const settings = { webConcurrency: 1, passwordHashesAtOnce: 1, passwordQueueSeconds: 30 };
  return new PasswordHashing(settings, makeMetrics(false)).hash(password);
});

async function fill(name, sessions) {
  const { admin, connection } = await openPostgres();
  await admin.unsafe(`create database ${name}`);
  await migrateDatabase({ ...connection, database: name });
  const sql = postgres({ ...connection, database: name, max: 1, onnotice: () => {} });
  later(() => sql.end({ timeout: 1 }));
  // The rows fit together by construction; checking a million references takes longer than writing them.
  await sql`set session_replication_role = replica`;
  await sql`insert into users (id, name)
    select md5('user' || n)::uuid, 'Person ' || n from generate_series(0, ${Math.ceil(sessions / 20)}::int) n`;
  await sql`insert into credentials (user_id, kind, identifier)
    select id, 'mailbox', id || '@example.com' from users`;
  await sql`insert into sessions (id, user_id, method, amr, client_id, device, ends_at, network)
    select md5('session' || n)::uuid, md5('user' || n / 20)::uuid, 'PASSWORD', '{pwd}', 'app',
      '{"name": "A phone", "platform": "ANDROID"}', now() + interval '180 days', '203.0.113.7'
    from generate_series(0, ${sessions - 1}::int) n`;
  const phc = await hashPassword();
  await sql`with person as (
      insert into users (id, name) select md5(email)::uuid, 'A person' from unnest(${people}::text[]) email returning id
    ), mailbox as (
      insert into credentials (user_id, kind, identifier)
      select md5(email)::uuid, 'mailbox', email from unnest(${people}::text[]) email
    ), own as (
      insert into credentials (user_id, kind) select id, 'password' from person returning id
    ) insert into passwords (credential_id, hash) select id, ${phc} from own`;
  await sql.unsafe('vacuum analyze');
  return { name, sql, sessions };
}

const entry = fileURLToPath(new URL('../../dist/server.js', import.meta.url));

/** Starts a gateway and waits for its first answer. Limits are out of the way: they are not what is measured. */
export async function startGateway(environment, core = 'gateway') {
  const port = await findFreePort();
  const begun = performance.now();
  const child = start(core, process.execPath, [entry], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: `${port}`,
      // Two gateways on one database take each other's tokens.
      PUBLIC_URL: 'http://localhost',
      METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
      SECRET_KEY: secretKey.toString('base64url'),
      REQUESTS_PER_MINUTE: '10000000',
      PASSWORD_ATTEMPTS: '1000',
      PASSWORD_ATTEMPTS_PER_DAY: '10000',
      PASSWORD_ATTEMPTS_PER_NETWORK: '100000',
      PASSWORD_QUEUE_SECONDS: '30',
      ...environment,
    },
  });
  servers.push(child);
  await until(() => answers(port), child);
  return { port, pid: child.pid, startMs: performance.now() - begun, stop: () => stop(child) };
}
const servers = [];

/** Stops what a measure has started on the gateway's core, before the next one. */
export async function stopServers() {
  await Promise.all(servers.splice(0).map((child) => stop(child)));
}

/** A gateway on a database of the bench's Postgres. */
export async function openGateway(sessions, environment = {}, core = 'gateway') {
  const { connection } = await openPostgres();
  const { name } = await openDatabase(sessions);
  return startGateway(
    { DATABASE_URL: `postgres:///${name}`, PGHOST: connection.host, PGUSER: connection.user, ...environment },
    core,
  );
}

const standIn = (name) => fileURLToPath(new URL(`./stand-ins/${name}.mjs`, import.meta.url));

/** A program to compare with, in a process like the gateway's. */
export function startStandIn(name, args = []) {
  const stdio = ['ignore', 'pipe', 'pipe', 'ipc'];
  const child = start('gateway', process.execPath, [standIn(name), ...args], { stdio });
  servers.push(child);
  return child;
}

export async function startBareRoute(answer) {
  const port = await findFreePort();
  const begun = performance.now();
  const child = startStandIn('bare-route', [`${port}`, JSON.stringify(answer)]);
  await until(() => answers(port), child);
  return { port, pid: child.pid, startMs: performance.now() - begun, stop: () => stop(child) };
}

async function answers(port) {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null);
  await response?.arrayBuffer();
  return response?.ok ?? false;
}

async function until(isTrue, child) {
  const deadline = Date.now() + 60_000;
  while (!(await isTrue())) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${child.spawnargs.join(' ')} did not start:\n${child.said}`);
    await sleep(2);
  }
}

/** Lets the load and Postgres use every core while `work` runs, for what itself runs on all of them. */
export async function onAllCores(work) {
  if (cores === null) return work();
  const { pid } = await openPostgres();
  const redis = hasRedis ? (await openRedis()).pid : null;
  const moved = [process.pid, pid, redis].filter((each) => each !== null);
  for (const each of moved) move(each, 'all');
  try {
    return await work();
  } finally {
    for (const each of moved) move(each, 'rest');
  }
}

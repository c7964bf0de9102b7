// Runs the gateway and its commands as processes of their own, as an operator does, and speaks HTTP to them.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Test } from 'tap';
import { type Answer, type Environment, goodPassword, operations } from './helper.js';

/** How a process ended and what it printed. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What a GraphQL request came to. */
type Reply = Pick<Answer, 'status' | 'data' | 'errors'>;

/** A gateway that runs by itself. */
export interface RunningGateway {
  child: ChildProcess;
  url: string;
  metricsUrl: string;
  /** What it has printed so far. */
  printed(): Outcome;
  exited: Promise<Outcome>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Outcome>;
  graphql(query: string, variables?: object, token?: string): Promise<Reply>;
}

const { server, template } = JSON.parse(process.env.TEST_POSTGRES ?? '{}');

/** Starts a gateway on free ports, in `environment` and nothing else, and waits until it answers. */
export async function startGateway(t: Test, environment: Environment): Promise<RunningGateway> {
  const port = environment.PORT ?? (await findFreePort());
  const metricsPort = environment.METRICS_PORT ?? (await findFreePort());
  const gateway = launch(['dist/server.js'], { PORT: port, METRICS_PORT: metricsPort, ...environment });
  t.teardown(async () => {
    // Not SIGKILL: an embedded Postgres would leave its socket behind.
    gateway.child.kill('SIGTERM');
    await gateway.exited;
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/healthz`).catch(() => null))?.ok) {
    const early = await Promise.race([gateway.exited, sleep(20)]);
    if (early) throw new Error(`the gateway ended at its start: ${JSON.stringify(early)}`);
  }
  return {
    ...gateway,
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    stop: async (signal = 'SIGTERM') => {
      gateway.child.kill(signal);
      return gateway.exited;
    },
    graphql: async (query, variables = {}, token) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          // So that each request meets the process that is there now, or the next of several.
          connection: 'close',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = (await response.json()) as Reply;
      return { status: response.status, data, errors };
    },
  };
}

/** Runs a script of the build (or of Node's own flags) to its end, in `environment` and nothing else. */
export function runScript(args: string[], environment: Environment): Promise<Outcome> {
  return launch(args, environment).exited;
}

/** What runs is not to outlive the tests, should they be cut short. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function launch(args: string[], environment: Environment) {
  // By env(1), because tap puts a loader of its own into the environment of every Node process that tests start.
  const variables = Object.entries({ PATH: process.env.PATH, ...environment });
  const settings = variables.map(([name, value]) => `${name}=${value}`);
  const child = spawn('env', ['-i', ...settings, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    outcome.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    outcome.stderr += text;
  });
  running.add(child);
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child);
    return Object.assign(outcome, { code });
  });
  return { child, exited, printed: () => outcome };
}

/** A data directory of its own. */
export async function makeDataDir(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'darwaza-process-'));
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

/** The variables that name a new database on the server of this run: `empty`, or with every migration. */
export async function makeDatabase(t: Test, content: 'empty' | 'migrated'): Promise<Environment> {
  const database = `test_${randomUUID().replaceAll('-', '')}`;
  const administer = async (statement: string) => {
    const admin = postgres({ ...server, max: 1, onnotice: () => {} });
    await admin.unsafe(statement).finally(() => admin.end());
  };
  await administer(`create database ${database} template ${content === 'empty' ? 'template0' : template}`);
  t.teardown(() => administer(`drop database ${database} with (force)`));
  const { host, port, user, password = '' } = server;
  // A URL has no place for the directory of a Unix socket.
  if (host.includes('/')) {
    return { DATABASE_URL: `postgres:///${database}`, PGHOST: host, PGPORT: String(port), PGUSER: user };
  }
  const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return { DATABASE_URL: `postgres://${account}@${host}:${port}/${database}` };
}

/** A connection to a database that `makeDatabase` made, closed after the test. */
export function openDatabase(t: Test, { DATABASE_URL = '' }: Environment): postgres.Sql {
  const database = new URL(DATABASE_URL).pathname.slice(1);
  const sql = postgres({ ...server, database, max: 2, onnotice: () => {} });
  t.teardown(() => sql.end({ timeout: 1 }));
  return sql;
}

/** What production needs besides its database. */
export function productionSettings(SECRET_KEY = randomBytes(32).toString('base64url')): Environment {
  return {
    NODE_ENV: 'production',
    SECRET_KEY,
    PUBLIC_URL: 'https://auth.example.com',
    TRUST_PROXY: 'none',
    DRAIN_SECONDS: '0',
    SIGNUP_EMAIL_PROOF: 'false',
    // Nothing is there: the rates are then counted in process.
    REDIS_URL: process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:1',
  };
}

export async function findFreePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return String(port);
}

/** Signs a new person up. */
export async function signUpAt(gateway: RunningGateway, email = `${randomUUID()}@example.com`) {
  const { data, errors } = await gateway.graphql(operations.signup, {
    input: { email, password: goodPassword },
  });
  if (data?.signup?.__typename !== 'SessionTokens')
    throw new Error(`signup failed: ${JSON.stringify({ data, errors })}`);
  return { email, ...data.signup } as { email: string; accessToken: string; refreshToken: string };
}

/** Whether a person can log in. */
export async function canLogIn(gateway: RunningGateway, email: string): Promise<boolean> {
  const { data } = await gateway.graphql(operations.login, { input: { email, password: goodPassword } });
  return data?.login?.__typename === 'SessionTokens';
}

// Starts a redis-server of the test's own, to be stopped, emptied and killed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import type { Test } from 'tap';

/** Why tests with a server of their own are not run; false where redis-server is installed. */
export const withoutRedisServer = spawnSync('redis-server', ['--version']).error
  ? 'no redis-server is installed'
  : false;

export interface RedisServer {
  url: string;
  port: number;
  process: ChildProcess;
  /** One command, by a connection of its own. */
  ask(command: string, ...words: string[]): Promise<unknown>;
  kill(): Promise<void>;
}

/** Starts a server that keeps nothing on disk, and ends it after the test. */
export async function startRedis(t: Test, port?: number): Promise<RedisServer> {
  const at = port ?? (await freePort());
  const options = { bind: '127.0.0.1', port: at, save: '', appendonly: 'no', dir: tmpdir() };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const kill = async () => {
    server.kill('SIGKILL');
    await exited;
  };
  t.teardown(kill);
  for await (const text of server.stdout) if (String(text).includes('Ready to accept connections')) break;

  const url = `redis://127.0.0.1:${at}`;
  const ask = async (command: string, ...words: string[]) => {
    const redis = new Redis(url);
    try {
      return await redis.call(command, ...words);
    } finally {
      redis.disconnect();
    }
  };
  return { url, port: at, process: server, ask, kill };
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

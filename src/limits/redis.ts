// Opens Redis without depending on it: the gateway starts, and goes on, while it is away.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fastifyRedis from '@fastify/redis';
import type { FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';

/** A connection on which nothing came back for so long is dead, however open it looks: a new one is made. */
const deadAfterMs = 1_000;
/** How long the start waits for a first answer. */
const firstAnswerMs = 1_000;

/** Connects, and goes on trying for as long as the app lives. */
export async function openRedis(app: FastifyInstance, url: string): Promise<Redis> {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 1,
    // A command during an outage fails at once instead of waiting for its end.
    enableOfflineQueue: false,
    socketTimeout: deadAfterMs,
    // Whoever asked has long gone on in process: sent again, an event would be counted or taken back twice.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (tries) => Math.min(tries * 100, 2_000),
  });
  redis.on('error', (error) =>
    app.log.warn({ err: error }, 'Redis does not answer: rates are counted in process'),
  );
  app.addHook('onClose', async () => redis.disconnect());

  const giveUp = new AbortController();
  const ready = once(redis, 'ready', { signal: giveUp.signal }).then(
    () => true,
    () => false,
  );
  const up = await Promise.race([ready, sleep(firstAnswerMs, false, { ref: false })]);
  giveUp.abort();
  // The plugin waits for Redis to be ready, and with it the start of the gateway would.
  if (up) await app.register(fastifyRedis, { client: redis });
  return redis;
}

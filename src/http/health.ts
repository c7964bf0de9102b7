// Owns the health routes: /healthz says that the process runs, /readyz that it can do its work.
import type { FastifyInstance } from 'fastify';
import { type Db, ping } from '../db/client.js';

/** `isClosing`: a server on its way out is not ready, so that traffic goes elsewhere first. */
export function registerHealth(app: FastifyInstance, db: Db, isClosing: () => boolean): void {
  const unlimited = { config: { rateLimit: false as const } };
  // Without dependencies: a blip of Postgres must not take every machine out of routing.
  app.get('/healthz', unlimited, async () => ({ status: 'ok' }));
  // One question at a time for all who ask: these routes have no limit, and the connections are for people.
  let asking: Promise<boolean> | null = null;
  const askDatabase = async () => {
    try {
      await ping(db);
      return true;
    } catch (error) {
      app.log.warn({ err: error }, 'the database does not answer');
      return false;
    } finally {
      asking = null;
    }
  };
  app.get('/readyz', unlimited, async (_request, reply) => {
    if (isClosing()) return reply.code(503).send({ status: 'closing' });
    asking ??= askDatabase();
    if (await asking) return { status: 'ready' };
    return reply.code(503).send({ status: 'the database does not answer' });
  });
}

// Owns the health routes: /healthz says that the process runs, /readyz that it can do its work.
import type { FastifyInstance } from 'fastify';
import { type Db, ping } from '../db/client.js';

/** `isClosing`: a server on its way out is not ready, so that traffic goes elsewhere first. */
export function registerHealth(app: FastifyInstance, db: Db, isClosing: () => boolean): void {
  const unlimited = { config: { rateLimit: false as const } };
  // Without dependencies: a blip of Postgres must not take every machine out of routing.
  app.get('/healthz', unlimited, async () => ({ status: 'ok' }));
  app.get('/readyz', unlimited, async (request, reply) => {
    if (isClosing()) return reply.code(503).send({ status: 'closing' });
    try {
      await ping(db);
      return { status: 'ready' };
    } catch (error) {
      request.log.warn({ err: error }, 'the database does not answer');
      return reply.code(503).send({ status: 'the database does not answer' });
    }
  });
}

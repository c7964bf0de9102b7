// Owns /playground: a page with a card for each way to sign in, showing the GraphQL that it sends. Development only.
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';
import { admitNeighbours } from './loopback.js';
import { playgroundPolicy, renderPlayground } from './playground-html.js';

export async function registerPlayground(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(async (pages) => {
    pages.addHook('onRequest', admitNeighbours(config));
    pages.get('/playground', async (_request, reply) => {
      reply.header('content-security-policy', playgroundPolicy).type('text/html; charset=utf-8');
      return renderPlayground(config);
    });
    pages.get('/playground/page.js', async (_request, reply) => {
      // What the compiler made, also when this runs from the sources: browsers read no TypeScript.
      const script = await readFile(new URL('../../dist/dev/playground-page.js', import.meta.url), 'utf8');
      return reply
        .type('text/javascript; charset=utf-8')
        .send(script.replace(/^\/\/# sourceMappingURL=.*\n?/m, ''));
    });
  });
}

// Owns /graphiql: a page to try every operation with, served whole from here, so that it needs no internet.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';
import { findAssets } from './graphiql-assets.js';
import { pagePolicy, renderPage } from './graphiql-html.js';
import { admitNeighbours } from './loopback.js';

const year = 365 * 24 * 60 * 60;

/** In production the page is for whoever switched it on to decide, and the root belongs to the app. */
export async function registerGraphiql(app: FastifyInstance, config: Config): Promise<void> {
  const readAssets = findAssets();
  await app.register(async (pages) => {
    if (config.nodeEnv !== 'production') {
      pages.addHook('onRequest', admitNeighbours(config));
      pages.get('/', async (_request, reply) =>
        reply.header('cache-control', 'no-store').redirect('graphiql'),
      );
    }

    pages.get('/graphiql', async (_request, reply) => {
      const { build } = await readAssets();
      reply.headers({ 'content-security-policy': pagePolicy, 'cache-control': 'no-store' });
      return reply.type('text/html; charset=utf-8').send(renderPage(`graphiql/${build}`, config));
    });

    pages.get<{ Params: { build: string; name: string } }>(
      '/graphiql/:build/:name',
      async (request, reply) => {
        const { build, files } = await readAssets();
        const file = files.get(request.params.name);
        if (file === undefined || request.params.build !== build) return reply.callNotFound();
        reply.header('cache-control', `public, max-age=${year}, immutable`);
        const type = request.params.name.endsWith('.css') ? 'text/css' : 'text/javascript';
        return reply.type(`${type}; charset=utf-8`).send(file);
      },
    );
  });
}

// Owns the headers that every answer carries, and which web origins may read answers.
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';

export async function registerSecurityHeaders(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(helmet, {
    // Nothing here is meant to load anything; the few pages bring a policy of their own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: config.publicUrl.startsWith('https:')
      ? { maxAge: 63_072_000, includeSubDomains: true }
      : false,
  });

  const origins = new Set(config.corsOrigins);
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origins.size > 0) reply.header('vary', 'Origin');
    if (origin === undefined || !origins.has(origin)) return;
    // Tokens travel in headers, never in cookies: no credentials are allowed, none are needed.
    reply.header('access-control-allow-origin', origin);
    reply.header('cross-origin-resource-policy', 'cross-origin');
    if (request.method !== 'OPTIONS') return;
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers':
          'authorization, content-type, apollographql-client-name, apollographql-client-version',
        'access-control-max-age': '7200',
      })
      .send();
  });
  if (origins.size > 0) app.options('/graphql', async (_request, reply) => reply.code(204).send());
}

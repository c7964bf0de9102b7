// Owns the headers that every answer carries, and which web origins may read answers.
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';

/** What goes with a refusal that no hook has seen. */
export const bareHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

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
  // Tokens and people's data: what may be kept says so itself.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  if (config.corsOrigins.length > 0) registerCors(app, new Set(config.corsOrigins));
}

/** Lets pages of these origins, to the letter, call the gateway. */
function registerCors(app: FastifyInstance, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    reply.header('vary', 'Origin');
    if (origin === undefined || !origins.has(origin)) return;
    // Tokens travel in headers, never in cookies: no credentials are allowed, none are needed.
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'retry-after, www-authenticate');
    reply.header('cross-origin-resource-policy', 'cross-origin');
  });
  app.options('/graphql', async (_request, reply) => {
    // What stands here without access-control-allow-origin allows nobody anything.
    reply.header('access-control-allow-methods', 'GET, POST');
    reply.header(
      'access-control-allow-headers',
      'authorization, content-type, apollographql-client-name, apollographql-client-version',
    );
    reply.header('access-control-max-age', '7200');
    return reply.code(204).send();
  });
}

// Owns the headers that every answer carries, and which web origins may read answers.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { Config } from '../config.js';

/** What goes with a refusal that no hook has seen. */
export const bareHeaders = {
  'content-type': 'application/json; charset=utf-8',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

export function registerSecurityHeaders(app: FastifyInstance, config: Config): void {
  const headers = {
    ...securityHeaders(config),
    // Tokens and people's data: what may be kept says so itself.
    'cache-control': 'no-store',
  };
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  if (config.corsOrigins.length > 0) registerCors(app, new Set(config.corsOrigins));
}

/** What helmet would say of every request: asked once, because here it says the same of all of them. */
function securityHeaders({ publicUrl }: Config): Record<string, string> {
  const ask = helmet({
    // Nothing here is meant to load anything; the few pages bring a policy of their own.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:')
      ? { maxAge: 63_072_000, includeSubDomains: true }
      : false,
  });
  const answer = new ServerResponse(new IncomingMessage(new Socket()));
  ask(answer.req, answer, () => {});
  return answer.getHeaders() as Record<string, string>;
}

/** Lets pages of these origins, to the letter, call the gateway. */
function registerCors(app: FastifyInstance, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', ({ headers: { origin } }, reply, done) => {
    reply.header('vary', 'Origin');
    // Tokens travel in headers, never in cookies: no credentials are allowed, none are needed.
    if (origin !== undefined && origins.has(origin))
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'retry-after, www-authenticate',
        'cross-origin-resource-policy': 'cross-origin',
      });
    done();
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

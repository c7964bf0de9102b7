// Owns the published documents: the key set, the metadata by which any service finds it, and the way to a new password.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';
import type { KeyRing } from '../signing-keys/key-ring.js';

export function registerWellKnown(app: FastifyInstance, config: Config, keys: KeyRing): void {
  const cacheable = `public, max-age=${config.jwksMaxAgeSeconds}`;
  /** RFC 8414. There is no authorization endpoint: apps sign in over GraphQL. */
  const metadata = () => ({
    issuer: config.publicUrl,
    jwks_uri: `${config.publicUrl}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
    subject_types_supported: ['public'],
    // While the algorithm changes there are two.
    id_token_signing_alg_values_supported: [...new Set(keys.keySet.keys.map((key) => key.alg))],
    service_documentation: `${config.publicUrl}/errors`,
  });
  app.get('/.well-known/jwks.json', async (_request, reply) => {
    reply.header('cache-control', cacheable).type('application/jwk-set+json; charset=utf-8');
    return JSON.stringify(keys.keySet);
  });
  // Resource servers look under the OpenID Connect name as well.
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    app.get(`/.well-known/${name}`, async (_request, reply) => {
      reply.header('cache-control', cacheable);
      return metadata();
    });
  }
  // https://w3c.github.io/webappsec-change-password-url: a redirect, and 404 where there is no such page.
  const { changePasswordUrl } = config;
  if (changePasswordUrl !== undefined)
    app.get('/.well-known/change-password', async (_request, reply) =>
      reply.redirect(changePasswordUrl, 302),
    );
}

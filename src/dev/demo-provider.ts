// Owns the stand-in provider of development: an OpenID provider at which anybody signs in as anybody, to try the code flow with.
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Config, demoProvider } from '../config.js';
import { escapeHtml } from '../messages/templates.js';
import { icon } from './graphiql-html.js';
import { admitNeighbours } from './loopback.js';

/** What a code stands for. */
interface Authorization {
  claims: { sub: string; email: string; email_verified: boolean; name: string; nonce: string | undefined };
  codeChallenge: string;
}

/** Codes at a time: a page that is reloaded for ever fills no memory. */
const mostCodes = 100;
const lifetime = '5m';
const algorithm = 'ES256';

/** In development only, and only where no other providers are configured. */
export async function registerDemoProvider(app: FastifyInstance, config: Config): Promise<void> {
  const demo = demoProvider(config.publicUrl);
  if (!config.oidcProviders.some(({ issuer }) => issuer === demo.issuer)) return;
  const { issuer, clientId } = demo;
  const { pathname } = new URL(issuer);
  const callback = `${config.publicUrl}/oauth/callback/${demo.name}`;
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  const jwk = { ...(await exportJWK(publicKey)), alg: algorithm, use: 'sig', kid: 'demo' };
  const codes = new Map<string, Authorization>();

  await app.register(async (pages) => {
    pages.addHook('onRequest', admitNeighbours(config));
    pages.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      (_request, body, done) => {
        done(null, new URLSearchParams(body as string));
      },
    );
    pages.get(`${pathname}/.well-known/openid-configuration`, async () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
      code_challenge_methods_supported: ['S256'],
    }));
    pages.get(`${pathname}/jwks`, async () => ({ keys: [jwk] }));

    pages.get<{ Querystring: Record<string, string> }>(`${pathname}/authorize`, async ({ query }, reply) => {
      reply.header('content-security-policy', pagePolicy).type('text/html; charset=utf-8');
      return query.redirect_uri === callback && query.client_id === clientId
        ? renderChoice(config, query)
        : reply.code(400).send('This is for the gateway alone.');
    });

    pages.get<{ Querystring: Record<string, string> }>(`${pathname}/decide`, async ({ query }, reply) => {
      const back = new URL(callback);
      back.searchParams.set('state', query.state ?? '');
      if (query.turn !== 'in') {
        back.searchParams.set('error', 'access_denied');
        return reply.redirect(back.href, 303);
      }
      const { email = '', name = '', verified, nonce, code_challenge: codeChallenge = '' } = query;
      const code = randomBytes(16).toString('base64url');
      // The same address is the same person.
      const sub = createHash('sha256').update(email).digest('hex').slice(0, 20);
      const claims = { sub, email, email_verified: verified === 'on', name, nonce };
      codes.set(code, { claims, codeChallenge });
      if (codes.size > mostCodes) codes.delete(codes.keys().next().value ?? '');
      back.searchParams.set('code', code);
      return reply.redirect(back.href, 303);
    });

    pages.post<{ Body: URLSearchParams }>(`${pathname}/token`, async ({ body }, reply) => {
      const code = body.get('code') ?? '';
      const authorization = codes.get(code);
      codes.delete(code);
      const challenge = createHash('sha256')
        .update(body.get('code_verifier') ?? '')
        .digest('base64url');
      if (authorization?.codeChallenge !== challenge) return reply.code(400).send({ error: 'invalid_grant' });
      const idToken = await new SignJWT(authorization.claims)
        .setProtectedHeader({ alg: algorithm, kid: jwk.kid })
        .setIssuer(issuer)
        .setAudience(clientId)
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(privateKey);
      return { access_token: 'none', token_type: 'Bearer', id_token: idToken };
    });
  });
}

const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

function renderChoice(
  { appName }: Config,
  { state, nonce, code_challenge: challenge }: Record<string, string>,
) {
  const kept = Object.entries({ state, nonce, code_challenge: challenge }).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value ?? '')}">`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stand-in provider</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>
  :root { color-scheme: light dark }
  body { margin: 0; min-height: 100dvh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#eef1f6, #12161d); color: light-dark(#1d2430, #e6e9ef) }
  form { box-sizing: border-box; width: min(24rem, 100% - 2rem); padding: 1.75rem; border-radius: 14px; background: light-dark(#fff, #1c222c); box-shadow: 0 1px 3px #0003 }
  h1 { margin: 0 0 .25rem; font-size: 1.25rem } p { margin: 0 0 1.25rem; color: light-dark(#5a6475, #a3adbd); font-size: .92rem }
  label { display: block; margin: .75rem 0 0; font-size: .92rem } input:not([type=checkbox]) { box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .55rem .7rem; font: inherit; border: 1px solid light-dark(#c5cddb, #3a4352); border-radius: 8px; background: none; color: inherit }
  .row { display: flex; gap: .6rem; margin-top: 1.5rem } button { flex: 1; padding: .65rem; font: inherit; font-weight: 600; border: 1px solid light-dark(#c5cddb, #3a4352); border-radius: 8px; background: none; color: inherit; cursor: pointer } button[value=in] { border-color: transparent; background: #2c5aa8; color: #fff }
</style>
<form action="decide">
  <h1>Stand-in provider</h1>
  <p>${escapeHtml(appName)} asks who you are. Here you may be anybody: this page stands where Google’s or Apple’s would, and exists in development only.</p>
  ${kept.join('')}
  <label>Name <input name="name" value="Asha" maxlength="100"></label>
  <label>E-mail <input name="email" type="email" value="asha@example.com" required></label>
  <label><input type="checkbox" name="verified" checked> The provider vouches for this address</label>
  <div class="row"><button name="turn" value="in">Sign in</button><button name="turn" value="back" formnovalidate>Turn back</button></div>
</form>
</html>
`;
}

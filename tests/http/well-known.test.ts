import t from 'tap';
import { build, signUp } from '../helper.js';

const gateway = await build(t, { PUBLIC_URL: 'https://auth.acme.com', JWKS_MAX_AGE_SECONDS: '120' });
const documents = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

t.test('the key set is public, cacheable for the max-age, and holds nothing private', async (t) => {
  const response = await gateway.inject({ url: '/.well-known/jwks.json' });
  t.equal(response.statusCode, 200);
  t.equal(response.headers['content-type'], 'application/jwk-set+json; charset=utf-8');
  t.equal(response.headers['cache-control'], 'public, max-age=120');
  t.strictSame(Object.keys(response.json()), ['keys']);
  const { keys } = response.json();
  t.equal(keys.length, 2, 'the key that signs and the next one');
  t.equal(new Set(keys.map(({ kid }: { kid: string }) => kid)).size, 2);
  for (const key of keys) {
    t.strictSame(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    t.match(key, { alg: 'ES256', crv: 'P-256', kty: 'EC', use: 'sig', kid: /^[\w-]{43}$/ });
  }
  const { accessToken } = await signUp(gateway);
  const { kid } = JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString());
  t.ok(keys.some((key: { kid: string }) => key.kid === kid));
});

t.test('the metadata are the same at both places and name the key set under PUBLIC_URL', async (t) => {
  const answers = await Promise.all(documents.map((url) => gateway.inject({ url })));
  for (const response of answers) {
    t.equal(response.statusCode, 200);
    t.equal(response.headers['content-type'], 'application/json; charset=utf-8');
    t.equal(response.headers['cache-control'], 'public, max-age=120');
    t.strictSame(response.json(), {
      issuer: 'https://auth.acme.com',
      jwks_uri: 'https://auth.acme.com/.well-known/jwks.json',
      response_types_supported: [],
      grant_types_supported: [],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      service_documentation: 'https://auth.acme.com/errors',
    });
  }
});

t.test('no header of a request changes what the documents say', async (t) => {
  const evil = 'evil.example';
  const headers = {
    host: evil,
    'x-forwarded-host': evil,
    'x-forwarded-proto': 'http',
    forwarded: `host=${evil}`,
  };
  for (const url of ['/.well-known/jwks.json', ...documents]) {
    const [plain, poisoned] = [await gateway.inject({ url }), await gateway.inject({ url, headers })];
    t.equal(poisoned.body, plain.body);
  }
});

t.test('they are read, not written, and a HEAD says the same without a body', async (t) => {
  for (const url of ['/.well-known/jwks.json', ...documents]) {
    const head = await gateway.inject({ method: 'HEAD', url });
    t.match(head, { statusCode: 200, body: '', headers: { 'cache-control': 'public, max-age=120' } });
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      t.match(String((await gateway.inject({ method, url })).statusCode), /^40[45]$/);
    }
  }
});

t.test('while the algorithm changes, the metadata name both', async (t) => {
  const other = await build(t, { TOKEN_ALGORITHM: 'EdDSA' }, gateway);
  const { keys } = (await other.inject({ url: '/.well-known/jwks.json' })).json();
  t.same(keys.map(({ crv }: { crv: string }) => crv).sort(), ['Ed25519', 'P-256']);
  const metadata = (await other.inject({ url: documents[0] ?? '' })).json();
  t.same(metadata.id_token_signing_alg_values_supported.sort(), ['ES256', 'EdDSA']);
});

t.test(
  'a password manager finds the page for a new password where one is configured, and no page elsewhere',
  async (t) => {
    const url = '/.well-known/change-password';
    t.equal((await gateway.inject({ url })).statusCode, 404);
    const page = 'https://acme.com/settings/password?from=manager';
    const other = await build(t, { CHANGE_PASSWORD_URL: page });
    t.match(await other.inject({ url }), { statusCode: 302, headers: { location: page } });
    // By this one a manager learns that the host does not answer everything alike.
    const absent = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200';
    t.equal((await other.inject({ url: absent })).statusCode, 404);
  },
);

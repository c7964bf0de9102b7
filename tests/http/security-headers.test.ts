import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import { build, type Gateway } from '../helper.js';

const gateway = await build(t, { GRAPHIQL: 'false' });
const web = await build(
  t,
  { PUBLIC_URL: 'https://auth.acme.com', CORS_ORIGINS: 'https://app.acme.com,http://localhost:3000' },
  gateway,
);

const everywhere = {
  'content-security-policy': /^default-src 'none'/,
  'x-content-type-options': 'nosniff',
  'cache-control': /no-store|max-age=\d+/,
};
const always = {
  ...everywhere,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What every answer of the gateway has in common. */
function isSound(t: Test, response: { headers: Record<string, unknown>; body: string }, title: string) {
  t.match(response.headers, always, title);
  for (const name of ['server', 'x-powered-by', 'access-control-allow-credentials', 'set-cookie']) {
    t.equal(response.headers[name], undefined, `${title}: no ${name}`);
  }
  if (response.body === '') return;
  const type = String(response.headers['content-type']);
  t.match(type, /; charset=utf-8$/, title);
  if (type.includes('json')) t.ok(JSON.parse(response.body), `${title}: is what it says`);
}

const isRefusal = (t: Test, body: string, title: string) =>
  t.match(JSON.parse(body), { errors: [{ message: String, extensions: { code: 'BAD_USER_INPUT' } }] }, title);

/** Every route, with the methods it is for. */
const routes: Record<string, string[]> = {
  '/graphql': ['GET', 'POST'],
  '/healthz': ['GET', 'HEAD'],
  '/readyz': ['GET', 'HEAD'],
  '/errors': ['GET', 'HEAD'],
  '/.well-known/jwks.json': ['GET', 'HEAD'],
  '/.well-known/oauth-authorization-server': ['GET', 'HEAD'],
  '/.well-known/openid-configuration': ['GET', 'HEAD'],
};
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

t.test('every route answers its own methods and no other, with headers that keep it to itself', async (t) => {
  for (const [url, own] of Object.entries(routes)) {
    for (const method of methods) {
      const title = `${method} ${url}`;
      const query = { query: '{ authMethods { method } }' };
      const response = await gateway.inject({
        method: method as 'GET',
        url,
        ...(method === 'POST' ? { payload: query } : { query: url === '/graphql' ? query : {} }),
      });
      isSound(t, response, title);
      if (own.includes(method)) {
        t.equal(response.statusCode, 200, title);
        continue;
      }
      t.equal(response.statusCode, 405, title);
      t.equal(response.headers.allow, own.join(', '), title);
      if (method !== 'HEAD') isRefusal(t, response.body, title);
    }
  }
});

t.test('what is nowhere is a coded 404, whatever it looks like', async (t) => {
  for (const url of [
    '/',
    '/nothing',
    '/graphql/',
    '/GRAPHQL',
    '//graphql',
    '/metrics',
    '/.env',
    '/errors/INVALID_CREDENTIALS',
    '/__proto__',
    '/healthz%00',
    `/${'a'.repeat(5000)}`,
    '/%2e%2e/%2e%2e/etc/passwd',
    '/?secret=value',
    // A pattern to the router, and no good one.
    '/:secret(((a+)+)+$)',
    '/:secret([)',
    `/${':secret('.repeat(500)}`,
    '/*/secret',
  ]) {
    const response = await gateway.inject({ url });
    t.equal(response.statusCode, 404, url.slice(0, 40));
    isSound(t, response, url.slice(0, 40));
    isRefusal(t, response.body, url.slice(0, 40));
    t.notMatch(response.body, /secret|nothing$/, 'nothing of it is repeated');
  }
});

t.test('refused and failed requests carry the headers too', async (t) => {
  const post = (payload: string | object, headers = {}) =>
    gateway.inject({ method: 'POST', url: '/graphql', payload, headers });
  const broken = await build(t, {}, gateway);
  Object.defineProperty(broken.app.tools.keys, 'keySet', {
    get() {
      throw new Error('secret');
    },
  });
  for (const [status, response] of [
    [400, await post({ query: '{' })],
    [400, await post('{', { 'content-type': 'application/json' })],
    [401, await post({ query: '{ me { id } }' })],
    [405, await gateway.inject({ url: '/graphql?query=mutation%7BlogoutEverywhere%7B__typename%7D%7D' })],
    [413, await post({ query: `#${'x'.repeat(40_000)}` })],
    [415, await post('x', { 'content-type': 'text/plain' })],
    [500, await broken.inject({ url: '/.well-known/jwks.json' })],
  ] as const) {
    t.equal(response.statusCode, status);
    isSound(t, response, String(status));
    const [{ extensions }] = response.json().errors;
    t.type(extensions.code, 'string');
  }
  t.notMatch((await broken.inject({ url: '/.well-known/jwks.json' })).body, 'secret');
});

t.test('the shield is a coded 429 with the time to wait, for all but health', async (t) => {
  const shielded = await build(t, { REQUESTS_PER_MINUTE: '4' }, gateway);
  const query = { query: '{ authMethods { method } }' };
  const ask = (url: string) =>
    shielded.inject(url === '/graphql' ? { method: 'POST', url, payload: query } : { url });
  for (let count = 0; count < 4; count += 1) t.equal((await ask('/graphql')).statusCode, 200);
  for (const url of ['/graphql', '/errors', '/.well-known/jwks.json', '/nothing']) {
    const response = await ask(url);
    t.equal(response.statusCode, 429, url);
    isSound(t, response, url);
    const waits = Number(response.headers['retry-after']);
    t.ok(waits >= 1 && waits <= 60, `${url}: ${waits} s`);
    t.match(response.json(), {
      errors: [{ message: String, extensions: { code: 'RATE_LIMITED', retryAfterSeconds: waits } }],
    });
    t.equal(response.headers['x-ratelimit-limit'], undefined);
  }
  for (const url of ['/healthz', '/readyz']) t.equal((await ask(url)).statusCode, 200, url);
  const elsewhere = await shielded.inject({ url: '/errors', remoteAddress: '192.0.2.1' });
  t.equal(elsewhere.statusCode, 200, 'another network is not meant');
});

t.test('HTTPS is insisted on where the world comes by HTTPS', async (t) => {
  const strict = 'max-age=63072000; includeSubDomains';
  for (const url of ['/healthz', '/nothing', '/graphql', '/errors']) {
    t.equal((await web.inject({ url })).headers['strict-transport-security'], strict, url);
    t.equal((await gateway.inject({ url })).headers['strict-transport-security'], undefined, url);
  }
});

/** Bytes on a real socket, until it is closed. */
async function speak({ app }: Gateway, text: string): Promise<string> {
  const { port } = app.addresses()[0] as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

t.test('what is no proper HTTP is a coded refusal, and the end of the connection', async (t) => {
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const json = 'content-type: application/json';
  for (const [status, title, text] of [
    [400, 'nonsense', 'nonsense\r\n\r\n'],
    [
      400,
      'two lengths',
      `POST /graphql HTTP/1.1\r\nhost: x\r\n${json}\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} `,
    ],
    [
      400,
      'a length and chunks',
      `POST /graphql HTTP/1.1\r\nhost: x\r\n${json}\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [400, 'a header with a line feed', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx: a\nb: c\r\n\r\n'],
    [400, 'no host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    [400, 'a path that cannot be decoded', 'GET /%E0%A4%A HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
    [431, 'too large a head', `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ] as const) {
    const answer = await speak(gateway, text);
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `), title);
    t.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, `${title}: once`);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    if (title === 'no host') continue;
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    t.match(headers, everywhere, title);
    t.equal(headers['content-type'], 'application/json; charset=utf-8', title);
    isRefusal(t, body, title);
  }
});

t.test('no origin may read answers unless it is listed, to the letter', async (t) => {
  const ask = (to: Gateway, origin: string, url = '/graphql') =>
    to.inject({ method: 'POST', url, headers: { origin }, payload: { query: '{ authMethods { method } }' } });
  const preflight = (to: Gateway, origin: string, url = '/graphql') =>
    to.inject({
      method: 'OPTIONS',
      url,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });

  const strangers = [
    'null',
    'https://evil.example',
    'http://app.acme.com',
    'https://app.acme.com:443',
    'https://app.acme.com:8443',
    'https://app.acme.com/',
    'https://APP.acme.com',
    'https://evil-app.acme.com',
    'https://sub.app.acme.com',
    'https://app.acme.com.evil.example',
    'https://app.acme.comevil.example',
    'https://evil.example/https://app.acme.com',
    'https://app.acme.com@evil.example',
    'https://app.acme.com, https://evil.example',
    'http://localhost:3001',
    'http://localhost',
    'file://',
    '*',
    '',
  ];
  for (const origin of strangers) {
    for (const response of [await ask(web, origin), await preflight(web, origin)]) {
      t.equal(response.headers['access-control-allow-origin'], undefined, origin);
      t.equal(response.headers['cross-origin-resource-policy'], 'same-origin', origin);
      t.equal(response.headers.vary, 'Origin', origin);
    }
  }

  for (const origin of ['https://app.acme.com', 'http://localhost:3000']) {
    const asked = await preflight(web, origin);
    t.equal(asked.statusCode, 204);
    t.match(asked.headers, {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': /authorization, content-type, apollographql-client-name/,
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    for (const response of [asked, await ask(web, origin), await ask(web, origin, '/nothing')]) {
      t.equal(response.headers['access-control-allow-origin'], origin);
      t.equal(response.headers['access-control-allow-credentials'], undefined);
      t.match(response.headers['access-control-expose-headers'], /www-authenticate/);
    }
    t.equal((await preflight(web, origin, '/nothing')).statusCode, 404);
    t.equal((await preflight(web, origin, '/healthz')).statusCode, 405);

    // By default nobody is listed.
    for (const response of [await ask(gateway, origin), await preflight(gateway, origin)]) {
      const allowed = Object.keys(response.headers).filter((name) => name.startsWith('access-control-'));
      t.strictSame(allowed, []);
      t.equal(response.headers.vary, undefined);
    }
    t.equal((await preflight(gateway, origin)).statusCode, 405);
  }
});

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { buildSchema } from 'graphql';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.js';
import { type Example, examples, writeVariables } from '../../src/dev/examples.js';
import { registerGraphiql } from '../../src/dev/graphiql.js';
import { begin, forget, type Known, learn, type Memory, refill } from '../../src/dev/graphiql-memory.js';
import { sdl } from '../../src/graphql/index.js';
import { openChromium, withoutBrowser } from '../chromium.js';
import { build, type Gateway, withoutRedis } from '../helper.js';

const gateway = await build(t, { PUBLIC_URL: 'http://gateway.test:4000' });

const titleOf = ({ query }: Example) => /^(?:query|mutation) (\w+)/m.exec(query)?.[1] ?? '';
const exampleOf = (title: string) => {
  const example = examples.find((candidate) => titleOf(candidate) === title);
  if (example === undefined) throw new Error(`there is no example ${title}`);
  return example;
};

/**
 * Runs an example as the page does: with its variables filled in, the token attached, and learning from the answer.
 * `typed` is what a person puts in the place of `code`.
 */
async function run(title: string, memory: Memory, typed?: string) {
  const example = exampleOf(title);
  const text = writeVariables(example, memory.known);
  const variables = text === '' ? undefined : JSON.parse(text);
  if (typed !== undefined) variables.input.code = typed;
  const token = memory.signedIn?.accessToken;
  const answer = await gateway.graphql(example.query, variables, { token });
  return { ...answer, memory: learn(memory, variables, answer as never) };
}

const withoutPassword: [string, object][] = [
  ['RequestMagicLink', { requestMagicLink: { __typename: 'MagicLinkRequested' } }],
  [
    'VerifyMagicLink',
    { verifyMagicLink: { user: { emailVerified: true }, session: { method: 'MAGIC_LINK' } } },
  ],
  ['SendOtp', { sendOtp: { __typename: 'OtpSent' } }],
  ['OtpDelivery', { otpDelivery: { status: 'SENT', channel: 'WHATSAPP' } }],
  ['VerifyOtp', { verifyOtp: { user: { email: null }, session: { method: 'OTP_WHATSAPP' } } }],
];

const waysIn: [string, object][] = [
  ['WaysIn', { passkeys: [], identities: [] }],
  ['CreateNonce', { createNonce: { nonce: /^[\w-]{43}$/ } }],
  ['Reauthenticate', { reauthenticate: { __typename: 'SessionTokens' } }],
  ['DeleteAccount', { deleteAccount: { __typename: 'AccountDeleted' } }],
  ['RestoreAccount', { restoreAccount: { __typename: 'SessionTokens' } }],
];

t.test('the examples work one after the other, and again with the new password', async (t) => {
  const expected: [string, object][] = [
    ['SignUp', { signup: { __typename: 'SessionTokens', user: { name: 'Asha' } } }],
    ['LogIn', { login: { __typename: 'SessionTokens', user: { name: 'Asha' } } }],
    ['Me', { me: { name: 'Asha' } }],
    ['Sessions', { sessions: [{ current: true, device: { name: 'GraphiQL' } }, { current: false }] }],
    ['Refresh', { refreshSession: { __typename: 'SessionTokens' } }],
    ['WrongPassword', { login: { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' } }],
    [
      'AuthMethods',
      {
        authMethods: [
          { method: 'OTP_WHATSAPP', countries: ['IN'] },
          { method: 'OTP_SMS', countries: ['IN'] },
          { method: 'PASSKEY', rpId: 'gateway.test' },
          { method: 'MAGIC_LINK' },
          { method: 'PASSWORD', passwordPolicy: { minLength: Number } },
        ],
      },
    ],
    ['LoginEvents', { loginEvents: { edges: [{ node: { failure: 'INVALID_CREDENTIALS' } }] } }],
    ['RevokeSession', { revokeSession: { revokedSessionIds: [String] } }],
    ['ChangePassword', { changePassword: { __typename: 'PasswordChanged' } }],
    ['LogOut', { logout: true }],
  ];
  t.same(
    examples.map(titleOf),
    [...expected, ...withoutPassword, ...waysIn].map(([title]) => title),
  );

  let memory = begin();
  const { email } = memory.known;
  for (const [title, data] of expected) {
    const answer = await run(title, memory);
    t.equal(answer.status, 200, title);
    t.equal(answer.errors, undefined, title);
    t.match(answer.data, data, title);
    memory = answer.memory;
    if (title === 'Me') t.equal(answer.data.me.email, email);
  }
  t.equal(memory.signedIn, null, 'the tokens are forgotten after logging out');

  const again = await run('LogIn', memory);
  t.match(again.data.login, { __typename: 'SessionTokens', user: { email } });
  memory = again.memory;
  for (const title of ['ChangePassword', 'ChangePassword', 'Refresh', 'Refresh']) {
    const { data, memory: next } = await run(title, memory);
    t.match(Object.values(data)[0], { __typename: /^(PasswordChanged|SessionTokens)$/ }, title);
    memory = next;
  }
});

/** What a person would copy: the code of the newest message, or the characters on the page behind its link. */
async function readCode(to: string): Promise<string> {
  const url = `/outbox.json?to=${encodeURIComponent(to)}&wait=10`;
  const [{ code, link }] = (await gateway.inject({ url })).json();
  if (code !== null) return code;
  const page = await gateway.inject({ url: new URL(link).pathname });
  const [, characters = ''] = /class="code"[^>]*>(.*?)<\/p>/.exec(page.body) ?? [];
  return characters.replace(/<[^>]*>/g, '');
}

t.test('the examples without a password work one after the other, with what the outbox shows', async (t) => {
  let memory = begin();
  const { mailbox, phone } = memory.known;
  for (const [title, data] of withoutPassword) {
    const typed = {
      VerifyMagicLink: () => readCode(mailbox),
      VerifyOtp: () => readCode(phone),
    }[title];
    const answer = await run(title, memory, await typed?.());
    t.equal(answer.status, 200, title);
    t.equal(answer.errors, undefined, title);
    t.match(answer.data, data, title);
    memory = answer.memory;
    if (title === 'VerifyMagicLink') t.equal(memory.signedIn?.who, mailbox);
  }
  t.equal(memory.signedIn?.who, phone, 'who was signed in before is not mixed in');
  t.match((await run('Refresh', memory)).data.refreshSession, {
    __typename: 'SessionTokens',
    user: { phone },
  });
});

t.test('the examples about ways in and the end of an account work one after the other', async (t) => {
  let { memory } = await run('SignUp', begin());
  for (const [title, data] of waysIn) {
    if (title === 'RestoreAccount') {
      const closed = await run('LogIn', memory);
      t.match(closed.data.login, { code: 'ACCOUNT_DELETED' });
      memory = closed.memory;
    }
    const answer = await run(title, memory);
    t.equal(answer.status, 200, title);
    t.equal(answer.errors, undefined, title);
    t.match(answer.data, data, title);
    memory = answer.memory;
  }
});

t.test('numbers are made up only where nothing is sent to them', async (t) => {
  t.match(begin().known.phone, /^\+9199999\d{5}$/);
  t.notMatch(begin(true).known.phone, /^\+91\d/);
  const twilio = {
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: '0'.repeat(32),
    TWILIO_SMS_FROM: '+15005550006',
  };
  t.match((await gateway.inject({ url: '/graphiql' })).body, 'data-codes="kept"');
  t.match((await (await build(t, twilio)).inject({ url: '/graphiql' })).body, 'data-codes="sent"');
});

t.test('wrong passwords do not lock the person of the examples out', async (t) => {
  let { memory } = await run('SignUp', begin());
  for (let i = 0; i < 11; i++) ({ memory } = await run('WrongPassword', memory));
  t.match((await run('WrongPassword', memory)).data.login, { code: 'TOO_MANY_ATTEMPTS' });
  t.match((await run('LogIn', memory)).data.login, { __typename: 'SessionTokens' });
});

t.test('examples are fields of the schema with descriptions to show', async (t) => {
  const schema = buildSchema(sdl);
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) t.ok(field.description, field.name);
  }
});

t.test('what the page knows', async (t) => {
  const tokens = {
    accessToken: 'a',
    refreshToken: 'r',
    accessTokenExpiresIn: 900,
    user: { email: 'me@b.c' },
  };
  const signedIn = (known: Partial<Known> = {}) => {
    const memory = learn(begin(), undefined, { data: { login: tokens } });
    return { ...memory, known: { ...memory.known, ...known } };
  };

  t.test('each visit has a person of its own, whose values all differ', async (t) => {
    const { known } = begin();
    t.equal(new Set(Object.values(known)).size, Object.keys(known).length);
    for (const name of ['email', 'password', 'deviceId'] as const) t.not(begin().known[name], known[name]);
  });

  t.test('tokens in an answer are kept, with the credentials that brought them', async (t) => {
    const sent = { input: { email: 'typed@b.c', password: 'typed too' } };
    const { known, signedIn } = learn(begin(), sent, { data: { anything: tokens } });
    t.match(known, { email: 'typed@b.c', password: 'typed too', refreshToken: 'r' });
    t.match(signedIn, { accessToken: 'a', who: 'me@b.c', refused: null });
    t.ok(Math.abs((signedIn?.expiresAt ?? 0) - Date.now() - 900_000) < 10_000);
  });

  t.test('credentials that failed are not kept', async (t) => {
    const before = begin();
    const sent = { input: { email: 'typed@b.c', password: 'typed too' } };
    t.same(learn(before, sent, { data: { login: { __typename: 'AuthError' } } }), before);
    t.same(learn(before, sent, { data: null }), before);
    t.same(learn(before, sent, {}), before);
  });

  t.test('a refusal of the access token is kept with its reason, until there is another', async (t) => {
    const errors = [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' } }];
    const refused = learn(signedIn(), undefined, { errors });
    t.equal(refused.signedIn?.refused, 'TOKEN_EXPIRED');
    t.equal(learn(refused, undefined, { data: { refreshSession: tokens } }).signedIn?.refused, null);
    t.equal(learn(begin(), undefined, { errors }).signedIn, null);
  });

  t.test('logging out with another refresh token leaves the tokens', async (t) => {
    const { signedIn: kept } = learn(
      signedIn(),
      { input: { refreshToken: 'x' } },
      { data: { logout: true } },
    );
    t.not(kept, null);
    const { signedIn: gone, known } = learn(
      signedIn(),
      { input: { refreshToken: 'r' } },
      { data: { logout: true } },
    );
    t.equal(gone, null);
    t.not(known.refreshToken, 'r');
  });

  t.test('forgetting drops both tokens', async (t) => {
    const { signedIn: gone, known } = forget(signedIn());
    t.equal(gone, null);
    t.not(known.refreshToken, 'r');
  });

  t.test('variables follow what is known, and what was typed instead stays', async (t) => {
    const { known } = begin();
    const next = { ...known, password: known.newPassword, newPassword: 'a third "one"' };
    const change = writeVariables(exampleOf('ChangePassword'), known);
    t.same(JSON.parse(refill(change, known, next)), {
      input: { currentPassword: known.newPassword, newPassword: 'a third "one"' },
    });
    const typed = change.replace(known.newPassword, 'typed \\" here');
    t.same(JSON.parse(refill(typed, known, next)), {
      input: { currentPassword: known.newPassword, newPassword: 'typed " here' },
    });
    t.equal(refill('{ not json', known, next), '{ not json');
  });
});

t.test('the page', async (t) => {
  const page = await gateway.inject({ url: '/graphiql' });
  const files = [...page.body.matchAll(/(?:src|href)="(graphiql\/[^"]+)"/g)].map(([, path]) => `/${path}`);

  t.test('comes whole from the gateway, under a policy of its own', async (t) => {
    t.equal(page.statusCode, 200);
    t.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    t.equal(page.headers['cache-control'], 'no-store');
    t.equal(page.headers['x-content-type-options'], 'nosniff');
    t.equal(page.headers['x-frame-options'], 'DENY');
    const policy = String(page.headers['content-security-policy']).split('; ');
    t.ok(policy.includes("default-src 'none'"));
    t.ok(policy.includes("script-src 'self'"));
    t.ok(policy.includes("connect-src 'self'"));
    t.ok(policy.includes("frame-ancestors 'none'"));
    t.notMatch(page.body, /(?:src|href)="(?:https?:)?\/\//);
    t.notMatch(page.body, /<script>|<script [^>]*>[^<]/);
    t.equal(files.length, 5);
  });

  t.test('has files that may be kept for ever under their name', async (t) => {
    const folder = files[0]?.replace(/[^/]+$/, '');
    for (const url of [...files, `${folder}graphiql-memory.js`, `${folder}examples.js`]) {
      const file = await gateway.inject({ url });
      t.equal(file.statusCode, 200, url);
      const type = url.endsWith('.css') ? 'text/css' : 'text/javascript';
      t.equal(file.headers['content-type'], `${type}; charset=utf-8`);
      t.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable');
      t.notMatch(file.body, /^\/\/# sourceMappingURL/m);
      const head = await gateway.inject({ method: 'HEAD', url });
      t.equal(head.statusCode, 200);
      t.equal(head.headers['content-length'], String(file.rawPayload.length));
      t.equal(head.body, '');
    }
    t.equal((await gateway.inject({ method: 'HEAD', url: '/graphiql' })).statusCode, 200);
  });

  t.test('has no other files', async (t) => {
    const [, build] = files[0]?.split('/').slice(1) ?? [];
    for (const path of [
      `${build}/nothing.js`,
      `${build}/`,
      `${build}/../${build}/react.js/..`,
      `${build}/..%2f..%2f..%2fpackage.json`,
      `${build}/%2e%2e/%2e%2e/package.json`,
      `${build}/..\\..\\package.json`,
      `${build}/react.js%00`,
      'another-build/react.js',
      `__proto__/constructor`,
      `${build}/__proto__`,
    ]) {
      t.equal((await gateway.inject({ url: `/graphiql/${path}` })).statusCode, 404, path);
    }
  });

  t.test('is where the root leads in development', async (t) => {
    const { statusCode, headers } = await gateway.inject({ url: '/' });
    t.equal(statusCode, 302);
    t.equal(headers.location, 'graphiql');
    t.equal(headers['cache-control'], 'no-store');
  });
});

t.test('who may see the page', async (t) => {
  const statusFor = async (where: Gateway, remoteAddress: string, headers: Record<string, string> = {}) =>
    (await where.inject({ url: '/graphiql', remoteAddress, headers })).statusCode;

  const production = {
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://auth.acme.test',
    DATABASE_URL: 'postgres://not-used/by-tests',
    REDIS_URL: process.env.TEST_REDIS_URL ?? 'redis://not-used',
    SECRET_KEY: randomBytes(32).toString('base64url'),
    TRUST_PROXY: 'none',
    SIGNUP_EMAIL_PROOF: 'false',
  };

  t.test('in development it is this machine, by the address of the socket', async (t) => {
    for (const peer of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
      t.equal(await statusFor(gateway, peer), 200, peer);
    }
    for (const peer of ['192.168.1.7', '10.0.0.1', '128.0.0.1', 'fe80::1', '::ffff:192.168.1.7', '::2']) {
      const headers = {
        'x-forwarded-for': '127.0.0.1',
        'fly-client-ip': '127.0.0.1',
        forwarded: 'for=127.0.0.1',
      };
      t.equal(await statusFor(gateway, peer, headers), 403, peer);
    }
    const refusal = await gateway.inject({ url: '/graphiql', remoteAddress: '192.168.1.7' });
    t.equal(refusal.headers['content-type'], 'text/plain; charset=utf-8');
    t.match(refusal.body, /DEV_LAN=1/);
    const root = await gateway.inject({ url: '/', remoteAddress: '192.168.1.7' });
    t.equal(root.statusCode, 403);
  });

  t.test('a proxy that is trusted for addresses does not open it', async (t) => {
    const behind = await build(t, { TRUST_PROXY: '192.168.1.0/24' });
    t.equal(await statusFor(behind, '192.168.1.7', { 'x-forwarded-for': '127.0.0.1' }), 403);
    t.equal(await statusFor(behind, '127.0.0.1', { 'x-forwarded-host': 'evil.example' }), 200);
  });

  t.test('a name that a web page could have pointed here is refused', async (t) => {
    for (const host of [
      'localhost',
      'LocalHost:4000',
      '127.0.0.1:4000',
      '[::1]:4000',
      'gateway.test',
      'gateway.test:1',
    ]) {
      t.equal(await statusFor(gateway, '127.0.0.1', { host }), 200, host);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'evil.example:4000',
      '192.168.1.7',
      'my-mac.local',
      'localhost@evil.example',
      '/',
      'a b',
    ]) {
      t.equal(await statusFor(gateway, '127.0.0.1', { host, 'x-forwarded-host': 'localhost' }), 403, host);
    }
  });

  t.test('with DEV_LAN it is the local network, by address or local name', async (t) => {
    const lan = await build(t, { DEV_LAN: '1' });
    for (const host of ['192.168.1.5:4000', '[fe80::1]:4000', 'my-mac.local', 'my-mac:4000', 'localhost']) {
      t.equal(await statusFor(lan, '192.168.1.7', { host }), 200, host);
    }
    t.equal(await statusFor(lan, '192.168.1.7', { host: 'evil.example' }), 403);
  });

  t.test('switched off it is nobody', async (t) => {
    const off = await build(t, { GRAPHIQL: '0' });
    for (const url of ['/graphiql', '/']) t.equal((await off.inject({ url })).statusCode, 404, url);
  });

  t.test('in production it is everybody, if it is switched on at all', async (t) => {
    const readKey = () => Buffer.alloc(32);
    t.equal(readConfig(production, readKey).graphiql, false);
    const config = readConfig({ ...production, GRAPHIQL: '1' }, readKey);
    t.equal(config.graphiql, true);

    const app = fastify();
    t.teardown(() => app.close());
    await registerGraphiql(app, config);
    const headers = { host: 'auth.acme.test' };
    const page = await app.inject({ url: '/graphiql', remoteAddress: '203.0.113.9', headers });
    t.equal(page.statusCode, 200);
    t.match(page.body, 'data-introspection="off"');
    t.equal((await app.inject({ url: '/', headers })).statusCode, 404, 'the root is left alone');
  });

  t.test('a whole gateway in production has the page only if asked', { skip: withoutRedis }, async (t) => {
    const closed = await build(t, production);
    for (const url of ['/graphiql', '/']) t.equal((await closed.inject({ url })).statusCode, 404, url);
    const open = await build(t, { ...production, GRAPHIQL: '1' });
    t.equal(await statusFor(open, '203.0.113.9', { host: 'auth.acme.test' }), 200);
    t.equal((await open.inject({ url: '/' })).statusCode, 404);
  });
});

t.test('in a browser that reaches nothing else', { skip: withoutBrowser, timeout: 90_000 }, async (t) => {
  const browser = await openChromium(t);

  t.test('a newcomer runs the tabs one after the other', async (t) => {
    const { page, complaints, origins } = await open(t, browser, gateway);
    const state = page.locator('#state');
    t.match(await state.textContent(), 'Not signed in');

    const { signup } = (await ask(page, 'SignUp')).data;
    t.equal(signup.__typename, 'SessionTokens');
    const { email } = signup.user;
    t.match(await state.textContent(), `Signed in as ${email} · access token attached`);
    t.equal((await ask(page, 'Me')).data.me.email, email);
    const { refreshSession } = (await ask(page, 'Refresh')).data;
    t.equal(refreshSession.__typename, 'SessionTokens');
    t.not(refreshSession.refreshToken, signup.refreshToken);
    t.match(await variablesIn(page), refreshSession.refreshToken, 'ready for the next refresh');
    t.match((await ask(page, 'Sessions')).data.sessions, [{ current: true, device: { name: 'GraphiQL' } }]);
    t.equal((await ask(page, 'LogIn')).data.login.user.email, email);
    t.match((await ask(page, 'WrongPassword')).data.login, { code: 'INVALID_CREDENTIALS' });

    await page.getByLabel('Show Documentation Explorer').click();
    await page.getByRole('link', { name: 'Mutation' }).click();
    await page.getByText('Make an account with an e-mail address and a password').waitFor();

    t.same(complaints, [], 'nothing on the console');
    t.same([...origins], [new URL(page.url()).origin], 'no request left the gateway');
    t.same(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [
      0,
      0,
      '',
    ]);

    await page.getByRole('button', { name: 'Forget' }).click();
    t.match(await state.textContent(), 'Not signed in');
    t.match((await ask(page, 'LoginEvents')).errors, [{ extensions: { reason: 'MISSING' } }]);

    await page.getByRole('button', { name: 'Reset examples' }).click();
    await page.waitForFunction(
      () => performance.getEntriesByType('navigation')[0]?.toJSON().type === 'reload',
    );
    const { input } = JSON.parse(await variablesIn(page));
    t.match(input.email, /^asha-\w+@example\.com$/);
    t.not(input.email, email, 'another person');
    t.match(await ask(page, 'SignUp'), { data: { signup: { __typename: 'SessionTokens' } } });
  });

  t.test('a schema that is not to be asked for is not asked for', async (t) => {
    const shy = await build(t, { INTROSPECTION: 'false' });
    const { page, complaints } = await open(t, browser, shy);
    t.equal((await ask(page, 'SignUp')).data.signup.__typename, 'SessionTokens');
    t.same(complaints, []);
  });
});

/** The page in a fresh profile, with all that its console had to say and every origin that it asked. */
async function open(t: Test, browser: Browser, { app }: Gateway) {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 });
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => void complaints.push(message.text()));
  page.on('pageerror', (error) => void complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  await page.goto(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/graphiql`);
  await page.locator('.graphiql-execute-button').waitFor();
  return { page, complaints, origins };
}

/** Opens a tab that has not been run, runs it and reads the answer as it is shown. */
async function ask(page: Page, title: string) {
  await page.locator(`.graphiql-tab-button[title="${title}"]`).click();
  await page.locator('.graphiql-execute-button').click();
  const shown = await page.waitForFunction(() => {
    const element = document.querySelector('.result-window .CodeMirror') as never as Editing | null;
    return element?.CodeMirror.getValue() || null;
  });
  return JSON.parse(String(await shown.jsonValue()));
}

/** The variables of the open tab, once it shows any. */
async function variablesIn(page: Page): Promise<string> {
  const shown = await page.waitForFunction(() => {
    const element = document.querySelector('[aria-label=Variables] .CodeMirror') as never as Editing | null;
    return element?.CodeMirror.getValue() || null;
  });
  return String(await shown.jsonValue());
}

interface Editing {
  CodeMirror: { getValue(): string };
}

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { type Answer, build, operations, randomNetwork } from '../../helper.js';
import {
  type Behaviour,
  type CallbackRequest,
  makeKey,
  OpenIdStandIn,
  publicUrl,
  type Somebody,
} from '../../openid-stand-in.js';

const [google, apple, acme, beta, gamma] = await Promise.all([
  OpenIdStandIn.open(t, 'google'),
  OpenIdStandIn.open(t, 'apple'),
  OpenIdStandIn.open(t, 'acme', { vouchesForEmail: true }),
  OpenIdStandIn.open(t, 'beta', { isPublic: true }),
  OpenIdStandIn.open(t, 'gamma', {
    secretBy: 'client_secret_basic',
    isTerse: true,
    hasSlash: true,
    vouchesForEmail: true,
  }),
]);
const providers = [google, apple, acme, beta, gamma];
const appLink = 'com.acme.app://signed-in/';
const universalLink = 'https://app.example.com/signed-in';
// A loaded machine is not what these are about.
const calm = { DATABASE_POOL: '8', CHALLENGES_PER_MINUTE: '10000' };
const settings = {
  ...google.settings,
  ...apple.settings,
  OIDC_PROVIDERS: JSON.stringify([acme.entry, beta.entry, gamma.entry]),
  APP_LINKS: `${universalLink},${appLink}`,
  ...calm,
};
const gateway = await build(t, settings);
const { sql } = gateway;

/** Everything that must not be seen again in a log. */
const secrets: string[] = [];

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** A sign-in that was begun, with what the app keeps of it. */
interface Begun {
  url: string;
  verifier: string;
  state: string;
}

async function begin(
  provider: OpenIdStandIn,
  redirectUri = appLink,
  headers = {},
  at = gateway,
): Promise<Begun> {
  const verifier = randomBytes(32).toString('base64url');
  const input = { provider: provider.name, redirectUri, codeChallenge: challengeOf(verifier) };
  const { data, body } = await at.graphql(operations.startSocialSignIn, { input }, { headers });
  if (data?.startSocialSignIn?.__typename !== 'SocialSignInStarted') throw new Error(body);
  const url: string = data.startSocialSignIn.authorizationUrl;
  const { searchParams } = new URL(url);
  const state = searchParams.get('state') ?? '';
  secrets.push(verifier, state, searchParams.get('nonce') ?? '');
  return { url, verifier, state };
}

function somebody(more: object = {}): Somebody {
  const email = `${randomUUID()}@example.com`;
  secrets.push(email);
  return { sub: randomUUID(), email, email_verified: true, name: 'Asha Rao', ...more };
}

/** Lets the browser come back, and reads what it is sent on with. */
async function comeBack(request: CallbackRequest, at = gateway) {
  const { statusCode, headers } = await at.inject(request);
  const location = typeof headers.location === 'string' ? headers.location : '';
  const [target = '', query = ''] = location.split('?');
  const { code, error, ...more } = Object.fromEntries(new URLSearchParams(query));
  if (code !== undefined) secrets.push(code);
  return { status: statusCode, headers, location, target, code: code ?? '', error, more };
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
async function finish(code: string, codeVerifier: string, at = gateway): Promise<any> {
  const answer: Answer = await at.graphql(operations.finishSocialSignIn, { input: { code, codeVerifier } });
  return answer.data?.finishSocialSignIn ?? answer.errors;
}

/** All of it but the end. */
async function signIn(provider: OpenIdStandIn, person = somebody()) {
  const begun = await begin(provider);
  const request = await provider.signIn(begun.url, person);
  return { ...begun, request, ...(await comeBack(request)) };
}

/** The callback's parameters, changed. */
function change(request: CallbackRequest, how: (parameters: URLSearchParams) => void): CallbackRequest {
  const [path = '', query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(request.payload ?? query);
  how(parameters);
  return request.payload === undefined
    ? { ...request, url: `${path}?${parameters}` }
    : { ...request, payload: parameters.toString() };
}

const methodOf = {
  google: 'GOOGLE',
  apple: 'APPLE',
  acme: 'OPENID',
  beta: 'OPENID',
  gamma: 'OPENID',
} as Record<string, string>;
const entered = { __typename: 'SessionTokens' };
const gone = { __typename: 'AuthError', code: 'CHALLENGE_GONE' };

for (const provider of providers) {
  t.test(`${provider.name}: the whole of it`, async (t) => {
    const person = somebody();
    const { url, verifier } = await begin(provider);
    const asked = Object.fromEntries(new URL(url).searchParams);
    t.match(asked, {
      client_id: provider.clientId,
      response_type: 'code',
      redirect_uri: `${publicUrl}/oauth/callback/${provider.name}`,
      state: /^[\w-]+\.[\w-]{43}$/,
      nonce: /^[\w-]{43}$/,
      code_challenge: /^[\w-]{43}$/,
      code_challenge_method: 'S256',
    });
    t.equal(asked.response_mode, provider === apple ? 'form_post' : undefined);
    t.not(asked.code_challenge, challengeOf(verifier), 'the app’s own verifier is another one');

    const request = await provider.signIn(url, person);
    t.equal(request.method, provider === apple ? 'POST' : 'GET');
    const back = await comeBack(request);
    t.match(back, { status: 303, target: appLink, error: undefined, code: /^[\w-]+\.[\w-]{43}$/ });
    t.same(back.more, {}, 'the code and nothing else');
    t.match(back.headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    t.notMatch(back.location, 'eyJ', 'no token');
    t.notOk(
      back.location.includes(
        new URLSearchParams(request.payload ?? request.url.split('?')[1]).get('code') ?? '',
      ),
    );

    const first = await finish(back.code, verifier);
    const vouches = provider !== beta;
    t.match(first, {
      ...entered,
      user: { name: 'Asha Rao', email: vouches ? person.email : null, emailVerified: vouches },
      session: { method: methodOf[provider.name] },
    });
    const { data } = await gateway.graphql(operations.identities, {}, { token: first.accessToken });
    t.match(data.identities, [
      { provider: provider.name, method: methodOf[provider.name], email: person.email },
    ]);

    const again = await signIn(provider, person);
    t.match(await finish(again.code, again.verifier), { ...entered, user: { id: first.user.id } });
  });
}

t.test(
  'each sign-in has a state, a nonce and a challenge of its own, and none of them is stored',
  async (t) => {
    const begun = await Promise.all(Array.from({ length: 5 }, () => begin(acme)));
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = begun.map(({ url }) => new URL(url).searchParams.get(name) ?? '');
      t.equal(new Set(values).size, 5, name);
      const rows = JSON.stringify(await sql`select to_jsonb(s)::text as row from social_sign_ins s`);
      for (const value of values) t.notOk(rows.includes(value), name);
    }
  },
);

t.test('a universal link is opened as well', async (t) => {
  const { url, verifier } = await begin(acme, universalLink);
  const back = await comeBack(await acme.signIn(url, somebody()));
  t.match(back, { status: 303, target: universalLink });
  t.match(await finish(back.code, verifier), entered);
});

t.test('Apple’s refresh token is kept sealed, and the client secret is short and the team’s', async (t) => {
  const person = somebody();
  const { code, verifier } = await signIn(apple, person);
  const given = apple.refreshTokens.at(-1) ?? '';
  t.ok(await apple.isLive(given));
  secrets.push(given);
  const stored = async () =>
    JSON.stringify([
      await sql`select to_jsonb(s)::text as row from social_sign_ins s`,
      await sql`select to_jsonb(i)::text as row from identities i`,
    ]);
  t.notOk((await stored()).includes(given), 'while the app is on its way');
  const { user } = await finish(code, verifier);
  t.notOk((await stored()).includes(given), 'afterwards');
  const [row] = await sql`
    select i.client_id, i.refresh_token from identities i
    join credentials c on c.id = i.credential_id where c.user_id = ${user.id}`;
  t.match(row, { client_id: apple.clientId, refresh_token: String });
  const [left] =
    await sql`select count(*)::int as n from social_sign_ins where refresh_token is not null and consumed_at is not null`;
  t.equal(left?.n, 0, 'not kept twice');
  const { iss, sub, aud, iat = 0, exp = 0 } = apple.clientSecrets.at(-1) ?? {};
  t.match({ iss, sub, aud }, { iss: apple.teamId, sub: apple.clientId, aud: apple.issuer });
  t.ok(exp - iat <= 600);
});

t.test('Apple’s name is Apple’s: elsewhere a name in the answer is nothing', async (t) => {
  const user = JSON.stringify({ name: { firstName: 'Not', lastName: 'Told' } });
  const { url, verifier } = await begin(acme);
  const request = await acme.signIn(url, somebody({ name: undefined }));
  const back = await comeBack(change(request, (parameters) => parameters.set('user', user)));
  t.match(await finish(back.code, verifier), { ...entered, user: { name: null } });
  for (const odd of ['no JSON', 'null', '7', '{"name":null}', '{"name":{"firstName":7}}', '[]', '']) {
    const at = await begin(apple);
    const form = await apple.signIn(at.url, somebody({ name: undefined }));
    const { code } = await comeBack(change(form, (parameters) => parameters.set('user', odd)));
    t.match(await finish(code, at.verifier), { ...entered, user: { name: null } }, odd);
  }
});

t.test('a code is good once, also when ten come at a time', async (t) => {
  const { code, verifier } = await signIn(acme);
  const results = await Promise.all(Array.from({ length: 10 }, () => finish(code, verifier)));
  t.equal(results.filter(({ __typename }) => __typename === 'SessionTokens').length, 1);
  t.equal(results.filter(({ code }) => code === 'CHALLENGE_GONE').length, 9);
  t.match(await finish(code, verifier), gone);
});

t.test('a code lapses after 60 seconds', async (t) => {
  const { code, verifier, state } = await signIn(acme);
  const [id = ''] = state.split('.');
  const [row] =
    await sql`select extract(epoch from code_expires_at - returned_at)::float8 as life from social_sign_ins where id = ${id}`;
  t.ok(row?.life >= 60 && row?.life < 75, `${row?.life}`);
  await sql`update social_sign_ins set code_expires_at = now() - interval '1 second' where id = ${id}`;
  t.match(await finish(code, verifier), gone);
});

t.test('a code is worth nothing without its verifier, and tries do not use it up', async (t) => {
  const { code, verifier, state } = await signIn(acme);
  const other = randomBytes(32).toString('base64url');
  const odd = [
    '',
    'x',
    verifier.slice(1),
    `${verifier}x`,
    'x'.repeat(42),
    'x'.repeat(129),
    `${verifier} `,
    '\u0000',
  ];
  for (const wrong of [other, challengeOf(verifier), ...odd]) t.match(await finish(code, wrong), gone, wrong);
  const [id, secret = ''] = code.split('.');
  const flipped = (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1);
  for (const wrong of [
    `${id}.${flipped}`,
    `${id}.`,
    `${id}`,
    `${randomUUID()}.${secret}`,
    `${code}.x`,
    `${code}=`,
    state,
    '',
    '\u0000',
  ]) {
    t.match(await finish(wrong, verifier), gone, wrong);
  }
  t.match(await finish(code, verifier), entered);
  t.match(await finish(code, verifier), gone);
});

t.test('verifiers have 43 to 128 characters of the unreserved ones', async (t) => {
  const proveBy = async (verifier: string) => {
    const input = { provider: 'acme', redirectUri: appLink, codeChallenge: challengeOf(verifier) };
    const { data } = await gateway.graphql(operations.startSocialSignIn, { input });
    const request = await acme.signIn(data.startSocialSignIn.authorizationUrl, somebody());
    return finish((await comeBack(request)).code, verifier);
  };
  const long = `${randomBytes(64).toString('base64url')}${'~.-_'.repeat(20)}`;
  for (const good of ['x'.repeat(43), long.slice(0, 128)]) t.match(await proveBy(good), entered, good);
  // Also where the challenge was made of it.
  for (const odd of ['', 'x'.repeat(42), long.slice(0, 129), `${'x'.repeat(42)}+`, `${'x'.repeat(43)}\n`]) {
    t.match(await proveBy(odd), gone, odd);
  }
});

t.test('a state is no code: before the provider has answered nothing can be finished', async (t) => {
  const { state, verifier } = await begin(acme);
  t.match(await finish(state, verifier), gone);
});

t.test('the attacker’s code is worth nothing in the victim’s app', async (t) => {
  const attacker = await signIn(acme);
  const victim = await begin(acme);
  t.match(await finish(attacker.code, victim.verifier), gone);
  // The attacker's answer of the provider in the victim's sign-in: another nonce, another verifier.
  const theirs = await begin(acme);
  const answer = await acme.signIn(theirs.url, somebody());
  const injected = change(answer, (parameters) => parameters.set('state', victim.state));
  t.match(await comeBack(injected), { status: 303, error: 'server_error', code: '' });
  t.match(await comeBack(await acme.signIn(victim.url, somebody())), { status: 410 }, 'it is used up');
});

t.test('an answer comes back once', async (t) => {
  for (const provider of [google, apple]) {
    const { request, code, verifier } = await signIn(provider);
    const before = provider.hits.token;
    t.match(await comeBack(request), { status: 410, location: '' });
    t.equal(provider.hits.token, before);
    t.match(await finish(code, verifier), entered, 'the first answer stands');

    const begun = await begin(provider);
    const again = await provider.signIn(begun.url, somebody());
    const backs = await Promise.all(Array.from({ length: 10 }, () => comeBack(again)));
    t.same(backs.map(({ status }) => status).sort(), [303, ...Array(9).fill(410)]);
    t.equal(provider.hits.token, before + 1);
  }
});

t.test('an answer without the state of a sign-in here is nobody’s', async (t) => {
  const begun = await begin(acme);
  const request = await acme.signIn(begun.url, somebody());
  const finished = await signIn(acme);
  const [id, secret = ''] = begun.state.split('.');
  const before = acme.hits.token;
  const states = {
    'made up': randomBytes(32).toString('base64url'),
    empty: '',
    changed: `${id}.${(secret.startsWith('A') ? 'B' : 'A') + secret.slice(1)}`,
    'of another id': `${randomUUID()}.${secret}`,
    'with more': `${begun.state}.x`,
    'a code of ours': finished.code,
    zero: '\u0000',
  };
  for (const [what, state] of Object.entries(states)) {
    const back = await comeBack(change(request, (parameters) => parameters.set('state', state)));
    t.match(back, { status: 410, location: '' }, what);
  }
  t.match(await comeBack(change(request, (parameters) => parameters.delete('state'))), { status: 410 });
  for (const name of ['state', 'code', 'iss', 'error']) {
    const twice = change(request, (parameters) => {
      parameters.append(name, parameters.get(name) ?? 'access_denied');
      parameters.append(name, 'x');
    });
    t.match(await comeBack(twice), { status: 410 }, `${name} twice`);
  }
  t.equal(acme.hits.token, before);
  t.match(await comeBack(request), { status: 303, error: undefined }, 'none of it used the sign-in up');
});

t.test('an answer belongs to the provider that was asked (mix-up)', async (t) => {
  const { url, state, verifier } = await begin(acme);
  const request = await acme.signIn(url, somebody());
  const before = [google.hits.token, beta.hits.token];
  for (const other of ['google', 'apple', 'beta', 'nobody', 'ACME', 'acme%2F']) {
    const mixed = { ...request, url: request.url.replace('/acme', `/${other}`) };
    t.match(await comeBack(mixed), { status: 410 }, other);
  }
  const ofBeta = await begin(beta);
  const answer = await beta.signIn(ofBeta.url, somebody());
  const there = change({ ...answer, url: answer.url.replace('/beta', '/acme') }, () => {});
  t.match(await comeBack(there), { status: 410 });
  t.same([google.hits.token, beta.hits.token], before);
  const back = await comeBack(request);
  t.match(await finish(back.code, verifier), entered, state);

  // RFC 9207: the issuer in the answer is the one that was asked, and this provider always names it.
  for (const iss of [google.issuer, `${acme.issuer}/`, '', null]) {
    const begun = await begin(acme);
    const whole = await acme.signIn(begun.url, somebody());
    const hits = acme.hits.token;
    const foreign = change(whole, (parameters) =>
      iss === null ? parameters.delete('iss') : parameters.set('iss', iss),
    );
    t.match(await comeBack(foreign), { status: 303, error: 'server_error', code: '' }, `iss ${iss}`);
    t.equal(acme.hits.token, hits, 'its code went nowhere');
  }
});

t.test('who turns back is sent to the app, which is told so', async (t) => {
  for (const provider of [google, apple]) {
    const { url, verifier, state } = await begin(provider);
    const back = await comeBack(await provider.turnBack(url));
    t.match(back, { status: 303, target: appLink, error: 'access_denied', code: '' });
    t.same(back.more, {}, 'nothing else');
    t.match(await finish(state, verifier), gone);
  }
  const callback = async (query: object) => {
    const { state } = await begin(acme);
    return comeBack({
      method: 'GET',
      url: `/oauth/callback/acme?${new URLSearchParams({ state, iss: acme.issuer, ...query })}`,
    });
  };
  t.match(await callback({ error: 'user_cancelled_authorize' }), { error: 'access_denied' });
  t.match(await callback({ error: 'temporarily_unavailable' }), { error: 'temporarily_unavailable' });
  const odd = `x\r\nset-cookie: a=b&code=stolen#${'y'.repeat(2000)}`;
  for (const query of [{ error: 'server_error' }, { error: odd, error_description: odd }, {}, { code: '' }]) {
    const back = await callback(query);
    t.match(
      back,
      { status: 303, target: appLink, error: 'server_error', code: '' },
      JSON.stringify(query).slice(0, 40),
    );
    t.same(back.more, {});
  }
});

t.test('a sign-in lapses after 10 minutes', async (t) => {
  const { url, state } = await begin(acme);
  const [id = ''] = state.split('.');
  const [row] =
    await sql`select extract(epoch from expires_at - now())::float8 as life from social_sign_ins where id = ${id}`;
  t.ok(row?.life > 570 && row?.life <= 600);
  const request = await acme.signIn(url, somebody());
  await sql`update social_sign_ins set expires_at = now() - interval '1 second' where id = ${id}`;
  t.match(await comeBack(request), { status: 410 });
});

t.test('HEAD uses nothing up', async (t) => {
  const { url, verifier } = await begin(acme);
  const request = await acme.signIn(url, somebody());
  const before = acme.hits.token;
  for (const method of ['HEAD', 'OPTIONS', 'PUT'] as const) {
    const { statusCode } = await gateway.inject({ ...request, method });
    t.ok(statusCode >= 400, `${method}: ${statusCode}`);
  }
  t.equal(acme.hits.token, before);
  const { code } = await comeBack(request);
  t.match(await finish(code, verifier), entered);
});

t.test('what was changed on its way to the provider is found out on the way back', async (t) => {
  const changes: Record<string, (parameters: URLSearchParams) => void> = {
    'a foreign nonce': (parameters) => parameters.set('nonce', 'x'.repeat(43)),
    'no nonce': (parameters) => parameters.delete('nonce'),
    'a foreign challenge': (parameters) => parameters.set('code_challenge', challengeOf('x'.repeat(43))),
  };
  for (const [what, how] of Object.entries(changes)) {
    const { url } = await begin(acme);
    const changed = new URL(url);
    how(changed.searchParams);
    const back = await comeBack(await acme.signIn(changed.href, somebody()));
    t.match(back, { status: 303, error: 'server_error', code: '' }, what);
  }
});

t.test('an ID token of the code flow is verified like any other', async (t) => {
  const stranger = makeKey();
  const idToken: OpenIdStandIn['idToken'] = (claims, options) =>
    acme.idToken({ ...somebody(), ...claims }, options);
  const nonceOf = ({ url }: Begun) => new URL(url).searchParams.get('nonce');
  const tokens: Record<string, (nonce: string | null) => Promise<string | undefined>> = {
    good: (nonce) => idToken({ nonce }),
    'of another key': (nonce) => idToken({ nonce }, { key: stranger }),
    'of another key by a known name': (nonce) =>
      idToken({ nonce }, { key: { ...stranger, kid: acme.keys[0]?.kid ?? '' } }),
    'with a foreign nonce': () => idToken({ nonce: 'x'.repeat(43) }),
    'with a nonce in its hash': (nonce) =>
      acme.idToken({
        nonce: createHash('sha256')
          .update(nonce ?? '')
          .digest('hex'),
      }),
    'for another client': (nonce) => idToken({ nonce, aud: 'somebody-else' }),
    'of another issuer': (nonce) => idToken({ nonce, iss: google.issuer }),
    'that has expired': (nonce) => idToken({ nonce, exp: 1_700_000_000 }),
    'that is an access token': (nonce) => idToken({ nonce }, { header: { typ: 'at+jwt' } }),
    'that is none': async () => undefined,
  };
  t.teardown(() => delete acme.behaviour.token);
  for (const [what, make] of Object.entries(tokens)) {
    const begun = await begin(acme);
    const request = await acme.signIn(begun.url, somebody());
    const id_token = await make(nonceOf(begun));
    acme.behaviour.token = {
      status: 200,
      body: JSON.stringify({ access_token: 'x', token_type: 'bearer', ...(id_token && { id_token }) }),
    };
    const { status, error } = await comeBack(request);
    t.same({ status, error }, { status: 303, error: what === 'good' ? undefined : 'server_error' }, what);
    if (id_token) secrets.push(id_token);
  }
});

t.test('an address that is told apart from the ID token is taken of the same subject alone', async (t) => {
  t.teardown(() => delete gamma.behaviour.userinfo);
  const ask = async (behaviour?: Behaviour, person = somebody()) => {
    const begun = await begin(gamma);
    const request = await gamma.signIn(begun.url, person);
    if (behaviour) gamma.behaviour.userinfo = behaviour;
    else delete gamma.behaviour.userinfo;
    return { ...begun, ...(await comeBack(request)) };
  };
  const person = somebody();
  const unproved = await ask(undefined, { ...person, email_verified: false });
  t.match(await finish(unproved.code, unproved.verifier), { user: { name: 'Asha Rao', email: null } });
  const victim = somebody();
  const foreign = {
    status: 200,
    body: JSON.stringify(victim),
    headers: { 'content-type': 'application/json' },
  };
  t.match(await ask(foreign), { error: 'server_error', code: '' });
  t.match(await ask({ status: 302, headers: { location: `${acme.issuer}/me` } }), { error: 'server_error' });
  t.match(await ask({ status: 503 }), { error: 'temporarily_unavailable', code: '' });
  const before = gamma.hits.userinfo;
  await signIn(acme);
  t.equal(acme.hits.userinfo, 0, 'a token that tells all is enough');
  await ask();
  t.equal(gamma.hits.userinfo, before + 1);
});

t.test('a provider that is away at the exchange, and one that misbehaves', async (t) => {
  let hits = 0;
  const listener = createServer((_, response) => {
    hits++;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  t.teardown(() => listener.close());
  await new Promise((resolve) => listener.once('listening', resolve));
  const location = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
  const away: Behaviour[] = ['hang-up', { status: 503 }, { status: 502, body: '<html>' }, { status: 429 }];
  const wrong: Behaviour[] = [
    { status: 302, headers: { location } },
    { status: 307, headers: { location } },
    { status: 400, body: '{"error":"invalid_grant"}' },
    { status: 401, body: '{"error":"invalid_client"}' },
    { status: 200, body: 'no JSON' },
    { status: 200, body: '{}' },
    { status: 204 },
  ];
  t.teardown(() => delete acme.behaviour.token);
  for (const behaviour of [...away, ...wrong]) {
    const begun = await begin(acme);
    const request = await acme.signIn(begun.url, somebody());
    acme.behaviour.token = behaviour;
    const error = away.includes(behaviour) ? 'temporarily_unavailable' : 'server_error';
    const back = await comeBack(request);
    t.match(back, { status: 303, target: appLink, error, code: '' }, JSON.stringify(behaviour));
    t.match(await finish(begun.state, begun.verifier), gone);
  }
  t.equal(hits, 0, 'redirects are not followed');
});

t.test('an answer without end is not read to its end', async (t) => {
  for (const endpoint of ['token', 'userinfo'] as const) {
    const { url } = await begin(gamma);
    const request = await gamma.signIn(url, somebody());
    gamma.behaviour[endpoint] = 'endless';
    gamma.poured = 0;
    t.match(await comeBack(request), { status: 303, error: 'server_error' }, endpoint);
    t.ok(gamma.poured > 0 && gamma.poured < 4 * 1024 * 1024, `${endpoint}: ${gamma.poured} bytes`);
    delete gamma.behaviour[endpoint];
  }
});

t.test('a provider that says nothing is given up', async (t) => {
  const { url } = await begin(beta);
  const request = await beta.signIn(url, somebody());
  beta.behaviour.token = 'hang';
  t.teardown(() => delete beta.behaviour.token);
  const begun = Date.now();
  t.match(await comeBack(request), { status: 303, error: 'temporarily_unavailable' });
  t.ok(Date.now() - begun < 6500, `${Date.now() - begun} ms`);
});

t.test('a provider whose metadata cannot be had is UNAVAILABLE', async (t) => {
  const fresh = await build(t, settings, gateway);
  google.behaviour.discovery = { status: 503 };
  t.teardown(() => delete google.behaviour.discovery);
  const input = { provider: 'google', redirectUri: appLink, codeChallenge: challengeOf('x'.repeat(43)) };
  const { errors } = await fresh.graphql(operations.startSocialSignIn, { input });
  t.match(errors, [{ extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 30 } }]);
});

t.test('only the links of APP_LINKS are gone back to, character by character', async (t) => {
  const start = async (redirectUri: string) => {
    const input = { provider: 'acme', redirectUri, codeChallenge: challengeOf('x'.repeat(43)) };
    return (await gateway.graphql(operations.startSocialSignIn, { input })).data.startSocialSignIn;
  };
  const corpus = [
    'https://app.example.com.evil/signed-in',
    'https://app.example.com@evil/signed-in',
    'https://app.example.com\\evil/signed-in',
    'https://app.example.com\\@evil/signed-in',
    'https://app.example.com%2Fsigned-in@evil',
    'https://evil/https://app.example.com/signed-in',
    'javascript:alert(1)',
    'javascript://app.example.com/signed-in%0aalert(1)',
    'data:text/html,x',
    `${universalLink}#`,
    `${universalLink}#fragment`,
    `${universalLink}?`,
    `${universalLink}?next=https://evil`,
    `${universalLink}?a=1&a=2`,
    `${universalLink}/`,
    `${universalLink}/../signed-in`,
    `${universalLink}/..`,
    `${universalLink}%2F`,
    `${universalLink}.evil`,
    `${universalLink} `,
    ` ${universalLink}`,
    `${universalLink}\n`,
    `${universalLink}\u0000`,
    `${universalLink},${appLink}`,
    universalLink.toUpperCase(),
    'https://APP.example.com/signed-in',
    'HTTPS://app.example.com/signed-in',
    'https://app.example.com./signed-in',
    'https://app.example.com:443/signed-in',
    'https://app.example.com:8443/signed-in',
    'https://user@app.example.com/signed-in',
    'https://app.example.com//signed-in',
    'https://app.example.com/Signed-In',
    'https://app.example.com/',
    'https://app.example.com',
    'https://app.exаmple.com/signed-in',
    'http://app.example.com/signed-in',
    '//app.example.com/signed-in',
    '/signed-in',
    'com.acme.app:/',
    'com.acme.app://',
    'com.acme.app:/signed-in/',
    'com.acme.app://signed-in',
    'com.acme.app://signed-in/more',
    'com.acme.app://signed-in/?code=stolen',
    'COM.ACME.APP://signed-in/',
    'com.acme.app.evil://signed-in/',
    `${publicUrl}/playgrounds`,
    `${publicUrl}/`,
    '*',
    '',
    `${universalLink}${'x'.repeat(10_000)}`,
  ];
  const [before] = await sql`select count(*)::int as n from social_sign_ins`;
  for (const uri of corpus) t.match(await start(uri), { code: 'REDIRECT_URI_INVALID' }, uri.slice(0, 80));
  const [after] = await sql`select count(*)::int as n from social_sign_ins`;
  t.equal(after?.n, before?.n, 'nothing was begun');
  for (const uri of [appLink, universalLink])
    t.match(await start(uri), { __typename: 'SocialSignInStarted' });
});

t.test('a code challenge is 32 bytes in base64url', async (t) => {
  const good = challengeOf('x'.repeat(43));
  const start = async (codeChallenge: string) => {
    const input = { provider: 'acme', redirectUri: appLink, codeChallenge };
    return (await gateway.graphql(operations.startSocialSignIn, { input })).data.startSocialSignIn;
  };
  const hex = createHash('sha256').update('x').digest('hex');
  for (const odd of [
    '',
    'x',
    good.slice(1),
    `${good}=`,
    `${good}x`,
    `${good}\n`,
    good.replace(/.$/, '+'),
    `${good.slice(1)} `,
    hex,
    '\u0000'.repeat(43),
  ]) {
    t.match(await start(odd), { code: 'CODE_CHALLENGE_INVALID' }, JSON.stringify(odd));
  }
  t.match(await start(good), { __typename: 'SocialSignInStarted' });
});

t.test('what a caller says about hosts changes nothing', async (t) => {
  const headers: Record<string, string>[] = [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    { forwarded: 'host=evil.example;proto=http' },
    { 'x-forwarded-server': 'evil.example', 'x-original-host': 'evil.example' },
    { origin: 'https://evil.example', referer: 'https://evil.example/' },
  ];
  for (const one of headers) {
    const { url, verifier } = await begin(acme, appLink, one);
    t.equal(new URL(url).searchParams.get('redirect_uri'), `${publicUrl}/oauth/callback/acme`);
    const request = await acme.signIn(url, somebody());
    const back = await comeBack({ ...request, headers: { ...request.headers, ...one } });
    t.match(back, { status: 303, target: appLink });
    t.match(await finish(back.code, verifier), entered, JSON.stringify(one));
  }
});

t.test('nobody begins at a provider without a code flow, or begins without end', async (t) => {
  const input = { redirectUri: appLink, codeChallenge: challengeOf('x'.repeat(43)) };
  const native = await build(
    t,
    {
      ...google.settings,
      GOOGLE_CLIENT_SECRET: '',
      ...apple.settings,
      APPLE_SERVICES_ID: '',
      FIREBASE_PROJECT_ID: 'acme-project',
      ...calm,
      APP_LINKS: appLink,
    },
    gateway,
  );
  for (const provider of ['google', 'apple', 'firebase', 'nobody', '', '__proto__', 'GOOGLE']) {
    const { data } = await native.graphql(operations.startSocialSignIn, { input: { provider, ...input } });
    t.match(data.startSocialSignIn, { code: 'METHOD_UNAVAILABLE' }, provider);
  }
  t.equal((await native.inject({ url: '/oauth/callback/google?code=x&state=y' })).statusCode, 404);
  const { data: native_ } = await native.graphql('{ authMethods { method provider } }');
  t.match(
    native_.authMethods.filter(({ method }: { method: string }) => ['GOOGLE', 'APPLE'].includes(method)),
    [{ provider: null }, { provider: null }],
  );
  const strict = await build(t, { ...settings, CHALLENGES_PER_MINUTE: '1' }, gateway);
  const from = randomNetwork();
  const ask = () =>
    strict.graphql(operations.startSocialSignIn, { input: { provider: 'acme', ...input } }, { from });
  t.match((await ask()).data.startSocialSignIn, { __typename: 'SocialSignInStarted' });
  t.match((await ask()).data.startSocialSignIn, { code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: Number });
});

t.test('a provider that is switched off meanwhile ends what was begun there', async (t) => {
  const off = await build(t, { ...google.settings, APP_LINKS: appLink, ...calm }, gateway);
  const { code, verifier } = await signIn(acme);
  t.match(await finish(code, verifier, off), { code: 'METHOD_UNAVAILABLE' });
  const { url } = await begin(acme);
  t.match(await comeBack(await acme.signIn(url, somebody()), off), { status: 410 });
});

t.test('any replica takes the answer, and another one the code', async (t) => {
  const replica = await build(t, settings, gateway);
  const { url, verifier } = await begin(apple);
  const back = await comeBack(await apple.signIn(url, somebody()), replica);
  t.match(await finish(back.code, verifier), entered);
});

t.test('a sign-in outlives the replacement of SECRET_KEY', async (t) => {
  const [older, newer] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const before = await build(t, { ...settings, SECRET_KEY: older });
  const after = await build(t, { ...settings, SECRET_KEY: newer, SECRET_KEY_PREVIOUS: older }, before);
  for (const provider of [apple, acme]) {
    const begun = await begin(provider, appLink, {}, before);
    const back = await comeBack(await provider.signIn(begun.url, somebody()), after);
    t.match(await finish(back.code, begun.verifier, after), entered, 'at the provider meanwhile');
    const late = await begin(provider, appLink, {}, before);
    const { code } = await comeBack(await provider.signIn(late.url, somebody()), before);
    t.match(await finish(code, late.verifier, after), entered, 'on the way to the app meanwhile');
  }
});

t.test('no code, state, nonce, verifier, token or address stands in the log', async (t) => {
  t.ok(secrets.length > 300);
  const log = gateway.log.join('');
  t.match(log, 'a sign-in at a provider failed');
  for (const secret of new Set(secrets)) {
    if (secret !== '' && log.includes(secret)) t.fail(`a secret stands in the log: ${secret.slice(0, 30)}`);
  }
});

import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import t, { type Test } from 'tap';
import { type Answer, build, type Gateway, operations, randomNetwork, signUp } from '../../helper.js';
import {
  type Behaviour,
  FirebaseStandIn,
  type KeyServer,
  makeKey,
  OpenIdStandIn,
  publicUrl,
} from '../../openid-stand-in.js';

const [google, apple, firebase] = await Promise.all([
  OpenIdStandIn.open(t, 'google'),
  OpenIdStandIn.open(t, 'apple'),
  FirebaseStandIn.open(t),
]);
// A loaded machine is not what these are about.
const calm = {
  PUBLIC_URL: publicUrl,
  DATABASE_POOL: '6',
  CHALLENGES_PER_MINUTE: '10000',
};
const settings = { ...google.settings, ...apple.settings, ...firebase.settings, ...calm };
const gateway = await build(t, settings);
const { sql } = gateway;

/** Everything that must not be seen again in a log. */
const secrets: string[] = [];

async function createNonce(at: Gateway = gateway): Promise<string> {
  const { data } = await at.graphql(operations.createNonce, {}, { from: randomNetwork() });
  secrets.push(data.createNonce.nonce);
  return data.createNonce.nonce;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Kit {
  name: 'Google' | 'Apple' | 'Firebase';
  standIn: KeyServer;
  operation: string;
  /** The nonce as the kit writes it into the token. */
  written(nonce: string): string | undefined;
}
const kits: Kit[] = [
  {
    name: 'Google',
    standIn: google,
    operation: operations.signInWithGoogle,
    written: (nonce) => nonce,
  },
  {
    name: 'Apple',
    standIn: apple,
    operation: operations.signInWithApple,
    written: sha256,
  },
  {
    name: 'Firebase',
    standIn: firebase,
    operation: operations.signInWithFirebase,
    written: () => undefined,
  },
];
const [googleKit, appleKit, firebaseKit] = kits as [Kit, Kit, Kit];

/** Sends a token as the app of a kit does; `more` stands beside it. */
async function send(
  { name, operation }: Kit,
  token: string,
  nonce: string,
  { at = gateway, more = {}, from }: { at?: Gateway; more?: object; from?: string } = {},
): Promise<Answer> {
  secrets.push(token);
  const field = name === 'Apple' ? { identityToken: token } : { idToken: token };
  const input = { ...field, ...(name !== 'Firebase' && { nonce }), ...more };
  return at.graphql(operation, { input }, from === undefined ? {} : { from });
}

const resultOf = ({ data, errors }: Answer): Record<string, unknown> =>
  data === null || data === undefined
    ? { errors: errors?.[0]?.extensions?.code }
    : (Object.values(data)[0] as Record<string, unknown>);

/** Signs somebody in with good claims. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what tests are about
async function enter(kit: Kit, claims: object = {}, more: object = {}, at: Gateway = gateway): Promise<any> {
  const nonce = await createNonce(at);
  const token = await kit.standIn.idToken({ nonce: kit.written(nonce), ...claims });
  return resultOf(await send(kit, token, nonce, { at, more }));
}

function somebody() {
  const email = `${randomUUID()}@example.com`;
  secrets.push(email);
  return { sub: randomUUID(), email, email_verified: true };
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

t.test('Google: the nonce as it is or as its SHA-256, the name and the mailbox from the token', async (t) => {
  const person = { ...somebody(), name: 'Asha Rao' };
  const first = await enter(googleKit, person);
  t.match(first, {
    __typename: 'SessionTokens',
    user: { name: 'Asha Rao', email: person.email, emailVerified: true },
    session: { method: 'GOOGLE' },
  });
  const nonce = await createNonce();
  const hashed = await google.idToken({ ...person, nonce: sha256(nonce) });
  const second = resultOf(await send(googleKit, hashed, nonce));
  t.match(second, { __typename: 'SessionTokens', user: { id: first.user.id } });
  // On Android the token is for the server, by the app.
  const byApp = await enter(googleKit, { ...person, azp: 'google-android' });
  t.match(byApp, { user: { id: first.user.id } });
  t.match(await sql`select kind, method from login_events where user_id = ${first.user.id} order by id`, [
    { kind: 'SIGN_UP', method: 'GOOGLE' },
    { kind: 'SIGN_IN', method: 'GOOGLE' },
    { kind: 'SIGN_IN', method: 'GOOGLE' },
  ]);
});

t.test('Apple: booleans as text, the name once and beside the token', async (t) => {
  const person = { ...somebody(), email_verified: 'true', nonce_supported: true };
  const first = await enter(appleKit, person, { givenName: ' Asha ', familyName: 'Rao' });
  t.match(first, {
    user: { name: 'Asha Rao', email: person.email, emailVerified: true },
    session: { method: 'APPLE' },
  });
  const again = await enter(appleKit, { ...person, email: undefined });
  t.match(again, { user: { id: first.user.id, name: 'Asha Rao', email: person.email } });
  const other = await enter(appleKit, person, { givenName: 'Somebody', familyName: 'Else' });
  t.match(other, { user: { id: first.user.id, name: 'Asha Rao' } });
  for (const doubtful of ['True', '1', 'false', 1, null, ['true']]) {
    const { user } = await enter(appleKit, { ...somebody(), email_verified: doubtful as never });
    t.match(user, { email: null, emailVerified: false }, JSON.stringify(doubtful));
  }
});

t.test('Apple: a relay address is marked', async (t) => {
  for (const mark of [{ is_private_email: 'true' }, { is_private_email: true }, {}]) {
    const email = `${randomBytes(5).toString('hex')}@privaterelay.appleid.com`;
    const { accessToken } = await enter(appleKit, { ...somebody(), email, ...mark });
    const { data } = await gateway.graphql(operations.identities, {}, { token: accessToken });
    t.match(data.identities, [{ provider: 'apple', email, isPrivateRelay: true, forwardsMail: true }]);
  }
});

t.test('Apple: the authorization code becomes a refresh token, kept sealed', async (t) => {
  const person = somebody();
  const authorizationCode = await apple.nativeCode(person.sub);
  const { user } = await enter(appleKit, person, { authorizationCode });
  const findRow = () =>
    sql`select i.client_id, i.refresh_token from identities i
        join credentials c on c.id = i.credential_id where c.user_id = ${user.id}`;
  let [row] = await findRow();
  while (row?.refresh_token === null) [row] = await findRow();
  const given = apple.refreshTokens.at(-1) ?? '';
  t.ok(await apple.isLive(given));
  t.equal(row?.client_id, apple.bundleId);
  t.notMatch(row?.refresh_token, given);
  secrets.push(given, authorizationCode);
  const { tables } = await everythingStored();
  for (const secret of [given, authorizationCode])
    t.notOk(tables.includes(secret), 'stands nowhere in plain');
  t.match(apple.clientSecrets.at(-1), { iss: apple.teamId, sub: apple.bundleId, aud: apple.issuer });

  // The sign-in stands without it.
  const spent = await enter(appleKit, person, { authorizationCode });
  t.match(spent, { user: { id: user.id } });
});

t.test('Apple: the authorization code of a fresh proof is exchanged as well', async (t) => {
  const person = somebody();
  const { user, accessToken: token } = await enter(appleKit, person);
  const nonce = await createNonce();
  const identityToken = await apple.idToken({ ...person, nonce: sha256(nonce) });
  const proof = { identityToken, nonce, authorizationCode: await apple.nativeCode(person.sub) };
  const { data } = await gateway.graphql(operations.reauthenticate, { input: { apple: proof } }, { token });
  t.match(data.reauthenticate, { __typename: 'SessionTokens', user: { id: user.id } });
  const kept = () =>
    sql`select 1 from identities i join credentials c on c.id = i.credential_id
        where c.user_id = ${user.id} and i.refresh_token is not null`;
  while ((await kept()).length === 0);
});

async function everythingStored() {
  const names = await sql`select table_name from information_schema.tables where table_schema = 'public'`;
  const dumps = await Promise.all(
    names.map(({ table_name }) => sql.unsafe(`select to_jsonb(t)::text as row from "${table_name}" t`)),
  );
  return { tables: JSON.stringify(dumps) };
}

t.test('Firebase: a mailbox or a phone, and no nonce', async (t) => {
  const person = somebody();
  const byMail = await enter(firebaseKit, { ...person, firebase: { sign_in_provider: 'password' } });
  t.match(byMail, { user: { email: person.email }, session: { method: 'FIREBASE' } });
  t.match(await enter(firebaseKit, person), { user: { id: byMail.user.id } });
  const phone = `+9198${String(Math.random()).slice(2, 10)}`;
  const byPhone = await enter(firebaseKit, { phone_number: phone });
  t.match(byPhone, { user: { phone, phoneVerified: true, email: null } });
  // To others the claim is nothing.
  t.match(await enter(googleKit, { phone_number: phone }), { user: { phone: null } });
});

t.test('the same subject at two issuers is two people', async (t) => {
  const sub = randomUUID();
  const ids = new Set<string>();
  for (const kit of kits) ids.add((await enter(kit, { sub })).user.id);
  t.equal(ids.size, 3);
});

/** A token that is not good: made from good claims of the same kit. */
type Break = (kit: Kit, claims: Record<string, unknown>) => string | Promise<string>;
const now = () => Math.floor(Date.now() / 1000);
const withClaims =
  (claims: Record<string, unknown>): Break =>
  ({ standIn }, good) =>
    standIn.idToken({ ...good, ...claims });
const withHeader =
  (header: Record<string, unknown>): Break =>
  ({ standIn }, good) =>
    standIn.idToken(good, { header });
const stranger = makeKey();
const publicPem = ({ standIn }: Kit) =>
  standIn.keys[0]?.publicKey.export({ type: 'spki', format: 'pem' }) ?? '';
const changed = (token: string, part: number, change: (value: string) => string) =>
  token
    .split('.')
    .map((value, index) => (index === part ? change(value) : value))
    .join('.');

const broken: Record<string, Break> = {
  'no algorithm': ({ standIn }, good) =>
    standIn.idToken(good).then((token) =>
      changed(
        changed(token, 0, () => base64url({ alg: 'none' })),
        2,
        () => '',
      ),
    ),
  'no algorithm, the signature left': ({ standIn }, good) =>
    standIn.idToken(good).then((token) => changed(token, 0, () => base64url({ alg: 'none', typ: 'JWT' }))),
  'HS256 with the public key as its secret': async (kit, good) => {
    const token = await kit.standIn.idToken(good);
    const head = changed(token, 0, () => base64url({ alg: 'HS256', kid: kit.standIn.keys[0]?.kid }));
    const signed = head.split('.').slice(0, 2).join('.');
    return `${signed}.${createHmac('sha256', publicPem(kit)).update(signed).digest('base64url')}`;
  },
  'another key of a known name': ({ standIn }, good) =>
    standIn.idToken(good, { key: { ...stranger, kid: standIn.keys[0]?.kid ?? '' } }),
  'another key': ({ standIn }, good) => standIn.idToken(good, { key: stranger }),
  'another key, brought along': ({ standIn }, good) =>
    standIn.idToken(good, { key: stranger, header: { jwk: stranger.publicKey.export({ format: 'jwk' }) } }),
  'a header nobody understands': withHeader({ crit: ['exp'], exp: 1 }),
  'claims changed': async ({ standIn }, good) =>
    changed(await standIn.idToken(good), 1, (claims) =>
      base64url({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: randomUUID() }),
    ),
  'the signature cut': async ({ standIn }, good) =>
    changed(await standIn.idToken(good), 2, (s) => s.slice(0, 20)),
  encrypted: async (kit, good) =>
    new CompactEncrypt(Buffer.from(await kit.standIn.idToken(good)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: kit.standIn.keys[0]?.kid ?? '' })
      .encrypt(kit.standIn.keys[0]?.publicKey ?? stranger.publicKey),
  'an access token': withHeader({ typ: 'at+jwt' }),
  'a logout token': withHeader({ typ: 'logout+jwt' }),
  'no issuer': withClaims({ iss: undefined }),
  'a foreign issuer': withClaims({ iss: 'https://evil.example' }),
  'the issuer with a slash': ({ standIn }, good) => standIn.idToken({ ...good, iss: `${standIn.issuer}/` }),
  'an issuer with ours at its beginning': ({ standIn }, good) =>
    standIn.idToken({ ...good, iss: `${standIn.issuer}.evil.example` }),
  'issuers in a list': ({ standIn }, good) => standIn.idToken({ ...good, iss: [standIn.issuer] as never }),
  'no audience': withClaims({ aud: undefined }),
  'a foreign audience': withClaims({ aud: 'somebody-else' }),
  'an empty audience': withClaims({ aud: '' }),
  'a foreign audience beside ours': ({ standIn }, good) =>
    standIn.idToken({ ...good, aud: [standIn.audience, 'somebody-else'] }),
  'a foreign azp': withClaims({ azp: 'somebody-else' }),
  'an azp in a list': ({ standIn }, good) => standIn.idToken({ ...good, azp: [standIn.audience] }),
  expired: withClaims({ iat: now() - 700, exp: now() - 100 }),
  'no end': withClaims({ exp: undefined }),
  'an end in words': withClaims({ exp: String(now() + 600) }),
  'no beginning': withClaims({ iat: undefined }),
  'begun in the future': withClaims({ iat: now() + 120, exp: now() + 900 }),
  'not yet good': withClaims({ nbf: now() + 120 }),
  'no subject': withClaims({ sub: undefined }),
  'an empty subject': withClaims({ sub: '' }),
  'a subject with a blank': withClaims({ sub: 'https://evil.example victim' }),
  'a subject with a line': withClaims({ sub: 'victim\n' }),
  'a subject that is a number': withClaims({ sub: 7 }),
  'a subject without end': withClaims({ sub: 'x'.repeat(256) }),
  'a foreign nonce': withClaims({ nonce: randomBytes(32).toString('base64url') }),
  'an empty nonce': withClaims({ nonce: '' }),
  'no token': () => 'not a token',
  nothing: () => '',
  'a token without its signature': async ({ standIn }, good) =>
    (await standIn.idToken(good)).split('.').slice(0, 2).join('.'),
};
const forNonces: Record<string, Break> = {
  'no nonce': withClaims({ nonce: undefined }),
  'nonces in a list': async (kit, good) => kit.standIn.idToken({ ...good, nonce: [good.nonce] as never }),
};

for (const kit of kits) {
  t.test(`${kit.name}: a token with one thing wrong is refused, and its nonce not used up`, async (t) => {
    const nonce = await createNonce();
    const person = somebody();
    const good = { ...person, nonce: kit.written(nonce) };
    const from = randomNetwork();
    const cases = Object.entries({ ...broken, ...(kit !== firebaseKit && forNonces) });
    for (const [what, breakIt] of cases) {
      const token = await breakIt(kit, good);
      t.match(resultOf(await send(kit, token, nonce, { from })), { code: 'INVALID_CREDENTIALS' }, what);
    }
    t.match(
      await sql`select count(*)::int, count(user_id)::int as named, array_agg(distinct failure) as failures
                from login_events where network = ${from}`,
      [{ count: cases.length, named: 0, failures: ['INVALID_CREDENTIALS'] }],
    );
    t.same(await sql`select 1 from credentials where identifier = ${person.email}`, []);
    const whole = await kit.standIn.idToken(good);
    t.match(resultOf(await send(kit, whole, nonce)), { __typename: 'SessionTokens' }, 'whole again');
  });
}

t.test('clocks may be a minute apart, and the ends of a minute are tried', async (t) => {
  const good = { sub: randomUUID() };
  t.match(await enter(googleKit, { ...good, iat: now() + 50 }), { __typename: 'SessionTokens' });
  t.match(await enter(googleKit, { ...good, exp: now() - 50 }), { __typename: 'SessionTokens' });
});

t.test('Firebase: no token of another project, and none of its other kinds', async (t) => {
  const origin = firebase.issuer.slice(0, firebase.issuer.lastIndexOf('/'));
  const cases: Record<string, object> = {
    'another project': { iss: `${origin}/other-project`, aud: 'other-project' },
    'another project, for ours': { iss: `${origin}/other-project` },
    'a session cookie': { iss: `https://session.firebase.google.com/${firebase.audience}` },
    'a custom token': {
      iss: 'firebase-adminsdk@acme-project.iam.gserviceaccount.com',
      aud: 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit',
    },
    'no project': { iss: origin },
    'a token with a nonce, made for something else': { nonce: await createNonce() },
  };
  for (const [what, claims] of Object.entries(cases)) {
    t.match(await enter(firebaseKit, claims), { code: 'INVALID_CREDENTIALS' }, what);
  }
});

t.test('a token is good at its own provider alone', async (t) => {
  const nonce = await createNonce();
  const ofGoogle = await google.idToken({ nonce });
  t.match(resultOf(await send(appleKit, ofGoogle, nonce)), { code: 'INVALID_CREDENTIALS' });
  t.match(resultOf(await send(firebaseKit, ofGoogle, nonce)), { code: 'INVALID_CREDENTIALS' });
  const ofApple = await apple.idToken({ nonce });
  t.match(resultOf(await send(googleKit, ofApple, nonce)), { code: 'INVALID_CREDENTIALS' });
});

t.test('a nonce is good once, also when ten come at a time', async (t) => {
  for (const kit of [googleKit, appleKit]) {
    const nonce = await createNonce();
    const token = await kit.standIn.idToken({ nonce: kit.written(nonce) });
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(kit, token, nonce)));
    const results = answers.map((answer) => resultOf(answer));
    t.equal(results.filter(({ __typename }) => __typename === 'SessionTokens').length, 1);
    t.equal(results.filter(({ code }) => code === 'CHALLENGE_GONE').length, 9);
    t.match(resultOf(await send(kit, token, nonce)), { code: 'CHALLENGE_GONE' });
    const fresh = await kit.standIn.idToken({ nonce: kit.written(nonce) });
    t.match(resultOf(await send(kit, fresh, nonce)), { code: 'CHALLENGE_GONE' });
  }
});

t.test('a nonce of two people at a time starts one session', async (t) => {
  const nonce = await createNonce();
  const tokens = await Promise.all(Array.from({ length: 10 }, () => google.idToken({ nonce })));
  const answers = await Promise.all(tokens.map((token) => send(googleKit, token, nonce)));
  const opened = answers.filter((answer) => resultOf(answer).__typename === 'SessionTokens');
  t.equal(opened.length, 1);
});

t.test('a nonce that nobody asked for, of somebody else, or lapsed', async (t) => {
  const madeUp = randomBytes(32).toString('base64url');
  const from = randomNetwork();
  for (const odd of [madeUp, '', '\u0000', 'x'.repeat(5000)]) {
    const token = await google.idToken({ nonce: odd });
    t.match(resultOf(await send(googleKit, token, odd, { from })), { code: 'CHALLENGE_GONE' });
  }
  const bad = await google.idToken({ nonce: madeUp }, { key: stranger });
  t.match(resultOf(await send(googleKit, bad, madeUp, { from })), { code: 'CHALLENGE_GONE' }, 'unread');
  t.same(await sql`select 1 from login_events where network = ${from}`, [], 'leaves no trace');

  const [mine, theirs] = [await createNonce(), await createNonce()];
  const token = await google.idToken({ nonce: theirs });
  t.match(resultOf(await send(googleKit, token, mine)), { code: 'INVALID_CREDENTIALS' });
  // The hash in place of the nonce opens nothing: only who made the nonce knows it.
  const forApple = await apple.idToken({ nonce: sha256(mine) });
  t.match(resultOf(await send(appleKit, forApple, sha256(mine))), { code: 'CHALLENGE_GONE' });

  const old = await createNonce();
  await sql`update nonces set expires_at = now() - interval '1 second' where hash = ${sha256(old)}`;
  const late = await google.idToken({ nonce: old });
  t.match(resultOf(await send(googleKit, late, old)), { code: 'CHALLENGE_GONE' });
});

t.test('a nonce lives for 10 minutes, is kept as its hash alone, and is rationed by network', async (t) => {
  const { data } = await gateway.graphql(operations.createNonce);
  const { nonce, expiresAt } = data.createNonce;
  t.equal(Buffer.from(nonce, 'base64url').length, 32);
  t.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 600_000) < 20_000);
  t.match(await sql`select hash from nonces where hash = ${sha256(nonce)}`, [{ hash: sha256(nonce) }]);
  t.notOk((await everythingStored()).tables.includes(nonce));
  const strict = await build(t, { ...settings, CHALLENGES_PER_MINUTE: '1' }, gateway);
  const from = randomNetwork();
  await strict.graphql(operations.createNonce, {}, { from });
  const { data: more } = await strict.graphql(operations.createNonce, {}, { from });
  t.match(more.createNonce, { code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: Number });
});

/** A gateway that has not fetched anything yet, and its provider of tokens without nonces. */
async function cold(t: Test) {
  const keys = await FirebaseStandIn.open(t);
  const at = await build(t, { ...keys.settings, ...calm }, gateway);
  const kit: Kit = { ...firebaseKit, standIn: keys };
  const signIn = async (options: Parameters<KeyServer['idToken']>[1] = {}) =>
    resultOf(await send(kit, await keys.idToken({}, options), '', { at }));
  return { keys, at, signIn };
}

/** Lets time pass for what this process measures; the tokens' clock stands. */
function later(t: Test) {
  const real = performance.now.bind(performance);
  let ahead = 0;
  t.intercept(performance, 'now', { value: () => real() + ahead, configurable: true });
  return (seconds: number) => {
    ahead += seconds * 1000;
  };
}

const entered = { __typename: 'SessionTokens' };
const refused = { code: 'INVALID_CREDENTIALS' };
const unavailable = { errors: 'UNAVAILABLE' };

t.test('unknown keys are asked for once in 30 seconds, however many tokens name them', async (t) => {
  const wait = later(t);
  const { keys, signIn } = await cold(t);
  const strangers = () =>
    Promise.all(Array.from({ length: 20 }, (_, n) => signIn({ key: { ...stranger, kid: `k${n}` } })));
  for (const result of await strangers()) t.match(result, refused);
  t.equal(keys.hits.jwks, 1, 'twenty at a time');
  t.match(await signIn(), entered);
  for (const result of await strangers()) t.match(result, refused);
  wait(15);
  await strangers();
  t.same(keys.hits, { ...keys.hits, discovery: 1, jwks: 1 }, 'within 30 seconds');
  wait(16);
  await strangers();
  t.equal(keys.hits.jwks, 2);
});

t.test('a new key is fetched when a token names it, and the old one is good no more', async (t) => {
  const wait = later(t);
  const { keys, signIn } = await cold(t);
  const [old] = keys.keys;
  t.match(await signIn(), entered);
  keys.rotate();
  wait(31);
  t.match(await signIn(), entered);
  t.equal(keys.hits.jwks, 2);
  t.match(await signIn({ key: old }), refused);
});

t.test('a key that was withdrawn is forgotten within minutes, without anybody waiting', async (t) => {
  const wait = later(t);
  const { keys, signIn } = await cold(t);
  const [old] = keys.keys;
  t.match(await signIn(), entered);
  keys.rotate();
  wait(11 * 60);
  t.match(await signIn({ key: old }), entered, 'the one that finds the cache stale');
  while ((await signIn({ key: old })).code === undefined);
  t.equal(keys.hits.jwks, 2);
});

t.test('keys down: a known key works from the cache for a day, an unknown one has to wait', async (t) => {
  const wait = later(t);
  const { keys, at, signIn } = await cold(t);
  t.match(await signIn(), entered);
  keys.behaviour.jwks = { status: 503 };
  keys.behaviour.discovery = 'hang-up';
  wait(31);
  t.match(await signIn({ key: stranger }), unavailable);
  t.match(await signIn(), entered);
  const before = keys.hits.discovery;
  for (let more = 0; more < 5; more++) t.match(await signIn({ key: stranger }), unavailable);
  t.equal(keys.hits.discovery, before, 'a provider that is down is not hammered');
  wait(23 * 3600);
  t.match(await signIn(), entered);
  wait(2 * 3600);
  t.match(await signIn(), unavailable);
  t.match(await signIn({ key: stranger }), unavailable);
  delete keys.behaviour.jwks;
  delete keys.behaviour.discovery;
  wait(31);
  t.match(await signIn(), entered);
  t.ok(
    at.log.some((line) => JSON.parse(line).issuer === keys.issuer),
    'the outage is in the log',
  );
});

t.test('UNAVAILABLE tells when to come again, and uses nothing up', async (t) => {
  const at = await build(t, settings, gateway);
  google.behaviour.jwks = { status: 500 };
  t.teardown(() => delete google.behaviour.jwks);
  const nonce = await createNonce();
  const answer = await send(googleKit, await google.idToken({ nonce }), nonce, { at });
  t.match(answer.errors, [{ extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 30 } }]);
  const again = await google.idToken({ nonce });
  t.match(resultOf(await send(googleKit, again, nonce)), entered);
});

t.test('keys that do not come are given up within 4 seconds, discovery and keys together', async (t) => {
  const slow: Partial<Record<'discovery' | 'jwks', Behaviour>>[] = [
    { jwks: 'hang' },
    { discovery: 'hang' },
    { discovery: { lateMs: 2500 }, jwks: 'hang' },
  ];
  await Promise.all(
    slow.map(async (behaviour) => {
      const { keys, signIn } = await cold(t);
      Object.assign(keys.behaviour, behaviour);
      const begun = Date.now();
      t.match(await signIn(), unavailable);
      t.ok(Date.now() - begun < 4000, `${JSON.stringify(behaviour)}: ${Date.now() - begun} ms`);
    }),
  );
});

t.test('a provider that answers nonsense is away, and what it points at is not followed', async (t) => {
  const attacker = await FirebaseStandIn.open(t);
  const jwksOf = async ({ issuer }: KeyServer) => (await fetch(`${new URL(issuer).origin}/jwks`)).text();
  const { keys: honest } = await cold(t);
  const large = { ...JSON.parse(await jwksOf(honest)), more: 'x'.repeat(300_000) };
  const odd: Record<string, (keys: KeyServer) => typeof keys.behaviour> = {
    'keys elsewhere': () => ({
      jwks: { status: 302, headers: { location: `${new URL(attacker.issuer).origin}/jwks` } },
    }),
    'keys elsewhere for good': () => ({
      jwks: { status: 308, headers: { location: `${new URL(attacker.issuer).origin}/jwks` } },
    }),
    'discovery elsewhere': () => ({
      discovery: {
        status: 302,
        headers: { location: `${attacker.issuer}/.well-known/openid-configuration` },
      },
    }),
    'too large': () => ({ jwks: { status: 200, body: JSON.stringify(large) } }),
    'no JSON': () => ({ jwks: { status: 200, body: '<html>' } }),
    'no key set': () => ({ jwks: { status: 200, body: '{"keys":7}' } }),
    null: () => ({ discovery: { status: 200, body: 'null' } }),
    'discovery that is no JSON': () => ({ discovery: { status: 200, body: '' } }),
    'another issuer': (keys) => ({
      discovery: {
        status: 200,
        body: JSON.stringify({ ...keys.metadata(), issuer: 'https://evil.example' }),
      },
    }),
    'no keys': (keys) => ({ discovery: { status: 200, body: JSON.stringify({ issuer: keys.issuer }) } }),
    'keys in a file': (keys) => ({
      discovery: {
        status: 200,
        body: JSON.stringify({ issuer: keys.issuer, jwks_uri: 'file:///etc/passwd' }),
      },
    }),
  };
  attacker.hits.jwks = attacker.hits.discovery = 0;
  for (const [what, behave] of Object.entries(odd)) {
    await t.test(what, async (t) => {
      const { keys, signIn } = await cold(t);
      Object.assign(keys.behaviour, behave(keys));
      t.match(await signIn(), unavailable);
    });
  }
  t.match(attacker.hits, { discovery: 0, jwks: 0 });
});

t.test('a key that cannot be read is no key', async (t) => {
  const unreadable = [
    { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', alg: 'ES256' },
    { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', alg: 'EdDSA' },
    { kty: 'RSA', n: 'AQ', e: 'AQAB', alg: 'RS256' },
    { kty: 'oct', k: 'AAAA', alg: 'HS256' },
  ];
  for (const key of unreadable) {
    const { keys, at } = await cold(t);
    const body = JSON.stringify({ keys: [{ ...key, kid: 'odd', use: 'sig' }] });
    keys.behaviour.jwks = { status: 200, body };
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: keys.issuer, aud: keys.audience, sub: randomUUID(), iat: now, exp: now + 60 };
    const token = `${base64url({ alg: key.alg, kid: 'odd' })}.${base64url(claims)}.${'A'.repeat(86)}`;
    const came = resultOf(await send(firebaseKit, token, '', { at }));
    t.match(came, { code: 'INVALID_CREDENTIALS' }, key.kty);
    t.same(
      at.log.filter((line) => JSON.parse(line).level >= 50),
      [],
    );
  }
});

t.test('a provider that is switched off refuses on every path', async (t) => {
  const off = await build(t, calm, gateway);
  const unavailableMethod = { __typename: 'AuthError', code: 'METHOD_UNAVAILABLE' };
  const { accessToken: token } = await signUp(gateway);
  for (const kit of kits) {
    const nonce = await createNonce();
    const idToken = await kit.standIn.idToken({ nonce: kit.written(nonce) });
    t.match(resultOf(await send(kit, idToken, nonce, { at: off })), unavailableMethod, kit.name);
    const field = kit === appleKit ? { identityToken: idToken } : { idToken };
    const proof = { [kit.name.toLowerCase()]: { ...field, ...(kit !== firebaseKit && { nonce }) } };
    for (const operation of [operations.linkIdentity, operations.reauthenticate]) {
      t.match(
        resultOf(await off.graphql(operation, { input: proof }, { token })),
        unavailableMethod,
        kit.name,
      );
    }
    const provider = kit.name.toLowerCase();
    const input = { provider, redirectUri: 'com.acme.app://', codeChallenge: 'x'.repeat(43) };
    t.match(
      resultOf(await off.graphql(operations.startSocialSignIn, { input })),
      unavailableMethod,
      kit.name,
    );
    const callback = await off.inject({ url: `/oauth/callback/${provider}?code=x&state=y` });
    t.equal(callback.statusCode, 404);
  }
  const { data } = await off.graphql('{ authMethods { method provider } }');
  t.same(
    data.authMethods.filter(({ provider }: { provider: unknown }) => provider !== null),
    [],
  );
});

t.test('no token, address or nonce stands in the log', async (t) => {
  t.ok(secrets.length > 300);
  const log = gateway.log.join('');
  t.ok(log.length > 0);
  for (const secret of new Set(secrets)) {
    if (secret !== '' && log.includes(secret)) t.fail(`a secret stands in the log: ${secret.slice(0, 30)}`);
    const signature = secret.split('.')[2];
    if (signature && log.includes(signature)) t.fail('a signature stands in the log');
  }
});

import { createHmac, createPublicKey, type JsonWebKey, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { deriveSubkeys, open } from '../../src/tokens/secret-key.js';
import { build, type Gateway, operations, type SignedIn, signUp } from '../helper.js';

const gateway = await build(t);
const person = await signUp(gateway);

type Json = Record<string, unknown>;

function parts(token: string) {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const read = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header, payload, signature, says: read(payload), head: read(header) };
}

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

const active = 'activated_at is not null and retired_at is null';

async function activeKid({ sql }: Gateway) {
  const [row] = await sql`select kid from signing_keys where ${sql.unsafe(active)}`;
  return row?.kid;
}

/** The key that signs now, taken out of the database with SECRET_KEY: what only the gateway itself can do. */
async function activeKey(at: Gateway) {
  const [row] = await at.sql`select * from signing_keys where ${at.sql.unsafe(active)}`;
  const subkeys = deriveSubkeys('signing-key', at.config.secretKey);
  return JSON.parse(open(subkeys, row?.kid, row?.sealed_private_jwk).plain) as JsonWebKey;
}

/** A token with these changes to a good one, honestly signed; null takes a member away. */
async function forge(changes: { header?: Json; claims?: Json }, at = gateway, of: SignedIn = person) {
  const good = parts(of.accessToken);
  const change = (what: Json, by: Json = {}) =>
    Object.fromEntries(Object.entries({ ...what, ...by }).filter(([, value]) => value !== null));
  const signed = `${encode(change(good.head, changes.header))}.${encode(change(good.says, changes.claims))}`;
  return `${signed}.${signWith(await activeKey(at), signed)}`;
}

function signWith(key: JsonWebKey, text: string): string {
  const algorithm = key.kty === 'EC' ? 'sha256' : null;
  const signature = sign(algorithm, Buffer.from(text), {
    key,
    format: 'jwk',
    dsaEncoding: 'ieee-p1363',
  } as never);
  return signature.toString('base64url');
}

/** How `me` answers an Authorization header: 200, or 401 with its reason. */
async function ask(authorization: string, at = gateway) {
  const { status, headers, errors, data } = await at.graphql(
    operations.me,
    {},
    { headers: { authorization } },
  );
  if (status === 200) return data.me.id;
  const [error] = errors ?? [];
  const challenge = String(headers['www-authenticate']);
  return `${status} ${error?.extensions.reason}${challenge.includes('error="invalid_token"') ? '' : ' ?'}`;
}

const askToken = (token: string, at = gateway) => ask(`Bearer ${token}`, at);
const now = () => Math.floor(Date.now() / 1000);

t.test('an access token says what RFC 9068 asks for, and no more', async (t) => {
  const { head, says } = parts(person.accessToken);
  t.strictSame(head, { alg: 'ES256', kid: await activeKid(gateway), typ: 'at+jwt' });
  t.strictSame(Object.keys(says).sort(), [
    'acr',
    'amr',
    'aud',
    'auth_time',
    'client_id',
    'exp',
    'iat',
    'iss',
    'jti',
    'sid',
    'sub',
  ]);
  t.match(says, {
    iss: 'http://localhost:4000',
    aud: 'app',
    sub: person.user.id,
    sid: person.session.id,
    client_id: 'app',
    amr: ['pwd'],
    acr: 'aal1',
    jti: /^[\da-f-]{36}$/,
  });
  const { iat, exp, auth_time: proved } = says as Record<'iat' | 'exp' | 'auth_time', number>;
  t.equal(exp - iat, 15 * 60);
  t.ok(Math.abs(now() - iat) < 30 && Math.abs(proved - iat) <= 2);
});

t.test('after a refresh auth_time still is the moment of the sign-in', async (t) => {
  const first = await signUp(gateway);
  await gateway.sql`update sessions set created_at = created_at - interval '1 hour' where id = ${first.session.id}`;
  const input = { refreshToken: first.refreshToken };
  const { data } = await gateway.graphql(operations.refreshSession, { input });
  const before = parts(first.accessToken).says;
  const after = parts(data.refreshSession.accessToken).says;
  t.equal(after.auth_time, Number(before.auth_time) - 3600);
  t.equal(after.sid, before.sid);
  t.not(after.jti, before.jti);
});

t.test('life and audience follow the settings', async (t) => {
  const at = await build(t, {
    ACCESS_TOKEN_MINUTES: '60',
    TOKEN_AUDIENCE: 'api, files',
    PUBLIC_URL: 'https://auth.acme.com/',
  });
  const signedIn = await signUp(at);
  const { accessToken, user, ...tokens } = signedIn;
  const { says } = parts(accessToken);
  t.match(says, { iss: 'https://auth.acme.com', aud: ['api', 'files'] });
  t.equal(Number(says.exp) - Number(says.iat), 3600);
  t.match(tokens, { accessTokenExpiresAt: new Date(Number(says.exp) * 1000).toISOString() });
  t.equal(await askToken(accessToken, at), user.id);
  const forAudience = async (aud: unknown) => askToken(await forge({ claims: { aud } }, at, signedIn), at);
  for (const aud of ['api', 'files', ['files', 'api']]) t.equal(await forAudience(aud), user.id);
  t.equal(await forAudience(['api', 'files', 'other']), '401 TOKEN_INVALID');
});

for (const algorithm of ['ES256', 'EdDSA']) {
  t.test(`a stranger verifies ${algorithm} by the published key set alone`, async (t) => {
    const at = algorithm === 'ES256' ? gateway : await build(t, { TOKEN_ALGORITHM: algorithm });
    const { accessToken, user } = await signUp(at);
    const { header, payload, signature, head } = parts(accessToken);
    t.equal(head.alg, algorithm);
    const jwk = (await keySet(at)).find((key) => key.kid === head.kid) as JsonWebKey;
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const check = (text: string) =>
      verify(
        algorithm === 'ES256' ? 'sha256' : null,
        Buffer.from(text),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    t.ok(check(`${header}.${payload}`));
    t.notOk(check(`${header}.${payload}x`));
    t.equal(await askToken(accessToken, at), user.id);
    for (const changed of flips(accessToken)) t.equal(await askToken(changed, at), '401 TOKEN_INVALID');
  });
}

async function keySet(at: Gateway): Promise<(JsonWebKey & { kid: string })[]> {
  const response = await at.inject({ url: '/.well-known/jwks.json' });
  return response.json().keys;
}

/** The token with each byte of each part changed, one at a time. */
function* flips(token: string): Generator<string> {
  const split = token.split('.');
  for (const [place, part] of split.entries()) {
    const bytes = Buffer.from(part, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
      yield split.with(place, changed.toString('base64url')).join('.');
    }
  }
}

t.test('the forgery of these tests is good when it changes nothing', async (t) => {
  t.equal(await askToken(await forge({})), person.user.id);
});

t.test('no other algorithm than the key’s own is taken', async (t) => {
  const { payload, says } = parts(person.accessToken);
  const kid = parts(person.accessToken).head.kid;
  const unsigned = (alg: string) => `${encode({ alg, kid, typ: 'at+jwt' })}.${payload}.`;
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    t.equal(await askToken(unsigned(alg)), '401 TOKEN_INVALID', `alg ${alg}, no signature`);
    t.equal(await askToken(`${unsigned(alg)}AAAA`), '401 TOKEN_INVALID', `alg ${alg}, some signature`);
  }
  const [jwk] = await keySet(gateway);
  const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  for (const secret of [pem, JSON.stringify(jwk), Buffer.from(String(jwk?.x), 'base64url'), '']) {
    const signed = `${encode({ alg: 'HS256', kid, typ: 'at+jwt' })}.${encode(says)}`;
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    t.equal(await askToken(`${signed}.${mac}`), '401 TOKEN_INVALID', 'HS256 with the public key');
  }
  for (const alg of ['ES384', 'EdDSA', 'Ed25519', 'RS256', 'ES256K', 'es256', 5, null, ['ES256']]) {
    t.equal(await askToken(await forge({ header: { alg } })), '401 TOKEN_INVALID', `alg ${alg}`);
  }
});

t.test('a token of another kind is refused, honestly signed as it may be', async (t) => {
  for (const typ of ['JWT', 'jwt', 'logout+jwt', 'dpop+jwt', 'at', '', null, ['at+jwt']]) {
    t.equal(await askToken(await forge({ header: { typ } })), '401 TOKEN_INVALID', `typ ${typ}`);
  }
  for (const header of [
    { b64: false, crit: ['b64'] },
    { crit: ['exp'] },
    { crit: [] },
    { zip: 'DEF' },
    { b64: false },
  ]) {
    const answer = await askToken(await forge({ header }));
    // Only a header parameter that is not critical may be ignored (RFC 7515, section 4).
    t.equal(answer, 'crit' in header ? '401 TOKEN_INVALID' : person.user.id, JSON.stringify(header));
  }
});

t.test('issuer and audience are exactly ours', async (t) => {
  const issuers = [
    'http://localhost:4000/',
    'https://localhost:4000',
    'http://LOCALHOST:4000',
    'http://localhost:4000.evil',
    '',
    null,
    5,
  ];
  for (const iss of [...issuers, ['http://localhost:4000'], { a: 1 }]) {
    t.equal(
      await askToken(await forge({ claims: { iss } })),
      '401 TOKEN_INVALID',
      `iss ${JSON.stringify(iss)}`,
    );
  }
  for (const aud of [
    'other',
    'App',
    'app ',
    '',
    [],
    ['other'],
    ['app', 'other'],
    ['other', 'app'],
    [['app']],
    [null],
    null,
    5,
    { app: 1 },
  ]) {
    t.equal(
      await askToken(await forge({ claims: { aud } })),
      '401 TOKEN_INVALID',
      `aud ${JSON.stringify(aud)}`,
    );
  }
  t.equal(await askToken(await forge({ claims: { aud: ['app'] } })), person.user.id);
});

t.test(
  'time is kept, with five seconds of leeway after the end and thirty before the beginning',
  async (t) => {
    const cases: [Json, string][] = [
      [{ exp: now() - 1 }, person.user.id],
      [{ exp: now() - 6 }, '401 TOKEN_EXPIRED'],
      [{ exp: now() - 86_400 }, '401 TOKEN_EXPIRED'],
      [{ exp: 0 }, '401 TOKEN_EXPIRED'],
      [{ exp: -1 }, '401 TOKEN_EXPIRED'],
      [{ iat: now() + 25 }, person.user.id],
      [{ iat: now() + 35 }, '401 TOKEN_INVALID'],
      [{ iat: now() + 86_400, exp: now() + 90_000 }, '401 TOKEN_INVALID'],
      [{ nbf: now() - 1 }, person.user.id],
      [{ nbf: now() + 10 }, '401 TOKEN_INVALID'],
      ...['exp', 'iat', 'nbf'].flatMap((name) =>
        ['2099-01-01', String(now() + 600), [now() + 600], true, { a: 1 }].map((value): [Json, string] => [
          { [name]: value },
          '401 TOKEN_INVALID',
        ]),
      ),
    ];
    for (const [claims, answer] of cases)
      t.equal(await askToken(await forge({ claims })), answer, JSON.stringify(claims));
  },
);

t.test('a token that was good is refused from its end on, remembered or not', async (t) => {
  const { accessToken, user } = await signUp(gateway);
  t.equal(await askToken(accessToken), user.id);
  t.equal(await askToken(accessToken), user.id);
  const realNow = Date.now;
  const shift = (seconds: number) => t.intercept(Date, 'now', { value: () => realNow() + seconds * 1000 });
  let restore = shift(14 * 60).restore;
  t.equal(await askToken(accessToken), user.id);
  restore();
  restore = shift(15 * 60 + 10).restore;
  t.equal(await askToken(accessToken), '401 TOKEN_EXPIRED');
  restore();
  t.equal(await askToken(accessToken), user.id, 'the clock is back');
});

t.test('a token that lacks a claim is refused', async (t) => {
  for (const name of ['iss', 'aud', 'sub', 'sid', 'client_id', 'exp', 'iat', 'jti', 'auth_time']) {
    t.equal(await askToken(await forge({ claims: { [name]: null } })), '401 TOKEN_INVALID', name);
  }
  for (const sid of [
    '',
    'x',
    5,
    {},
    [person.session.id],
    `${person.session.id}\0`,
    "' or true --",
    '__proto__',
  ]) {
    t.equal(await askToken(await forge({ claims: { sid } })), '401 TOKEN_INVALID', JSON.stringify(sid));
  }
});

t.test('keys come from the database alone, whatever the header says', async (t) => {
  let connections = 0;
  const listener = createServer(() => {
    connections += 1;
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => listener.close());
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`;
  // A key pair of the attacker's, honestly named in the header.
  const own = await activeKey(await build(t));
  const { d: _d, ...jwk } = own;
  const { says } = parts(person.accessToken);
  for (const header of [
    { jku: url },
    { x5u: url },
    { jwk },
    { jwk, kid: undefined },
    { x5c: ['MIIB'] },
    { kid: url },
  ]) {
    const signed = `${encode({ alg: 'ES256', kid: 'own', typ: 'at+jwt', ...header })}.${encode(says)}`;
    t.equal(
      await askToken(`${signed}.${signWith(own, signed)}`),
      '401 TOKEN_INVALID',
      JSON.stringify(header),
    );
    const real = { ...header, kid: parts(person.accessToken).head.kid };
    const claimed = `${encode({ alg: 'ES256', typ: 'at+jwt', ...real })}.${encode(says)}`;
    t.equal(
      await askToken(`${claimed}.${signWith(own, claimed)}`),
      '401 TOKEN_INVALID',
      'under a kid of ours',
    );
  }
  t.equal(connections, 0);

  const kids = [
    '../../etc/passwd',
    '/dev/null',
    "' or true --",
    '__proto__',
    'constructor',
    'toString',
    '',
    ' ',
    5,
    null,
    [],
    {},
  ];
  for (const kid of kids) {
    t.equal(await askToken(await forge({ header: { kid } })), '401 TOKEN_INVALID', JSON.stringify(kid));
  }
});

t.test('one token has one spelling', async (t) => {
  const { accessToken } = person;
  const { header, payload, signature } = parts(accessToken);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bumped = (part: string) =>
    part.slice(0, -1) + alphabet[(alphabet.indexOf(part.at(-1) ?? '') ^ 1) % 64];
  const spellings = [
    `${accessToken}=`,
    `${accessToken}==`,
    `${accessToken} `,
    `${accessToken}\n`,
    `${accessToken}\t`,
    `${accessToken}.`,
    `${header}=.${payload}.${signature}`,
    `${header}.${payload}=.${signature}`,
    `${header}.${payload}\n.${signature}`,
    `${header}.${payload} .${signature}`,
    `${header}.${payload}.${bumped(signature)}`,
    `${header}.${payload}.${signature}A`,
    accessToken.replaceAll('-', '+').replaceAll('_', '/'),
    `.${accessToken}`,
    `${header}..${payload}.${signature}`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `.${payload}.${signature}`,
    '..',
    accessToken.slice(0, -1),
    accessToken.toUpperCase(),
    encodeURIComponent(`${accessToken}=`),
    `"${accessToken}"`,
    `${accessToken},${accessToken}`,
  ].filter((spelling) => spelling !== accessToken);
  for (const spelling of spellings) {
    t.equal(await askToken(spelling), '401 TOKEN_INVALID', spelling.slice(-20));
  }
});

t.test(
  'the mirror image of a signature, which ECDSA cannot help, is the same token to revocation',
  async (t) => {
    const first = await signUp(gateway);
    const { header, payload, signature } = parts(first.accessToken);
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const bytes = Buffer.from(signature, 'base64url');
    const s = order - BigInt(`0x${bytes.toString('hex', 32)}`);
    const mirrored = Buffer.concat([
      bytes.subarray(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
    ]);
    const twin = `${header}.${payload}.${mirrored.toString('base64url')}`;
    t.equal(await askToken(twin), first.user.id);
    await gateway.graphql(operations.logout, { input: { refreshToken: first.refreshToken } });
    t.equal(await askToken(twin), '401 SESSION_REVOKED');
    t.equal(await askToken(first.accessToken), '401 SESSION_REVOKED');
  },
);

t.test('an encrypted token is refused without a look at it', async (t) => {
  const enc = encode({
    alg: 'PBES2-HS256+A128KW',
    enc: 'A128GCM',
    zip: 'DEF',
    p2c: 2_000_000_000,
    p2s: 'AAAA',
  });
  t.equal(await askToken(`${enc}.AAAA.AAAA.AAAA.AAAA`), '401 TOKEN_INVALID');
  t.equal(await askToken(`${enc}....`), '401 TOKEN_INVALID');
  const header = { alg: 'dir', enc: 'A128GCM', kid: parts(person.accessToken).head.kid, typ: 'at+jwt' };
  t.equal(await askToken(`${encode(header)}..AAAA.AAAA.AAAA`), '401 TOKEN_INVALID');
});

t.test('an access token is no refresh token, and the other way round', async (t) => {
  const first = await signUp(gateway);
  const { data } = await gateway.graphql(operations.refreshSession, {
    input: { refreshToken: first.accessToken },
  });
  t.equal(data.refreshSession.code, 'REFRESH_TOKEN_INVALID');
  t.equal(await askToken(first.refreshToken), '401 TOKEN_INVALID');
  t.equal(await askToken(`${first.refreshToken}.AAAA.AAAA`), '401 TOKEN_INVALID');
});

t.test('an access token counts in the Authorization header only', async (t) => {
  const query = `?query={me{id}}&access_token=${person.accessToken}&authorization=Bearer%20${person.accessToken}`;
  const asked = await gateway.inject({
    url: `/graphql${query}`,
    headers: { 'x-mercurius-operation-name': 'x' },
  });
  t.equal(asked.statusCode, 401);
  const elsewhere = {
    cookie: `access_token=${person.accessToken}`,
    'x-authorization': `Bearer ${person.accessToken}`,
  };
  const { status, errors } = await gateway.graphql(operations.me, {}, { headers: elsewhere });
  t.match({ status, errors }, { status: 401, errors: [{ extensions: { reason: 'MISSING' } }] });
});

t.test('a good token of a session that is not there is refused', async (t) => {
  const sid = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
  t.equal(await askToken(await forge({ claims: { sid } })), '401 SESSION_REVOKED');
});

t.test('whatever stands in the Authorization header, the answer is a 401 and never a 500', async (t) => {
  const { header, payload, signature } = parts(person.accessToken);
  const headers = [
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'bearer',
    'Basic YTpi',
    'Digest a=b',
    'Bearer\t',
    'BearerX',
    'null',
    'undefined',
    '[object Object]',
    'Bearer {}',
    'Bearer []',
    'Bearer ...',
    'Bearer a.b.c',
    'Bearer e30.e30.e30',
    'Bearer bnVsbA.bnVsbA.bnVsbA',
    `Token ${person.accessToken}`,
    `Basic ${person.accessToken}`,
    person.accessToken,
    `Bearer${person.accessToken}`,
    `Bearer ${person.accessToken} ${person.accessToken}`,
    `Bearer ${person.accessToken}, Basic YTpi`,
    `Bearer ${'A'.repeat(15_000)}`,
    `Bearer ${'A.'.repeat(7_000)}`,
    `Bearer ${encode('['.repeat(9_000))}.AAAA.AAAA`,
    ...[
      'null',
      '1',
      '"x"',
      '[]',
      '{',
      '{}',
      '{"alg":{}}',
      '{"alg":"ES256"}',
      '{"__proto__":{"alg":"ES256"}}',
      '\ufeff{}',
      '{"alg":"ES256","alg":"none"}',
    ].map((json) => `Bearer ${encode(json)}.${payload}.${signature}`),
    ...[0xff, 0xc0, 0x00].map(
      (byte) => `Bearer ${Buffer.from([123, byte, 125]).toString('base64url')}.${payload}.${signature}`,
    ),
    ...['', 'A', 'AA', 'AAAA', 'A'.repeat(85), 'A'.repeat(87), 'A'.repeat(128)].map(
      (end) => `Bearer ${header}.${payload}.${end}`,
    ),
  ];
  // A reproducible source of noise.
  let seed = 42;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  for (let turn = 0; turn < 300; turn += 1) {
    const bytes = Array.from({ length: random(80) }, () =>
      String.fromCharCode(random(2) ? 32 + random(95) : random(256)),
    );
    headers.push(`${random(2) ? 'Bearer ' : ''}${bytes.join('')}`);
    const noisy = [...`Bearer ${person.accessToken}`];
    noisy[random(noisy.length)] = String.fromCharCode(random(256));
    noisy.splice(random(noisy.length), random(3), ...(random(2) ? ['.'] : []));
    headers.push(noisy.join(''));
  }
  const answers = new Set<string>();
  for (const authorization of headers.filter((text) => !isGood(text)))
    answers.add((await ask(authorization)).replace(/ \?$/, ''));
  t.strictSame(
    [...answers].filter((answer) => !['401 TOKEN_INVALID', '401 MISSING'].includes(answer)),
    [],
  );
  t.notOk(
    gateway.log.some((line) => JSON.parse(line).level >= 50),
    'nothing unexpected was logged',
  );
});

/** Noise may leave a good token behind, as in another case of `Bearer`. */
function isGood(text: string): boolean {
  return /^bearer +/i.test(text) && text.replace(/^bearer +/i, '') === person.accessToken;
}

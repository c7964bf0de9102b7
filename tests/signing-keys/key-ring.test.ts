import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import t, { type Test } from 'tap';
import { KeyRing } from '../../src/signing-keys/key-ring.js';
import { type RotationReason, rotateKeys } from '../../src/signing-keys/rotate-keys.js';
import { deriveSubkeys } from '../../src/tokens/secret-key.js';
import { build, type Gateway, operations, type SignedIn, signUp } from '../helper.js';

const someday = new Date('2100-01-01');

/** Moves every key so far into the past: what is due by age is due. */
async function age({ sql }: Gateway, time = '31 days') {
  await sql`update signing_keys set published_at = published_at - ${time}::interval,
    activated_at = activated_at - ${time}::interval`;
}

function rotateInDatabase({ app, config }: Gateway, reason: RotationReason) {
  const subkeys = deriveSubkeys('signing-key', config.secretKey);
  return rotateKeys(app.tools.db, config, subkeys, reason);
}

async function ask(at: Gateway, token: string) {
  const { status, errors } = await at.graphql(operations.me, {}, { token });
  return errors ? `${status} ${errors[0].extensions.reason}` : String(status);
}

async function refresh(at: Gateway, { refreshToken }: SignedIn): Promise<SignedIn> {
  const { data, body } = await at.graphql(operations.refreshSession, { input: { refreshToken } });
  if (data.refreshSession.__typename !== 'SessionTokens') throw new Error(`refresh failed: ${body}`);
  return data.refreshSession;
}

function headOf(token: string): { kid: string; alg: string } {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
}

/** A token of the right form by a key of one's own. */
function forge(privateKey: KeyObject, kid: string, like: string) {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid, typ: 'at+jwt' })).toString('base64url');
  const signed = `${header}.${like.split('.')[1]}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** Shifts the clock that does not jump: the one by which the ring looks for new keys at most so often. */
function passSeconds(t: Test, seconds: number) {
  const real = performance.now.bind(performance);
  t.intercept(performance, 'now', { value: () => real() + seconds * 1000 });
}

t.test('keys rotate under traffic at two replicas, and no token is refused', async (t) => {
  const one = await build(t);
  const two = await build(t, {}, one);
  let going = true;
  let answers = 0;
  const refusals: string[] = [];
  const issued = new Map<string, string>();
  const drive = async (signing: Gateway, asked: Gateway) => {
    let tokens = await signUp(signing);
    while (going) {
      issued.set(headOf(tokens.accessToken).kid, tokens.accessToken);
      const answer = await ask(asked, tokens.accessToken);
      if (answer !== '200') refusals.push(answer);
      answers += 1;
      tokens = await refresh(signing, tokens);
    }
  };
  const traffic = [drive(one, two), drive(two, one), drive(one, one), drive(two, two)];
  const more = async (count: number) => {
    const enough = answers + count;
    while (answers < enough) await new Promise(setImmediate);
  };
  for (let rotation = 0; rotation < 4; rotation += 1) {
    await more(20);
    await age(one);
    const [first, second] = rotation % 2 ? [one, two] : [two, one];
    await first.app.tools.keys.rotate();
    await more(20);
    await second.app.tools.keys.rotate();
  }
  await more(20);
  going = false;
  await Promise.all(traffic);
  t.strictSame(refusals, []);
  t.equal(issued.size, 5, 'each of five keys has signed');
  for (const token of issued.values()) {
    t.equal(await ask(one, token), '200');
    t.equal(await ask(two, token), '200', 'what a retiring key has signed is good until it expires');
  }

  // Its last token has expired by now: the oldest key goes.
  const before = one.app.tools.keys.keySet.keys.length;
  await one.sql`update signing_keys set retired_at = retired_at - interval '17 minutes'
    where kid = (select kid from signing_keys order by published_at limit 1)`;
  await one.app.tools.keys.rotate();
  t.equal(one.app.tools.keys.keySet.keys.length, before - 1);
});

t.test('a key is published by every replica before it signs at any', async (t) => {
  const one = await build(t);
  const { accessToken } = await signUp(one);
  const [next] = one.app.tools.keys.keySet.keys.filter(({ kid }) => kid !== headOf(accessToken).kid);
  await one.sql`update signing_keys set activated_at = activated_at - interval '31 days'`;
  await one.app.tools.keys.rotate();
  t.equal(headOf((await signUp(one)).accessToken).kid, headOf(accessToken).kid, 'published a moment ago');
  await age(one, '10 minutes');
  await one.app.tools.keys.rotate();
  t.equal(headOf((await signUp(one)).accessToken).kid, next?.kid);
});

t.test('a key that nobody could hear of is looked for once, by all who ask meanwhile', async (t) => {
  const one = await build(t);
  const two = await build(t, {}, one);
  // Without a next key a compromise leaves no time to publish one ahead.
  await one.sql`delete from signing_keys where activated_at is null`;
  await rotateInDatabase(one, 'compromised');
  await one.app.tools.keys.reload();
  const { accessToken } = await signUp(one);
  t.equal(await ask(two, accessToken), '401 TOKEN_INVALID', 'it has only just read its keys');
  passSeconds(t, 5);
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask(two, accessToken)));
  t.strictSame([...new Set(answers)], ['200']);
});

t.test('a flood of unknown kids makes the ring read its keys once in five seconds', async (t) => {
  const gateway = await build(t);
  let reads = 0;
  const counting = new Proxy(gateway.app.tools.db, {
    get(db, name, receiver) {
      if (name === 'select') reads += 1;
      return Reflect.get(db, name, receiver);
    },
  });
  const ring = await KeyRing.open(counting, gateway.config);
  reads = 0;
  const { accessToken } = await signUp(gateway);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const flood = async () => {
    const tokens = Array.from({ length: 200 }, () => forge(privateKey, randomUUID(), accessToken));
    const answers = new Set(await Promise.all(tokens.map((token) => ring.verify(token))));
    return `${[...answers].join()} after ${reads} reads`;
  };
  t.equal(await flood(), 'invalid after 0 reads');
  for (const round of [1, 2, 3]) {
    passSeconds(t, 5);
    t.equal(await flood(), `invalid after ${round} reads`);
    t.equal(await flood(), `invalid after ${round} reads`);
  }
  t.type(await ring.verify(accessToken), 'object', 'good ones are not held up');
});

t.test(
  'after a compromise what the key has signed is refused at once, and nobody is signed out',
  async (t) => {
    const one = await build(t);
    const two = await build(t, {}, one);
    const person = await signUp(one);
    for (const at of [one, two]) t.equal(await ask(at, person.accessToken), '200');
    await rotateInDatabase(one, 'compromised');
    await one.app.tools.keys.reload();
    t.equal(await ask(one, person.accessToken), '401 TOKEN_INVALID', 'remembered as it was');
    t.equal(await ask(two, person.accessToken), '200', 'until it hears of it');
    await two.app.tools.keys.rotate();
    t.equal(await ask(two, person.accessToken), '401 TOKEN_INVALID');
    const { accessToken } = await refresh(two, person);
    for (const at of [one, two]) t.equal(await ask(at, accessToken), '200');
    t.notOk(one.app.tools.keys.keySet.keys.some(({ kid }) => kid === headOf(person.accessToken).kid));
  },
);

t.test('a token that is being verified while its key goes is not remembered beyond it', async (t) => {
  const gateway = await build(t);
  const { keys } = gateway.app.tools;
  const claims = { sub: randomUUID(), sid: randomUUID(), client_id: 'app', auth_time: 0, amr: ['pwd'] };
  const tokens = await Promise.all(
    Array.from({ length: 100 }, async () => (await keys.sign(claims, someday)).accessToken),
  );
  await rotateInDatabase(gateway, 'compromised');
  let reading = true;
  const read = keys.reload().then(() => {
    reading = false;
  });
  const asked: Promise<unknown>[] = [];
  for (let turn = 0; reading; turn += 1) {
    asked.push(keys.verify(tokens[turn % tokens.length] ?? ''));
    await new Promise(setImmediate);
  }
  await Promise.all([read, ...asked]);
  for (const token of tokens) {
    if ((await keys.verify(token)) !== 'invalid') t.fail('a token of a key that is gone');
  }
  t.ok(asked.length > 0);
});

t.test('with the database away the ring goes on, and catches up when it is back', async (t) => {
  const gateway = await build(t, { DATABASE_TIMEOUT_MS: '1000' });
  const { keys } = gateway.app.tools;
  const { accessToken } = await signUp(gateway);
  const before = JSON.stringify(keys.keySet);
  const blocker = await gateway.sql.reserve();
  await blocker`begin`;
  await blocker`lock signing_keys`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const unknown = forge(privateKey, 'unknown', accessToken);
  const failing = [keys.rotate(), keys.reload(), keys.rotate()];
  const asked = gateway.graphql(operations.me, {}, { token: unknown });
  t.equal(await ask(gateway, accessToken), '200');
  const claims = { sub: randomUUID(), sid: randomUUID(), client_id: 'app', auth_time: 0, amr: [] };
  t.match(await keys.verify((await keys.sign(claims, someday)).accessToken), claims);
  t.equal(JSON.stringify(keys.keySet), before);
  for (const attempt of failing) await t.rejects(attempt);
  const { status, errors } = await asked;
  t.match({ status, errors }, { status: 503, errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
  await blocker`rollback`;
  blocker.release();

  await age(gateway);
  await keys.rotate();
  t.not(headOf((await signUp(gateway)).accessToken).kid, headOf(accessToken).kid);
  t.equal(await ask(gateway, accessToken), '200');
});

t.test(
  'what was signed before the clock was set back is refused, remembered or not, what is signed after is good',
  async (t) => {
    const { keys } = (await build(t)).app.tools;
    const claims = { sub: randomUUID(), sid: randomUUID(), client_id: 'app', auth_time: 0, amr: ['pwd'] };
    const { accessToken: early } = await keys.sign(claims, someday);
    const { accessToken: remembered } = await keys.sign(claims, someday);
    t.match(await keys.verify(remembered), claims);
    const real = Date.now;
    t.intercept(Date, 'now', { value: () => real() - 300_000 });
    for (const token of [early, remembered]) t.equal(await keys.verify(token), 'invalid');
    t.match(await keys.verify((await keys.sign(claims, someday)).accessToken), claims);
  },
);

t.test('private keys cannot be read from the database, nor moved within it', async (t) => {
  const gateway = await build(t);
  const rows = await gateway.sql`select * from signing_keys`;
  t.equal(rows.length, 2);
  for (const row of rows) {
    t.strictSame(Object.keys(row.public_jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    t.notMatch(Buffer.from(row.sealed_private_jwk, 'base64url').toString('latin1'), /"d"|kty/);
  }
  await gateway.sql`update signing_keys as one set sealed_private_jwk = two.sealed_private_jwk
    from signing_keys as two where one.kid <> two.kid`;
  await t.rejects(gateway.app.tools.keys.rotate());
  await t.rejects(gateway.app.tools.keys.reload());
  await t.rejects(build(t, {}, gateway), 'no gateway starts on them');
  t.equal((await signUp(gateway)).accessToken.split('.').length, 3, 'one that runs goes on');
});

t.test('who writes a key into the database has no key', async (t) => {
  const gateway = await build(t);
  const person = await signUp(gateway);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { keys } = gateway.app.tools;
  const token = forge(privateKey, 'planted', person.accessToken);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'planted', alg: 'ES256', use: 'sig' };
  await gateway.sql`insert into signing_keys (kid, algorithm, public_jwk, sealed_private_jwk)
    select 'planted', algorithm, ${gateway.sql.json(jwk as never)}, sealed_private_jwk from signing_keys limit 1`;
  await t.rejects(keys.reload());
  t.equal(await ask(gateway, token), '401 TOKEN_INVALID');
  await gateway.sql`delete from signing_keys where kid = 'planted'`;

  // Under a kid of ours, in the place of its public half.
  const { kid } = headOf(person.accessToken);
  await gateway.sql`update signing_keys set public_jwk = ${gateway.sql.json({ ...jwk, kid } as never)} where kid = ${kid}`;
  await t.rejects(keys.reload());
  t.equal(await ask(gateway, forge(privateKey, kid, person.accessToken)), '401 TOKEN_INVALID');
  t.notOk(
    keys.keySet.keys.some(({ x }) => x === jwk.x),
    'nor is it published',
  );
});

t.test('the algorithm changes by rotation, with no refusal', async (t) => {
  const one = await build(t);
  const person = await signUp(one);
  const two = await build(t, { TOKEN_ALGORITHM: 'EdDSA' }, one);
  t.equal(headOf((await signUp(two)).accessToken).alg, 'ES256', 'the new key is not known to all yet');
  await one.app.tools.keys.reload();
  await age(one, '10 minutes');
  await two.app.tools.keys.rotate();
  const { accessToken } = await signUp(two);
  t.match(headOf(accessToken), { alg: 'EdDSA' });
  for (const at of [one, two]) {
    t.equal(await ask(at, accessToken), '200');
    t.equal(await ask(at, person.accessToken), '200');
  }
});

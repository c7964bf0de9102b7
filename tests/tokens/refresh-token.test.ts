import { createHmac, randomBytes } from 'node:crypto';
import t from 'tap';
import { makeRefreshToken, readRefreshToken } from '../../src/tokens/refresh-token.js';
import { deriveSubkeys } from '../../src/tokens/secret-key.js';
import { build, type Gateway, operations, signUp } from '../helper.js';

const gateway = await build(t);
const { sql } = gateway;

async function refresh(refreshToken: string, at = gateway) {
  const { status, data } = await at.graphql(operations.refreshSession, { input: { refreshToken } });
  return { status, ...data.refreshSession };
}

async function readClock(): Promise<string> {
  const [row] = await sql`select clock_timestamp()::text as now`;
  return row?.now;
}

/** What the gateways on this database have asked last since a moment, but for messages, which are looked after all the time. */
async function statementsSince(moment: string): Promise<string[]> {
  const rows = await sql`select query from pg_stat_activity
    where datname = current_database() and application_name = 'darwaza' and query_start > ${moment}::timestamptz
      and query not like '%"deliveries"%' and query not in ('begin', 'commit', 'rollback')`;
  return rows.map(({ query }) => query);
}

function bytesOf(token: string) {
  return Buffer.from(token.slice(4), 'base64url');
}

function tokenOf(bytes: Buffer) {
  return `dwr_${bytes.toString('base64url')}`;
}

t.test('a refresh token is opaque, of one length, for a URL and a header', async (t) => {
  const { refreshToken, session } = await signUp(gateway);
  t.match(refreshToken, /^dwr_[\w-]{75}$/);
  const bytes = bytesOf(refreshToken);
  t.equal(bytes.length, 4 + 16 + 4 + 32);
  t.equal(bytes.toString('hex', 4, 20), session.id.replaceAll('-', ''));
});

t.test('what is not ours is refused without a single statement', async (t) => {
  const { refreshToken, session } = await signUp(gateway);
  const { refreshToken: other } = await signUp(gateway);
  const bytes = bytesOf(refreshToken);
  const forgeries: string[] = [];
  // Each byte changed, and each bit of the count.
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
    forgeries.push(tokenOf(changed));
  }
  for (let bit = 0; bit < 32; bit += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt32BE((changed.readUInt32BE(20) ^ (1 << bit)) >>> 0, 20);
    forgeries.push(tokenOf(changed));
  }
  // Cut, drawn out, put together from two, made under another key or for another use of the same key.
  for (let length = 0; length < refreshToken.length; length += 1)
    forgeries.push(refreshToken.slice(0, length));
  const subject = { sessionId: session.id, count: 1 };
  const { secretKey } = gateway.config;
  forgeries.push(
    `${refreshToken}A`,
    refreshToken + refreshToken,
    tokenOf(Buffer.concat([bytesOf(other).subarray(0, 24), bytes.subarray(24)])),
    tokenOf(Buffer.concat([bytes.subarray(0, 24), bytesOf(other).subarray(24)])),
    makeRefreshToken(deriveSubkeys('refresh-token', randomBytes(32)), subject),
    makeRefreshToken(deriveSubkeys('subject', secretKey), subject),
    makeRefreshToken(deriveSubkeys('signing-key', secretKey), subject),
    tokenOf(underKnownId(bytes, Buffer.alloc(0))),
    tokenOf(underKnownId(bytes, secretKey)),
    tokenOf(Buffer.alloc(56)),
  );
  // Other spellings of a good one.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(refreshToken.at(-1) ?? '');
  for (const low of [1, 2, 3]) forgeries.push(refreshToken.slice(0, -1) + alphabet[last ^ low]);
  for (const end of ['=', '==', ' ', '\n', '\0', '\t', '.', ';', '%3D']) forgeries.push(refreshToken + end);
  const body = refreshToken.slice(4);
  forgeries.push(` ${refreshToken}`, `\n${refreshToken}`, body, `DWR_${body}`, `dwr-${body}`, `dwr_ ${body}`);
  forgeries.push(
    refreshToken.toLowerCase(),
    refreshToken.toUpperCase(),
    encodeURIComponent(`${refreshToken}=`),
  );
  forgeries.push(
    `dwr_${bytes.toString('base64')}`,
    `dwr_${bytes.toString('hex')}`,
    'null',
    "' or true --",
    'é'.repeat(79),
  );
  forgeries.push('x'.repeat(20_000), `dwr_${'A'.repeat(20_000)}`);

  const before = await readClock();
  const codes = new Set<string>();
  const answers = new Set<string>();
  for (const token of forgeries.filter((token) => token !== refreshToken)) {
    codes.add((await refresh(token)).code);
    const { body: answer } = await gateway.graphql(operations.logout, { input: { refreshToken: token } });
    answers.add(answer);
  }
  t.strictSame([...codes], ['REFRESH_TOKEN_INVALID']);
  t.strictSame([...answers], ['{"data":{"logout":true}}']);
  t.strictSame(await statementsSince(before), [], 'the database heard nothing');

  t.equal((await refresh(refreshToken)).__typename, 'SessionTokens', 'and the real one is good');
  t.match(await statementsSince(before), [/"users"/], 'which it did hear');
});

/** The same content with a MAC by some key, under the key id that the gateway knows. */
function underKnownId(bytes: Buffer, key: Buffer) {
  const signed = bytes.subarray(0, 24);
  return Buffer.concat([signed, createHmac('sha256', key).update(signed).digest()]);
}

t.test('a genuine token of a session that was never here is refused alike', async (t) => {
  const subkeys = deriveSubkeys('refresh-token', gateway.config.secretKey);
  const sessionId = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
  t.equal((await refresh(makeRefreshToken(subkeys, { sessionId, count: 3 }))).code, 'REFRESH_TOKEN_INVALID');
});

t.test('the database holds no refresh token, nor what would make one', async (t) => {
  const { refreshToken } = await signUp(gateway);
  const key = deriveSubkeys('refresh-token', gateway.config.secretKey).current.key;
  const [dump] = await sql`select (select json_agg(s)::text from sessions s)
    || (select json_agg(e)::text from login_events e) || (select json_agg(k)::text from signing_keys k) as text`;
  const mac = bytesOf(refreshToken).subarray(24);
  for (const encoding of ['base64url', 'base64', 'hex'] as const) {
    for (const secret of [key, mac, gateway.config.secretKey])
      t.notOk(dump?.text.includes(secret.toString(encoding)));
  }
});

t.test('tokens read back what they were made of, at any count', async (t) => {
  const subkeys = deriveSubkeys('refresh-token', randomBytes(32));
  for (const count of [0, 1, 255, 65_536, 2 ** 31 - 1]) {
    const sessionId = '01234567-89ab-4cde-8f01-23456789abcd';
    const token = makeRefreshToken(subkeys, { sessionId, count });
    t.strictSame(readRefreshToken(subkeys, token), { sessionId, count });
    t.equal(makeRefreshToken(subkeys, { sessionId, count }), token);
  }
});

t.test('SECRET_KEY is replaced in three steps, and nobody is signed out', async (t) => {
  const text = (key: Buffer) => key.toString('base64url');
  const [older, newer] = [text(randomBytes(32)), text(randomBytes(32))];
  const sealedUnder = async (at: Gateway) => {
    const rows = await at.sql`select kid, sealed_private_jwk as sealed from signing_keys order by kid`;
    return rows.map(({ sealed }) => Buffer.from(sealed, 'base64url').toString('hex', 0, 4));
  };
  const idOf = (key: string) =>
    deriveSubkeys('signing-key', Buffer.from(key, 'base64url')).current.id.toString('hex');
  const me = (token: string, at: Gateway) =>
    at.graphql(operations.me, {}, { token }).then(({ status }) => status);

  const old = await build(t, { SECRET_KEY: older });
  const [first, second] = [await signUp(old), await signUp(old)];
  t.strictSame([...new Set(await sealedUnder(old))], [idOf(older)]);

  // Step one: replicas that still make by the older key learn the newer one, so that they take what others make.
  const prepared = await build(t, { SECRET_KEY: older, SECRET_KEY_PREVIOUS: newer }, old);
  // Step two, replica by replica: the newer one makes.
  const swapped = await build(t, { SECRET_KEY: newer, SECRET_KEY_PREVIOUS: older }, old);
  t.strictSame([...new Set(await sealedUnder(old))], [idOf(newer)], 'private keys are sealed anew');
  const made = await refresh(first.refreshToken, swapped);
  t.equal(made.__typename, 'SessionTokens', 'a token by the older key still works');
  t.equal(await me(first.accessToken, swapped), 200);
  const taken = await refresh(made.refreshToken, prepared);
  t.equal(
    taken.__typename,
    'SessionTokens',
    'a replica that has not swapped yet takes a token by the newer key',
  );
  t.equal(await me(made.accessToken, prepared), 200);
  const newest = await refresh(taken.refreshToken, swapped);
  await prepared.app.tools.keys.rotate();
  await swapped.app.tools.keys.rotate();
  t.strictSame([...new Set(await sealedUnder(old))], [idOf(newer)]);
  const { refreshToken: late } = await refresh(second.refreshToken, swapped);

  // Step three: without the older key.
  const alone = await build(t, { SECRET_KEY: newer }, old);
  t.equal((await refresh(newest.refreshToken, alone)).__typename, 'SessionTokens');
  t.equal((await refresh(late, alone)).__typename, 'SessionTokens');
  t.equal(await me(newest.accessToken, alone), 200);
  t.equal(
    (await refresh(second.refreshToken, alone)).code,
    'REFRESH_TOKEN_INVALID',
    'what the older key made is over',
  );
  await t.rejects(build(t, { SECRET_KEY: older }, old), /sealed/, 'the older key opens nothing any more');
});

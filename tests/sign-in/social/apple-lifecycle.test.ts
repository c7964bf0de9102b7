import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair } from 'jose';
import t from 'tap';
import { eraseAccounts } from '../../../src/accounts/erase-accounts.js';
import { resealGrants, revokeNext } from '../../../src/sign-in/social/apple-grants.js';
import { sweepRevocations } from '../../../src/sign-in/social/revocations.js';
import { deriveSubkeys, seal, open as unseal } from '../../../src/tokens/secret-key.js';
import { build, type Gateway, operations, type SignedIn, signUp } from '../../helper.js';
import {
  type Account,
  appleClient,
  type Claims,
  codeOf,
  enter as enterAt,
  googleClient,
  Provider,
  proofOf,
} from '../../provider-stand-in.js';
import { untilSomebodyWaits } from '../../statements.js';
import { someAddress } from '../magic-link/asking.js';

const apple = await Provider.open(t);
const gateway = await build(t, apple.settings);
const { sql } = gateway;

type Tokens = Pick<SignedIn, 'accessToken' | 'refreshToken' | 'user'>;
const someone = (claims: Claims = {}): Account => ({ sub: randomUUID(), ...claims });
const enter = (account: Account, more: Claims = {}, of = gateway) =>
  enterAt(of, apple, 'apple', account, more);
const link = async (
  { accessToken: token }: Tokens,
  by: 'google' | 'apple',
  account: Account,
  of = gateway,
) => {
  const input = await proofOf(of, apple, by, account);
  if (input.apple) input.apple.authorizationCode = codeOf(account);
  return (await of.graphql(operations.linkIdentity, { input }, { token })).data.linkIdentity;
};
const identityOf = async ({ sub }: Account) => {
  const [row] = await sql`select i.*, c.user_id from identities i join credentials c on c.id = i.credential_id
    where c.identifier = ${`${apple.issuer('apple')} ${sub}`}`;
  return row ?? null;
};
const secretKey = () => randomBytes(32).toString('base64url');
const until = async <T>(look: () => Promise<T | null | undefined | false>): Promise<T> => {
  for (;;) {
    const found = await look();
    if (found) return found;
    await sleep(10);
  }
};
const keptToken = (account: Account) =>
  until(async () => (await identityOf(account))?.refresh_token as string | undefined);
const deleteAccount = async ({ accessToken: token }: Tokens, of = gateway) =>
  (await of.graphql(operations.deleteAccount, {}, { token })).data.deleteAccount;
const refresh = async ({ refreshToken }: Tokens) =>
  (await gateway.graphql(operations.refreshSession, { input: { refreshToken } })).data.refreshSession;
const me = async ({ accessToken: token }: Tokens) =>
  (await gateway.graphql(operations.me, {}, { token })).data?.me ?? null;
const eraseNow = async (userId: string) => {
  await sql`update users set disabled_at = disabled_at - interval '15 days', deleted_at = deleted_at - interval '15 days'
    where id = ${userId}`;
  await eraseAccounts(gateway.app.tools.db, gateway.config);
};
const revocations = () => sql`select * from revocations order by created_at`;
const revokeAll = async (of = gateway) => {
  while (await revokeNext(of.app.tools));
};
const comeDue = () => sql`update revocations set next_try_at = now()`;

/** A person of Apple's whose grant is kept. */
async function newcomer(claims: Claims = {}, of: Gateway = gateway) {
  const account = someone(claims);
  const tokens: SignedIn = await enter(account, { authorizationCode: codeOf(account) }, of);
  const sealed = await keptToken(account);
  const { credential_id: id } = (await identityOf(account)) ?? {};
  const { plain } = unseal(of.app.tools.subkeys['provider-token'], String(id), sealed);
  return { ...tokens, account, id: String(id), sealed, token: plain };
}

/** Posts what Apple's server would. */
const post = (payload: unknown, of = gateway, headers: Record<string, string> = {}) =>
  of.inject({ method: 'POST', url: '/webhooks/apple', headers, payload: payload as object });
const tell = async (event: Claims, claims: Claims = {}, key?: CryptoKey) =>
  (await post({ payload: await apple.notice(event, claims, key) })).statusCode;

t.test('the authorization code is exchanged, and what comes of it kept sealed', async (t) => {
  const account = someone();
  const given = codeOf(account);
  const before = apple.of('/auth/token').length;
  const came = await enter(account, { authorizationCode: given });
  t.match(came, { __typename: 'SessionTokens' });
  const asked = await apple.arrival('/auth/token', before + 1);
  t.match(asked.fields, { grant_type: 'authorization_code', code: given, client_id: appleClient });
  t.notOk('redirect_uri' in asked.fields, 'a native code was given to no address');
  const { secret } = asked;
  t.match(secret, { sub: appleClient, aud: apple.issuer('apple') });
  const [iat, exp] = [Number(secret?.iat), Number(secret?.exp)];
  t.ok(Math.abs(iat - Date.now() / 1000) < 30);
  t.equal(exp - iat, 300, 'good for five minutes');
  const sealed = await keptToken(account);
  const identity = await identityOf(account);
  t.equal(identity?.client_id, appleClient);
  const subkeys = gateway.app.tools.subkeys['provider-token'];
  t.ok(apple.grants.has(unseal(subkeys, identity?.credential_id, sealed).plain));
  const stored = await sql`select to_jsonb(i)::text as row from identities i`;
  for (const grant of apple.grants) t.notOk(stored.some(({ row }) => row.includes(grant)));
  t.throws(() => unseal(subkeys, randomUUID(), sealed), 'and worth nothing in another row');
  t.notMatch(came.body, sealed);
  t.notMatch(gateway.log.join(''), new RegExp([...apple.grants].join('|')));
});

t.test('a sign-in stands whatever Apple makes of the code, and without one', async (t) => {
  for (const behaviour of [
    { status: 400 },
    { status: 503 },
    'hang-up',
    { status: 200, body: '<html>' },
    'silent',
  ] as const) {
    apple.behaviour['/auth/token'] = behaviour;
    const account = someone();
    const before = apple.of('/auth/token').length;
    const started = Date.now();
    const came = await enter(account, { authorizationCode: codeOf(account) });
    t.match(came, { __typename: 'SessionTokens' }, JSON.stringify(behaviour));
    t.ok(Date.now() - started < 3_000, 'and does not wait for it');
    await apple.arrival('/auth/token', before + 1);
    t.match(await me(came), { id: came.user.id });
    t.equal((await identityOf(account))?.refresh_token, null);
  }
  delete apple.behaviour['/auth/token'];
  const without = await enter(someone());
  t.match(without, { __typename: 'SessionTokens' });
  t.match(await enter(someone(), { authorizationCode: '' }), { __typename: 'SessionTokens' });
  t.match(await deleteAccount(without), { __typename: 'AccountDeleted' }, 'nor does a deletion need one');
  await eraseNow(without.user.id);
  t.equal((await revocations()).length, 0);
});

t.test('a code that was given to somebody else is no grant of who signed in', async (t) => {
  const account = someone();
  const before = apple.of('/auth/token').length;
  const came = await enter(account, { authorizationCode: codeOf(someone()) });
  t.match(came, { __typename: 'SessionTokens' });
  await apple.arrival('/auth/token', before + 1);
  await until(async () => gateway.log.some((line) => line.includes('is not of who signed in')));
  t.equal((await identityOf(account))?.refresh_token, null);
});

t.test('a deletion revokes the grant once the account is erased, not before', async (t) => {
  const person = await newcomer();
  const before = apple.of('/auth/revoke').length;
  t.match(await deleteAccount(person), { __typename: 'AccountDeleted' });
  await revokeAll();
  t.ok(apple.grants.has(person.token), 'it can still be taken back');
  await eraseNow(person.user.id);
  await revokeAll();
  const asked = await apple.arrival('/auth/revoke', before + 1);
  t.match(asked.fields, { token: person.token, token_type_hint: 'refresh_token', client_id: appleClient });
  t.match(asked.secret, { sub: appleClient });
  await until(async () => (await revocations()).length === 0);
  t.notOk(apple.grants.has(person.token));
});

t.test('DELETE_UNDO_DAYS=0 revokes behind the answer', async (t) => {
  const hasty = await build(t, { ...apple.settings, DELETE_UNDO_DAYS: '0' }, gateway);
  const person = await newcomer({}, hasty);
  t.match(await deleteAccount(person, hasty), { __typename: 'AccountDeleted' });
  await until(async () => !apple.grants.has(person.token));
  t.pass();
});

t.test('a deletion succeeds while Apple does not answer, and the grant is revoked later', async (t) => {
  for (const behaviour of [
    { status: 503 },
    { status: 400, body: '{"error":"invalid_client"}' },
    'hang-up',
    'silent',
  ] as const) {
    const person = await newcomer();
    apple.behaviour['/auth/revoke'] = behaviour;
    t.match(await deleteAccount(person), { __typename: 'AccountDeleted' }, JSON.stringify(behaviour));
    await eraseNow(person.user.id);
    t.equal((await sql`select from users where id = ${person.user.id}`).length, 0, 'erased all the same');
    await revokeAll();
    // The app's own round may be at it.
    const [row] = await until(async () => {
      const rows = await revocations();
      return rows[0]?.tries > 0 && rows;
    });
    t.match(row, { id: person.id, issuer: apple.issuer('apple'), client_id: appleClient, tries: 1 });
    t.ok(row?.next_try_at > new Date(), 'not again at once');
    t.notMatch(JSON.stringify(row), person.user.id, 'nothing says whose it was');
    t.notMatch(JSON.stringify(row), person.token);
    delete apple.behaviour['/auth/revoke'];
    t.equal(await revokeNext(gateway.app.tools), false);
    t.ok(apple.grants.has(person.token));
    await comeDue();
    await revokeAll();
    await until(async () => (await revocations()).length === 0);
    t.notOk(apple.grants.has(person.token));
  }
  t.match(gateway.log.join(''), 'a grant could not be revoked at Apple');
});

t.test('the waits grow to six hours, and end after a week', async (t) => {
  const person = await newcomer();
  apple.behaviour['/auth/revoke'] = { status: 503 };
  await deleteAccount(person);
  await eraseNow(person.user.id);
  const waits: number[] = [];
  for (const tries of [0, 1, 5, 20, 40]) {
    await sql`update revocations set tries = ${tries}, next_try_at = now()`;
    await revokeAll();
    const [row] = await until(async () => {
      const rows =
        await sql`select tries, extract(epoch from next_try_at - now())::int as wait from revocations`;
      return rows[0]?.tries === tries + 1 && rows;
    });
    waits.push(Math.ceil(row?.wait / 15) * 15);
  }
  t.same(waits, [15, 30, 480, 21_600, 21_600]);
  delete apple.behaviour['/auth/revoke'];
  await sql`update revocations set created_at = now() - interval '6 days'`;
  t.equal(await sweepRevocations(gateway.app.tools.db, 10), 0);
  await sql`update revocations set created_at = now() - interval '8 days'`;
  t.equal(await sweepRevocations(gateway.app.tools.db, 10), 1);
});

t.test('ten processes that revoke at once ask Apple once', async (t) => {
  const person = await newcomer();
  await deleteAccount(person);
  const before = apple.of('/auth/revoke').length;
  await eraseNow(person.user.id);
  await Promise.all(Array.from({ length: 10 }, () => revokeNext(gateway.app.tools)));
  await until(async () => (await revocations()).length === 0);
  t.equal(apple.of('/auth/revoke').length, before + 1);
});

t.test('unlinking revokes as well', async (t) => {
  const owner = await signUp(gateway);
  const account = someone();
  const linked = await link(owner, 'apple', account);
  await keptToken(account);
  const granted = apple.grants.size;
  const input = { id: linked.identity.id };
  const { data } = await gateway.graphql(operations.unlinkIdentity, { input }, { token: owner.accessToken });
  t.match(data.unlinkIdentity, { __typename: 'IdentityUnlinked' });
  await until(async () => apple.grants.size === granted - 1);
  await until(async () => (await revocations()).length === 0);
  t.match(await me(owner), { id: owner.user.id });
});

t.test('a grant that comes after its identity was unlinked is revoked too', async (t) => {
  const owner = await signUp(gateway);
  const account = someone();
  const before = apple.of('/auth/token').length;
  const granted = new Set(apple.grants);
  await sql.begin(async (tx) => {
    // Holds up the exchange where it keeps what it got.
    const linked = await link(owner, 'apple', account);
    await tx`select from identities where credential_id = ${linked.identity.id} for update`;
    await apple.arrival('/auth/token', before + 1);
    await untilSomebodyWaits(gateway);
    await tx`delete from credentials where id = ${linked.identity.id}`;
  });
  await until(async () => (await revocations()).length === 1);
  await revokeAll();
  await until(async () => (await revocations()).length === 0);
  t.same(new Set(apple.grants), granted);
});

t.test('who dies between the erasure and Apple’s answer loses nothing', async (t) => {
  const person = await newcomer();
  await deleteAccount(person);
  // Neither without the other: the erasure fails when the grant cannot be queued.
  await sql`alter table revocations add constraint never check (false) not valid`;
  await t.rejects(eraseNow(person.user.id));
  t.equal((await sql`select from users where id = ${person.user.id}`).length, 1);
  t.ok(await identityOf(person.account));
  await sql`alter table revocations drop constraint never`;

  apple.behaviour['/auth/revoke'] = 'silent';
  await eraseNow(person.user.id);
  t.equal((await revocations()).length, 1, 'queued with the erasure');
  const before = apple.of('/auth/revoke').length;
  const dying = revokeNext(gateway.app.tools);
  await apple.arrival('/auth/revoke', before + 1);
  const [row] = await revocations();
  t.ok(row?.next_try_at > new Date(), 'it comes due again by itself');
  delete apple.behaviour['/auth/revoke'];
  await comeDue();
  const replica = await build(t, apple.settings, gateway);
  await revokeAll(replica);
  await until(async () => !apple.grants.has(person.token));
  await dying;
});

t.test('without the team’s key no grant is kept, and deletions succeed', async (t) => {
  const { APPLE_PRIVATE_KEY: _, APPLE_KEY_ID: __, APPLE_TEAM_ID: ___, ...rest } = apple.settings;
  const keyless = await build(t, rest, gateway);
  const account = someone();
  const before = apple.asked.length;
  const came = await enter(account, { authorizationCode: codeOf(account) }, keyless);
  t.match(came, { __typename: 'SessionTokens' });
  t.equal((await identityOf(account))?.refresh_token, null);
  t.match(await deleteAccount(came, keyless), { __typename: 'AccountDeleted' });
  t.equal(apple.asked.length, before);
});

t.test('Apple tells that its relay stops, and goes on', async (t) => {
  const person = await newcomer({
    email: 'x1@privaterelay.appleid.com',
    email_verified: true,
    is_private_email: true,
  });
  const { sub } = person.account;
  const forwards = async () => {
    const { data } = await gateway.graphql(operations.identities, {}, { token: person.accessToken });
    return data.identities[0].forwardsMail;
  };
  const about = { sub, email: 'x1@privaterelay.appleid.com', is_private_email: 'true' };
  t.equal(await forwards(), true);
  t.equal(await tell({ type: 'email-disabled', ...about }), 200);
  t.equal(await forwards(), false);
  t.equal(await tell({ type: 'email-enabled', ...about }), 200);
  t.equal(await forwards(), true);
  t.ok(await me(person), 'the session goes on');
});

t.test('consent that is withdrawn ends the sessions, and leaves the account', async (t) => {
  const person = await newcomer();
  t.equal(await tell({ type: 'consent-revoked', sub: person.account.sub }), 200);
  t.equal(await me(person), null);
  t.match(await refresh(person), { code: 'SESSION_REVOKED' });
  t.match(
    await identityOf(person.account),
    { refresh_token: null, client_id: null },
    'the grant is gone by itself',
  );
  const back = await enter(person.account, { authorizationCode: codeOf(person.account) });
  t.equal(back.user.id, person.user.id, 'consenting again leads to the same account');
  await keptToken(person.account);
});

for (const type of ['account-delete', 'account-deleted']) {
  t.test(`${type}: the account is closed with its last way in`, async (t) => {
    const alone = await newcomer();
    t.equal(await tell({ type, sub: alone.account.sub }), 200);
    t.equal(await me(alone), null);
    t.match(await refresh(alone), { code: 'SESSION_REVOKED' });
    t.equal(await identityOf(alone.account), null);
    const [row] = await sql`select disabled_at, deleted_at from users where id = ${alone.user.id}`;
    t.ok(row?.deleted_at, 'as if its owner had deleted it');
    t.same(row?.deleted_at, row?.disabled_at);
    const heir = await enter(alone.account);
    t.not(heir.user.id, alone.user.id);
    await eraseNow(alone.user.id);
    t.equal((await sql`select from users where id = ${alone.user.id}`).length, 0);
    t.equal((await revocations()).length, 0, 'there is no grant left to revoke');

    const both = await newcomer();
    const google = someone();
    t.match(await link(both, 'google', google), { __typename: 'IdentityLinked' });
    t.equal(await tell({ type, sub: both.account.sub }), 200);
    t.equal(await me(both), null);
    t.equal(await identityOf(both.account), null, 'else the identity goes alone');
    t.equal((await enterAt(gateway, apple, 'google', google)).user.id, both.user.id);
  });
}

t.test('a relay address goes with its Apple account, and is no way in that is left', async (t) => {
  const relay = { email: 'x2@privaterelay.appleid.com', email_verified: true, is_private_email: true };
  const person = await newcomer(relay);
  t.equal(person.user.email, relay.email);
  t.equal(await tell({ type: 'account-deleted', sub: person.account.sub }), 200);
  const [row] = await sql`select deleted_at from users where id = ${person.user.id}`;
  t.ok(row?.deleted_at, 'nobody would ever get in again');

  const own = await newcomer({ email: someAddress(), email_verified: true });
  t.equal(await tell({ type: 'account-deleted', sub: own.account.sub }), 200);
  const [still] = await sql`select deleted_at from users where id = ${own.user.id}`;
  t.equal(still?.deleted_at, null, 'a mailbox of their own is');
});

t.test('an account that is closed already is not taken back without a way in', async (t) => {
  const person = await newcomer();
  t.match(await deleteAccount(person), { __typename: 'AccountDeleted' });
  const { restoreToken } = await enter(person.account);
  t.equal(await tell({ type: 'account-deleted', sub: person.account.sub }), 200);
  const { data } = await gateway.graphql(operations.restoreAccount, { input: { restoreToken } });
  t.match(data.restoreAccount, { code: 'CHALLENGE_GONE' });
  await eraseNow(person.user.id);
  t.equal((await sql`select from users where id = ${person.user.id}`).length, 0);
});

t.test('a notice counts once, also when twenty come at once', async (t) => {
  const person = await newcomer();
  const { sub } = person.account;
  const payload = await apple.notice({ type: 'consent-revoked', sub }, { jti: 'once' });
  const came = await Promise.all(Array.from({ length: 20 }, () => post({ payload })));
  t.same(
    came.map(({ statusCode }) => statusCode),
    came.map(() => 200),
    'Apple is told that it was taken',
  );
  t.equal((await sql`select from notices where jti = 'once'`).length, 1);
  const back = await enter(person.account);
  t.equal((await post({ payload })).statusCode, 200);
  t.ok(await me(back), 'a repetition ends nothing');
  t.equal(
    await tell({ type: 'consent-revoked', sub }, { jti: 'once' }),
    200,
    'nor does another text of the same name',
  );
  t.ok(await me(back));
});

t.test('events come as text, as documented, and as an object, as seen', async (t) => {
  const person = await newcomer();
  const event = { type: 'email-disabled', sub: person.account.sub };
  t.equal(await tell({}, { events: event }), 200);
  t.ok((await identityOf(person.account))?.mail_stopped_at);
  t.equal(await tell({}, { events: JSON.stringify({ ...event, type: 'email-enabled' }) }), 200);
  t.equal((await identityOf(person.account))?.mail_stopped_at, null);
});

t.test('what tells of nobody here, or nothing known, changes nothing', async (t) => {
  const person = await newcomer();
  const { sub } = person.account;
  for (const event of [
    { type: 'account-delete', sub: 'nobody' },
    { type: 'invented-later', sub },
    { type: 'constructor', sub },
    { type: '', sub },
  ]) {
    t.equal(await tell(event), 200, JSON.stringify(event));
  }
  t.ok(await me(person));
  t.ok(await identityOf(person.account));
});

t.test('what is not Apple’s is refused, and does nothing', async (t) => {
  const person = await newcomer();
  const event = { type: 'account-delete', sub: person.account.sub };
  const { privateKey } = await generateKeyPair('RS256');
  const now = Math.floor(Date.now() / 1000);
  const good = await apple.notice(event);
  const [header = '', claims = '', signature = ''] = good.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const foreign = JSON.stringify(event);
  const payloads: [string, unknown][] = [
    ['another key', await apple.notice(event, {}, privateKey)],
    ['alg none', `${none}.${claims}.`],
    ['no signature', `${header}.${claims}.`],
    ['a changed signature', `${header}.${claims}.${signature.slice(0, -4)}AAAA`],
    ['another audience', await apple.notice(event, { aud: 'com.evil.app' })],
    ['no audience', await apple.notice(event, { aud: undefined })],
    ['Google’s audience', await apple.notice(event, { aud: googleClient })],
    ['another issuer', await apple.notice(event, { iss: 'https://evil.example' })],
    ['Google as issuer, by its own key', await apple.notice(event, { iss: apple.issuer('google') })],
    ['eight days old', await apple.notice(event, { iat: now - 8 * 86_400 })],
    ['of tomorrow', await apple.notice(event, { iat: now + 86_400 })],
    ['lapsed', await apple.notice(event, { exp: now - 3600 })],
    ['no iat', await apple.notice(event, { iat: undefined })],
    ['no jti', await apple.notice(event, { jti: undefined })],
    ['an empty jti', await apple.notice(event, { jti: '' })],
    ['a jti that is no text', await apple.notice(event, { jti: 1 })],
    ['no events', await apple.notice(event, { events: undefined })],
    ['events that are not JSON', await apple.notice(event, { events: '{' })],
    ['events of null', await apple.notice(event, { events: 'null' })],
    ['events of a list', await apple.notice(event, { events: '[]' })],
    ['no sub', await apple.notice({ type: 'account-delete' })],
    ['no type', await apple.notice({ sub: event.sub })],
    ['an identity token', await apple.apple({ ...person.account, nonce: 'n' })],
    ['the event alone', foreign],
    ['nothing', ''],
    ['a number', 1],
    ['an object', { payload: good }],
    ['a list', [good]],
    ['null', null],
    ['long', 'a.'.repeat(5_000)],
  ];
  for (const [what, payload] of payloads) t.equal((await post({ payload })).statusCode, 403, what);
  t.equal((await post({})).statusCode, 403, 'no payload');
  t.equal((await post([good])).statusCode, 403, 'a list for a body');
  const json = { 'content-type': 'application/json' };
  for (const body of ['not JSON', '{"payload":', '']) {
    const { statusCode } = await post(body, gateway, json);
    t.ok(statusCode >= 400 && statusCode < 500, `${JSON.stringify(body)}: ${statusCode}`);
  }
  t.equal((await post('null', gateway, json)).statusCode, 403);
  t.equal((await post(good, gateway, { 'content-type': 'text/plain' })).statusCode, 403);
  t.equal(
    (await post(`payload=${good}`, gateway, { 'content-type': 'application/x-www-form-urlencoded' }))
      .statusCode,
    415,
  );
  t.equal((await post(JSON.stringify({ payload: 'a'.repeat(40_000) }), gateway, json)).statusCode, 413);
  t.match((await gateway.inject({ url: '/webhooks/apple' })).statusCode, 405);
  t.ok(await me(person));
  t.ok(await identityOf(person.account));
  t.equal((await post({ payload: good })).statusCode, 200, 'the same, unchanged');
  t.equal(await identityOf(person.account), null);
});

t.test('while Apple’s keys cannot be fetched, Apple is asked to come again', async (t) => {
  const away = await Provider.open(t);
  const fresh = await build(t, away.settings);
  away.publishes = false;
  const payload = await away.notice({ type: 'consent-revoked', sub: 'x' });
  const { statusCode, headers } = await post({ payload }, fresh);
  t.equal(statusCode, 503);
  t.ok(Number(headers['retry-after']) > 0);
  t.equal((await fresh.sql`select from notices`).length, 0);
});

t.test('a gateway without Apple has no such address', async (t) => {
  const { APPLE_CLIENT_IDS: _, ...settings } = apple.settings;
  const without = await build(t, settings);
  t.equal((await post({ payload: 'a' }, without)).statusCode, 404);
});

// The last: from here on the keys in the database are sealed under another SECRET_KEY than the gateway’s.
t.test(
  'SECRET_KEY replaced: grants are sealed anew, and can be revoked when the old one is gone',
  async (t) => {
    const people = await Promise.all([newcomer(), newcomer(), newcomer()]);
    const [first, lost] = people;
    const keys = {
      SECRET_KEY: secretKey(),
      SECRET_KEY_PREVIOUS: gateway.config.secretKey.toString('base64url'),
    };
    // One that was sealed under a key before both.
    const foreign = deriveSubkeys('provider-token', Buffer.from(secretKey(), 'base64url'));
    const unopened = seal(foreign, lost.id, lost.token);
    await sql`update identities set refresh_token = ${unopened} where credential_id = ${lost.id}`;
    const replacing = await build(t, { ...apple.settings, ...keys }, gateway);
    // By itself, as soon as it listens.
    await replacing.app.listen({ host: '127.0.0.1', port: 0 });
    await until(async () => replacing.log.some((line) => line.includes('cannot be opened')));
    const [alarm, ...more] = replacing.log.filter((line) => line.includes('cannot be opened'));
    t.match(JSON.parse(alarm ?? '{}'), { level: 50, unopened: 1 });
    t.same(more, []);
    const tokens = async () =>
      new Map(
        (await sql`select credential_id, refresh_token from identities`).map((row) => [
          row.credential_id,
          row.refresh_token,
        ]),
      );
    const once = await tokens();
    t.equal(once.get(lost.id), unopened);
    await resealGrants(replacing.app.tools);
    t.same(await tokens(), once, 'once is enough');

    const { SECRET_KEY } = keys;
    const after = await build(t, { ...apple.settings, SECRET_KEY }, gateway);
    for (const { id, sealed, token } of people.filter((person) => person !== lost)) {
      const now = String(once.get(id));
      t.not(now, sealed);
      t.equal(unseal(after.app.tools.subkeys['provider-token'], id, now).plain, token);
    }
    await sql`insert into revocations (id, issuer, client_id, refresh_token)
    select credential_id, issuer, client_id, refresh_token from identities where credential_id = ${first.id}`;
    // The gateways of the tests above look for work as well, and cannot open this one.
    await until(async () => {
      await comeDue();
      await revokeAll(after);
      return !apple.grants.has(first.token);
    });
  },
);

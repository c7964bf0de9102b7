import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { eraseAccounts } from '../../src/accounts/erase-accounts.js';
import { makeRestoreToken, type ProvedBefore, readRestoreToken } from '../../src/sessions/restore-token.js';
import { sweep } from '../../src/sweep.js';
import { deriveSubkeys, seal } from '../../src/tokens/secret-key.js';
import { randomPhone, sendOtp, verifyOtp } from '../codes.js';
import {
  build,
  type Gateway,
  goodPassword,
  operations,
  randomNetwork,
  type SignedIn,
  signUp,
} from '../helper.js';
import { MailServer } from '../mail-server.js';
import { codeOf, enter, Provider, proofOf } from '../provider-stand-in.js';
import { askForLink, open, someAddress } from '../sign-in/magic-link/asking.js';
import { roomy } from '../sign-in/password/guessing.js';
import { untilSomebodyWaits } from '../statements.js';
import { Twilio } from '../twilio-stand-in.js';

const provider = await Provider.open(t);
const mails = await MailServer.open(t);
const twilio = await Twilio.open(t);
const settings = {
  ...provider.settings,
  ...mails.environment,
  ...twilio.settings,
  ...roomy,
};
const gateway = await build(t, settings);
const { sql } = gateway;
const subkeys = gateway.app.tools.subkeys['restore-token'];

type Tokens = Pick<SignedIn, 'accessToken' | 'refreshToken'>;
const dayMs = 24 * 60 * 60 * 1000;
const deleteAccount = async ({ accessToken: token }: Tokens, of = gateway) =>
  (await of.graphql(operations.deleteAccount, {}, { token })).data.deleteAccount;
const restore = async (restoreToken: string, device?: object) => {
  const input = { restoreToken, ...(device && { device }) };
  const { data, body } = await gateway.graphql(
    operations.restoreAccount,
    { input },
    { from: randomNetwork() },
  );
  return data?.restoreAccount ?? { body };
};
const login = async (email: string, password = goodPassword) => {
  const answer = await gateway.graphql(
    operations.login,
    { input: { email, password } },
    { from: randomNetwork() },
  );
  return answer.data?.login ?? { body: answer.body };
};
const refresh = async ({ refreshToken }: Tokens) =>
  (await gateway.graphql(operations.refreshSession, { input: { refreshToken } })).data.refreshSession;
const me = ({ accessToken: token }: Tokens) => gateway.graphql(operations.me, {}, { token });
const codeFor = async (phone: string, of = gateway) => {
  const { challengeId } = await sendOtp(of, { phone, device: { id: randomUUID() } });
  return { challengeId, code: twilio.to(phone).at(-1)?.code ?? '' };
};
/** Makes a deletion look so many days older. */
const age = (userId: string, days: number) =>
  sql`update users set disabled_at = disabled_at - make_interval(days => ${days}),
    deleted_at = deleted_at - make_interval(days => ${days}) where id = ${userId}`;
const erase = () => eraseAccounts(gateway.app.tools.db, gateway.config);
const exists = async (userId: string) => (await sql`select from users where id = ${userId}`).length > 0;
const amrOf = ({ accessToken }: Tokens) =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).amr;

/** A person who can come in by password, phone, link and three providers. */
async function everyman(of: Gateway = gateway) {
  const email = someAddress();
  const phone = randomPhone();
  const name = `Asha ${randomUUID()}`;
  const owner = await signUp(of, { email, name, device: { id: randomUUID(), name: `Phone of ${name}` } });
  await open(of, await askForLink(of, mails, { email }, { token: owner.accessToken }));
  await sql`insert into credentials (user_id, kind, identifier, proved_at) values (${owner.user.id}, 'phone', ${phone}, now())`;
  const accounts = {
    google: { sub: randomUUID(), email },
    apple: { sub: randomUUID(), email },
    firebase: { sub: randomUUID() },
  };
  for (const by of ['google', 'apple', 'firebase'] as const) {
    const input = await proofOf(of, provider, by, accounts[by]);
    await of.graphql(operations.linkIdentity, { input }, { token: owner.accessToken });
  }
  return { ...owner, email, name, phone, accounts };
}
type Everyman = Awaited<ReturnType<typeof everyman>>;

/** Every way to sign in, with what the session will say of it. */
const ways: [string, string[], (person: Everyman) => Promise<Record<string, string>>][] = [
  ['PASSWORD', ['pwd'], ({ email }) => login(email)],
  [
    'OTP_WHATSAPP',
    ['otp'],
    async ({ phone }) => ({ ...(await verifyOtp(gateway, await codeFor(phone))) }) as never,
  ],
  ['MAGIC_LINK', ['otp'], async ({ email }) => open(gateway, await askForLink(gateway, mails, { email }))],
  ['GOOGLE', ['fed'], ({ accounts }) => enter(gateway, provider, 'google', accounts.google)],
  ['APPLE', ['fed'], ({ accounts }) => enter(gateway, provider, 'apple', accounts.apple)],
  ['FIREBASE', ['fed'], ({ accounts }) => enter(gateway, provider, 'firebase', accounts.firebase)],
];

t.test('a deleted account is closed at once, on every device and every way in', async (t) => {
  const person = await everyman();
  const tablet = await login(person.email);
  const deleted = await deleteAccount(person);
  t.equal(deleted.__typename, 'AccountDeleted');
  t.ok(Math.abs(Date.parse(deleted.eraseAt) - Date.now() - 14 * dayMs) < 60_000);
  for (const tokens of [person, tablet]) {
    t.match((await me(tokens)).errors, [{ extensions: { reason: 'SESSION_REVOKED' } }]);
    t.match(await refresh(tokens), { code: 'SESSION_REVOKED' }, 'as for a session that was ended');
  }
  for (const [method, , come] of ways) {
    const refused = await come(person);
    t.match(refused, { __typename: 'AuthError', code: 'ACCOUNT_DELETED', eraseAt: deleted.eraseAt }, method);
    t.match(refused.restoreToken, /^[\w-]{100,}$/, method);
  }
  t.match(await login(person.email, 'not-the-password'), { code: 'INVALID_CREDENTIALS', restoreToken: null });
  const signup = await gateway.graphql(
    operations.signup,
    { input: { email: person.email, password: goodPassword } },
    { from: randomNetwork() },
  );
  t.match(signup.data.signup, { code: 'EMAIL_TAKEN', restoreToken: null });
  const vouching = { sub: randomUUID(), email: person.email, email_verified: true };
  t.match(await enter(gateway, provider, 'google', vouching), { code: 'ACCOUNT_EXISTS' });
  t.equal(
    (await sql`select from sessions where user_id = ${person.user.id} and revoked_at is null`).length,
    0,
  );
  const events =
    await sql`select kind, method, failure from login_events where user_id = ${person.user.id} order by id`;
  t.equal(events.filter(({ kind }) => kind === 'DELETION').length, 1);
  t.equal(events.filter(({ kind }) => kind === 'REVOCATION').length, 3);
  t.same(
    events.filter(({ failure }) => failure === 'ACCOUNT_DELETED').map(({ method }) => method),
    ways.map(([method]) => method),
  );
});

t.test(
  'with SIGNUP_EMAIL_PROOF the address of a closed account gets in no more than any other that is taken',
  async (t) => {
    const person = await everyman();
    await deleteAccount(person);
    const proving = await build(t, { ...settings, SIGNUP_EMAIL_PROOF: 'true' }, gateway);
    const before = mails.mailsTo(person.email).length;
    const answer = await proving.graphql(
      operations.signup,
      { input: { email: person.email, password: goodPassword } },
      { from: randomNetwork() },
    );
    t.match(answer.data.signup, { __typename: 'EmailProofRequired' });
    const mail = await mails.mailTo(person.email, before + 1);
    t.notMatch(mail.parsed.text, /\/m\//, 'the mail has no link that proves');
  },
);

t.test('the owner takes it back by any way in, and is signed in by it', async (t) => {
  const person = await everyman();
  for (const [method, amr, come] of ways) {
    const { accessToken, refreshToken, ...rest } = method === 'PASSWORD' ? person : await login(person.email);
    t.ok(rest);
    await deleteAccount({ accessToken, refreshToken });
    const device = { id: randomUUID(), name: 'New phone' };
    const restored = await restore((await come(person)).restoreToken ?? '', device);
    t.match(
      restored,
      { __typename: 'SessionTokens', user: { id: person.user.id, name: person.name } },
      method,
    );
    t.match(restored.session, { method, device });
    t.same(amrOf(restored), amr);
    t.match((await me(restored)).data.me, { id: person.user.id });
    t.match(
      await refresh({ accessToken, refreshToken }),
      { code: 'SESSION_REVOKED' },
      'old sessions stay ended',
    );
    await sql`delete from attempts`;
  }
  const [row] = await sql`select disabled_at, deleted_at from users where id = ${person.user.id}`;
  t.match(row, { disabled_at: null, deleted_at: null });
  t.equal(
    (await sql`select from login_events where user_id = ${person.user.id} and kind = 'RESTORATION'`).length,
    ways.length,
  );
  await sql`update users set created_at = created_at - interval '30 days' where id = ${person.user.id}`;
  await erase();
  t.ok(await exists(person.user.id));
});

t.test('it is taken back once by a proof, whoever comes at once', async (t) => {
  const person = await everyman();
  await deleteAccount(person);
  const { restoreToken } = await login(person.email);
  const other = (await login(person.email)).restoreToken;
  const came = await Promise.all(Array.from({ length: 10 }, () => restore(restoreToken)));
  const codes = came.map(({ __typename, code, body }) => body ?? code ?? __typename).sort();
  t.same(codes, [...Array.from({ length: 9 }, () => 'CHALLENGE_GONE'), 'SessionTokens']);
  t.equal(
    (await sql`select from sessions where user_id = ${person.user.id} and revoked_at is null`).length,
    1,
  );
  t.match(await restore(other), { code: 'CHALLENGE_GONE' }, 'nor by another that was given');
  const tokens = came.find(({ __typename }) => __typename === 'SessionTokens');
  t.match(await deleteAccount(tokens), { __typename: 'AccountDeleted' });
  t.match(await restore(restoreToken), { code: 'CHALLENGE_GONE' }, 'a second deletion takes a second proof');
});

t.test('a token that has lapsed, was changed or made elsewhere takes nothing back', async (t) => {
  const person = await everyman();
  await deleteAccount(person);
  const { restoreToken } = await login(person.email);
  const [row] = await sql`select deleted_at from users where id = ${person.user.id}`;
  const proved: ProvedBefore = {
    userId: person.user.id,
    method: 'PASSWORD',
    amr: ['pwd'],
    deletedAt: row?.deleted_at,
  };
  const sealed = (until: number, under = 'restore', by = subkeys) =>
    seal(by, under, JSON.stringify({ ...proved, until }));
  const soon = Date.now() + 60_000;
  const stranger = deriveSubkeys('restore-token', Buffer.alloc(32, 7));
  for (const [why, token] of [
    ['lapsed', sealed(Date.now() - 1)],
    ['of another key', makeRestoreToken(stranger, proved)],
    ['of another use of the key', sealed(soon, 'something else')],
    ['sealed for providers', sealed(soon, 'restore', gateway.app.tools.subkeys['provider-token'])],
    ['of another person', makeRestoreToken(subkeys, { ...proved, userId: randomUUID() })],
    ['of another deletion', makeRestoreToken(subkeys, { ...proved, deletedAt: new Date(0) })],
    [
      'changed',
      `${restoreToken.slice(0, 60)}${restoreToken[60] === 'A' ? 'B' : 'A'}${restoreToken.slice(61)}`,
    ],
    ['cut', restoreToken.slice(0, -8)],
    ['short', 'AAAA'],
    ['empty', ''],
    ['a refresh token', person.refreshToken],
    ['an access token', person.accessToken],
    ['long', 'A'.repeat(20_000)],
    ['not base64url', '\u0000é💥'],
  ] as const) {
    t.match(await restore(token), { code: 'CHALLENGE_GONE' }, why);
  }
  t.match(await restore(restoreToken, { id: '\u0007' }), { code: 'DEVICE_INVALID' });
  t.match(await restore(sealed(soon)), { __typename: 'SessionTokens' }, 'the same, good');
});

t.test('ten minutes are what a token says', async (t) => {
  let now = Date.parse('2026-11-22T09:00:00Z');
  t.intercept(Date, 'now', { value: () => now });
  const proved: ProvedBefore = {
    userId: randomUUID(),
    method: 'GOOGLE',
    amr: ['fed'],
    deletedAt: new Date(now),
  };
  const token = makeRestoreToken(subkeys, proved);
  now += 10 * 60_000 - 1;
  t.same(readRestoreToken(subkeys, token), proved);
  now += 1;
  t.equal(readRestoreToken(subkeys, token), null);
});

t.test('a stranger who made and closed an account under an address keeps nothing of it', async (t) => {
  const email = someAddress();
  const stranger = await signUp(gateway, { email, name: 'Stranger' });
  await deleteAccount(stranger);
  const { restoreToken } = await login(email);
  const owner = await open(gateway, await askForLink(gateway, mails, { email }));
  t.match(owner, { code: 'ACCOUNT_DELETED' });
  t.match(await restore(restoreToken), { code: 'CHALLENGE_GONE' }, 'proved before the owner came');
  t.match(await login(email), { code: 'INVALID_CREDENTIALS' });
  t.match(await restore(owner.restoreToken), { user: { email, emailVerified: true, name: null } });
});

t.test('what an operator has closed since stays closed', async (t) => {
  const person = await everyman();
  await deleteAccount(person);
  const { restoreToken } = await login(person.email);
  await sql`update users set disabled_at = now() where id = ${person.user.id}`;
  t.match(await restore(restoreToken), { code: 'CHALLENGE_GONE' });
  t.match(await login(person.email), { code: 'ACCOUNT_DISABLED', restoreToken: null, eraseAt: null });
  t.equal((await sql`select from users where id = ${person.user.id} and disabled_at is null`).length, 0);
  await age(person.user.id, 15);
  await erase();
  t.notOk(await exists(person.user.id), 'and is erased as its owner wished');
});

t.test('what an operator has opened since is not erased', async (t) => {
  const person = await everyman();
  await deleteAccount(person);
  await age(person.user.id, 15);
  await sql`update users set disabled_at = null where id = ${person.user.id}`;
  await erase();
  t.ok(await exists(person.user.id));
  t.match(await login(person.email), { __typename: 'SessionTokens' });
});

/** Every row of every table that holds one of these texts, as `table: row`. */
async function traces(texts: readonly string[]): Promise<string[]> {
  const tables = await sql`select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const found: string[] = [];
  for (const { table_name: table } of tables) {
    const rows = await sql`select to_jsonb(r)::text as row from ${sql(table)} r`;
    for (const { row } of rows) if (texts.some((text) => row.includes(text))) found.push(`${table}: ${row}`);
  }
  return found;
}

t.test('after DELETE_UNDO_DAYS nothing of the person is left', async (t) => {
  const person = await everyman();
  await enter(gateway, provider, 'apple', person.accounts.apple, {
    authorizationCode: codeOf(person.accounts.apple),
    device: { name: `iPad of ${person.name}` },
  });
  await provider.arrival('/auth/token');
  await login(person.email, 'not-the-password');
  await askForLink(gateway, mails, {
    email: person.email,
    device: { id: 'd', name: `Mac of ${person.name}` },
  });
  await codeFor(person.phone);
  await gateway.graphql(operations.startPasskeyRegistration, {}, { token: person.accessToken });
  const restoreToken = await deleteAccount(person).then(async () => (await login(person.email)).restoreToken);
  const ids = (await sql`select id from credentials where user_id = ${person.user.id}`).map(({ id }) =>
    String(id),
  );
  const sessions = (await sql`select id from sessions where user_id = ${person.user.id}`).map(({ id }) =>
    String(id),
  );
  const subs = Object.values(person.accounts).map(({ sub }) => sub);
  const texts = [person.user.id, person.email, person.phone, person.name, ...ids, ...sessions, ...subs];
  const others = await everyman();
  const before = await sql`select count(*)::int as events from login_events`;
  const sent = await sql`select count(*)::int as messages from deliveries`;
  t.ok((await traces([person.email])).length > 5, 'the walk finds what is there');

  await age(person.user.id, 13);
  await erase();
  t.ok(await exists(person.user.id), 'not a day too early');
  await age(person.user.id, 1);
  // A challenge of a passkey that was not finished has its own, short life.
  await sql`update passkey_challenges set expires_at = now() - interval '1 second'`;
  await erase();
  await sweep(gateway.app.tools.db, gateway.config);
  // The token that is to be revoked at Apple is sealed, and named by the identity that was.
  t.same(
    (await traces(texts)).filter((row) => !row.startsWith('revocations:')),
    [],
  );
  t.same(
    await sql`select count(*)::int as events from login_events`,
    before,
    'events are kept for the count',
  );
  t.same(await sql`select count(*)::int as messages from deliveries`, sent, 'and so are messages');
  t.ok((await me(others)).data.me, 'others are as they were');

  t.match(await restore(restoreToken), { code: 'CHALLENGE_GONE' });
  t.match(await refresh(person), { code: 'REFRESH_TOKEN_INVALID' });
  t.match(await login(person.email), { code: 'INVALID_CREDENTIALS' });
  const heir = await signUp(gateway, { email: person.email });
  t.not(heir.user.id, person.user.id);
  t.match(heir.user, { name: null, emailVerified: false });
  const events = await gateway.graphql(operations.loginEvents, {}, { token: heir.accessToken });
  t.equal(events.data.loginEvents.edges.length, 1, 'who has the address next sees nothing of it');
  t.not((await verifyOtp(gateway, await codeFor(person.phone))).user.id, person.user.id);
});

t.test('DELETE_UNDO_DAYS=0 erases at once', async (t) => {
  const hasty = await build(t, { ...settings, DELETE_UNDO_DAYS: '0' }, gateway);
  const person = await everyman(hasty);
  const deleted = await deleteAccount(person, hasty);
  t.ok(Math.abs(Date.parse(deleted.eraseAt) - Date.now()) < 60_000);
  t.notOk(await exists(person.user.id));
  t.same(await traces([person.user.id, person.email, person.phone, person.name]), []);
  t.match(await login(person.email), { code: 'INVALID_CREDENTIALS', restoreToken: null });
  t.match((await me(person)).errors, [{ extensions: { reason: 'SESSION_REVOKED' } }]);
});

t.test('ten deletions at once: one is it', async (t) => {
  const person = await everyman();
  const came = await Promise.all(
    Array.from({ length: 10 }, () =>
      gateway.graphql(operations.deleteAccount, {}, { token: person.accessToken }),
    ),
  );
  const codes = came.map(
    ({ status, data }) => data?.deleteAccount.code ?? data?.deleteAccount.__typename ?? status,
  );
  t.equal(codes.filter((code) => code === 'AccountDeleted').length, 1, codes.join());
  t.same(
    codes.filter((code) => !['AccountDeleted', 'ACCOUNT_DISABLED', 401].includes(code)),
    [],
  );
  t.equal(
    (await sql`select from login_events where user_id = ${person.user.id} and kind = 'DELETION'`).length,
    1,
  );
});

t.test('taking back and erasing at once: one of them has it', async (t) => {
  let restored = 0;
  for (let round = 0; round < 8; round += 1) {
    const person = await signUp(gateway);
    await deleteAccount(person);
    await age(person.user.id, 15);
    const { restoreToken } = await login(person.email);
    const [took] = await Promise.all([
      restore(restoreToken),
      round % 2 === 0 ? erase() : sleep(round).then(erase),
      erase(),
    ]);
    const stands = await exists(person.user.id);
    t.equal(took.code ?? took.__typename, stands ? 'SessionTokens' : 'CHALLENGE_GONE', took.body);
    if (stands) restored += 1;
    t.match(
      await login(person.email),
      stands ? { __typename: 'SessionTokens' } : { code: 'INVALID_CREDENTIALS' },
    );
  }
  t.comment(`${restored} of 8 were taken back`);
});

t.test('a sign-in during the erasure is answered, and nobody waits for ever', async (t) => {
  const log = gateway.log.length;
  for (let round = 0; round < 3; round += 1) {
    const person = await everyman();
    await deleteAccount(person);
    await age(person.user.id, 15);
    const [code, linked] = [
      await codeFor(person.phone),
      await askForLink(gateway, mails, { email: person.email }),
    ];
    const came = Promise.all([
      login(person.email),
      login(person.email),
      enter(gateway, provider, 'google', person.accounts.google),
      enter(gateway, provider, 'apple', person.accounts.apple),
      enter(gateway, provider, 'firebase', person.accounts.firebase),
      verifyOtp(gateway, code),
      open(gateway, linked),
    ]);
    for (let i = 0; i < 5; i += 1) {
      await sleep(10);
      await erase();
    }
    for (const one of await came) {
      const outcome = one.code ?? one.__typename ?? one.body;
      t.ok(
        [
          'ACCOUNT_DELETED',
          // A code whose challenge is removed while it is checked.
          'TOO_MANY_ATTEMPTS',
          'ACCOUNT_DISABLED',
          'INVALID_CREDENTIALS',
          'CHALLENGE_GONE',
          'SessionTokens',
        ].includes(outcome),
        outcome,
      );
      if (one.__typename === 'SessionTokens') t.not(one.user.id, person.user.id);
    }
    await erase();
    t.notOk(await exists(person.user.id));
  }
  t.notMatch(gateway.log.slice(log).join(''), /deadlock|INTERNAL|40P01|23503/);
});

t.test('a login that holds the password while the account is erased is told so', async (t) => {
  const person = await signUp(gateway);
  await deleteAccount(person);
  await age(person.user.id, 15);
  let coming: Promise<{ code?: string; body?: string }> | undefined;
  let erasing: Promise<void> | undefined;
  await sql.begin(async (tx) => {
    // Holds up the login where it writes its event, after it has taken hold of the password.
    await tx`lock table login_events in share mode`;
    coming = login(person.email);
    await untilSomebodyWaits(gateway);
    erasing = erase();
    await sleep(50);
  });
  const came = await coming;
  t.match(came, { code: 'ACCOUNT_DELETED' });
  await erasing;
  t.notOk(await exists(person.user.id));
});

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import { eraseAccounts } from '../../../src/accounts/erase-accounts.js';
import { build, goodPassword, operations, randomNetwork, type SignedIn, signUp } from '../../helper.js';
import { MailServer } from '../../mail-server.js';
import { type Account, enter as enterAt, nonceOf, Provider, proofOf } from '../../provider-stand-in.js';
import { askForLink, type Linked, masked, open, someAddress } from '../magic-link/asking.js';

const provider = await Provider.open(t);
const mails = await MailServer.open(t);
const appLink = 'com.acme.app://social/';
const verifier = randomBytes(32).toString('base64url');
const third = (name: 'acme' | 'trusted') => ({ name, issuer: provider.issuer(name), clientId: name });
const gateway = await build(t, {
  ...provider.settings,
  ...mails.environment,
  APP_LINKS: appLink,
  OIDC_PROVIDERS: JSON.stringify([third('acme'), { ...third('trusted'), vouchesForEmail: true }]),
});
const { sql } = gateway;

type By = 'google' | 'apple' | 'firebase';
const enter = (by: By, account: Account, more = {}, sending = {}) =>
  enterAt(gateway, provider, by, account, more, sending);
const someone = (claims: Record<string, unknown> = {}): Account => ({ sub: randomUUID(), ...claims });
const vouched = (email: string, more = {}) => someone({ email, email_verified: true, ...more });
const prove = async (email: string, sending = {}) =>
  open(gateway, await askForLink(gateway, mails, { email, device: { id: randomUUID() } }, sending));
const login = async (email: string, password = goodPassword) =>
  (await gateway.graphql(operations.login, { input: { email, password } }, { from: randomNetwork() })).data
    .login;
const me = async (token: string) => (await gateway.graphql(operations.me, {}, { token })).data?.me ?? null;
const refresh = async ({ refreshToken }: { refreshToken: string }) =>
  (await gateway.graphql(operations.refreshSession, { input: { refreshToken } })).data.refreshSession;
const identitiesOf = async ({ accessToken: token }: { accessToken: string }) =>
  (await gateway.graphql(operations.identities, {}, { token })).data.identities;
const link = async ({ accessToken: token }: { accessToken: string }, by: By, account: Account) => {
  const input = await proofOf(gateway, provider, by, account);
  return (await gateway.graphql(operations.linkIdentity, { input }, { token })).data.linkIdentity;
};
const unlink = async ({ accessToken: token }: { accessToken: string }, id: string) =>
  (await gateway.graphql(operations.unlinkIdentity, { input: { id } }, { token })).data.unlinkIdentity;
const waysIn = async (userId: string) =>
  (
    await sql`select kind, proved_at is not null as proved from credentials where user_id = ${userId} order by kind`
  ).map(({ kind, proved }) => `${kind}${proved ? '' : ' unproved'}`);
const stale = ({ session }: SignedIn) =>
  sql`update sessions set created_at = created_at - interval '6 minutes',
    reauthenticated_at = reauthenticated_at - interval '6 minutes' where id = ${session.id}`;
const close = (userId: string) => sql`update users set disabled_at = now() where id = ${userId}`;

/** Walks the code flow of a further provider, whose token says `claims`. */
async function walk(name: 'acme' | 'trusted', claims: Account) {
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url');
  const started = await gateway.graphql(
    operations.startSocialSignIn,
    { input: { provider: name, redirectUri: appLink, codeChallenge } },
    { from: randomNetwork() },
  );
  const asked = new URL(started.data.startSocialSignIn.authorizationUrl).searchParams;
  const idToken = await provider.sign(provider.issuer(name), name, { ...claims, nonce: asked.get('nonce') });
  const body = { access_token: 'a', token_type: 'Bearer', expires_in: 60, id_token: idToken };
  provider.behaviour['/auth/token'] = { status: 200, body: JSON.stringify(body) };
  const came = await gateway.inject({
    url: `/oauth/callback/${name}?${new URLSearchParams({ code: 'c', state: asked.get('state') ?? '' })}`,
  });
  delete provider.behaviour['/auth/token'];
  const code = new URL(String(came.headers.location)).searchParams.get('code') ?? '';
  return { code, codeVerifier: verifier };
}
const enterBySocial = async (name: 'acme' | 'trusted', claims: Account) => {
  const input = await walk(name, claims);
  const answer = await gateway.graphql(operations.finishSocialSignIn, { input }, { from: randomNetwork() });
  return { ...answer.data.finishSocialSignIn, body: answer.body };
};

t.test('issuer and subject are the person, whatever becomes of the address', async (t) => {
  const before = someAddress();
  const after = someAddress();
  const account = vouched(before, { name: 'Asha' });
  const first = await enter('google', account);
  t.match(first, {
    user: { email: before, emailVerified: true, name: 'Asha' },
    session: { method: 'GOOGLE' },
  });
  t.match(await identitiesOf(first), [
    { method: 'GOOGLE', provider: 'google', email: before, isPrivateRelay: false, forwardsMail: true },
  ]);
  const moved = await enter('google', { ...account, email: after });
  t.equal(moved.user.id, first.user.id);
  t.equal(moved.user.email, before, 'what was proved here stays');
  t.match(await identitiesOf(moved), [{ email: after }]);
  const silent = await enter('google', { sub: account.sub });
  t.equal(silent.user.id, first.user.id);
  t.match(await identitiesOf(silent), [{ email: after }], 'silence changes nothing');

  const elsewhere = await enter('firebase', { sub: account.sub });
  t.not(elsewhere.user.id, first.user.id, 'the same subject of another issuer is somebody else');
  const heir = await enter('google', vouched(after));
  t.not(heir.user.id, first.user.id, 'who has the address now is not who had it');
});

t.test('a provider that vouches for a mailbox proved here leads to its account', async (t) => {
  const email = someAddress();
  const owner = await prove(email);
  for (const [by, method] of [
    ['google', 'GOOGLE'],
    ['apple', 'APPLE'],
    ['firebase', 'FIREBASE'],
  ] as const) {
    const came = await enter(by, vouched(email.toUpperCase()));
    t.equal(came.user.id, owner.user.id, by);
    const { data } = await gateway.graphql(operations.loginEvents, { first: 2 }, { token: came.accessToken });
    t.match(
      data.loginEvents.edges.map(({ node }: { node: object }) => node),
      [
        { kind: 'SIGN_IN', method },
        { kind: 'WAY_IN_ADDED', method },
      ],
    );
  }
  const came = await enterBySocial('trusted', vouched(email));
  t.equal(came.user.id, owner.user.id, 'and so does a further provider that is believed');
  t.equal((await identitiesOf(owner)).length, 4);
  t.match(await refresh(owner), { __typename: 'SessionTokens' }, 'nothing is cleared');
});

t.test(
  'what a stranger put under an unproved mailbox is gone when a provider brings its owner',
  async (t) => {
    const arrivals = [
      ['google', (email: string) => enter('google', vouched(email))],
      ['apple', (email: string) => enter('apple', { ...vouched(email), email_verified: 'true' })],
      ['firebase', (email: string) => enter('firebase', vouched(email))],
      ['a further one', (email: string) => enterBySocial('trusted', vouched(email))],
    ] as const;
    for (const [by, arrive] of arrivals) {
      const email = someAddress();
      const stranger = await signUp(gateway, { email, name: 'Stranger' });
      const [passkey] = await sql`insert into credentials (user_id, kind, identifier, created_by_session)
      values (${stranger.user.id}, 'passkey', ${randomUUID()}, ${stranger.session.id}) returning id`;
      await sql`insert into passkeys (credential_id, public_key, counter, transports, aaguid, name, multi_device, backed_up)
      values (${passkey?.id}, 'a', 0, '{}', ${randomUUID()}, 'Stranger''s', false, false)`;
      const second = await login(email);
      const owner = await arrive(email);
      t.match(owner, { user: { email, emailVerified: true, name: null } }, by);
      t.same(await waysIn(owner.user.id), ['identity', 'mailbox']);
      t.match(await login(email), { code: 'INVALID_CREDENTIALS' });
      for (const one of [stranger, second]) {
        t.match(await refresh(one), { code: 'SESSION_REVOKED' });
        t.equal(await me(one.accessToken), null);
      }
    }
  },
);

t.test('a stranger who linked an account elsewhere keeps that, and not the mailbox', async (t) => {
  const email = someAddress();
  const stranger = await signUp(gateway, { email, name: 'Stranger' });
  const own = someone();
  t.match(await link(stranger, 'google', own), { __typename: 'IdentityLinked' });
  const owner = await enter('google', vouched(email));
  t.match(owner, { user: { email, emailVerified: true } });
  t.not(owner.user.id, stranger.user.id);
  t.match(await me(stranger.accessToken), { id: stranger.user.id, email: null });
  t.equal((await enter('google', own)).user.id, stranger.user.id);
  t.match(await login(email), { code: 'INVALID_CREDENTIALS' });
});

t.test('an address that nobody vouches for leads to nobody', async (t) => {
  const doubts: [string, (email: string) => Promise<{ body: string } & SignedIn>][] = [
    ['unverified', (email) => enter('google', someone({ email, email_verified: false }))],
    ['unsaid', (email) => enter('google', someone({ email }))],
    ['null', (email) => enter('google', someone({ email, email_verified: null }))],
    ['"false"', (email) => enter('google', someone({ email, email_verified: 'false' }))],
    ['"true" from Google', (email) => enter('google', someone({ email, email_verified: 'true' }))],
    ['1', (email) => enter('google', someone({ email, email_verified: 1 }))],
    ['"false" from Apple', (email) => enter('apple', someone({ email, email_verified: 'false' }))],
    ['unsaid by Apple', (email) => enter('apple', someone({ email }))],
    ['unverified at Firebase', (email) => enter('firebase', someone({ email, email_verified: false }))],
    ['"true" from Firebase', (email) => enter('firebase', someone({ email, email_verified: 'true' }))],
    ['a provider that is not believed', (email) => enterBySocial('acme', vouched(email))],
  ];
  const proved = someAddress();
  const owner = await prove(proved);
  await enter('google', vouched(proved));
  const claimed = someAddress();
  const claimant = await signUp(gateway, { email: claimed });
  const shapes = (body: string) =>
    masked(body)
      .replaceAll(/"(access|refresh)Token":"[^"]+"/g, '"$1Token":""')
      .replaceAll(/10\.\d+\.\d+\.\d+/g, '<network>');
  for (const [doubt, arrive] of doubts) {
    const answers = [];
    for (const email of [proved, claimed, someAddress()]) {
      const came = await arrive(email);
      t.match(came, { __typename: 'SessionTokens', user: { email: null, emailVerified: false } }, doubt);
      t.notOk([owner.user.id, claimant.user.id].includes(came.user.id));
      answers.push(shapes(came.body));
    }
    t.equal(new Set(answers).size, 1, `${doubt}: the answer does not tell whose the address is`);
  }
  t.match(await me(owner.accessToken), { email: proved, emailVerified: true });
  t.match(
    await me(claimant.accessToken),
    { email: claimed, emailVerified: false },
    'and takes it from nobody',
  );
});

t.test('where another identity of that issuer stands, the newcomer is sent to the old way in', async (t) => {
  const email = someAddress();
  const first = vouched(email);
  const owner = await enter('google', first);
  const second = vouched(email);
  t.match(await enter('google', second), { __typename: 'AuthError', code: 'ACCOUNT_EXISTS' });
  t.equal((await identitiesOf(owner)).length, 1);
  t.match(await link(owner, 'google', second), { __typename: 'IdentityLinked' }, 'linking is allowed');
  t.equal((await enter('google', second)).user.id, owner.user.id);
  t.equal((await enter('apple', vouched(email))).user.id, owner.user.id, 'of another issuer there is none');
});

t.test('a relay address is marked, and brings nobody to an account', async (t) => {
  const relay = () => `${randomBytes(5).toString('hex')}@privaterelay.appleid.com`;
  const hidden = (email: string, more = {}) =>
    someone({ email, email_verified: 'true', is_private_email: 'true', ...more });

  const email = relay();
  const account = hidden(email);
  const owner = await enter('apple', account);
  t.match(owner, { user: { email, emailVerified: true } });
  t.match(await identitiesOf(owner), [{ provider: 'apple', email, isPrivateRelay: true }]);
  for (const [by, other] of [
    ['another Apple account', () => enter('apple', hidden(email))],
    ['Google', () => enter('google', vouched(email))],
    ['Firebase', () => enter('firebase', vouched(email))],
    ['a further provider', () => enterBySocial('trusted', vouched(email))],
  ] as const) {
    const came = await other();
    t.match(came, { user: { email: null, emailVerified: false } }, by);
    t.not(came.user.id, owner.user.id, by);
    t.match(await identitiesOf(came), [{ isPrivateRelay: true }], by);
  }
  t.equal((await enter('apple', account)).user.id, owner.user.id);

  const own = someAddress();
  const marked = hidden(own, { is_private_email: true });
  const holder = await prove(own);
  t.not((await enter('apple', marked)).user.id, holder.user.id, 'marked by Apple under another domain');

  // A stranger who gets hold of a relay address must not stand before the person whom Apple gave it.
  for (const [by, arrive] of [
    ['Google, unverified', (of: string) => enter('google', someone({ email: of }))],
    ['Google', (of: string) => enter('google', vouched(of))],
    ['Firebase', (of: string) => enter('firebase', vouched(of))],
    ['a provider that is not believed', (of: string) => enterBySocial('acme', vouched(of))],
    ['Apple, unverified', (of: string) => enter('apple', someone({ email: of, is_private_email: true }))],
  ] as const) {
    const of = relay();
    t.match(await arrive(of), { user: { email: null, emailVerified: false } }, by);
    t.match(await enter('apple', hidden(of)), { user: { email: of, emailVerified: true } }, by);
  }
});

t.test('Firebase vouches for a phone as well', async (t) => {
  const phone = `+9198${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}`;
  const [holder] = await sql`insert into users default values returning id`;
  await sql`insert into credentials (user_id, kind, identifier, proved_at) values (${holder?.id}, 'phone', ${phone}, now())`;
  const account = someone({ phone_number: phone });
  t.match(await enter('firebase', account), { user: { id: holder?.id, phone, phoneVerified: true } });
  t.match(await enter('firebase', someone({ phone_number: phone })), { code: 'ACCOUNT_EXISTS' });
  t.match(
    await enter('google', someone({ phone_number: phone })),
    { user: { phone: null } },
    'Google does not',
  );
  t.match(await enter('firebase', someone({ phone_number: '98' })), { user: { phone: null } });
});

t.test('twenty first sign-ins of one identity at once make one account', async (t) => {
  for (const account of [vouched(someAddress()), someone(), vouched(someAddress(), { name: 'Asha' })]) {
    const came = await Promise.all(Array.from({ length: 20 }, () => enter('google', account)));
    t.same(
      came.map(({ __typename, body }) => __typename ?? body),
      came.map(() => 'SessionTokens'),
    );
    t.equal(new Set(came.map(({ user }) => user.id)).size, 1);
    const rows =
      await sql`select user_id from credentials where kind = 'identity' and identifier like ${`%${account.sub}`}`;
    t.equal(rows.length, 1);
    t.equal(
      (await sql`select from login_events where kind = 'SIGN_UP' and user_id = ${rows[0]?.user_id}`).length,
      1,
    );
  }
});

t.test('two providers that vouch for one new mailbox at once come to one account', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const email = someAddress();
    const stranger = round % 2 === 0 ? null : await signUp(gateway, { email });
    const came = await Promise.all([
      enter('google', vouched(email)),
      enter('apple', vouched(email)),
      enter('firebase', vouched(email)),
      askForLink(gateway, mails, { email }).then((linked) => open(gateway, linked)),
    ]);
    t.equal(new Set(came.map(({ user, body }) => user?.id ?? body)).size, 1);
    if (stranger) t.match(await refresh(stranger), { code: 'SESSION_REVOKED' });
  }
});

t.test('a person links a further identity, and again', async (t) => {
  const owner = await prove(someAddress());
  const account = someone({ email: someAddress() });
  const linked = await link(owner, 'google', account);
  t.match(linked, { identity: { method: 'GOOGLE', provider: 'google', email: account.email } });
  t.same(await link(owner, 'google', account), linked, 'it is theirs already');
  t.equal((await identitiesOf(owner)).length, 1);
  t.equal((await enter('google', account)).user.id, owner.user.id);
  const social = await walk('acme', someone());
  const { data } = await gateway.graphql(
    operations.linkIdentity,
    { input: { social } },
    { token: owner.accessToken },
  );
  t.match(data.linkIdentity, { identity: { method: 'OPENID', provider: 'acme' } });
  const events =
    await sql`select method from login_events where user_id = ${owner.user.id} and kind = 'WAY_IN_ADDED' order by id`;
  t.same(
    events.map(({ method }) => method),
    ['GOOGLE', 'OPENID'],
  );

  const other = await prove(someAddress());
  t.match(await link(other, 'google', account), { code: 'IDENTITY_TAKEN' });
  t.match(await link(other, 'apple', { ...someone(), exp: 1 }), { code: 'INVALID_CREDENTIALS' });
  const nonce = await nonceOf(gateway);
  const used = { google: { nonce, idToken: await provider.google({ sub: 'one', nonce }) } };
  const send = () => gateway.graphql(operations.linkIdentity, { input: used }, { token: other.accessToken });
  t.match((await send()).data.linkIdentity, { __typename: 'IdentityLinked' });
  t.match((await send()).data.linkIdentity, { code: 'CHALLENGE_GONE' }, 'a nonce is good once');
});

t.test('ten people who link one identity at once: one has it', async (t) => {
  const people = await Promise.all(Array.from({ length: 10 }, () => signUp(gateway)));
  const account = someone();
  const came = await Promise.all(people.map((person) => link(person, 'google', account)));
  const codes = came.map(({ __typename, code }) => code ?? __typename).sort();
  t.same(codes, [...Array.from({ length: 9 }, () => 'IDENTITY_TAKEN'), 'IdentityLinked']);
});

t.test('a stale proof neither links nor unlinks', async (t) => {
  const owner = await enter('google', vouched(someAddress()));
  const [identity] = await identitiesOf(owner);
  await stale(owner);
  const methods = ['GOOGLE', 'MAGIC_LINK'];
  t.same((await link(owner, 'apple', someone())).methods, methods);
  t.match(await link(owner, 'apple', someone()), { code: 'FRESH_PROOF_REQUIRED' });
  t.match(await unlink(owner, identity.id), { code: 'FRESH_PROOF_REQUIRED', methods });
  t.equal((await identitiesOf(owner)).length, 1);
});

t.test('linking proves the account’s own mailbox, as a link in a mail would', async (t) => {
  const email = someAddress();
  const owner = await signUp(gateway, { email, name: 'Asha' });
  const elsewhere = await login(email);
  t.match(await link(owner, 'google', someone({ email, email_verified: false })), {
    __typename: 'IdentityLinked',
  });
  t.match(await me(owner.accessToken), { emailVerified: false }, 'not without the provider’s word');
  t.match(await link(owner, 'google', vouched(email)), { __typename: 'IdentityLinked' });
  t.match(await me(owner.accessToken), { email, emailVerified: true, name: 'Asha' });
  t.match(await login(email), { __typename: 'SessionTokens' }, 'the password was made by this session');
  t.match(await refresh(elsewhere), { code: 'SESSION_REVOKED' }, 'other sessions may be anybody’s');

  const other = await signUp(gateway);
  const theirs = someAddress();
  const holder = await prove(theirs);
  t.match(await link(other, 'google', vouched(theirs)), { __typename: 'IdentityLinked' });
  t.match(await me(other.accessToken), { email: other.email, emailVerified: false });
  t.match(await me(holder.accessToken), { email: theirs, emailVerified: true }, 'whose mailbox it is stays');
});

t.test('linking and a sign-in by the same mailbox do not wait for each other', async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const email = someAddress();
    const owner = await signUp(gateway, { email });
    const links: Linked[] = [];
    for (const id of ['phone', 'tablet', 'laptop'])
      links.push(await askForLink(gateway, mails, { email, device: { id } }, { token: owner.accessToken }));
    const account = vouched(email);
    const came = await Promise.all([
      link(owner, 'google', account),
      ...links.map((one) => open(gateway, one)),
      link(owner, 'apple', vouched(email)),
    ]);
    t.same(
      came.map(({ __typename }) => __typename),
      ['IdentityLinked', 'SessionTokens', 'SessionTokens', 'SessionTokens', 'IdentityLinked'],
    );
  }
});

t.test('an identity is unlinked, and never the last way in', async (t) => {
  const account = someone();
  const owner = await enter('google', account);
  const [identity] = await identitiesOf(owner);
  t.match(await unlink(owner, identity.id), { code: 'LAST_WAY_IN' });
  const second = await link(owner, 'apple', someone());
  t.match(await unlink(owner, identity.id), { __typename: 'IdentityUnlinked', id: identity.id });
  t.match(await unlink(owner, identity.id), { code: 'IDENTITY_NOT_FOUND' });
  t.match(await unlink(owner, second.identity.id), { code: 'LAST_WAY_IN' });
  const events =
    await sql`select method from login_events where user_id = ${owner.user.id} and kind = 'WAY_IN_REMOVED'`;
  t.same(
    events.map(({ method }) => method),
    ['GOOGLE'],
  );
  const stranger = await enter('google', account);
  t.not(stranger.user.id, owner.user.id, 'and opens nothing here any more');

  for (const id of [second.identity.id, randomUUID(), 'nonsense', '', identity.id])
    t.match(await unlink(stranger, id), { code: 'IDENTITY_NOT_FOUND' }, 'nobody else’s, and nothing made up');
  const [mailbox] =
    await sql`select id from credentials where user_id = ${(await prove(someAddress())).user.id}`;
  t.match(await unlink(stranger, mailbox?.id), { code: 'IDENTITY_NOT_FOUND' });
});

t.test('two removals at once leave a way in', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const owner = await enter('google', someone());
    await link(owner, 'apple', someone());
    const both = await identitiesOf(owner);
    const came = await Promise.all(both.map(({ id }: { id: string }) => unlink(owner, id)));
    t.same(came.map(({ __typename, code }) => code ?? __typename).sort(), [
      'IdentityUnlinked',
      'LAST_WAY_IN',
    ]);
    t.equal((await identitiesOf(owner)).length, 1);

    await link(owner, 'firebase', someone());
    const [newest] = await identitiesOf(owner);
    const twice = await Promise.all([unlink(owner, newest.id), unlink(owner, newest.id)]);
    t.same(twice.map(({ __typename, code }) => code ?? __typename).sort(), [
      'IDENTITY_NOT_FOUND',
      'IdentityUnlinked',
    ]);
  }
});

t.test('a provider that is switched off is no way in that is left', async (t) => {
  const owner = await enter('google', someone());
  await link(owner, 'apple', someone());
  const { GOOGLE_CLIENT_IDS: _, ...settings } = provider.settings;
  const noGoogle = await build(t, settings, gateway);
  const listed = await noGoogle.graphql(operations.identities, {}, { token: owner.accessToken });
  const apple = listed.data.identities.find((one: { provider: string }) => one.provider === 'apple');
  t.match(listed.data.identities, [
    { provider: 'apple' },
    { provider: provider.issuer('google'), method: 'OPENID' },
  ]);
  const { data } = await noGoogle.graphql(
    operations.unlinkIdentity,
    { input: { id: apple.id } },
    { token: owner.accessToken },
  );
  t.match(data.unlinkIdentity, { code: 'LAST_WAY_IN' });
});

t.test('a closed account is closed on every path', async (t) => {
  const email = someAddress();
  const account = vouched(email);
  const owner = await enter('google', account);
  await close(owner.user.id);
  t.match(await enter('google', account), { code: 'ACCOUNT_DISABLED', restoreToken: null });
  t.match(await enter('apple', vouched(email)), { code: 'ACCOUNT_DISABLED' }, 'by its mailbox too');
  t.match(await enter('firebase', vouched(email)), { code: 'ACCOUNT_DISABLED' });
  t.match(await enterBySocial('trusted', vouched(email)), { code: 'ACCOUNT_DISABLED' });
  t.equal(await me(owner.accessToken), null);
  const failures =
    await sql`select from login_events where user_id = ${owner.user.id} and failure = 'ACCOUNT_DISABLED'`;
  t.equal(failures.length, 4);
});

t.test('whoever registers an erased person’s identity or address is somebody new', async (t) => {
  const email = someAddress();
  const account = vouched(email, { name: 'Asha' });
  const before = await enter('google', account);
  await sql`update users set disabled_at = now() - interval '20 days', deleted_at = now() - interval '20 days' where id = ${before.user.id}`;
  await eraseAccounts(gateway.app.tools.db, gateway.config);
  t.match(await refresh(before), { __typename: 'AuthError' });
  const byAddress = await signUp(gateway, { email });
  t.match(byAddress, { user: { email, emailVerified: false, name: null } });
  const after = await enter('google', { ...account, name: 'Heir' });
  t.not(after.user.id, before.user.id);
  t.match(after, { user: { email, name: 'Heir' } });
  const { data } = await gateway.graphql(operations.loginEvents, {}, { token: after.accessToken });
  t.notOk(
    data.loginEvents.edges.some(
      ({ node }: { node: { sessionId: string } }) => node.sessionId === before.session.id,
    ),
  );
  t.equal(await me(before.accessToken), null);
});

t.test('nothing that an app sends makes an address proved', async (t) => {
  const extra = {
    emailVerified: true,
    email_verified: true,
    email: 'victim@example.com',
    providerData: {},
    userId: randomUUID(),
    provedAt: '2026-01-01T00:00:00.000Z',
    role: 'admin',
  };
  for (const [field, value] of Object.entries(extra)) {
    const nonce = await nonceOf(gateway);
    const idToken = await provider.google({ sub: randomUUID(), nonce });
    const answer = await gateway.graphql(
      operations.signInWithGoogle,
      { input: { idToken, nonce, [field]: value } },
      { from: randomNetwork() },
    );
    t.match(answer.errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], field);
  }
  const email = someAddress();
  const named = await enter('apple', someone({ email: undefined }), {
    givenName: email,
    familyName: `${email}" , "email_verified": true`,
  });
  t.match(named, { user: { email: null, emailVerified: false } }, 'a name is a name');
});

import { randomUUID } from 'node:crypto';
import t from 'tap';
import { build, type Gateway, operations, randomNetwork, signUp } from '../helper.js';
import { MailServer } from '../mail-server.js';
import { askForLink, type Linked, open, someAddress } from '../sign-in/magic-link/asking.js';

const server = await MailServer.open(t);
const gateway = await build(t, { ...server.environment, SIGNUP_EMAIL_PROOF: 'false' });
const { sql } = gateway;

const me = (token: string) => gateway.graphql(operations.me, {}, { token });
const refresh = async (refreshToken: string) =>
  (await gateway.graphql(operations.refreshSession, { input: { refreshToken } })).data.refreshSession;
const login = async (email: string, password: string) =>
  (await gateway.graphql(operations.login, { input: { email, password } }, { from: randomNetwork() })).data
    .login;
const waysIn = async (userId: string) =>
  (
    await sql`select kind, proved_at is not null as proved from credentials where user_id = ${userId} order by kind`
  ).map(({ kind, proved }) => `${kind}${proved ? '' : ' unproved'}`);
const prove = async (email: string, sending = {}, of: Gateway = gateway) =>
  open(of, await askForLink(of, server, { email, device: { id: randomUUID() } }, sending));

t.test('the first proof takes an account from the stranger who made it', async (t) => {
  const email = someAddress();
  const stranger = await signUp(gateway, { email, name: 'Stranger' });
  const second = await login(email, stranger.password);
  const owner = await prove(email);

  t.match(owner, { __typename: 'SessionTokens', user: { email, emailVerified: true, name: null } });
  t.match(await login(email, stranger.password), { code: 'INVALID_CREDENTIALS' }, 'the password is gone');
  t.same(await waysIn(owner.user.id), ['mailbox']);
  t.equal(
    (
      await sql`select from passwords p join credentials c on c.id = p.credential_id where user_id = ${owner.user.id}`
    ).length,
    0,
  );
  for (const { accessToken, refreshToken } of [stranger, second]) {
    t.match((await me(accessToken)).errors, [{ extensions: { reason: 'SESSION_REVOKED' } }]);
    t.match(await refresh(refreshToken), { code: 'SESSION_REVOKED' });
  }
  t.match((await me(owner.accessToken)).data.me, { email, name: null });
  const { data } = await gateway.graphql(operations.loginEvents, {}, { token: owner.accessToken });
  const ended = data.loginEvents.edges
    .filter(({ node }: { node: { kind: string } }) => node.kind === 'REVOCATION')
    .map(({ node }: { node: { sessionId: string } }) => node.sessionId);
  t.same(ended.sort(), [stranger.session.id, second.session.id].sort(), 'and the owner is told');
});

t.test('a stranger who asks for links to the mailbox, signed in or not, keeps nothing either', async (t) => {
  const email = someAddress();
  const stranger = await signUp(gateway, { email });
  await askForLink(gateway, server, { email, device: { id: 'stranger' } }, { token: stranger.accessToken });
  const owner = await prove(email);
  t.match(await refresh(stranger.refreshToken), { code: 'SESSION_REVOKED' });
  t.match(await login(email, stranger.password), { code: 'INVALID_CREDENTIALS' });
  t.match((await me(owner.accessToken)).data.me, { email });
});

t.test('who signed up and asks while signed in keeps the password, the name and that session', async (t) => {
  const email = someAddress();
  const owner = await signUp(gateway, { email, name: 'Asha' });
  const elsewhere = await login(email, owner.password);
  const proved = await prove(email, { token: owner.accessToken });
  t.match(proved, { user: { id: owner.user.id, name: 'Asha', emailVerified: true } });
  t.match((await me(owner.accessToken)).data.me, { emailVerified: true, name: 'Asha' });
  t.match(await refresh(owner.refreshToken), { __typename: 'SessionTokens' });
  t.match(await login(email, owner.password), { __typename: 'SessionTokens' });
  t.match(
    await refresh(elsewhere.refreshToken),
    { code: 'SESSION_REVOKED' },
    'other sessions may be anybody’s',
  );
});

t.test('a session that did not make the password keeps itself and not the password', async (t) => {
  const email = someAddress();
  const maker = await signUp(gateway, { email });
  const asker = await login(email, maker.password);
  t.match(await prove(email, { token: asker.accessToken }), { __typename: 'SessionTokens' });
  t.match(await refresh(asker.refreshToken), { __typename: 'SessionTokens' });
  t.match(await refresh(maker.refreshToken), { code: 'SESSION_REVOKED' });
  t.match(await login(email, maker.password), { code: 'INVALID_CREDENTIALS' });
});

t.test('the session of another account, and a bad bearer, are nobody', async (t) => {
  const other = await signUp(gateway);
  for (const token of [other.accessToken, 'not.a.token', `${other.accessToken.slice(0, -4)}AAAA`]) {
    const email = someAddress();
    const stranger = await signUp(gateway, { email });
    t.match(await prove(email, { token }), { __typename: 'SessionTokens' });
    t.match(await refresh(stranger.refreshToken), { code: 'SESSION_REVOKED' });
    t.match(await login(email, stranger.password), { code: 'INVALID_CREDENTIALS' });
  }
  t.match(
    (await me(other.accessToken)).data.me,
    { email: other.email },
    'and the other account is as it was',
  );
});

t.test('the next proof clears nothing', async (t) => {
  const email = someAddress();
  const owner = await signUp(gateway, { email, name: 'Asha' });
  const first = await prove(email, { token: owner.accessToken });
  const second = await prove(email);
  t.equal(second.user.id, owner.user.id);
  for (const { refreshToken } of [owner, first])
    t.match(await refresh(refreshToken), { __typename: 'SessionTokens' });
  t.match(await login(email, owner.password), { __typename: 'SessionTokens' });
  t.equal(second.user.name, 'Asha');
});

t.test(
  'an account that somebody has proved by phone is not handed to who proves its unproved mailbox',
  async (t) => {
    const email = someAddress();
    const holder = await signUp(gateway, { email, name: 'By phone' });
    await sql`insert into credentials (user_id, kind, identifier, proved_at)
    values (${holder.user.id}, 'phone', ${`+9198${Math.random().toString().slice(2, 10)}`}, now())`;
    // Being signed in to some account is no word for this one.
    const other = await signUp(gateway);
    const owner = await prove(email, { token: other.accessToken });
    t.not(owner.user.id, other.user.id);
    t.not(owner.user.id, holder.user.id);
    t.match(owner.user, { email, emailVerified: true, name: null });
    t.same(await waysIn(owner.user.id), ['mailbox']);
    t.same(await waysIn(holder.user.id), ['password unproved', 'phone'], 'it only loses the claim');
    t.match((await me(holder.accessToken)).data.me, { id: holder.user.id, email: null, name: 'By phone' });
    t.match(await refresh(holder.refreshToken), { __typename: 'SessionTokens' });
    t.match(await login(email, holder.password), { code: 'INVALID_CREDENTIALS' });
  },
);

t.test('the same, by two proofs at once', async (t) => {
  const email = someAddress();
  const holder = await signUp(gateway, { email });
  await sql`insert into credentials (user_id, kind, identifier, proved_at)
    values (${holder.user.id}, 'phone', ${`+9197${Math.random().toString().slice(2, 10)}`}, now())`;
  const links: Linked[] = [];
  for (const id of ['a', 'b', 'c']) links.push(await askForLink(gateway, server, { email, device: { id } }));
  const answers = await Promise.all(links.map((link) => open(gateway, link)));
  t.same(
    answers.map(({ __typename }) => __typename),
    Array(3).fill('SessionTokens'),
  );
  t.equal(new Set(answers.map(({ user }) => user?.id)).size, 1);
  t.not(answers[0]?.user.id, holder.user.id);
});

t.test('its own session may prove the mailbox for it', async (t) => {
  const email = someAddress();
  const holder = await signUp(gateway, { email });
  await sql`insert into credentials (user_id, kind, identifier, proved_at)
    values (${holder.user.id}, 'phone', ${`+9196${Math.random().toString().slice(2, 10)}`}, now())`;
  const proved = await prove(email, { token: holder.accessToken });
  t.equal(proved.user.id, holder.user.id);
  t.same(await waysIn(holder.user.id), ['mailbox', 'password unproved', 'phone']);
});

t.test('a stranger’s login at the moment of the proof gets no session that outlives it', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const email = someAddress();
    const stranger = await signUp(gateway, { email });
    const link = await askForLink(gateway, server, { email });
    const [owner, ...logins] = await Promise.all([
      open(gateway, link),
      ...Array.from({ length: 6 }, () => login(email, stranger.password)),
    ]);
    for (const { refreshToken } of logins.filter(({ __typename }) => __typename === 'SessionTokens'))
      t.match(await refresh(refreshToken), { code: 'SESSION_REVOKED' });
    const alive = await sql`select id from sessions where user_id = ${owner.user.id} and revoked_at is null`;
    t.same(
      alive.map(({ id }) => id),
      [owner.session.id],
    );
  }
});

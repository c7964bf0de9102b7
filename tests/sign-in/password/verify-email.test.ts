import { randomUUID } from 'node:crypto';
import t from 'tap';
import { deriveHalf } from '../../../src/tokens/one-time-secret.js';
import {
  build,
  type Gateway,
  goodPassword,
  operations,
  randomNetwork,
  type Sending,
  signUp,
} from '../../helper.js';
import { linkIn, MailServer, until } from '../../mail-server.js';
import { watchStatements } from '../../statements.js';
import { askForLink, masked, open, outcomes, someAddress, typedCodeOf } from '../magic-link/asking.js';

const server = await MailServer.open(t);
const gateway = await build(t, { ...server.environment, SIGNUP_EMAIL_PROOF: 'true' });
/** The same database, where signups are answered at once. */
const lax = await build(t, { ...server.environment, SIGNUP_EMAIL_PROOF: 'false' }, gateway);
const { sql } = gateway;
const secrets = gateway.app.tools.subkeys['one-time-secret'];

async function ask(
  input: Record<string, unknown> & { email: string },
  sending: Sending = {},
  of: Gateway = gateway,
) {
  const variables = { input: { password: goodPassword, ...input } };
  const answer = await of.graphql(operations.signup, variables, { from: randomNetwork(), ...sending });
  return { ...answer, asked: answer.data?.signup };
}

async function askAndRead(input: Record<string, unknown> & { email: string }) {
  const before = server.mailsTo(input.email).length;
  const { asked, body } = await ask(input);
  if (asked?.__typename !== 'EmailProofRequired') throw new Error(`not asked: ${body}`);
  const mail = await server.mailTo(input.email, before + 1);
  return { ...(asked as { requestId: string; deviceSecret: string }), mail, ...linkIn(mail) };
}

async function verify(input: Record<string, unknown>) {
  const { data } = await gateway.graphql(operations.verifyEmail, { input }, { from: randomNetwork() });
  return data.verifyEmail;
}

const halves = ({
  requestId,
  deviceSecret,
  mailSecret,
}: {
  requestId: string;
  deviceSecret: string;
  mailSecret: string;
}) => ({ requestId, deviceSecret, mailSecret });

const login = async (email: string, password = goodPassword) =>
  (await gateway.graphql(operations.login, { input: { email, password } }, { from: randomNetwork() })).data
    .login;

const holdersOf = (email: string) =>
  sql`select user_id from credentials where kind = 'mailbox' and identifier = ${email}`;

t.test('nothing exists before the proof; then the account has that password and is signed in', async (t) => {
  const email = someAddress();
  const device = { id: randomUUID(), name: 'Pixel' };
  const asked = await askAndRead({ email, name: 'Asha', device });
  t.equal(asked.mail.parsed.subject, 'Confirm your address for Darwaza');
  t.equal((await holdersOf(email)).length, 0);
  t.match(await login(email), { code: 'INVALID_CREDENTIALS' });

  const signedIn = await verify(halves(asked));
  t.match(signedIn, {
    __typename: 'SessionTokens',
    user: { name: 'Asha', email, emailVerified: true },
    session: { method: 'PASSWORD', device },
  });
  t.match(await login(email), { __typename: 'SessionTokens', user: { id: signedIn.user.id } });
  t.match(await verify(halves(asked)), { code: 'CHALLENGE_GONE' });
  const [row] = await sql`select password_hash from mailbox_proofs where id = ${asked.requestId}`;
  t.equal(row?.password_hash, null, 'the hash stands in one place');
  const { data } = await gateway.graphql(operations.loginEvents, {}, { token: signedIn.accessToken });
  t.match(data.loginEvents.edges.at(-1).node, { kind: 'SIGN_UP', method: 'PASSWORD', failure: null });
});

t.test(
  'a free, a proved and an unproved address get the same bytes for the same work; the mail tells which',
  async (t) => {
    const proved = someAddress('proved');
    await verify(halves(await askAndRead({ email: proved })));
    const unproved = someAddress('unproved');
    await signUp(lax, { email: unproved });
    const free = someAddress('free');

    const told: Record<string, object> = {};
    const statements = watchStatements(gateway);
    for (const email of [free, proved, unproved]) {
      const before = server.mailsTo(email).length;
      const hashesBefore = await hashes();
      statements.length = 0;
      const { body, status } = await ask({ email, name: 'Asha', locale: 'en', device: { id: 'x' } });
      await server.mailTo(email, before + 1);
      await until(
        async () =>
          (await sql`select from deliveries where recipient = ${email} and status <> 'SENT'`).length === 0,
        'the mark of the mail',
      );
      told[email] = {
        body: masked(body),
        status,
        hashes: (await hashes()) - hashesBefore,
        statements: [...statements],
      };
    }
    t.match(told[free], { hashes: 1, body: /EmailProofRequired/ });
    t.same(told[proved], told[free]);
    t.same(told[unproved], told[free]);

    const subjectOf = (email: string) => server.mailsTo(email).at(-1)?.parsed.subject;
    t.equal(subjectOf(free), 'Confirm your address for Darwaza');
    t.equal(subjectOf(unproved), 'Confirm your address for Darwaza');
    t.equal(subjectOf(proved), 'You already have an account at Darwaza');
    const { text, html } = server.mailsTo(proved).at(-1)?.parsed ?? {};
    t.notMatch(`${text}${html}`, '/m/', 'and carries no link');
  },
);

t.test('what is answered for a taken address proves nothing and looks like any other', async (t) => {
  const email = someAddress();
  await verify(halves(await askAndRead({ email })));
  const { asked: taken } = await ask({ email, password: 'another-horse-7-staple' });
  const { asked: free } = await ask({ email: someAddress() });
  for (const { requestId, deviceSecret } of [taken, free]) {
    const wrong = { requestId, deviceSecret, mailSecret: 'A'.repeat(22) };
    t.match(await verify(wrong), { code: 'INVALID_CREDENTIALS' });
    t.match(await verify({ requestId, deviceSecret, code: '00000000' }), { code: 'INVALID_CREDENTIALS' });
    t.match(await verify({ requestId, deviceSecret }), { code: 'INVALID_CREDENTIALS' });
  }
  const { requestId, deviceSecret } = taken;
  const mailSecret = deriveHalf(secrets, 'mail-half', requestId);
  t.match(
    await verify({ requestId, deviceSecret, mailSecret }),
    { code: 'CHALLENGE_GONE' },
    'not even with the key',
  );
  t.match(await login(email), { __typename: 'SessionTokens' });
  t.match(await login(email, 'another-horse-7-staple'), { code: 'INVALID_CREDENTIALS' });
});

t.test('a proof of signup is none of a sign-in, nor the other way round', async (t) => {
  const email = someAddress();
  const signup = await askAndRead({ email });
  const link = await askForLink(gateway, server, { email });
  const asLink = await gateway.graphql(operations.verifyMagicLink, { input: halves(signup) });
  t.match(asLink.data.verifyMagicLink, { code: 'CHALLENGE_GONE' });
  t.match(await verify(halves(link)), { code: 'CHALLENGE_GONE' });
  t.match(await verify({ ...halves(signup), mailSecret: link.mailSecret }), { code: 'INVALID_CREDENTIALS' });
  t.match(await verify(halves(signup)), { __typename: 'SessionTokens' });
});

t.test('the characters from the page serve as well', async (t) => {
  const { requestId, deviceSecret, path } = await askAndRead({ email: someAddress() });
  const code = (await typedCodeOf(gateway, path)).toLowerCase();
  t.match(await verify({ requestId, deviceSecret, code }), { __typename: 'SessionTokens' });
});

t.test('fifty at once make one account and one session', async (t) => {
  const email = someAddress();
  const asked = await askAndRead({ email });
  const input = halves(asked);
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const { data, body } = await gateway.graphql(operations.verifyEmail, { input });
      return { ...data?.verifyEmail, body };
    }),
  );
  const kinds = outcomes(answers);
  t.equal(kinds.filter((kind) => kind === 'SessionTokens').length, 1);
  t.equal(kinds.filter((kind) => kind === 'CHALLENGE_GONE').length, kinds.length - 1);
  t.equal((await holdersOf(email)).length, 1);
  t.equal(
    (await sql`select from sessions join credentials using (user_id) where identifier = ${email}`).length,
    1,
  );
});

t.test(
  'two signups and a link of one mailbox proved at once make one account with one password',
  async (t) => {
    const email = someAddress();
    const [one, two] = [
      await askAndRead({ email, device: { id: 'one' } }),
      await askAndRead({ email, device: { id: 'two' }, password: 'another-horse-7-staple' }),
    ];
    const link = await askForLink(gateway, server, { email });
    const answers = await Promise.all([verify(halves(one)), verify(halves(two)), open(gateway, link)]);
    t.same(
      answers.map(({ __typename }) => __typename),
      Array(3).fill('SessionTokens'),
    );
    t.equal(new Set(answers.map(({ user }) => user.id)).size, 1);
    const opens = [await login(email), await login(email, 'another-horse-7-staple')];
    t.equal(opens.filter(({ __typename }) => __typename === 'SessionTokens').length, 1);
  },
);

t.test('the password of a signup is added to an account without one, and never replaces one', async (t) => {
  const linked = someAddress();
  const late = await askAndRead({ email: linked, name: 'Asha' });
  const first = await open(gateway, await askForLink(gateway, server, { email: linked }));
  const added = await verify(halves(late));
  t.match(added, { __typename: 'SessionTokens', user: { id: first.user.id, name: 'Asha' } });
  t.match(await login(linked), { __typename: 'SessionTokens' });
  const me = await gateway.graphql(operations.me, {}, { token: first.accessToken });
  t.equal(me.data.me.name, 'Asha', 'and the session from before lives');

  const owned = someAddress();
  const earlier = await askAndRead({
    email: owned,
    device: { id: 'earlier' },
    name: 'Other',
    password: 'another-horse-7-staple',
  });
  await verify(halves(await askAndRead({ email: owned, name: 'Asha', device: { id: 'now' } })));
  const again = await verify(halves(earlier));
  t.match(again, { __typename: 'SessionTokens', user: { name: 'Asha' } });
  const [{ amr } = { amr: null }] = await sql`select amr from sessions where id = ${again.session.id}`;
  t.same(amr, ['otp'], 'it was the mailbox that was proved, no password');
  t.match(await login(owned), { __typename: 'SessionTokens' });
  t.match(await login(owned, 'another-horse-7-staple'), { code: 'INVALID_CREDENTIALS' });
});

t.test('the owner’s signup takes the address from a stranger who had signed up with it', async (t) => {
  const email = someAddress();
  const stranger = await signUp(lax, { email, name: 'Stranger', password: 'another-horse-7-staple' });
  const owner = await verify(halves(await askAndRead({ email })));
  t.match(owner, { __typename: 'SessionTokens', user: { name: null, emailVerified: true } });
  t.match(await login(email, 'another-horse-7-staple'), { code: 'INVALID_CREDENTIALS' });
  t.match(await login(email), { __typename: 'SessionTokens' });
  const input = { refreshToken: stranger.refreshToken };
  t.match((await gateway.graphql(operations.refreshSession, { input })).data.refreshSession, {
    code: 'SESSION_REVOKED',
  });
});

t.test(
  'a stranger’s signups do not close the door: an owner waits an hour at most, or comes another way',
  async (t) => {
    const email = someAddress();
    for (let n = 0; n < 3; n += 1)
      t.match((await ask({ email, device: { id: randomUUID() } })).asked, {
        __typename: 'EmailProofRequired',
      });
    const { asked } = await ask({ email });
    t.match(asked, { code: 'TOO_MANY_ATTEMPTS' });
    t.ok(asked.retryAfterSeconds <= 3600);
    const account = await verify(halves(await askAndRead({ email: someAddress() })));
    for (let n = 0; n < 3; n += 1) await ask({ email: account.user.email, device: { id: randomUUID() } });
    t.match(await login(account.user.email), { __typename: 'SessionTokens' }, 'a password still signs in');
  },
);

t.test('the same idempotencyKey is the same request and one mail', async (t) => {
  const email = someAddress();
  const input = { email, device: { id: 'a' }, idempotencyKey: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(input)));
  t.equal(new Set(answers.map(({ body }) => body)).size, 1);
  await server.mailTo(email);
  t.equal((await sql`select from deliveries where recipient = ${email}`).length, 1);
  t.match((await ask({ ...input, idempotencyKey: 'short' })).asked, { code: 'IDEMPOTENCY_KEY_INVALID' });

  // The key of a signup is nothing to a link.
  const link = await askForLink(gateway, server, input);
  t.not(link.requestId, answers[0]?.asked.requestId);
});

t.test('proved signups give their mails back to the network', async (t) => {
  const strict = await build(
    t,
    { ...server.environment, SIGNUP_EMAIL_PROOF: 'true', MAGIC_LINKS_PER_NETWORK: '1' },
    gateway,
  );
  const from = randomNetwork();
  for (let n = 0; n < 3; n += 1) {
    const { asked } = await ask({ email: someAddress() }, { from }, strict);
    t.match(asked, { __typename: 'EmailProofRequired' }, `round ${n}`);
    const mailSecret = deriveHalf(secrets, 'mail-half', asked.requestId);
    const { data } = await strict.graphql(
      operations.verifyEmail,
      { input: halves({ ...asked, mailSecret }) },
      { from },
    );
    t.match(data.verifyEmail, { __typename: 'SessionTokens' });
  }
  await ask({ email: someAddress() }, { from }, strict);
  t.match((await ask({ email: someAddress() }, { from }, strict)).asked, { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('a disabled account is refused here too, and gets no password', async (t) => {
  const email = someAddress();
  await signUp(lax, { email });
  const asked = await askAndRead({ email, password: 'another-horse-7-staple' });
  await sql`update users set disabled_at = now() from credentials where user_id = users.id and identifier = ${email}`;
  t.match(await verify(halves(asked)), { code: 'ACCOUNT_DISABLED' });
  t.equal(
    (
      await sql`select from sessions join credentials using (user_id) where identifier = ${email} and revoked_at is null`
    ).length,
    0,
  );
});

async function hashes(): Promise<number> {
  const [value] = (await gateway.app.tools.metrics.passwordHashes.get()).values;
  return value?.value ?? 0;
}

import { randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import { readConfig } from '../../../src/config.js';
import { openDoors } from '../../../src/messages/doors.js';
import { deriveHalf, deriveTypedCode } from '../../../src/tokens/one-time-secret.js';
import { build, goodPassword, operations, randomNetwork, signUp } from '../../helper.js';
import { linkIn, MailServer, until } from '../../mail-server.js';
import { watchStatements } from '../../statements.js';
import { askForLink, masked, open, outcomes, request, someAddress, typedCodeOf, verify } from './asking.js';

const server = await MailServer.open(t);
const gateway = await build(t, { ...server.environment, APP_LINKS: 'com.acme.app://' });
const { sql } = gateway;
const secrets = gateway.app.tools.subkeys['one-time-secret'];

t.test('both halves make an account at the first proof and sign in to it at the next', async (t) => {
  const email = someAddress();
  const device = { id: randomUUID(), name: 'Asha’s Pixel', platform: 'ANDROID' };
  const link = await askForLink(gateway, server, { email, device });
  t.match(link.requestId, /^[\da-f-]{36}$/);
  t.match(link.deviceSecret, /^[\w-]{22}$/);
  const minutes = (Date.parse(link.expiresAt) - Date.now()) / 60_000;
  t.ok(minutes > 8 && minutes <= 10.1, `${minutes} minutes`);
  t.equal((await sql`select from credentials where identifier = ${email}`).length, 0, 'nothing before it');

  const first = await open(gateway, link);
  t.match(first, {
    __typename: 'SessionTokens',
    user: { email, emailVerified: true, name: null },
    session: { method: 'MAGIC_LINK', device },
  });
  const me = await gateway.graphql(operations.me, {}, { token: first.accessToken });
  t.match(me.data.me, { email, emailVerified: true });

  const second = await open(gateway, await askForLink(gateway, server, { email, device }));
  t.equal(second.user.id, first.user.id);
  t.not(second.session.id, first.session.id);
  const events = await gateway.graphql(operations.loginEvents, {}, { token: first.accessToken });
  t.match(
    events.data.loginEvents.edges.map(({ node }: { node: object }) => node),
    [
      { kind: 'SIGN_IN', method: 'MAGIC_LINK', failure: null },
      { kind: 'SIGN_UP', method: 'MAGIC_LINK', failure: null },
    ],
  );
});

t.test('a known and an unknown address get the same bytes for the same statements', async (t) => {
  const known = someAddress('known');
  await open(gateway, await askForLink(gateway, server, { email: known }));
  const squatted = someAddress('squatted');
  await signUp(gateway, { email: squatted });
  const unknown = someAddress('unknown');

  const statements = watchStatements(gateway);
  for (const device of [undefined, { id: 'some-device', name: 'Pixel' }]) {
    const told: Record<string, { body: string; status: number; headers: string[]; statements: string[] }> =
      {};
    for (const email of [known, squatted, unknown]) {
      const before = server.mailsTo(email).length;
      statements.length = 0;
      const { body, status, headers } = await request(gateway, { email, ...(device && { device }) });
      // The mail is sent behind the answer.
      await server.mailTo(email, before + 1);
      await until(
        async () =>
          (await sql`select from deliveries where recipient = ${email} and status <> 'SENT'`).length === 0,
        'the mark of the mail',
      );
      told[email] = {
        body: masked(body),
        status,
        headers: Object.keys(headers).sort(),
        statements: [...statements],
      };
    }
    t.match(told[known]?.body, /MagicLinkRequested/);
    t.same(told[known], told[unknown]);
    t.same(told[squatted], told[unknown]);
    t.ok((told[unknown]?.statements.length ?? 0) > 5, 'they were counted');
  }
  for (const email of [known, squatted, unknown]) {
    const [mail] = server.mailsTo(email).slice(-1);
    t.equal(mail?.parsed.subject, 'Sign in to Darwaza');
  }
});

t.test('one half alone and halves of different requests are refused and leave the link good', async (t) => {
  const mine = await askForLink(gateway, server, { email: someAddress() });
  const other = await askForLink(gateway, server, { email: someAddress() });
  const { requestId, deviceSecret, mailSecret } = mine;
  const wrong = 'A'.repeat(22);
  for (const [name, input] of Object.entries({
    'the device’s half alone': { requestId, deviceSecret },
    'the device’s half and an empty mail’s': { requestId, deviceSecret, mailSecret: '' },
    'the mail’s half alone': { requestId, deviceSecret: '', mailSecret },
    'the mail’s half as the device’s': { requestId, deviceSecret: mailSecret, mailSecret },
    'the device’s half as the mail’s': { requestId, deviceSecret, mailSecret: deviceSecret },
    'another request’s device half': { requestId, deviceSecret: other.deviceSecret, mailSecret },
    'another request’s mail half': { requestId, deviceSecret, mailSecret: other.mailSecret },
    'another request’s id': { requestId: other.requestId, deviceSecret, mailSecret },
    'a wrong mail half': { requestId, deviceSecret, mailSecret: wrong },
    'a wrong device half': { requestId, deviceSecret: wrong, mailSecret },
    'a mail half with a tail': { requestId, deviceSecret, mailSecret: `${mailSecret}=` },
    'the mail’s half typed': { requestId, deviceSecret, code: mailSecret },
  })) {
    const { code, body } = await verify(gateway, input);
    t.equal(code, 'INVALID_CREDENTIALS', name);
    t.notMatch(body, /accessToken/, name);
  }
  t.match(await verify(gateway, { requestId: randomUUID(), deviceSecret, mailSecret }), {
    code: 'CHALLENGE_GONE',
  });
  t.match(await verify(gateway, { requestId: "' or 1=1", deviceSecret, mailSecret }), {
    code: 'CHALLENGE_GONE',
  });
  t.match(await open(gateway, mine), { __typename: 'SessionTokens' });
  t.match(await open(gateway, other), { __typename: 'SessionTokens' });
});

t.test('a link works once and ten minutes, by the clock of the database', async (t) => {
  const used = await askForLink(gateway, server, { email: someAddress() });
  t.match(await open(gateway, used), { __typename: 'SessionTokens' });
  t.match(await open(gateway, used), { code: 'CHALLENGE_GONE' });

  const late = await askForLink(gateway, server, { email: someAddress() });
  const code = await typedCodeOf(gateway, late.path);
  await sql`update mailbox_proofs set expires_at = now() where id = ${late.requestId}`;
  t.match(await open(gateway, late), { code: 'CHALLENGE_GONE' });
  t.match(await verify(gateway, { ...halves(late), code }), { code: 'CHALLENGE_GONE' });
  t.equal((await sql`select from credentials where identifier = ${late.email}`).length, 0);
});

t.test('fifty at once are one session', async (t) => {
  for (const email of [someAddress('new'), (await signUp(gateway)).email]) {
    const link = await askForLink(gateway, server, { email });
    const answers = await Promise.all(Array.from({ length: 50 }, () => open(gateway, link)));
    const kinds = outcomes(answers);
    t.equal(kinds.filter((kind) => kind === 'SessionTokens').length, 1);
    t.equal(kinds.filter((kind) => kind === 'CHALLENGE_GONE').length, kinds.length - 1);
    const alive = await sql`
      select from sessions join credentials using (user_id) where identifier = ${email} and revoked_at is null`;
    t.equal(alive.length, 1);
  }
});

t.test('two links of a new mailbox proved at once, and a signup meanwhile, make one account', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const email = someAddress();
    const links = await Promise.all(
      ['one', 'two', 'three'].map(async (id) => (await request(gateway, { email, device: { id } })).asked),
    );
    const opened = links.map(({ requestId, deviceSecret }) =>
      verify(gateway, { requestId, deviceSecret, mailSecret: deriveHalf(secrets, 'mail-half', requestId) }),
    );
    const input = { email, password: goodPassword };
    const signedUp = gateway.graphql(operations.signup, { input }, { from: randomNetwork() });
    const answers = await Promise.all(opened);
    const { data } = await signedUp;
    const users = new Set(answers.map(({ user }) => user?.id));
    t.same(
      answers.map(({ __typename }) => __typename),
      Array(3).fill('SessionTokens'),
    );
    t.equal(users.size, 1);
    t.match(data.signup.__typename === 'SessionTokens' ? 'made' : data.signup.code, /^(made|EMAIL_TAKEN)$/);
    t.equal((await sql`select from credentials where kind = 'mailbox' and identifier = ${email}`).length, 1);
    t.equal(
      (
        await sql`select from credentials c join users u on u.id = c.user_id
      where identifier = ${email} and proved_at is not null`
      ).length,
      1,
    );
  }
});

t.test('the characters from the page serve as the mail’s half, as people type them', async (t) => {
  const plain = await askForLink(gateway, server, { email: someAddress() });
  const shown = await typedCodeOf(gateway, plain.path);
  t.match(shown, /^[0-9A-HJKMNP-TV-Z]{8}$/);
  t.match(await verify(gateway, { ...halves(plain), code: shown }), { __typename: 'SessionTokens' });

  // An id whose characters have both signs that are taken for others.
  let id = randomUUID() as string;
  while (!/0.*1|1.*0/.test(deriveTypedCode(secrets, id))) id = randomUUID();
  const code = deriveTypedCode(secrets, id);
  for (const typed of [
    code,
    code.toLowerCase(),
    ` ${code.slice(0, 4)} ${code.slice(4)} `,
    [...code].join('-'),
    code.replaceAll('0', 'O').replaceAll('1', 'I'),
    code.replaceAll('0', 'o').replaceAll('1', 'l'),
    code.replaceAll('1', 'L'),
  ]) {
    const { requestId } = await askForLink(gateway, server, { email: someAddress() });
    await sql`update mailbox_proofs set id = ${id} where id = ${requestId}`;
    const deviceSecret = deriveHalf(secrets, 'device-half', id);
    t.match(
      await verify(gateway, { requestId: id, deviceSecret, code: typed }),
      { __typename: 'SessionTokens' },
      typed,
    );
    await sql`delete from mailbox_proofs where id = ${id}`;
  }
});

t.test('typed characters: five tries a request, one after the other and at once', async (t) => {
  const patient = await askForLink(gateway, server, { email: someAddress() });
  for (let n = 0; n < 5; n += 1)
    t.match(await verify(gateway, { ...halves(patient), code: '00000000' }), { code: 'INVALID_CREDENTIALS' });
  const right = await typedCodeOf(gateway, patient.path);
  t.match(await verify(gateway, { ...halves(patient), code: right }), { code: 'TOO_MANY_ATTEMPTS' });
  t.match(await open(gateway, patient), { __typename: 'SessionTokens' }, 'the link itself is not guessed');

  const hasty = await askForLink(gateway, server, { email: someAddress() });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => verify(gateway, { ...halves(hasty), code: '00000000' })),
  );
  const kinds = outcomes(answers);
  const looked = kinds.filter((kind) => kind === 'INVALID_CREDENTIALS').length;
  t.ok(looked > 0 && looked <= 5, `${looked} were looked at`);
  t.equal(kinds.filter((kind) => kind === 'TOO_MANY_ATTEMPTS').length, kinds.length - looked);
  const [row] = await sql`select attempts from mailbox_proofs where id = ${hasty.requestId}`;
  t.equal(row?.attempts, 5);
});

t.test('typed characters: twenty wrong a mailbox a day, over all requests and at once', async (t) => {
  const lax = await build(t, { MAGIC_LINKS_PER_MAILBOX: '100' }, gateway);
  const email = someAddress();
  const links = await Promise.all(
    Array.from(
      { length: 10 },
      async (_, n) => (await request(lax, { email, device: { id: `d${n}` } })).asked,
    ),
  );
  const tries = links.flatMap((link) => Array<typeof link>(5).fill(link));
  const answers = await Promise.all(
    tries.map(({ requestId, deviceSecret }) => verify(lax, { requestId, deviceSecret, code: '00000000' })),
  );
  const kinds = outcomes(answers);
  const looked = kinds.filter((kind) => kind === 'INVALID_CREDENTIALS').length;
  t.ok(looked > 5 && looked <= 20, `${looked} were looked at`);
  t.equal(kinds.filter((kind) => kind === 'TOO_MANY_ATTEMPTS').length, kinds.length - looked);
  const [counted] = await sql`select max(count) as most from attempts where bucket like 'typed-code-day:%'`;
  t.equal(counted?.most, 20);
  const told = answers.find(
    ({ code, retryAfterSeconds }) => code === 'TOO_MANY_ATTEMPTS' && retryAfterSeconds,
  );
  t.ok(told?.retryAfterSeconds > 23 * 3600 && told?.retryAfterSeconds <= 24 * 3600);

  const { requestId, deviceSecret } = (await request(lax, { email, device: { id: 'fresh' } })).asked;
  const code = deriveTypedCode(secrets, requestId);
  t.match(
    await verify(lax, { requestId, deviceSecret, code }),
    { code: 'TOO_MANY_ATTEMPTS' },
    'no fresh budget',
  );
  const mailSecret = deriveHalf(secrets, 'mail-half', requestId);
  t.match(await verify(lax, { requestId, deviceSecret, mailSecret }), { __typename: 'SessionTokens' });
  const other = (await request(lax, { email: someAddress() })).asked;
  t.match(
    await verify(lax, { ...halves(other), code: deriveTypedCode(secrets, other.requestId) }),
    { __typename: 'SessionTokens' },
    'another mailbox',
  );
});

t.test('a flood of typed characters for a request without tries takes none from the others', async (t) => {
  const strict = await build(t, { MAGIC_LINK_ATTEMPTS_PER_DAY: '6' }, gateway);
  const email = someAddress();
  const ask = async () => (await request(strict, { email, device: { id: randomUUID() } })).asked;
  const spent = halves(await ask());
  for (let n = 0; n < 5; n += 1) await verify(strict, { ...spent, code: '00000000' });
  const owner = await ask();
  const flood = Array.from({ length: 50 }, () => verify(strict, { ...spent, code: '00000000' }));
  const code = deriveTypedCode(secrets, owner.requestId);
  t.match(await verify(strict, { ...halves(owner), code }), { __typename: 'SessionTokens' });
  await Promise.all(flood);
});

t.test('who has not the device’s half spends nobody’s tries', async (t) => {
  const link = await askForLink(gateway, server, { email: someAddress() });
  const { requestId } = link;
  for (let n = 0; n < 30; n += 1)
    t.match(await verify(gateway, { requestId, deviceSecret: 'A'.repeat(22), code: '00000000' }), {
      code: 'INVALID_CREDENTIALS',
    });
  const code = await typedCodeOf(gateway, link.path);
  t.match(await verify(gateway, { ...halves(link), code }), { __typename: 'SessionTokens' });
});

t.test('a new request retires the earlier one of its device and nobody else’s', async (t) => {
  const email = someAddress();
  const network = randomNetwork();
  const phone = { id: randomUUID() };
  const first = await askForLink(gateway, server, { email, device: phone });
  const stranger = await askForLink(gateway, server, { email, device: { id: randomUUID() } });
  const second = await askForLink(gateway, server, { email, device: phone }, { from: network });
  t.match(await open(gateway, first), { code: 'CHALLENGE_GONE' }, 'replaced by its own device');
  t.equal((await gateway.inject({ url: first.path })).statusCode, 410);
  t.match(await open(gateway, second), { __typename: 'SessionTokens' }, 'not by a stranger');
  t.match(await open(gateway, stranger), { __typename: 'SessionTokens' });

  const nameless = someAddress();
  const one = await askForLink(gateway, server, { email: nameless }, { from: network });
  const elsewhere = await askForLink(gateway, server, { email: nameless }, { from: randomNetwork() });
  const two = await askForLink(gateway, server, { email: nameless }, { from: network });
  t.match(
    await open(gateway, one),
    { code: 'CHALLENGE_GONE' },
    'without a name the network tells devices apart',
  );
  t.match(await open(gateway, elsewhere), { __typename: 'SessionTokens' });
  t.match(await open(gateway, two), { __typename: 'SessionTokens' });

  const neighbour = someAddress();
  const theirs = await askForLink(gateway, server, { email: neighbour, device: phone });
  await askForLink(gateway, server, { email: someAddress(), device: phone });
  t.match(await open(gateway, theirs), { __typename: 'SessionTokens' }, 'another mailbox’s stays');
});

t.test('three mails a mailbox an hour, from wherever they are asked for and at once', async (t) => {
  const email = someAddress();
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => request(gateway, { email, device: { id: randomUUID() } })),
  );
  const codes = answers.map(({ asked }) => asked.code ?? asked.__typename);
  t.equal(codes.filter((code) => code === 'MagicLinkRequested').length, 3);
  t.equal(codes.filter((code) => code === 'TOO_MANY_ATTEMPTS').length, 9);
  const refused = answers.find(({ asked }) => asked.code)?.asked;
  // By the clock of a transaction that may have begun before the count did.
  t.ok(
    refused.retryAfterSeconds > 3500 && refused.retryAfterSeconds <= 3605,
    `${refused.retryAfterSeconds} s`,
  );
  await server.mailTo(email, 3);
  t.equal(
    (await sql`select from mailbox_proofs where email = ${email}`).length,
    3,
    'a refusal leaves no request',
  );
  t.equal((await sql`select from deliveries where recipient = ${email}`).length, 3, 'and no mail');

  await sql`update attempts set resets_at = now() where bucket like 'mail:%'`;
  t.match((await request(gateway, { email })).asked, { __typename: 'MagicLinkRequested' }, 'an hour later');
});

t.test('a refused request retires nothing', async (t) => {
  const email = someAddress();
  const device = { id: randomUUID() };
  const [, , last] = [
    await askForLink(gateway, server, { email, device }),
    await askForLink(gateway, server, { email, device }),
    await askForLink(gateway, server, { email, device }),
  ];
  t.match((await request(gateway, { email, device })).asked, { code: 'TOO_MANY_ATTEMPTS' });
  t.match(await open(gateway, last), { __typename: 'SessionTokens' });
});

t.test('a proved link gives its mail back to the mailbox and to the network', async (t) => {
  const email = someAddress();
  const from = randomNetwork();
  for (let n = 0; n < 12; n += 1) {
    const link = await askForLink(gateway, server, { email }, { from });
    t.match(await open(gateway, link), { __typename: 'SessionTokens' }, `round ${n}`);
  }
});

t.test('ten mails a network an hour, whoever they go to', async (t) => {
  const from = randomNetwork();
  for (let n = 0; n < 10; n += 1)
    t.match((await request(gateway, { email: someAddress() }, { from })).asked, {
      __typename: 'MagicLinkRequested',
    });
  t.match((await request(gateway, { email: someAddress() }, { from })).asked, { code: 'TOO_MANY_ATTEMPTS' });
  t.match((await request(gateway, { email: someAddress() })).asked, { __typename: 'MagicLinkRequested' });
});

t.test('what strangers spend, a device that has signed in before still has', async (t) => {
  const email = someAddress();
  const device = { id: randomUUID() };
  t.match(await open(gateway, await askForLink(gateway, server, { email, device })), {
    __typename: 'SessionTokens',
  });
  for (let n = 0; n < 3; n += 1) await askForLink(gateway, server, { email, device: { id: randomUUID() } });
  t.match((await request(gateway, { email })).asked, { code: 'TOO_MANY_ATTEMPTS' }, 'strangers are through');
  const links = [];
  for (let n = 0; n < 3; n += 1) links.push(await askForLink(gateway, server, { email, device }));
  t.match(
    (await request(gateway, { email, device })).asked,
    { code: 'TOO_MANY_ATTEMPTS' },
    'its own count ends too',
  );
  t.match(await open(gateway, links[2] as never), { __typename: 'SessionTokens' });

  // The tries at typed characters likewise.
  const spent = await build(t, { MAGIC_LINK_ATTEMPTS_PER_DAY: '1', MAGIC_LINKS_PER_MAILBOX: '9' }, gateway);
  const theirs = (await request(spent, { email })).asked;
  t.match(await verify(spent, { ...halves(theirs), code: 'wrong' }), { code: 'INVALID_CREDENTIALS' });
  t.match(await verify(spent, { ...halves(theirs), code: 'wrong' }), { code: 'TOO_MANY_ATTEMPTS' });
  const mine = (await request(spent, { email, device })).asked;
  const code = deriveTypedCode(secrets, mine.requestId);
  t.match(await verify(spent, { ...halves(mine), code }), { __typename: 'SessionTokens' });

  // On an address that nobody has proved, whoever signed up there is a stranger like the others.
  const squatter = await signUp(gateway, { device });
  for (let n = 0; n < 3; n += 1) await request(gateway, { email: squatter.email, device });
  t.match((await request(gateway, { email: squatter.email, device })).asked, { code: 'TOO_MANY_ATTEMPTS' });

  // And stays one when the owner has proved it.
  const claimed = await signUp(gateway, { device });
  t.match(await open(gateway, await askForLink(gateway, server, { email: claimed.email })), {
    __typename: 'SessionTokens',
  });
  for (let n = 0; n < 3; n += 1) await request(gateway, { email: claimed.email, device });
  t.match((await request(gateway, { email: claimed.email })).asked, { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('the same idempotencyKey is the same request and one mail, also ten at once', async (t) => {
  const email = someAddress();
  const device = { id: randomUUID() };
  const input = { email, device, idempotencyKey: randomUUID() };
  const from = randomNetwork();
  const answers = await Promise.all(Array.from({ length: 10 }, () => request(gateway, input, { from })));
  t.equal(new Set(answers.map(({ body }) => body)).size, 1);
  t.match(answers[0]?.asked, { __typename: 'MagicLinkRequested' });
  const again = await request(gateway, input, { from: randomNetwork() });
  t.equal(again.body, answers[0]?.body, 'from another network too');
  const mail = await server.mailTo(email);
  t.match(await verify(gateway, { ...halves(again.asked), mailSecret: linkIn(mail).mailSecret }), {
    __typename: 'SessionTokens',
  });
  t.equal((await sql`select from deliveries where recipient = ${email}`).length, 1);
  t.equal(server.mailsTo(email).length, 1);
  for (let n = 0; n < 9; n += 1)
    t.match(
      (await request(gateway, { email: someAddress() }, { from })).asked,
      { __typename: 'MagicLinkRequested' },
      'repeats cost the network nothing',
    );

  const { asked } = await request(gateway, { ...input, device: { id: randomUUID() } });
  t.not(asked.requestId, again.asked.requestId, 'the key of one device is nothing to another');
  const other = await request(gateway, { ...input, email: someAddress() });
  t.not(other.asked.requestId, again.asked.requestId, 'nor to another mailbox');
  for (const idempotencyKey of ['short', 'x'.repeat(129), 'with blank in it'])
    t.match((await request(gateway, { email, idempotencyKey })).asked, { code: 'IDEMPOTENCY_KEY_INVALID' });
});

t.test('what is no address, and what no device would say, is refused as data', async (t) => {
  for (const email of [
    '',
    'asha',
    'a@b',
    'a@example.com,b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    '"a b"@example.com',
  ])
    t.match((await request(gateway, { email })).asked, { code: 'EMAIL_INVALID' }, email);
  for (const name of ['', 'two\r\nlines', 'x'.repeat(101)])
    t.match((await request(gateway, { email: someAddress(), device: { name } })).asked, {
      code: 'DEVICE_INVALID',
    });
});

t.test('a disabled account gets a mail like any other and no session', async (t) => {
  for (const proved of [true, false]) {
    const email = someAddress();
    if (proved) await open(gateway, await askForLink(gateway, server, { email }));
    else await signUp(gateway, { email });
    await sql`update users set disabled_at = now() from credentials where user_id = users.id and identifier = ${email}`;
    const { __typename, code } = await open(gateway, await askForLink(gateway, server, { email }));
    t.same({ __typename, code }, { __typename: 'AuthError', code: 'ACCOUNT_DISABLED' });
    const link = await askForLink(gateway, server, { email });
    const typed = await typedCodeOf(gateway, link.path);
    t.match(await verify(gateway, { ...halves(link), code: typed }), { code: 'ACCOUNT_DISABLED' });
  }
});

t.test('without a way for mails, in production, it is off', async (t) => {
  const off = await build(t, { ...server.environment }, gateway);
  Object.assign(off.app.tools.doors, { EMAIL: null });
  t.match((await request(off, { email: someAddress() })).asked, { code: 'METHOD_UNAVAILABLE' });
  const methods = async (of: typeof gateway) =>
    (await of.graphql('{ authMethods { method } }')).data.authMethods.map(
      ({ method }: { method: string }) => method,
    );
  t.notOk((await methods(off)).includes('MAGIC_LINK'));
  t.ok((await methods(gateway)).includes('MAGIC_LINK'));
});

t.test('production has the outbox in the place of nothing', async (t) => {
  const production = {
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://auth.acme.test',
    DATABASE_URL: 'postgres://not-used/by-tests',
    REDIS_URL: 'redis://not-used',
    SECRET_KEY: randomBytes(32).toString('base64url'),
    TRUST_PROXY: 'none',
  };
  const never = () => Buffer.alloc(32);
  for (const proof of [{}, { SIGNUP_EMAIL_PROOF: 'true' }])
    t.throws(() => readConfig({ ...production, ...proof }, never), /SMTP_URL missing/);
  const doors = openDoors(readConfig({ ...production, SIGNUP_EMAIL_PROOF: 'false' }, never), null, String);
  t.same(doors, { EMAIL: null, WHATSAPP: null, SMS: null });
});

t.test('with a pool of one connection everything still goes on', async (t) => {
  const narrow = await build(t, { ...server.environment, DATABASE_POOL: '1' }, gateway);
  const links = await Promise.all(
    Array.from({ length: 5 }, () => askForLink(narrow, server, { email: someAddress() })),
  );
  for (const answer of await Promise.all(links.map((link) => open(narrow, link))))
    t.match(answer, { __typename: 'SessionTokens' });
});

t.test('no log line holds an address, a secret or a code', async (t) => {
  const own = await build(t, { ...server.environment, LOG_LEVEL: 'trace', APP_LINKS: 'com.acme.app://' });
  const email = someAddress('canary');
  const device = { id: randomUUID(), name: 'Canary’s phone' };
  const link = await askForLink(own, server, { email, device });
  const code = await typedCodeOf(own, link.path);
  for (const path of ['/', '?x=1', '/.', 'x', '%20'].map((tail) => link.path + tail))
    await own.inject({ url: path });
  await own.inject({ method: 'POST', url: link.path });
  await own.inject({ method: 'HEAD', url: link.path });
  await verify(own, { ...halves(link), code: 'ZZZZZZZZ' });
  await verify(own, { ...halves(link), mailSecret: 'A'.repeat(22) });
  const tokens = await open(own, link);
  server.mood = '4xx';
  await request(own, { email, device });
  await until(() => own.log.some((line) => line.includes('451')), 'the refusal in the log');
  server.mood = 'takes';
  const log = own.log.join('\n');
  t.ok(own.log.length > 10);
  t.match(log, /\/m\/\*/, 'the page stands there as a route');
  for (const [name, secret] of Object.entries({
    email,
    name: 'canary',
    device: device.name,
    deviceSecret: link.deviceSecret,
    mailSecret: link.mailSecret,
    code,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
  }))
    t.notMatch(log.toLowerCase(), secret.toLowerCase(), name);
});

function halves({ requestId, deviceSecret }: { requestId: string; deviceSecret: string }) {
  return { requestId, deviceSecret };
}

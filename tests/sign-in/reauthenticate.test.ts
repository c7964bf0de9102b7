import { randomUUID } from 'node:crypto';
import t from 'tap';
import { randomPhone, sendOtp, verifyOtp } from '../codes.js';
import { build, operations, randomNetwork, type SignedIn, signUp } from '../helper.js';
import { MailServer } from '../mail-server.js';
import { type Account, enter, nonceOf, Provider, proofOf } from '../provider-stand-in.js';
import { untilSomebodyWaits } from '../statements.js';
import { Twilio } from '../twilio-stand-in.js';
import { askForLink, open, someAddress } from './magic-link/asking.js';
import { roomy } from './password/guessing.js';

const provider = await Provider.open(t);
const mails = await MailServer.open(t);
const twilio = await Twilio.open(t);
const gateway = await build(t, {
  ...provider.settings,
  ...mails.environment,
  ...twilio.settings,
  ...roomy,
});
const { sql } = gateway;

type Tokens = Pick<SignedIn, 'accessToken' | 'refreshToken' | 'session' | 'user'>;
const ask = (token: string, input: unknown) =>
  gateway.graphql(operations.reauthenticate, { input }, { token, from: randomNetwork() });
const reauthenticate = async ({ accessToken }: { accessToken: string }, input: unknown) => {
  const { data, body } = await ask(accessToken, input);
  if (!data) throw new Error(body);
  return data.reauthenticate;
};
const refresh = async (refreshToken: string, idempotencyKey?: string) =>
  (await gateway.graphql(operations.refreshSession, { input: { refreshToken, idempotencyKey } })).data
    .refreshSession;
const claimsOf = ({ accessToken }: { accessToken: string }) =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
/** Makes the last proof of a session so many seconds older, and its last refresh as well. */
const age = ({ session }: Pick<Tokens, 'session'>, seconds: number) =>
  sql`update sessions set created_at = created_at - make_interval(secs => ${seconds}),
    reauthenticated_at = reauthenticated_at - make_interval(secs => ${seconds}),
    rotated_at = rotated_at - make_interval(secs => ${seconds}) where id = ${session.id}`;
const link = async (
  { accessToken: token }: Tokens,
  by: 'google' | 'apple' | 'firebase',
  account: Account,
) => {
  const input = await proofOf(gateway, provider, by, account);
  const { data } = await gateway.graphql(operations.linkIdentity, { input }, { token });
  if (data.linkIdentity.__typename !== 'IdentityLinked') throw new Error(JSON.stringify(data));
};
const linkFor = async (email: string) => {
  const { requestId, deviceSecret, mailSecret } = await askForLink(gateway, mails, {
    email,
    device: { id: randomUUID() },
  });
  return { requestId, deviceSecret, mailSecret };
};
const codeFor = async (phone: string) => {
  const { challengeId } = await sendOtp(gateway, { phone });
  return { challengeId, code: twilio.to(phone).at(-1)?.code ?? '' };
};
const proofsOf = (userId: string) =>
  sql`select method, failure, session_id from login_events
    where user_id = ${userId} and kind = 'REAUTHENTICATION' order by id`;
const deleteAccount = async ({ accessToken: token }: { accessToken: string }) =>
  (await gateway.graphql(operations.deleteAccount, {}, { token })).data.deleteAccount;

/** A person who can come in every way. */
async function everyman() {
  const email = someAddress();
  const phone = randomPhone();
  const owner = await signUp(gateway, { email });
  const asked = await askForLink(gateway, mails, { email }, { token: owner.accessToken });
  await open(gateway, asked);
  await sql`insert into credentials (user_id, kind, identifier, proved_at) values (${owner.user.id}, 'phone', ${phone}, now())`;
  const accounts = {
    google: { sub: randomUUID() },
    apple: { sub: randomUUID() },
    firebase: { sub: randomUUID() },
  };
  for (const by of ['google', 'apple', 'firebase'] as const) await link(owner, by, accounts[by]);
  return { ...owner, email, phone, accounts };
}
/** A passkey of a person's; returns the id of the way in. */
async function addPasskey({ user }: Pick<Tokens, 'user'>): Promise<string> {
  const [added] = await sql`insert into credentials (user_id, kind, identifier, proved_at)
    values (${user.id}, 'passkey', ${randomUUID()}, now()) returning id`;
  await sql`insert into passkeys (credential_id, public_key, counter, transports, aaguid, name, multi_device, backed_up)
    values (${added?.id}, 'a', 0, '{}', ${randomUUID()}, 'Key', false, false)`;
  return added?.id;
}
type Everyman = Awaited<ReturnType<typeof everyman>>;

/** Every way to prove a person, with its name and what it is called by RFC 8176. */
const ways: [string, string[], (person: Everyman) => Promise<object>][] = [
  ['PASSWORD', ['pwd'], async ({ password }) => ({ password })],
  ['OTP_WHATSAPP', ['otp'], async ({ phone }) => ({ otp: await codeFor(phone) })],
  ['MAGIC_LINK', ['otp'], async ({ email }) => ({ magicLink: await linkFor(email) })],
  ['GOOGLE', ['fed'], ({ accounts }) => proofOf(gateway, provider, 'google', accounts.google)],
  ['APPLE', ['fed'], ({ accounts }) => proofOf(gateway, provider, 'apple', accounts.apple)],
  ['FIREBASE', ['fed'], ({ accounts }) => proofOf(gateway, provider, 'firebase', accounts.firebase)],
];

t.test(
  'every way in gives a fresh proof: the same session, a new auth_time, the refresh token spent',
  async (t) => {
    const person = await everyman();
    let tokens: Tokens = person;
    for (const [method, amr, prove] of ways) {
      await age(tokens, 400);
      t.match(await deleteAccount(tokens), { code: 'FRESH_PROOF_REQUIRED' }, method);
      const renewed = await reauthenticate(tokens, await prove(person));
      t.match(renewed, { __typename: 'SessionTokens', user: { id: person.user.id } }, method);
      t.equal(renewed.session.id, person.session.id);
      t.equal(renewed.session.method, 'PASSWORD', 'the sign-in was what it was');
      const [before, after] = [claimsOf(tokens), claimsOf(renewed)];
      t.equal(after.sid, before.sid);
      t.ok(Math.abs(after.auth_time - Date.now() / 1000) < 10, 'auth_time is now');
      t.same(after.amr, [...new Set([...before.amr, ...amr])], 'what was proved before counts on');
      t.not(renewed.refreshToken, tokens.refreshToken);
      t.equal(
        (await refresh(tokens.refreshToken)).refreshToken,
        renewed.refreshToken,
        'within the grace period',
      );
      t.match(
        (await gateway.graphql(operations.startPasskeyRegistration, {}, { token: renewed.accessToken })).data,
        {
          startPasskeyRegistration: { __typename: 'PasskeyCreationStarted' },
        },
      );
      tokens = renewed;
    }
    t.same(
      (await proofsOf(person.user.id)).map(({ method, failure, session_id }) => [
        method,
        failure,
        session_id,
      ]),
      ways.map(([method]) => [method, null, person.session.id]),
    );
    t.match(
      await refresh(person.refreshToken),
      { code: 'REFRESH_TOKEN_REUSED' },
      'a copy from before ends it',
    );
  },
);

t.test('somebody else’s right proof proves nothing, and is used up', async (t) => {
  const person = await everyman();
  const other = await everyman();
  await age(person, 400);
  for (const [method, , prove] of ways.slice(1)) {
    const proof = await prove(other);
    t.match(await reauthenticate(person, proof), { code: 'INVALID_CREDENTIALS' }, method);
    if (method !== 'FIREBASE')
      t.match(await reauthenticate(other, proof), { code: 'CHALLENGE_GONE' }, `${method} again`);
  }
  const strangers = { google: { sub: randomUUID() }, firebase: { sub: randomUUID() } };
  for (const by of ['google', 'firebase'] as const) {
    const proof = await proofOf(gateway, provider, by, strangers[by]);
    t.match(await reauthenticate(person, proof), { code: 'INVALID_CREDENTIALS' }, `${by}, of nobody here`);
    t.not((await enter(gateway, provider, by, strangers[by])).user.id, person.user.id, 'and is not linked');
  }
  // Vouching is for signing in: the mailbox is this person's, the identity is not.
  const vouching = { sub: randomUUID(), email: person.email, email_verified: true };
  const vouched = await proofOf(gateway, provider, 'google', vouching);
  t.match(await reauthenticate(person, vouched), { code: 'INVALID_CREDENTIALS' });
  const claimed = await signUp(gateway);
  t.match(
    await reauthenticate(claimed, { magicLink: await linkFor(claimed.email) }),
    { code: 'INVALID_CREDENTIALS' },
    'a mailbox that is merely claimed',
  );
  t.match(await deleteAccount(person), { code: 'FRESH_PROOF_REQUIRED' }, 'the session is as stale as before');
  t.match(await refresh(person.refreshToken), { __typename: 'SessionTokens' }, 'and its token unspent');
  const failures = (await proofsOf(person.user.id)).map(({ method, failure }) => `${method} ${failure}`);
  t.same(
    failures.slice(0, 5),
    ways.slice(1).map(([method]) => `${method} INVALID_CREDENTIALS`),
  );
  t.equal((await proofsOf(other.user.id)).filter(({ failure }) => failure === null).length, 0);
});

t.test('a Firebase token that was only renewed is no proof', async (t) => {
  const person = await everyman();
  const now = Math.floor(Date.now() / 1000);
  for (const [said, authTime] of [
    ['stale', now - 320],
    ['absent', undefined],
    ['text', String(now)],
    ['null', null],
    ['1970', 0],
  ] as const) {
    const account = { ...person.accounts.firebase, auth_time: authTime };
    const proof = await proofOf(gateway, provider, 'firebase', account);
    t.match(await reauthenticate(person, proof), { code: 'INVALID_CREDENTIALS' }, said);
  }
  const fresh = await proofOf(gateway, provider, 'firebase', {
    ...person.accounts.firebase,
    auth_time: now - 280,
  });
  t.match(await reauthenticate(person, fresh), { __typename: 'SessionTokens' });
});

t.test('nonsense proves nothing, by any way', async (t) => {
  const person = await everyman();
  const nonce = await nonceOf(gateway);
  const passkey = { id: 'a', rawId: 'a', type: 'public-key', response: {}, clientExtensionResults: {} };
  const { data } = await gateway.graphql(operations.startPasskeySignIn, {}, { from: randomNetwork() });
  const { challengeId } = data.startPasskeySignIn;
  for (const [input, code] of [
    [{ otp: { challengeId: 'x', code: '123456' } }, 'CHALLENGE_GONE'],
    [{ otp: { challengeId: randomUUID(), code: '123456' } }, 'CHALLENGE_GONE'],
    [{ magicLink: { requestId: randomUUID(), deviceSecret: 'a', mailSecret: 'b' } }, 'CHALLENGE_GONE'],
    [{ passkey: { challengeId: randomUUID(), response: JSON.stringify(passkey) } }, 'CHALLENGE_GONE'],
    [{ passkey: { challengeId, response: JSON.stringify(passkey) } }, undefined],
    [{ passkey: { challengeId, response: '{' } }, 'CHALLENGE_GONE'],
    [{ google: { idToken: 'a.b.c', nonce } }, 'INVALID_CREDENTIALS'],
    [{ google: { idToken: '', nonce: 'made-up' } }, 'CHALLENGE_GONE'],
    [{ apple: { identityToken: 'e30.e30.', nonce } }, 'INVALID_CREDENTIALS'],
    [{ firebase: { idToken: '\u0000' } }, 'INVALID_CREDENTIALS'],
    [{ social: { code: 'a', codeVerifier: 'b'.repeat(43) } }, 'CHALLENGE_GONE'],
    [{ password: '' }, 'INVALID_CREDENTIALS'],
    [{ password: '\ud800' }, 'INVALID_CREDENTIALS'],
  ] as const) {
    const answer = await reauthenticate(person, input);
    t.match(answer, { __typename: 'AuthError', ...(code && { code }) }, JSON.stringify(input));
  }
  const passwordless = await enter(gateway, provider, 'google', { sub: randomUUID() });
  t.match(await reauthenticate(passwordless, { password: 'anything' }), { code: 'INVALID_CREDENTIALS' });
  const { accessToken, ...rest } = person;
  t.ok(rest);
  t.match(
    (await ask(`${accessToken}x`, { password: person.password })).status,
    401,
    'who asks must be known',
  );
});

t.test('exactly one proof: anything else runs nothing', async (t) => {
  const person = await everyman();
  const otp = await codeFor(person.phone);
  const { password } = person;
  for (const input of [
    {},
    { password, otp },
    { password: null },
    { password: null, otp },
    { password, otp: null },
    { otp: null, magicLink: null },
    null,
    [],
    'password',
  ]) {
    const answer = await ask(person.accessToken, input);
    t.match(answer.errors, [{ extensions: { code: 'BAD_USER_INPUT' } }], JSON.stringify(input));
    t.notOk(answer.data);
  }
  // Written into the text instead of a variable.
  const literal = `mutation { reauthenticate(input: { password: "x", otp: null }) { __typename } }`;
  t.match((await gateway.graphql(literal, {}, { token: person.accessToken })).errors, [{}]);
  t.equal((await proofsOf(person.user.id)).length, 0);
  const [challenge] =
    await sql`select attempts, consumed_at from otp_challenges where id = ${otp.challengeId}`;
  t.match(challenge, { attempts: 0, consumed_at: null });
  t.match(await reauthenticate(person, { otp }), { __typename: 'SessionTokens' }, 'the code was not touched');
});

t.test('a password cannot be guessed by it, in parallel either', async (t) => {
  const person = await signUp(gateway);
  const came = await Promise.all(
    Array.from({ length: 30 }, (_, i) => reauthenticate(person, { password: `not-the-password-${i}` })),
  );
  const count = (code: string) => came.filter((one) => one.code === code).length;
  t.equal(count('INVALID_CREDENTIALS'), gateway.config.passwordAttempts);
  t.equal(count('TOO_MANY_ATTEMPTS'), 30 - gateway.config.passwordAttempts);
  const right = await reauthenticate(person, { password: person.password });
  t.match(right, { code: 'TOO_MANY_ATTEMPTS' });
  t.ok(right.retryAfterSeconds > 0);
  const input = { currentPassword: person.password, newPassword: 'violet-anchor-77-lantern' };
  const changed = await gateway.graphql(operations.changePassword, { input }, { token: person.accessToken });
  t.match(changed.data.changePassword, { code: 'TOO_MANY_ATTEMPTS' }, 'they are the same tries');
  t.match(
    (await gateway.graphql(operations.login, { input: { email: person.email, password: person.password } }))
      .data.login,
    { __typename: 'SessionTokens' },
    'whoever has the session cannot lock its owner out',
  );
  t.equal((await proofsOf(person.user.id)).length, 31);
});

t.test('aliases give no second try', async (t) => {
  const person = await signUp(gateway);
  const many = Array.from(
    { length: 5 },
    (_, i) => `a${i}: reauthenticate(input: { password: "p${i}" }) { __typename }`,
  );
  const answer = await gateway.graphql(`mutation { ${many.join(' ')} }`, {}, { token: person.accessToken });
  t.match(answer.errors, [{ extensions: { code: 'BAD_USER_INPUT' } }]);
  t.equal((await proofsOf(person.user.id)).length, 0);
});

t.test('refreshes in parallel with a proof are no theft', async (t) => {
  for (let round = 0; round < 6; round += 1) {
    const person = await enter(gateway, provider, 'google', {
      sub: randomUUID(),
      email: someAddress(),
      email_verified: true,
    });
    const account = { sub: randomUUID() };
    await link(person, 'firebase', account);
    // Also a session that was refreshed long ago.
    const tokens = round % 2 === 0 ? person : { ...person, ...(await refresh(person.refreshToken)) };
    if (round % 2 === 1) await age(person, 100);
    const proof = await proofOf(gateway, provider, 'firebase', account);
    const came = await Promise.all([
      refresh(tokens.refreshToken),
      refresh(tokens.refreshToken, randomUUID()),
      reauthenticate(tokens, proof),
      refresh(tokens.refreshToken),
      refresh(tokens.refreshToken, randomUUID()),
    ]);
    t.same(
      came.map(({ __typename, code }) => code ?? __typename),
      came.map(() => 'SessionTokens'),
    );
    t.equal(new Set(came.map(({ refreshToken }) => refreshToken)).size, 1, 'all hold the same successor');
    t.match(await refresh(came[0].refreshToken), { __typename: 'SessionTokens' });
  }
});

t.test('a proof right after a refresh does not make the repeated refresh a theft', async (t) => {
  const person = await signUp(gateway);
  const key = randomUUID();
  const first = await refresh(person.refreshToken, key);
  const renewed = await reauthenticate(first, { password: person.password });
  t.equal(renewed.refreshToken, first.refreshToken);
  t.equal((await refresh(person.refreshToken, key)).refreshToken, first.refreshToken, 'its answer was lost');
  t.match(await refresh(renewed.refreshToken), { __typename: 'SessionTokens' });
});

t.test('ten proofs with one code: one is good', async (t) => {
  const person = await everyman();
  const otp = await codeFor(person.phone);
  const came = await Promise.all(Array.from({ length: 10 }, () => reauthenticate(person, { otp })));
  t.equal(came.filter(({ __typename }) => __typename === 'SessionTokens').length, 1);
  t.match(await verifyOtp(gateway, otp), { code: 'CHALLENGE_GONE' }, 'nor does it sign in any more');
});

t.test('a proof and sign-ins by the same phone and mailbox do not wait for each other', async (t) => {
  const person = await everyman();
  for (let round = 0; round < 4; round += 1) {
    const proofs = [await linkFor(person.email), await linkFor(person.email)] as const;
    const codes = [
      await codeFor(person.phone),
      await sendOtp(gateway, { phone: person.phone, device: { id: 'b' } }),
    ] as const;
    const second = { challengeId: codes[1].challengeId, code: twilio.to(person.phone).at(-1)?.code ?? '' };
    const came = await Promise.all([
      reauthenticate(person, { magicLink: proofs[0] }),
      gateway
        .graphql(operations.verifyMagicLink, { input: proofs[1] })
        .then(({ data }) => data.verifyMagicLink),
      reauthenticate(person, { otp: codes[0] }),
      verifyOtp(gateway, second),
    ]);
    t.same(
      came.map(({ __typename }) => __typename),
      came.map(() => 'SessionTokens'),
    );
    await sql`delete from attempts`;
  }
});

t.test('a session that is ended while the proof is checked gets nothing', async (t) => {
  const person = await everyman();
  const magicLink = await linkFor(person.email);
  let asking: ReturnType<typeof reauthenticate> | undefined;
  await sql.begin(async (tx) => {
    await tx`select from users where id = ${person.user.id} for update`;
    asking = reauthenticate(person, { magicLink });
    await untilSomebodyWaits(gateway);
    await tx`update sessions set revoked_at = now(), revocation_reason = 'revoked' where id = ${person.session.id}`;
  });
  t.match(await asking, { code: 'SESSION_REVOKED' });
  t.match(await proofsOf(person.user.id), [{ method: 'MAGIC_LINK', failure: 'SESSION_REVOKED' }]);
  t.equal((await ask(person.accessToken, { password: person.password })).status, 401);
});

t.test(
  'what changes who enters asks for a proof of the last five minutes, by the ways the person has',
  async (t) => {
    const person = await everyman();
    const passkey = await addPasskey(person);
    const listed = await gateway.graphql(operations.identities, {}, { token: person.accessToken });
    const [{ id }] = listed.data.identities;
    const errands: [keyof typeof operations, Record<string, unknown>][] = [
      ['deleteAccount', {}],
      ['startPasskeyRegistration', {}],
      ['deletePasskey', { input: { id: passkey } }],
      ['unlinkIdentity', { input: { id } }],
      ['linkIdentity', { input: await proofOf(gateway, provider, 'google', { sub: randomUUID() }) }],
    ];
    const run = async (
      [name, variables]: (typeof errands)[number],
      { accessToken: token }: { accessToken: string },
    ) => (await gateway.graphql(operations[name], variables, { token })).data[name];
    await age(person, 310);
    const methods = [
      'PASSKEY',
      'FIREBASE',
      'APPLE',
      'GOOGLE',
      'OTP_WHATSAPP',
      'OTP_SMS',
      'MAGIC_LINK',
      'PASSWORD',
    ];
    for (const errand of errands) {
      const refused = await run(errand, person);
      t.equal(refused.code, 'FRESH_PROOF_REQUIRED', errand[0]);
      t.same(refused.methods, methods);
    }
    const refreshed = await refresh(person.refreshToken);
    for (const errand of errands)
      t.equal((await run(errand, refreshed)).code, 'FRESH_PROOF_REQUIRED', `${errand[0]} after a refresh`);
    t.ok(claimsOf(refreshed).auth_time < Date.now() / 1000 - 300, 'which leaves auth_time as it was');

    await age(refreshed, 100);
    const renewed = await reauthenticate(refreshed, { password: person.password });
    await age(renewed, 290);
    for (const errand of [...errands.slice(1), errands[0] as (typeof errands)[number]])
      t.not((await run(errand, renewed)).__typename, 'AuthError', errand[0]);
  },
);

t.test('a copy of an older access token does not share in a proof that was given since', async (t) => {
  const person = await signUp(gateway);
  const { sub, sid, client_id, amr, auth_time } = claimsOf(person);
  // Signed six minutes ago: good for nine more.
  const older = { sub, sid, client_id, amr, auth_time: auth_time - 360 };
  const copy = await gateway.app.tools.keys.sign(older, new Date(Date.now() + 540_000));
  await age(person, 360);
  const renewed = await reauthenticate(copy, { password: person.password });
  t.match(await gateway.graphql(operations.me, {}, { token: copy.accessToken }), { status: 200 });
  t.match(await deleteAccount(copy), { code: 'FRESH_PROOF_REQUIRED', methods: ['PASSWORD'] });
  const { data } = await gateway.graphql(
    operations.startPasskeyRegistration,
    {},
    { token: copy.accessToken },
  );
  t.match(data.startPasskeyRegistration, { code: 'FRESH_PROOF_REQUIRED' });
  t.match(await deleteAccount(await refresh(renewed.refreshToken)), { __typename: 'AccountDeleted' });
});

t.test('a session that is ended while it waits removes and deletes nothing', async (t) => {
  const person = await everyman();
  const passkey = await addPasskey(person);
  const listed = await gateway.graphql(operations.identities, {}, { token: person.accessToken });
  const [identity] = listed.data.identities;
  const other = await enter(gateway, provider, 'google', person.accounts.google);
  const errands = {
    deletePasskey: { id: passkey },
    unlinkIdentity: { id: identity.id },
    deleteAccount: null,
  };
  for (const [name, input] of Object.entries(errands)) {
    const { accessToken: token, session } = await enter(gateway, provider, 'google', person.accounts.google);
    let asking: ReturnType<typeof gateway.graphql> | undefined;
    await sql.begin(async (tx) => {
      await tx`select from users where id = ${person.user.id} for update`;
      asking = gateway.graphql(operations[name as keyof typeof errands], input ? { input } : {}, { token });
      await untilSomebodyWaits(gateway);
      await tx`update sessions set revoked_at = now(), revocation_reason = 'revoked' where id = ${session.id}`;
    });
    t.match((await asking)?.data[name], { code: 'SESSION_REVOKED' }, name);
  }
  const { data } = await gateway.graphql(operations.me, {}, { token: other.accessToken });
  t.equal(data.me.id, person.user.id, 'the account stands');
  const left = await sql`select from credentials where id in (${passkey}, ${identity.id})`;
  t.equal(left.length, 2);
});

t.test('the methods are those of the person, as far as they are switched on', async (t) => {
  const methodsOf = async (tokens: Tokens, of = gateway) => {
    await age(tokens, 310);
    const { data } = await of.graphql(operations.deleteAccount, {}, { token: tokens.accessToken });
    return data.deleteAccount.methods;
  };
  t.same(await methodsOf(await signUp(gateway)), ['PASSWORD'], 'an unproved mailbox proves nobody');
  const email = someAddress();
  t.same(await methodsOf(await open(gateway, await askForLink(gateway, mails, { email }))), ['MAGIC_LINK']);
  t.same(await methodsOf(await verifyOtp(gateway, await codeFor(randomPhone()))), [
    'OTP_WHATSAPP',
    'OTP_SMS',
  ]);
  t.same(await methodsOf(await enter(gateway, provider, 'apple', { sub: randomUUID() })), ['APPLE']);
  const { GOOGLE_CLIENT_IDS: _, ...settings } = provider.settings;
  const without = await build(t, { ...settings, ...mails.environment }, gateway);
  const person = await enter(gateway, provider, 'google', {
    sub: randomUUID(),
    email: someAddress(),
    email_verified: true,
  });
  t.same(await methodsOf(person), ['GOOGLE', 'MAGIC_LINK']);
  t.same(await methodsOf(person, without), ['MAGIC_LINK']);
});

import { randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import { build, operations, randomNetwork, signUp } from '../../helper.js';
import { SoftwareAuthenticator, type Tampering } from '../../software-authenticator.js';
import { ageSession, ask, eventsOf, faultsIn, type Outcome, signIn, signUpByPasskey } from './using.js';

const origin = 'https://auth.acme.test';
const gateway = await build(t, { PUBLIC_URL: origin });
const { sql } = gateway;

const newAuthenticator = () => new SoftwareAuthenticator(origin);
/** A person with a passkey, and what holds it. */
async function somebody() {
  const authenticator = newAuthenticator();
  return { authenticator, ...(await signUpByPasskey(gateway, authenticator)) };
}
const startSignIn = () => ask(gateway, 'startPasskeySignIn');
const startRegistration = (token: string) => ask(gateway, 'startPasskeyRegistration', undefined, { token });
const startSignup = () => ask(gateway, 'startPasskeySignup', { name: 'Asha' });
const verify = (challengeId: string, response: string) =>
  ask(gateway, 'verifyPasskey', { challengeId, response });
const finish = (challengeId: string, response: string, token: string, name?: string) =>
  ask(gateway, 'finishPasskeyRegistration', { challengeId, response, name }, { token });
const finishSignup = (challengeId: string, response: string) =>
  ask(gateway, 'finishPasskeySignup', { challengeId, response });
const passkeysOf = (token: string) => ask(gateway, 'passkeys', undefined, { token });
const countSessions = async (userId: string) =>
  (await sql`select from sessions where user_id = ${userId}`).length;
const names = (outcomes: Outcome[]) => outcomes.map(({ code, __typename }) => code ?? __typename).sort();

/** Each of these is wrong in itself, whichever the ceremony. */
const wrong: Record<string, Tampering> = {
  'the origin of somebody else': { origin: 'https://auth.acme.test.evil.example' },
  'an origin below ours': { origin: 'https://evil.auth.acme.test' },
  'an origin that ends like ours': { origin: 'https://evilauth.acme.test' },
  'our origin in clear text': { origin: 'http://auth.acme.test' },
  'our origin on another port': { origin: 'https://auth.acme.test:8443' },
  'our origin with a path': { origin: 'https://auth.acme.test/' },
  'our origin in capitals': { origin: 'https://AUTH.acme.test' },
  'no origin': { origin: '' },
  'the hash of an app that is not listed': { origin: `android:apk-key-hash:${'A'.repeat(43)}` },
  'another relying party': { rpId: 'acme.test' },
  'nobody there': { userPresent: false },
  'a person who was not verified': { userVerified: false },
  'nobody there at all': { userPresent: false, userVerified: false },
  'a backup of what cannot be backed up': { backupEligible: false, backedUp: true },
  'another challenge': { challenge: randomBytes(32).toString('base64url') },
  'no challenge': { challenge: '' },
  'the frame of another site': { crossOrigin: true, topOrigin: 'https://evil.example' },
  'a frame that does not say of which site': { crossOrigin: true },
  'a top origin without a frame': { topOrigin: 'https://evil.example' },
  'the id of another passkey': { claimedId: randomBytes(32).toString('base64url') },
};

t.test('a registration is refused with', async (t) => {
  const person = await somebody();
  for (const [what, tampering] of Object.entries({
    ...wrong,
    'the type of a sign-in': { type: 'webauthn.get' },
    'no credential id': { credentialId: Buffer.alloc(0) },
    'a credential id that is too long': { credentialId: randomBytes(1024) },
    'a credential id that no index holds': { credentialId: randomBytes(4000) },
    'a key that is none': { publicKey: new Map([[1, 2]]) },
    'a key of an algorithm that was not asked for': {
      publicKey: new Map<number, number | Buffer>([
        [1, 2],
        [3, -35],
        [-1, 2],
        [-2, randomBytes(48)],
        [-3, randomBytes(48)],
      ]),
    },
  } satisfies Record<string, Tampering>)) {
    const { challengeId, options } = await startRegistration(person.accessToken);
    const response = newAuthenticator().create(options, tampering);
    t.match(await finish(challengeId, response, person.accessToken), { code: 'PASSKEY_INVALID' }, what);
    const signup = await startSignup();
    const unmade = newAuthenticator().create(signup.options, tampering);
    t.match(await finishSignup(signup.challengeId, unmade), { code: 'PASSKEY_INVALID' }, `signup: ${what}`);
  }
  t.equal((await passkeysOf(person.accessToken)).length, 1);
});

t.test('a sign-in is refused with', async (t) => {
  const [person, other] = [await somebody(), await somebody()];
  const before = await countSessions(person.user.id);
  for (const [what, tampering] of Object.entries({
    ...wrong,
    'the type of a registration': { type: 'webauthn.create' },
    'no user handle': { userHandle: null },
    'an empty user handle': { userHandle: '' },
    'the user handle of somebody else': { userHandle: other.authenticator.newest.userHandle },
    'the credential id of somebody else': {
      claimedId: other.authenticator.newest.id.toString('base64url'),
    },
    'the credential id and the user handle of somebody else': {
      claimedId: other.authenticator.newest.id.toString('base64url'),
      userHandle: other.authenticator.newest.userHandle,
    },
    'another backup eligibility': { backupEligible: false },
  } satisfies Record<string, Tampering>)) {
    const { challengeId, options } = await startSignIn();
    const refused = await verify(challengeId, person.authenticator.get(options, tampering));
    const code = what === 'the id of another passkey' ? 'INVALID_CREDENTIALS' : 'PASSKEY_INVALID';
    t.match(refused, { code }, what);
  }
  t.equal(await countSessions(person.user.id), before);
  t.equal(await countSessions(other.user.id), 1);
  t.match(
    await signIn(gateway, person.authenticator),
    { user: { id: person.user.id } },
    'and is good as it is',
  );
});

t.test('a signature of any other bytes is refused', async (t) => {
  const person = await somebody();
  const flip = (text: string, at: number) => {
    const bytes = Buffer.from(text, 'base64url');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes.toString('base64url');
  };
  const broken: ((response: Record<string, string>) => Record<string, string>)[] = [
    (given) => ({ ...given, signature: flip(given.signature ?? '', 10) }),
    (given) => ({ ...given, signature: '' }),
    (given) => ({ ...given, signature: 'MAYCAQACAQA' }),
    (given) => ({ ...given, authenticatorData: flip(given.authenticatorData ?? '', 36) }),
    (given) => ({
      ...given,
      clientDataJSON: Buffer.from(`${Buffer.from(given.clientDataJSON ?? '', 'base64url')} `).toString(
        'base64url',
      ),
    }),
  ];
  for (const spoil of broken) {
    const { challengeId, options } = await startSignIn();
    const answer = JSON.parse(person.authenticator.get(options));
    const response = JSON.stringify({ ...answer, response: spoil(answer.response) });
    t.match(await verify(challengeId, response), { code: 'PASSKEY_INVALID' });
  }
});

t.test('a challenge of one ceremony is worth nothing in another', async (t) => {
  const person = await somebody();
  const { accessToken: token } = person;
  const registration = await startRegistration(token);
  const signup = await startSignup();
  const login = await startSignIn();
  const make = ({ options }: Outcome) =>
    newAuthenticator().create(
      JSON.stringify({ user: { id: 'AAAA' }, rp: { id: 'auth.acme.test' }, ...JSON.parse(options) }),
    );
  const sign = ({ options }: Outcome) => person.authenticator.get(options);

  for (const started of [signup, login]) {
    t.match(await finish(started.challengeId, make(started), token), { code: 'CHALLENGE_GONE' });
  }
  for (const started of [registration, login]) {
    t.match(await finishSignup(started.challengeId, make(started)), { code: 'CHALLENGE_GONE' });
  }
  for (const started of [registration, signup]) {
    t.match(await verify(started.challengeId, sign(started)), { code: 'CHALLENGE_GONE' });
    const input = { passkey: { challengeId: started.challengeId, response: sign(started) } };
    t.match(await ask(gateway, 'reauthenticate', input, { token }), { code: 'CHALLENGE_GONE' });
  }
  // None of them was used up by being sent to the wrong place.
  t.match(await finish(registration.challengeId, make(registration), token), {
    __typename: 'PasskeyRegistered',
  });
  t.match(await finishSignup(signup.challengeId, make(signup)), { __typename: 'SessionTokens' });
  t.match(await verify(login.challengeId, sign(login)), { __typename: 'SessionTokens' });
});

t.test('an answer to one challenge is none to another, and uses that up', async (t) => {
  const person = await somebody();
  const [first, second] = [await startSignIn(), await startSignIn()];
  const answer = person.authenticator.get(first.options);
  t.match(await verify(second.challengeId, answer), { code: 'PASSKEY_INVALID' });
  t.match(await verify(second.challengeId, person.authenticator.get(second.options)), {
    code: 'CHALLENGE_GONE',
  });
  t.match(await verify(first.challengeId, answer), { __typename: 'SessionTokens' });
  t.match(await verify(first.challengeId, answer), { code: 'CHALLENGE_GONE' }, 'once');
});

t.test('ten at once with one answer are one', async (t) => {
  const person = await somebody();
  const login = await startSignIn();
  const signed = person.authenticator.get(login.options);
  const signIns = await Promise.all(Array.from({ length: 10 }, () => verify(login.challengeId, signed)));
  t.same(names(signIns), [...Array(9).fill('CHALLENGE_GONE'), 'SessionTokens']);
  t.equal(await countSessions(person.user.id), 2);

  const registration = await startRegistration(person.accessToken);
  const made = newAuthenticator().create(registration.options);
  const added = await Promise.all(
    Array.from({ length: 10 }, () => finish(registration.challengeId, made, person.accessToken)),
  );
  t.same(names(added), [...Array(9).fill('CHALLENGE_GONE'), 'PasskeyRegistered']);

  const signup = await startSignup();
  const begun = newAuthenticator().create(signup.options);
  const people = await Promise.all(Array.from({ length: 10 }, () => finishSignup(signup.challengeId, begun)));
  t.same(names(people), [...Array(9).fill('CHALLENGE_GONE'), 'SessionTokens']);
});

t.test('a challenge lives for five minutes', async (t) => {
  const person = await somebody();
  const { accessToken: token } = person;
  const started = {
    registration: await startRegistration(token),
    signup: await startSignup(),
    login: await startSignIn(),
  };
  for (const { expiresAt, options } of Object.values(started)) {
    t.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 300_000) < 10_000);
    t.equal(JSON.parse(options).timeout, 300_000);
  }
  const ids = Object.values(started).map(({ challengeId }) => challengeId);
  await sql`update passkey_challenges set expires_at = now() where id in ${sql(ids)}`;
  const { registration, signup, login } = started;
  const gone = { code: 'CHALLENGE_GONE' };
  t.match(
    await finish(registration.challengeId, newAuthenticator().create(registration.options), token),
    gone,
  );
  t.match(await finishSignup(signup.challengeId, newAuthenticator().create(signup.options)), gone);
  t.match(await verify(login.challengeId, person.authenticator.get(login.options)), gone);
  for (const id of [randomUUID(), '', 'x', `${login.challengeId} `, "' or 1=1", '\u0000']) {
    t.match(await verify(id, '{}'), gone);
    t.match(await finish(id, '{}', token), gone);
    t.match(await finishSignup(id, '{}'), gone);
  }
});

t.test('a registration is finished by the session that began it', async (t) => {
  const [person, other] = [await somebody(), await somebody()];
  const started = await startRegistration(person.accessToken);
  const response = newAuthenticator().create(started.options);
  t.match(await finish(started.challengeId, response, other.accessToken), { code: 'CHALLENGE_GONE' });
  const elsewhere = await signIn(gateway, person.authenticator);
  const again = await startRegistration(person.accessToken);
  const made = newAuthenticator().create(again.options);
  t.match(await finish(again.challengeId, made, elsewhere.accessToken), { code: 'CHALLENGE_GONE' });
  t.equal((await passkeysOf(other.accessToken)).length, 1);
  t.equal((await passkeysOf(person.accessToken)).length, 1);
});

t.test('who is signed out meanwhile adds nothing', async (t) => {
  const person = await somebody();
  const elsewhere = await signIn(gateway, person.authenticator);
  const { challengeId, options } = await startRegistration(person.accessToken);
  const response = newAuthenticator().create(options);
  await ask(gateway, 'revokeSession', { id: person.session.id }, { token: elsewhere.accessToken });
  const answer = await gateway.graphql(
    operations.finishPasskeyRegistration,
    { input: { challengeId, response } },
    { token: person.accessToken },
  );
  t.match(answer.errors, [{ extensions: { code: 'UNAUTHENTICATED', reason: 'SESSION_REVOKED' } }]);
  t.equal((await passkeysOf(elsewhere.accessToken)).length, 1);
});

t.test('an older session proves itself first', async (t) => {
  const person = await somebody();
  const { accessToken: token, session, authenticator } = person;
  const [passkey] = await passkeysOf(token);
  await ageSession(gateway, session.id, 299);
  t.match(await startRegistration(token), { __typename: 'PasskeyCreationStarted' });
  await ageSession(gateway, session.id, 2);
  const stale = { code: 'FRESH_PROOF_REQUIRED', methods: ['PASSKEY'] };
  t.match(await startRegistration(token), stale);
  t.match(await ask(gateway, 'deletePasskey', { id: passkey.id }, { token }), stale);
  t.match(await ask(gateway, 'renamePasskey', { id: passkey.id, name: 'Mine' }, { token }), {
    passkey: { name: 'Mine' },
  });

  const other = await somebody();
  for (const [by, code] of [
    [other.authenticator, 'INVALID_CREDENTIALS'],
    [newAuthenticator(), 'INVALID_CREDENTIALS'],
  ] as const) {
    const { challengeId, options } = await startSignIn();
    if (by.held.length === 0) by.create((await startSignup()).options);
    const input = { passkey: { challengeId, response: by.get(options) } };
    t.match(await ask(gateway, 'reauthenticate', input, { token }), { code });
  }
  t.match(await startRegistration(token), stale);
  t.match(await passkeysOf(other.accessToken), [{ lastUsedAt: null }], 'it proved nothing here');

  const { challengeId, options } = await startSignIn();
  const input = { passkey: { challengeId, response: authenticator.get(options) } };
  const renewed = await ask(gateway, 'reauthenticate', input, { token });
  t.match(renewed, { __typename: 'SessionTokens', session: { id: session.id } });
  t.match(await startRegistration(renewed.accessToken), { __typename: 'PasskeyCreationStarted' });
});

t.test('the proofs that are asked for are those that the person has', async (t) => {
  const person = await signUp(gateway);
  await ageSession(gateway, person.session.id, 301);
  t.match(await startRegistration(person.accessToken), {
    code: 'FRESH_PROOF_REQUIRED',
    methods: ['PASSWORD'],
  });
});

t.test('a copy proves nothing to a session either', async (t) => {
  const { accessToken: token, authenticator } = await somebody();
  const prove = async (counter: number) => {
    const { challengeId, options } = await startSignIn();
    const input = { passkey: { challengeId, response: authenticator.get(options, { counter }) } };
    return ask(gateway, 'reauthenticate', input, { token });
  };
  t.match(await prove(5), { __typename: 'SessionTokens' });
  for (const counter of [4, 5, 0]) t.match(await prove(counter), { code: 'PASSKEY_COPIED' });
  t.match(await passkeysOf(token), [{ copiedAt: /^\d{4}-/ }], 'the flag outlives the refusal');
  t.match(await eventsOf(gateway, token), [
    { kind: 'REAUTHENTICATION', method: 'PASSKEY', failure: 'PASSKEY_COPIED' },
  ]);
});

t.test('the passkey of an account that its owner has closed takes it back', async (t) => {
  const { accessToken, authenticator, user } = await somebody();
  t.match(await ask(gateway, 'deleteAccount', undefined, { token: accessToken }), {
    __typename: 'AccountDeleted',
  });
  const closed = await signIn(gateway, authenticator);
  t.match(closed, { code: 'ACCOUNT_DELETED', restoreToken: /./ });
  const counted = (counter: number) =>
    signIn(gateway, { create: () => '', get: (options) => authenticator.get(options, { counter }) });
  t.match(await counted(7), { code: 'ACCOUNT_DELETED' });
  t.match(await counted(6), { code: 'PASSKEY_COPIED', restoreToken: null }, 'a copy does not');
  const taken = await ask(gateway, 'restoreAccount', { restoreToken: closed.restoreToken });
  t.match(taken, { __typename: 'SessionTokens', user: { id: user.id } });
  t.match(await counted(8), { user: { id: user.id } });
  await sql`update users set disabled_at = now() where id = ${user.id}`;
  t.match(await counted(9), { code: 'ACCOUNT_DISABLED' });
});

t.test('a passkey is one person’s', async (t) => {
  const [person, other] = [await somebody(), await somebody()];
  const credentialId = person.authenticator.newest.id;
  const { challengeId, options } = await startRegistration(other.accessToken);
  const response = newAuthenticator().create(options, { credentialId });
  t.match(await finish(challengeId, response, other.accessToken), { code: 'PASSKEY_TAKEN' });
  const signup = await startSignup();
  const begun = newAuthenticator().create(signup.options, { credentialId });
  t.match(await finishSignup(signup.challengeId, begun), { code: 'PASSKEY_TAKEN' });
  t.same(
    await sql`select from users where name = 'Asha' and not exists (
    select from credentials where user_id = users.id)`,
    [],
    'no empty account is left',
  );
  t.match(await signIn(gateway, person.authenticator), { user: { id: person.user.id } });

  const [passkey] = await passkeysOf(person.accessToken);
  const foreign = { token: other.accessToken };
  for (const id of [passkey.id, randomUUID(), 'x', '']) {
    t.match(await ask(gateway, 'renamePasskey', { id, name: 'Stolen' }, foreign), {
      code: 'PASSKEY_NOT_FOUND',
    });
    t.match(await ask(gateway, 'deletePasskey', { id }, foreign), { code: 'PASSKEY_NOT_FOUND' });
  }
  t.match(await passkeysOf(person.accessToken), [{ id: passkey.id, name: 'Passkey' }]);
});

t.test('a way in of another kind is no passkey', async (t) => {
  const person = await signUp(gateway);
  const [mailbox] =
    await sql`select id from credentials where user_id = ${person.user.id} and kind = 'mailbox'`;
  const id = mailbox?.id;
  for (const operation of ['renamePasskey', 'deletePasskey'] as const) {
    const input = { id, ...(operation === 'renamePasskey' && { name: 'x' }) };
    t.match(await ask(gateway, operation, input, { token: person.accessToken }), {
      code: 'PASSKEY_NOT_FOUND',
    });
  }
});

t.test('texts that are no answer get a typed error', async (t) => {
  const person = await somebody();
  const { accessToken: token, authenticator } = person;
  const good = JSON.parse(authenticator.get((await startSignIn()).options));
  const made = JSON.parse(newAuthenticator().create((await startSignup()).options));
  const id = authenticator.newest.id.toString('base64url');
  const texts = [
    '',
    ' ',
    'x',
    'null',
    'true',
    '0',
    '-1e999',
    '"text"',
    '[]',
    '[null]',
    '{}',
    '{"id":null}',
    '{"id":1,"response":{}}',
    '{"id":{},"response":{}}',
    `{"id":"${id}"}`,
    `{"id":"${id}","response":null}`,
    `{"id":"${id}","response":[]}`,
    `{"id":"${id}","response":1}`,
    `{"id":"${id}","rawId":"${id}","type":"public-key","response":{}}`,
    `{"id":"${id}","rawId":"${id}","type":"public-key","response":{"userHandle":{}}}`,
    `{"__proto__":{"id":"${id}"},"response":{"__proto__":{"userHandle":"x"}}}`,
    '{"constructor":{"prototype":{}}}',
    `{"id":"a\\u0000b","response":{}}`,
    `{"id":"\\ud800","response":{}}`,
    `{"id":"${'A'.repeat(28_000)}","response":{}}`,
    `${'['.repeat(14_000)}${']'.repeat(14_000)}`,
    `${'{"a":'.repeat(4_000)}1${'}'.repeat(4_000)}`,
    'x'.repeat(28_000),
    `\u0000`,
    ...['', 'x', 'AAAA', '!', 'bnVsbA', 'W10', '{}'].flatMap((clientDataJSON) => [
      JSON.stringify({ ...good, response: { ...good.response, clientDataJSON } }),
      JSON.stringify({ ...made, response: { ...made.response, clientDataJSON } }),
    ]),
    ...[null, 1, [], {}, 'x', '', '!'].flatMap((nothing) => [
      JSON.stringify({ ...good, response: { ...good.response, authenticatorData: nothing } }),
      JSON.stringify({ ...good, response: { ...good.response, signature: nothing } }),
      JSON.stringify({ ...good, response: { ...good.response, userHandle: nothing } }),
      JSON.stringify({ ...made, response: { ...made.response, attestationObject: nothing } }),
      JSON.stringify({ ...made, response: { ...made.response, clientDataJSON: nothing } }),
    ]),
    // CBOR: 10,000 arrays in each other, a map that says it has 2^64 - 1 entries, a text without an end.
    ...[Buffer.alloc(10_000, 0x81), Buffer.from('bbffffffffffffffff', 'hex'), Buffer.from('7f', 'hex')].map(
      (bytes) =>
        JSON.stringify({
          ...made,
          response: { ...made.response, attestationObject: bytes.toString('base64url') },
        }),
    ),
  ];
  // Two doors lead to each of the two verifications: the texts take turns.
  for (const [turn, text] of texts.entries()) {
    const shown = JSON.stringify(text).slice(0, 60);
    const { challengeId } = turn % 2 === 0 ? await startRegistration(token) : await startSignup();
    const refused =
      turn % 2 === 0 ? await finish(challengeId, text, token) : await finishSignup(challengeId, text);
    t.match(refused, { code: 'PASSKEY_INVALID' }, shown);
    const proof = { challengeId: (await startSignIn()).challengeId, response: text };
    const { code } =
      turn % 2 === 0
        ? await ask(gateway, 'verifyPasskey', proof)
        : await ask(gateway, 'reauthenticate', { passkey: proof }, { token });
    t.match(code, /^(PASSKEY_INVALID|INVALID_CREDENTIALS)$/, shown);
  }
  t.equal((await passkeysOf(token)).length, 1);
  t.equal(({} as Record<string, unknown>).userHandle, undefined);
});

t.test('what an answer says beside its signature is taken for no more than it is', async (t) => {
  const person = await somebody();
  const { accessToken: token } = person;
  for (const transports of [
    undefined,
    null,
    'usb',
    1,
    {},
    [null],
    [1],
    [['usb']],
    ['a\u0000b'],
    ['x'.repeat(9_000)],
    [...Array(2000).keys()].map(String),
  ]) {
    const { challengeId, options } = await startRegistration(token);
    const authenticator = newAuthenticator();
    const added = await finish(challengeId, authenticator.create(options, { transports }), token);
    t.match(added, { __typename: 'PasskeyRegistered' }, JSON.stringify(transports)?.slice(0, 40) ?? 'none');
    const next = JSON.parse((await startRegistration(token)).options);
    const known = next.excludeCredentials.find(
      ({ id }: { id: string }) => id === authenticator.newest.id.toString('base64url'),
    );
    t.same(known.transports ?? [], []);
  }
  const { challengeId, options } = await startRegistration(token);
  const authenticator = newAuthenticator();
  const transports = ['hybrid', 'internal', 'Usb', 'to-come', 'internal', 1, null];
  await finish(challengeId, authenticator.create(options, { transports }), token);
  const { excludeCredentials } = JSON.parse((await startRegistration(token)).options);
  t.same(excludeCredentials[0].transports, ['hybrid', 'internal', 'to-come']);
});

t.test('an attestation nobody asked for is not looked at', async (t) => {
  // Its certificates name addresses that a verifier would ask for revocation lists.
  for (const [fmt, attStmt] of [
    [
      'packed',
      new Map<string, unknown>([
        ['alg', -7],
        ['sig', randomBytes(64)],
        ['x5c', [randomBytes(300)]],
      ]),
    ],
    ['apple', new Map<string, unknown>([['x5c', [randomBytes(300)]]])],
    [
      'android-key',
      new Map<string, unknown>([
        ['alg', -7],
        ['sig', randomBytes(64)],
        ['x5c', [randomBytes(300)]],
      ]),
    ],
    ['tpm', new Map<string, unknown>([['ver', '2.0']])],
    ['of-tomorrow', new Map<string, unknown>()],
  ] as const) {
    const person = await somebody();
    const { challengeId, options } = await startRegistration(person.accessToken);
    const authenticator = newAuthenticator();
    const response = authenticator.create(options, { attestation: { fmt, attStmt } });
    t.match(
      await finish(challengeId, response, person.accessToken),
      { __typename: 'PasskeyRegistered' },
      fmt,
    );
    t.match(await signIn(gateway, authenticator), { user: { id: person.user.id } });
  }
});

t.test('names are 1 to 100 characters that show', async (t) => {
  const { accessToken: token } = await somebody();
  const [passkey] = await passkeysOf(token);
  for (const name of ['', '   ', 'x'.repeat(101), 'a\nb', '\u200b', 'a\u202eb', '\u0000']) {
    const { challengeId, options } = await startRegistration(token);
    const response = newAuthenticator().create(options);
    t.match(await finish(challengeId, response, token, name), { code: 'NAME_INVALID' });
    t.match(
      await finish(challengeId, response, token),
      { __typename: 'PasskeyRegistered' },
      'and it can be mended',
    );
    t.match(await ask(gateway, 'renamePasskey', { id: passkey.id, name }, { token }), {
      code: 'NAME_INVALID',
    });
    t.match(await ask(gateway, 'startPasskeySignup', { name }), { code: 'NAME_INVALID' });
  }
});

t.test('there are so many challenges for a network', async (t) => {
  const strict = await build(t, { PUBLIC_URL: origin, CHALLENGES_PER_MINUTE: '3' }, gateway);
  const from = randomNetwork();
  const start = (operation: 'startPasskeySignIn' | 'startPasskeySignup') =>
    ask(strict, operation, operation === 'startPasskeySignup' ? { name: 'Asha' } : undefined, { from });
  t.match(await start('startPasskeySignIn'), { __typename: 'PasskeySignInStarted' });
  t.match(await start('startPasskeySignup'), { __typename: 'PasskeyCreationStarted' });
  const { accessToken: token } = await signUpByPasskey(strict, newAuthenticator());
  const register = () => ask(strict, 'startPasskeyRegistration', undefined, { token, from });
  t.match(await register(), { __typename: 'PasskeyCreationStarted' });
  for (const refused of [
    await start('startPasskeySignIn'),
    await start('startPasskeySignup'),
    await register(),
  ]) {
    t.match(refused, { code: 'TOO_MANY_ATTEMPTS' });
    t.ok(refused.retryAfterSeconds > 0 && refused.retryAfterSeconds <= 60);
  }
  t.match(
    await ask(strict, 'startPasskeySignIn'),
    { __typename: 'PasskeySignInStarted' },
    'elsewhere there are more',
  );
});

t.test('a signup by passkey counts as a signup', async (t) => {
  const strict = await build(t, { PUBLIC_URL: origin, SIGNUPS_PER_HOUR: '2' }, gateway);
  const from = randomNetwork();
  const signUpFrom = async (tampering?: Tampering) => {
    const { challengeId, options } = await ask(strict, 'startPasskeySignup', { name: 'Asha' });
    const response = newAuthenticator().create(options, tampering);
    return ask(strict, 'finishPasskeySignup', { challengeId, response }, { from });
  };
  t.match(await signUpFrom(), { __typename: 'SessionTokens' });
  for (let i = 0; i < 3; i++) t.match(await signUpFrom({ userVerified: false }), { code: 'PASSKEY_INVALID' });
  t.match(await signUpFrom(), { __typename: 'SessionTokens' }, 'what came to nothing is not counted');
  t.match(await signUpFrom(), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('switched off, nothing begins and nothing is finished', async (t) => {
  const off = await build(t, { PUBLIC_URL: origin, PASSKEYS: 'false' }, gateway);
  const person = await somebody();
  const { accessToken: token, authenticator } = person;
  const [login, signup, registration] = [
    await startSignIn(),
    await startSignup(),
    await startRegistration(token),
  ];
  const unavailable = { code: 'METHOD_UNAVAILABLE' };
  t.match(await ask(off, 'startPasskeySignIn'), unavailable);
  t.match(await ask(off, 'startPasskeySignup', { name: 'Asha' }), unavailable);
  t.match(await ask(off, 'startPasskeyRegistration', undefined, { token }), unavailable);
  const proof = { challengeId: login.challengeId, response: authenticator.get(login.options) };
  t.match(await ask(off, 'verifyPasskey', proof), unavailable);
  t.match(await ask(off, 'reauthenticate', { passkey: proof }, { token }), unavailable);
  const add = {
    challengeId: registration.challengeId,
    response: newAuthenticator().create(registration.options),
  };
  t.match(await ask(off, 'finishPasskeyRegistration', add, { token }), unavailable);
  const begin = { challengeId: signup.challengeId, response: newAuthenticator().create(signup.options) };
  t.match(await ask(off, 'finishPasskeySignup', begin), unavailable);
  const { data } = await off.graphql('{ authMethods { method } }');
  t.notMatch(JSON.stringify(data), 'PASSKEY');
  t.match(
    JSON.stringify((await gateway.graphql('{ authMethods { method rpId } }')).data),
    '"rpId":"auth.acme.test"',
  );
  t.equal((await passkeysOf(token)).length, 1, 'the list is there to be tidied');
});

t.test('nothing of this is a fault, and the log tells no secrets', async (t) => {
  t.same(faultsIn(gateway), []);
  const log = gateway.log.join('\n');
  const kept = await sql`select challenge from passkey_challenges`;
  t.ok(kept.length > 100);
  t.same(
    kept.filter(({ challenge }) => log.includes(challenge)),
    [],
  );
  const credentials =
    await sql`select identifier, public_key from credentials join passkeys on credential_id = id`;
  t.same(
    credentials.filter(({ identifier, public_key }) => log.includes(identifier) || log.includes(public_key)),
    [],
  );
  t.match(log, 'a passkey was refused');
  t.ok(
    gateway.log.every((line) => line.length < 2_000),
    'nobody writes long lines into it',
  );
});

t.test('refusals are in the history of whose passkey it is', async (t) => {
  const person = await somebody();
  const { challengeId, options } = await startSignIn();
  await verify(challengeId, person.authenticator.get(options, { userVerified: false }));
  t.match(await eventsOf(gateway, person.accessToken), [
    { kind: 'SIGN_IN', method: 'PASSKEY', failure: 'PASSKEY_INVALID' },
    { kind: 'SIGN_UP', method: 'PASSKEY', failure: null },
  ]);
});

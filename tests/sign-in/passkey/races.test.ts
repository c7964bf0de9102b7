import { randomBytes } from 'node:crypto';
import t from 'tap';
import { build, operations, randomNetwork, signUp } from '../../helper.js';
import { MailServer } from '../../mail-server.js';
import { SoftwareAuthenticator } from '../../software-authenticator.js';
import { askForLink, open, someAddress } from '../magic-link/asking.js';
import { ask, faultsIn, type Outcome, register, signIn, signUpByPasskey } from './using.js';

const origin = 'https://auth.acme.test';
const server = await MailServer.open(t);
const gateway = await build(t, {
  ...server.environment,
  PUBLIC_URL: origin,
  SIGNUP_EMAIL_PROOF: 'false',
  MAGIC_LINKS_PER_MAILBOX: '100',
});
const { sql } = gateway;
const newAuthenticator = () => new SoftwareAuthenticator(origin);
const waysIn = async (userId: string) =>
  (await sql`select kind from credentials where user_id = ${userId} order by kind`).map(({ kind }) => kind);
/** The owner of the mailbox, from a device of their own. */
const linkFor = (email: string) => askForLink(gateway, server, { email, device: { id: 'owner' } });
const code = ({ code, __typename }: Outcome) => code ?? __typename;

t.test('what a stranger put on the account of a mailbox goes when its owner comes', async (t) => {
  const email = someAddress();
  const stranger = await signUp(gateway, { email, name: 'Stranger' });
  const theirs = newAuthenticator();
  t.match(await register(gateway, theirs, stranger.accessToken), { __typename: 'PasskeyRegistered' });
  const second = await signIn(gateway, theirs);
  t.match(second, { user: { id: stranger.user.id } });
  const started = await ask(gateway, 'startPasskeyRegistration', undefined, { token: second.accessToken });

  const owner = await open(gateway, await linkFor(email));
  t.match(owner, { __typename: 'SessionTokens', user: { email, emailVerified: true, name: null } });
  t.same(await waysIn(owner.user.id), ['mailbox']);
  t.equal(
    (await sql`select from passkeys where credential_id not in (select id from credentials)`).length,
    0,
  );
  t.match(await signIn(gateway, theirs), { code: 'INVALID_CREDENTIALS' });
  const password = { email, password: stranger.password };
  t.match(await ask(gateway, 'login', password), { code: 'INVALID_CREDENTIALS' });
  for (const { accessToken, refreshToken } of [stranger, second]) {
    t.match(await ask(gateway, 'refreshSession', { refreshToken }), { code: 'SESSION_REVOKED' });
    const { errors } = await gateway.graphql(operations.me, {}, { token: accessToken });
    t.match(errors, [{ extensions: { reason: 'SESSION_REVOKED' } }]);
  }
  const input = { challengeId: started.challengeId, response: newAuthenticator().create(started.options) };
  const late = await gateway.graphql(
    operations.finishPasskeyRegistration,
    { input },
    { token: second.accessToken },
  );
  t.match(late.errors, [{ extensions: { reason: 'SESSION_REVOKED' } }]);
  const kept = { challengeId: started.challengeId, response: newAuthenticator().create(started.options) };
  t.match(
    await ask(gateway, 'finishPasskeyRegistration', kept, { token: owner.accessToken }),
    { code: 'CHALLENGE_GONE' },
    'nor does the owner take over what the stranger began',
  );
  t.same(await waysIn(owner.user.id), ['mailbox']);
});

t.test('who asks for the proof while signed in keeps the passkey that this session made', async (t) => {
  const email = someAddress();
  const owner = await signUp(gateway, { email });
  const phone = newAuthenticator();
  await register(gateway, phone, owner.accessToken);
  const elsewhere = newAuthenticator();
  const other = await ask(gateway, 'login', { email, password: owner.password });
  await register(gateway, elsewhere, other.accessToken);
  const linked = await askForLink(gateway, server, { email }, { token: owner.accessToken });
  t.match(await open(gateway, linked), { user: { id: owner.user.id } });
  t.match(await signIn(gateway, phone), { user: { id: owner.user.id } });
  t.match(
    await signIn(gateway, elsewhere),
    { code: 'INVALID_CREDENTIALS' },
    'another session may be anybody’s',
  );
});

t.test('a passkey that is added after the proof is the owner’s', async (t) => {
  const email = someAddress();
  const owner = await open(gateway, await linkFor(email));
  const phone = newAuthenticator();
  await register(gateway, phone, owner.accessToken);
  t.match(await open(gateway, await linkFor(email)), { user: { id: owner.user.id } });
  t.match(await signIn(gateway, phone), { user: { id: owner.user.id } });
});

t.test('a stranger who finishes a passkey while the owner comes leaves none', async (t) => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 15; round++) {
    const email = someAddress();
    const stranger = await signUp(gateway, { email });
    const links = await linkFor(email);
    const started = await Promise.all(
      Array.from({ length: 3 }, () =>
        ask(gateway, 'startPasskeyRegistration', undefined, { token: stranger.accessToken }),
      ),
    );
    const made = started.map(({ challengeId, options }) => {
      const authenticator = newAuthenticator();
      return { authenticator, input: { challengeId, response: authenticator.create(options) } };
    });
    const finish = (input: object) =>
      gateway.graphql(operations.finishPasskeyRegistration, { input }, { token: stranger.accessToken });
    const [first, owner, ...rest] = await Promise.all([
      finish(made[0]?.input ?? {}),
      open(gateway, links),
      ...made.slice(1).map(({ input }) => finish(input)),
    ]);
    t.equal(owner.__typename, 'SessionTokens');
    t.same(await waysIn(owner.user.id), ['mailbox']);
    for (const { data, errors } of [first, ...rest])
      outcomes.add(data ? code(data.finishPasskeyRegistration) : errors?.[0].extensions.reason);
    for (const { authenticator } of made)
      t.match(await signIn(gateway, authenticator), { code: 'INVALID_CREDENTIALS' });
  }
  t.comment([...outcomes].join(', '));
  outcomes.delete('PasskeyRegistered');
  t.same(
    [...outcomes].filter((each) => each !== 'SESSION_REVOKED'),
    [],
  );
});

t.test('signing in, proving and removing at once wait for each other and never for ever', async (t) => {
  for (let round = 0; round < 15; round++) {
    const [phone, tablet] = [newAuthenticator(), newAuthenticator()];
    const { accessToken: token, user } = await signUpByPasskey(gateway, phone);
    const { passkey } = await register(gateway, tablet, token);
    const sign = async (by: SoftwareAuthenticator) => {
      const { challengeId, options } = await ask(gateway, 'startPasskeySignIn');
      return { challengeId, response: by.get(options) };
    };
    const proofs = [];
    for (const by of [phone, tablet, tablet, phone, tablet]) proofs.push(await sign(by));
    const [a, b, c, d, e] = proofs;
    const registration = await ask(gateway, 'startPasskeyRegistration', undefined, { token });
    const third = {
      challengeId: registration.challengeId,
      response: newAuthenticator().create(registration.options),
    };
    const outcomes = await Promise.all([
      ask(gateway, 'verifyPasskey', a),
      ask(gateway, 'verifyPasskey', b),
      ask(gateway, 'deletePasskey', { id: passkey.id }, { token }),
      ask(gateway, 'reauthenticate', { passkey: c }, { token }),
      ask(gateway, 'reauthenticate', { passkey: d }, { token }),
      ask(gateway, 'finishPasskeyRegistration', third, { token }),
      ask(gateway, 'verifyPasskey', e),
    ]);
    t.match(outcomes.map(code), [
      'SessionTokens',
      /^(SessionTokens|INVALID_CREDENTIALS)$/,
      'PasskeyDeleted',
      /^(SessionTokens|INVALID_CREDENTIALS)$/,
      'SessionTokens',
      'PasskeyRegistered',
      /^(SessionTokens|INVALID_CREDENTIALS)$/,
    ]);
    t.same(await waysIn(user.id), ['passkey', 'passkey']);
  }
});

t.test('two people who prove themselves by each other’s passkey do not wait for each other', async (t) => {
  for (let round = 0; round < 10; round++) {
    const [one, other] = [newAuthenticator(), newAuthenticator()];
    const people = [await signUpByPasskey(gateway, one), await signUpByPasskey(gateway, other)];
    const proofs = [];
    for (const [turn, by] of [other, one, other, one].entries()) {
      const { challengeId, options } = await ask(gateway, 'startPasskeySignIn');
      const token = people[turn % 2]?.accessToken;
      proofs.push({ input: { passkey: { challengeId, response: by.get(options) } }, token });
    }
    const refused = await Promise.all(
      proofs.map(({ input, token }) =>
        ask(gateway, 'reauthenticate', input, { token, from: randomNetwork() }),
      ),
    );
    t.same(refused.map(code), Array(4).fill('INVALID_CREDENTIALS'));
  }
});

t.test('one credential id that two people bring at once is one person’s', async (t) => {
  for (let round = 0; round < 5; round++) {
    const credentialId = randomBytes(32);
    const started = [];
    for (let i = 0; i < 4; i++) started.push(await ask(gateway, 'startPasskeySignup', { name: 'Asha' }));
    const begun = await Promise.all(
      started.map(({ challengeId, options }) =>
        ask(gateway, 'finishPasskeySignup', {
          challengeId,
          response: newAuthenticator().create(options, { credentialId }),
        }),
      ),
    );
    t.same(begun.map(code).sort(), ['PASSKEY_TAKEN', 'PASSKEY_TAKEN', 'PASSKEY_TAKEN', 'SessionTokens']);
  }
});

t.test('no race was a fault', async (t) => t.same(faultsIn(gateway), []));

import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { openChromium, withoutBrowser } from '../../chromium.js';
import { goodPassword, operations, signUp } from '../../helper.js';
import { SoftwareAuthenticator } from '../../software-authenticator.js';
import { buildAtLocalhost, VirtualAuthenticator } from '../../virtual-authenticator.js';
import { ask, eventsOf, faultsIn, type Outcome, register, signIn, signUpByPasskey } from './using.js';

const gateway = await buildAtLocalhost(t);
const { sql, url } = gateway;

const listPasskeys = (token: string) => ask(gateway, 'passkeys', undefined, { token });
const remove = (id: string, token: string) => ask(gateway, 'deletePasskey', { id }, { token });
const claimsOf = ({ accessToken }: { accessToken: string }) =>
  JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());

t.test('in a browser', { skip: withoutBrowser, timeout: 90_000 }, async (t) => {
  const context = await (await openChromium(t)).newContext();
  const newDevice = (t: Test, at = url) => VirtualAuthenticator.open(t, context, `${at}/healthz`);

  t.test('an account gets a passkey, and is entered by it without a name', async (t) => {
    const device = await newDevice(t);
    const email = `${randomUUID()}@example.com`;
    const offered =
      'mutation Offer($input: SignupInput!) { signup(input: $input) { ... on SessionTokens { offerPasskey accessToken } } }';
    const { data } = await gateway.graphql(offered, {
      input: { email, password: goodPassword, name: 'Asha' },
    });
    t.equal(data.signup.offerPasskey, true);
    const token = data.signup.accessToken;

    const { __typename, passkey, signals } = await register(gateway, device, token);
    t.equal(__typename, 'PasskeyRegistered');
    t.match(passkey, { name: 'Passkey', lastUsedAt: null, copiedAt: null, backedUp: false });
    const [held] = await device.credentials();
    t.match(signals, {
      rpId: 'localhost',
      acceptedCredentialIds: [held?.credentialId],
      name: email,
      displayName: 'Asha',
    });
    t.match(held, { userName: email, userDisplayName: 'Asha' });

    const { challengeId, options } = await ask(gateway, 'startPasskeySignIn');
    t.same(JSON.parse(options).allowCredentials ?? [], [], 'nobody is named');
    t.match(JSON.parse(options), { rpId: 'localhost', userVerification: 'required' });
    const input = { challengeId, response: await device.get(options), device: { name: 'Pixel 9' } };
    const entered = await ask(gateway, 'verifyPasskey', input);
    t.match(entered, {
      __typename: 'SessionTokens',
      user: { email, name: 'Asha' },
      session: { method: 'PASSKEY', device: { name: 'Pixel 9' } },
    });
    t.match(claimsOf(entered), { amr: ['hwk', 'user', 'mfa'], acr: 'aal2' });
    t.match(await listPasskeys(token), [{ id: passkey.id, lastUsedAt: /^\d{4}-/ }]);
    t.match(await eventsOf(gateway, token), [
      { kind: 'SIGN_IN', method: 'PASSKEY', failure: null, device: { name: 'Pixel 9' } },
      { kind: 'WAY_IN_ADDED', method: 'PASSKEY' },
      { kind: 'SIGN_UP', method: 'PASSWORD' },
    ]);
    const again = await gateway.graphql(
      'mutation Again($input: LoginInput!) { login(input: $input) { ... on SessionTokens { offerPasskey } } }',
      { input: { email, password: goodPassword } },
    );
    t.equal(again.data.login.offerPasskey, false);
  });

  t.test('an account begins with nothing but a passkey', async (t) => {
    const device = await newDevice(t);
    const begun = await signUpByPasskey(gateway, device, 'Ravi');
    t.match(begun, {
      __typename: 'SessionTokens',
      user: { name: 'Ravi', email: null, phone: null },
      session: { method: 'PASSKEY' },
    });
    t.match(claimsOf(begun), { amr: ['hwk', 'user', 'mfa'], acr: 'aal2' });
    const { me } = (await gateway.graphql(operations.me, {}, { token: begun.accessToken })).data;
    t.match(me, { id: begun.user.id, name: 'Ravi', email: null });
    const entered = await signIn(gateway, device);
    t.match(entered, { user: { id: begun.user.id } });

    const [passkey] = await listPasskeys(entered.accessToken);
    t.match(await remove(passkey.id, entered.accessToken), { code: 'LAST_WAY_IN' });
    t.match(await signIn(gateway, device), { user: { id: begun.user.id } });
    t.match(await ask(gateway, 'passkeySignals', undefined, { token: entered.accessToken }), {
      name: 'Ravi',
      displayName: 'Ravi',
    });
  });

  t.test(
    'a second passkey is for a second device, and the one that is deleted leaves the first',
    async (t) => {
      const [phone, tablet] = [await newDevice(t), await newDevice(t)];
      const person = await signUpByPasskey(gateway, phone);
      const { accessToken: token } = person;
      const [held] = await phone.credentials();
      const { options } = await ask(gateway, 'startPasskeyRegistration', undefined, { token });
      t.match(JSON.parse(options).excludeCredentials, [{ id: held?.credentialId, transports: ['internal'] }]);
      await t.rejects(phone.create(options), /InvalidStateError/, 'a device does not take a second one');

      const added = await register(gateway, tablet, token, '  Tablet  ');
      t.match(added, { passkey: { name: 'Tablet' } });
      t.equal(added.signals.acceptedCredentialIds.length, 2);
      t.match(await signIn(gateway, tablet), { user: { id: person.user.id } });
      t.match(await listPasskeys(token), [{ name: 'Tablet' }, { name: 'Passkey' }], 'the newest first');
      const { id } = added.passkey;
      t.match(await ask(gateway, 'renamePasskey', { id, name: 'Old tablet' }, { token }), {
        passkey: { id, name: 'Old tablet' },
      });

      const removed = await remove(id, token);
      t.match(removed, {
        __typename: 'PasskeyDeleted',
        id,
        signals: { acceptedCredentialIds: [held?.credentialId] },
      });
      t.match(await signIn(gateway, tablet), { code: 'INVALID_CREDENTIALS' });
      t.match(await remove(id, token), { code: 'PASSKEY_NOT_FOUND' });
      t.match(await listPasskeys(token), [{ name: 'Passkey' }]);
      t.match((await eventsOf(gateway, token))[0], { kind: 'WAY_IN_REMOVED', method: 'PASSKEY' });

      await phone.signal(removed.signals);
      t.equal((await phone.credentials()).length, 1);
      await tablet.signal(removed.signals);
      t.same(await tablet.credentials(), [], 'and the device forgets it');
    },
  );

  t.test('a passkey whose counter goes back is flagged, and good again once it is ahead', async (t) => {
    const device = await newDevice(t);
    const person = await signUpByPasskey(gateway, device);
    await device.change({ signCount: 9 });
    t.match(await signIn(gateway, device), { __typename: 'SessionTokens' });
    const sessions = await sql`select from sessions where user_id = ${person.user.id}`;
    await device.change({ signCount: 3 });
    for (let i = 0; i < 2; i++) t.match(await signIn(gateway, device), { code: 'PASSKEY_COPIED' });
    await device.change({ signCount: 9 });
    t.match(await signIn(gateway, device), { code: 'PASSKEY_COPIED' }, 'nor the same twice');
    t.equal((await sql`select from sessions where user_id = ${person.user.id}`).length, sessions.length);
    t.match(await listPasskeys(person.accessToken), [{ copiedAt: /^\d{4}-/ }]);
    t.match(await eventsOf(gateway, person.accessToken), [
      { kind: 'SIGN_IN', method: 'PASSKEY', failure: 'PASSKEY_COPIED' },
    ]);
    await device.change({ signCount: 10 });
    t.match(await signIn(gateway, device), { user: { id: person.user.id } });
    t.match(await listPasskeys(person.accessToken), [{ copiedAt: /^\d{4}-/ }], 'the flag stays');
  });

  t.test('a page of another origin signs nothing that counts', async (t) => {
    const elsewhere = await buildAtLocalhost(t, {}, gateway);
    const device = await newDevice(t);
    const person = await signUpByPasskey(gateway, device);
    await device.visit(`${elsewhere.url}/healthz`);
    t.match(await signIn(gateway, device), { code: 'PASSKEY_INVALID' });
    t.match(await register(gateway, await newDevice(t, elsewhere.url), person.accessToken), {
      code: 'PASSKEY_INVALID',
    });
    t.match(
      await signIn(elsewhere, device),
      { user: { id: person.user.id } },
      'the origin was all that was wrong',
    );
    await device.visit(`${url.replace('localhost', '127.0.0.1')}/healthz`);
    const { options } = await ask(gateway, 'startPasskeySignIn');
    await t.rejects(device.get(options), /SecurityError/, 'and on another host the browser itself refuses');
  });

  t.test('an app that does not ask for the finger is refused', async (t) => {
    const device = await newDevice(t);
    const person = await signUpByPasskey(gateway, device);
    const lax = (options: string) => {
      const asked = JSON.parse(options);
      if (asked.authenticatorSelection) asked.authenticatorSelection.userVerification = 'discouraged';
      return JSON.stringify({ ...asked, userVerification: 'discouraged' });
    };
    await device.setUserVerified(false);
    const { options: strict } = await ask(gateway, 'startPasskeySignIn');
    await t.rejects(device.get(strict), /NotAllowedError/);
    const careless = {
      create: (options: string) => device.create(lax(options)),
      get: (options: string) => device.get(lax(options)),
    };
    t.match(await signIn(gateway, careless), { code: 'PASSKEY_INVALID' });
    const other = await VirtualAuthenticator.open(t, context, `${url}/healthz`, {
      hasUserVerification: false,
    });
    const made = { ...careless, create: (options: string) => other.create(lax(options)) };
    t.match(await register(gateway, made, person.accessToken), { code: 'PASSKEY_INVALID' });
    await device.setUserVerified(true);
    t.match(await signIn(gateway, device), { user: { id: person.user.id } });
  });

  t.test('what is bound to a device does not become a synced passkey', async (t) => {
    const device = await newDevice(t);
    const person = await signUpByPasskey(gateway, device);
    await device.change({ backupEligibility: true, backupState: true });
    t.match(await signIn(gateway, device), { code: 'PASSKEY_INVALID' });
    await device.change({ backupEligibility: false, backupState: false });
    t.match(await signIn(gateway, device), { user: { id: person.user.id } });
  });

  t.test('an answer for one thing is none for another', async (t) => {
    const [device, other] = [await newDevice(t), await newDevice(t)];
    const person = await signUpByPasskey(gateway, device);
    const stranger = await signUpByPasskey(gateway, other);
    const [mine, theirs] = [await device.credentials(), await other.credentials()].map(([each]) => each);
    const { challengeId, options } = await ask(gateway, 'startPasskeySignIn');
    const answer = JSON.parse(await other.get(options));
    const { userHandle } = JSON.parse(
      await device.get((await ask(gateway, 'startPasskeySignIn')).options),
    ).response;
    t.equal(answer.id, theirs?.credentialId);
    const response = JSON.stringify({
      ...answer,
      id: mine?.credentialId,
      rawId: mine?.credentialId,
      response: { ...answer.response, userHandle },
    });
    t.match(await ask(gateway, 'verifyPasskey', { challengeId, response }), { code: 'PASSKEY_INVALID' });
    t.match(await eventsOf(gateway, person.accessToken), [
      { failure: 'PASSKEY_INVALID' },
      { kind: 'SIGN_UP' },
    ]);
    t.match(await eventsOf(gateway, stranger.accessToken), [{ kind: 'SIGN_UP' }]);
  });
});

t.test('a passkey is called after what holds it, until it is given a name', async (t) => {
  for (const [aaguid, name] of [
    ['ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4', 'Google Password Manager'],
    ['fbfc3007-154e-4ecc-8c0b-6e020557d7bd', 'iCloud Keychain'],
    ['00000000-0000-0000-0000-000000000000', 'Passkey'],
  ]) {
    const { accessToken } = await signUpByPasskey(gateway, new SoftwareAuthenticator(url, aaguid));
    t.match(await listPasskeys(accessToken), [{ name, backedUp: true }]);
  }
});

t.test('a synced passkey has no counter, and its backup state is kept up to date', async (t) => {
  const authenticator = new SoftwareAuthenticator(url);
  const { accessToken } = await signUpByPasskey(gateway, authenticator);
  for (const backedUp of [true, false, true]) {
    const entered = await signIn(gateway, {
      create: () => '',
      get: (options) => authenticator.get(options, { backedUp }),
    });
    t.match(claimsOf(entered), { amr: ['swk', 'user', 'mfa'], acr: 'aal2' });
    t.match(await listPasskeys(accessToken), [{ backedUp, copiedAt: null }]);
  }
});

t.test('any other way in that works lets the last passkey go', async (t) => {
  const person = await signUp(gateway);
  const authenticator = new SoftwareAuthenticator(url);
  const { passkey } = await register(gateway, authenticator, person.accessToken);
  t.match(await remove(passkey.id, person.accessToken), { __typename: 'PasskeyDeleted' });

  // A mailbox that was never proved and has no password opens nothing.
  const other = await signUp(gateway);
  const added = await register(gateway, authenticator, other.accessToken);
  await sql`delete from credentials where user_id = ${other.user.id} and kind = 'password'`;
  t.match(await remove(added.passkey.id, other.accessToken), { code: 'LAST_WAY_IN' });
});

t.test('of two last passkeys removed at once one stays', async (t) => {
  for (let round = 0; round < 5; round++) {
    const { accessToken: token } = await signUpByPasskey(gateway, new SoftwareAuthenticator(url));
    await register(gateway, new SoftwareAuthenticator(url), token);
    const both: Outcome[] = await listPasskeys(token);
    const removed = await Promise.all(both.map(({ id }) => remove(id, token)));
    t.same(removed.map(({ code, __typename }) => code ?? __typename).sort(), [
      'LAST_WAY_IN',
      'PasskeyDeleted',
    ]);
    t.equal((await listPasskeys(token)).length, 1);
  }
});

t.test('one passkey removed many times at once is removed once', async (t) => {
  const { accessToken: token } = await signUpByPasskey(gateway, new SoftwareAuthenticator(url));
  const { passkey } = await register(gateway, new SoftwareAuthenticator(url), token);
  const removed = await Promise.all(Array.from({ length: 5 }, () => remove(passkey.id, token)));
  for (const { code, __typename } of removed)
    t.match(code ?? __typename, /^(PasskeyDeleted|PASSKEY_NOT_FOUND)$/);
  const told = (await eventsOf(gateway, token)).filter(({ kind }) => kind === 'WAY_IN_REMOVED');
  t.equal(told.length, 1);
});

t.test('a person has so many passkeys and no more', async (t) => {
  const strict = await buildAtLocalhost(t, { PASSKEYS_PER_USER: '4' }, gateway);
  const make = () => new SoftwareAuthenticator(strict.url);
  const { accessToken: token } = await signUpByPasskey(strict, make());
  const started = await Promise.all(
    Array.from({ length: 10 }, () => ask(strict, 'startPasskeyRegistration', undefined, { token })),
  );
  const finished = await Promise.all(
    started.map(({ challengeId, options }) =>
      ask(strict, 'finishPasskeyRegistration', { challengeId, response: make().create(options) }, { token }),
    ),
  );
  t.equal(finished.filter(({ __typename }) => __typename === 'PasskeyRegistered').length, 3);
  t.equal(finished.filter(({ code }) => code === 'TOO_MANY_PASSKEYS').length, 7);
  t.match(await register(strict, make(), token), { code: 'TOO_MANY_PASSKEYS' });
  const [passkey] = await ask(strict, 'passkeys', undefined, { token });
  await ask(strict, 'deletePasskey', { id: passkey.id }, { token });
  t.match(await register(strict, make(), token), { __typename: 'PasskeyRegistered' });
});

t.test('none of this was a fault', async (t) => t.same(faultsIn(gateway), []));

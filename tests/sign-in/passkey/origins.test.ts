import { createHash, randomBytes } from 'node:crypto';
import t from 'tap';
import { passkeyOrigins } from '../../../src/sign-in/passkey/origins.js';
import { build, signUp } from '../../helper.js';
import { SoftwareAuthenticator } from '../../software-authenticator.js';
import { faultsIn, register, signIn, signUpByPasskey } from './using.js';

/** A certificate as keytool shows it, and as Android tells the hash of it. */
function certificate() {
  const hash = createHash('sha256').update(randomBytes(8)).digest();
  const pairs = hash.toString('hex').toUpperCase().match(/../g) ?? [];
  return { fingerprint: pairs.join(':'), origin: `android:apk-key-hash:${hash.toString('base64url')}` };
}

t.test('the origins are those of the apps and of the pages under the relying party’s id', async (t) => {
  // From Android's own documentation of Digital Asset Links, and its hash computed apart.
  const fingerprint =
    '14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5';
  const list = (settings: Partial<Parameters<typeof passkeyOrigins>[0]>) =>
    passkeyOrigins({
      androidApps: [],
      corsOrigins: [],
      passkeyRpId: 'acme.com',
      publicUrl: 'https://auth.acme.com',
      ...settings,
    } as Parameters<typeof passkeyOrigins>[0]);
  t.same(list({}), ['https://acme.com', 'https://auth.acme.com']);
  t.same(list({ passkeyRpId: 'auth.acme.com' }), ['https://auth.acme.com'], 'each once');
  t.same(list({ publicUrl: 'https://acme.com/auth' }), ['https://acme.com'], 'an origin has no path');
  t.same(list({ publicUrl: 'https://acme.com.evil.example' }), ['https://acme.com']);
  t.same(list({ publicUrl: 'http://localhost:4000', passkeyRpId: 'localhost' }), [
    'https://localhost',
    'http://localhost:4000',
  ]);
  const corsOrigins = [
    'https://app.acme.com',
    'https://app.acme.com:8443',
    'https://evilacme.com',
    'https://acme.com.evil.example',
    'https://com',
  ];
  t.same(list({ corsOrigins }).slice(2), ['https://app.acme.com', 'https://app.acme.com:8443']);
  t.same(list({ androidApps: [{ packageName: 'com.acme.app', fingerprint }] as never }).slice(2), [
    'android:apk-key-hash:FG3pg8VzBlDY7rmVLzT8ZBagg0LmHb6oigSWsj_PROU',
  ]);
});

const [release, store] = [certificate(), certificate()];
const gateway = await build(t, {
  PUBLIC_URL: 'https://auth.acme.com',
  PASSKEY_RP_ID: 'auth.acme.com',
  IOS_APPS: 'ABCDE12345.com.acme.app',
  ANDROID_APPS: `com.acme.app=${release.fingerprint},com.acme.app=${store.fingerprint}`,
});

t.test('the apps that are listed register and sign in', async (t) => {
  for (const origin of [release.origin, store.origin, 'https://auth.acme.com']) {
    const person = await signUp(gateway);
    const app = new SoftwareAuthenticator(origin);
    t.match(await register(gateway, app, person.accessToken), { __typename: 'PasskeyRegistered' }, origin);
    t.match(await signIn(gateway, app), { user: { id: person.user.id } }, origin);
    const begun = new SoftwareAuthenticator(origin);
    const { user } = await signUpByPasskey(gateway, begun);
    t.match(await signIn(gateway, begun), { user: { id: user.id } }, origin);
  }
});

t.test('the client data is taken as Android and iOS write it', async (t) => {
  for (const [origin, clientData] of [
    [release.origin, { androidPackageName: 'com.acme.app', crossOrigin: undefined }],
    [store.origin, { androidPackageName: 'com.acme.app', crossOrigin: false }],
    ['https://auth.acme.com', { crossOrigin: undefined }],
    [
      'https://auth.acme.com',
      { other_keys_can_be_added_here: 'do not compare clientDataJSON against a template' },
    ],
  ] as const) {
    const app = new SoftwareAuthenticator(origin);
    const native = {
      create: (options: string) => app.create(options, { clientData }),
      get: (options: string) => app.get(options, { clientData }),
    };
    const { user } = await signUpByPasskey(gateway, native);
    t.match(await signIn(gateway, native), { user: { id: user.id } });
  }
});

t.test('no others do, in either ceremony', async (t) => {
  const app = new SoftwareAuthenticator(release.origin);
  const person = await signUpByPasskey(gateway, app);
  const standardBase64 = release.origin.replaceAll('-', '+').replaceAll('_', '/');
  for (const origin of [
    certificate().origin,
    release.origin.toLowerCase(),
    `${release.origin}=`,
    `${release.origin} `,
    release.origin.slice(0, -1),
    ...(standardBase64 === release.origin ? [] : [standardBase64]),
    release.origin.replace('apk-key-hash', 'apk-key-hash-sha256'),
    `android:apk-key-hash:${release.fingerprint}`,
    'android:apk-key-hash:',
    'ios:bundle-id:com.acme.app',
    'com.acme.app',
    'https://auth.acme.com.evil',
    'https://evilauth.acme.com',
    'https://app.auth.acme.com',
    'https://acme.com',
    'http://auth.acme.com',
    'https://auth.acme.com:8443',
    'https://auth.acme.com:443',
    'https://auth.acme.com.',
    'https://auth.acme.com/',
    'https://user@auth.acme.com',
    'https://auth.acme.com@evil.example',
    'HTTPS://AUTH.ACME.COM',
    'null',
    '',
  ]) {
    const stranger = new SoftwareAuthenticator(origin);
    t.match(await register(gateway, stranger, person.accessToken), { code: 'PASSKEY_INVALID' }, origin);
    t.match(await signUpByPasskey(gateway, stranger), { code: 'PASSKEY_INVALID' }, origin);
    const tricked = { create: () => '', get: (options: string) => app.get(options, { origin }) };
    t.match(await signIn(gateway, tricked), { code: 'PASSKEY_INVALID' }, origin);
  }
  t.match(await signIn(gateway, app), { user: { id: person.user.id } });
});

t.test('an answer for a domain above or below is refused, whatever its origin', async (t) => {
  for (const rpId of ['acme.com', 'app.auth.acme.com', 'AUTH.ACME.COM', '']) {
    const app = new SoftwareAuthenticator(release.origin);
    const { accessToken } = await signUp(gateway);
    const tricked = {
      create: (options: string) => app.create(options, { rpId }),
      get: (options: string) => app.get(options, { rpId }),
    };
    t.match(await register(gateway, tricked, accessToken), { code: 'PASSKEY_INVALID' }, rpId);
    await register(gateway, app, accessToken);
    t.match(await signIn(gateway, tricked), { code: 'PASSKEY_INVALID' }, rpId);
  }
});

t.test('the log says what origin it was that was not listed', async (t) => {
  t.match(gateway.log.join('\n'), 'https://evilauth.acme.com');
  t.same(faultsIn(gateway), []);
});

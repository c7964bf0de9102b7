import t from 'tap';
import { build } from '../helper.js';

const fingerprint = (byte: string) => Array(32).fill(byte).join(':');
const apps = {
  PUBLIC_URL: 'https://auth.acme.com',
  APP_LINKS: 'https://auth.acme.com/back,https://app.acme.com/elsewhere,com.acme.app://',
  IOS_APPS: 'ABCDE12345.com.acme.app,ABCDE12345.com.acme.beta',
  ANDROID_APPS: `com.acme.app=${fingerprint('AA')},com.acme.app=${fingerprint('BB')},com.acme.beta=${fingerprint('0C')}`,
};

t.test('iOS learns which apps open links of this host, and which hold its passkeys', async (t) => {
  const gateway = await build(t, apps);
  const response = await gateway.inject({ url: '/.well-known/apple-app-site-association' });
  t.equal(response.statusCode, 200);
  t.match(response.headers['content-type'], /^application\/json/);
  t.strictSame(response.json(), {
    applinks: {
      details: [
        {
          appIDs: ['ABCDE12345.com.acme.app', 'ABCDE12345.com.acme.beta'],
          components: [{ '/': '/m/*' }, { '/': '/back' }],
        },
      ],
    },
    webcredentials: { apps: ['ABCDE12345.com.acme.app', 'ABCDE12345.com.acme.beta'] },
  });
});

t.test('Android learns the same of each app, with every certificate that signs it', async (t) => {
  const gateway = await build(t, apps);
  const response = await gateway.inject({ url: '/.well-known/assetlinks.json' });
  t.equal(response.statusCode, 200);
  t.match(response.headers['content-type'], /^application\/json/);
  const relation = [
    'delegate_permission/common.handle_all_urls',
    'delegate_permission/common.get_login_creds',
  ];
  const target = (packageName: string, ...fingerprints: string[]) => ({
    namespace: 'android_app',
    package_name: packageName,
    sha256_cert_fingerprints: fingerprints,
  });
  t.strictSame(response.json(), [
    { relation, target: target('com.acme.app', fingerprint('AA'), fingerprint('BB')) },
    { relation, target: target('com.acme.beta', fingerprint('0C')) },
  ]);
});

t.test('a gateway without apps has no such files', async (t) => {
  const gateway = await build(t);
  for (const name of ['apple-app-site-association', 'assetlinks.json']) {
    t.equal((await gateway.inject({ url: `/.well-known/${name}` })).statusCode, 404, name);
  }
});

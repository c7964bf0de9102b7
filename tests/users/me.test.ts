import t from 'tap';
import { build, operations, postgresAddress, type SignedIn, signUp } from '../helper.js';
import { watchStatements } from '../statements.js';
import { TcpProxy } from '../tcp-proxy.js';

const gateway = await build(t);

t.test('me tells who the bearer speaks for', async (t) => {
  const { accessToken, user } = await signUp(gateway, { name: 'Asha', email: 'asha@example.com' });
  const { status, data, errors } = await gateway.graphql(operations.me, {}, { token: accessToken });
  t.equal(status, 200);
  t.equal(errors, undefined);
  t.match(data.me, { id: user.id, name: 'Asha', email: 'asha@example.com', emailVerified: false });
  t.match(data.me.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

t.test('me without a bearer is a 401 for the whole operation, before anything runs', async (t) => {
  const { status, headers, errors, data } = await gateway.graphql('{ authMethods { method } me { id } }');
  t.equal(status, 401);
  t.equal(headers['www-authenticate'], 'Bearer realm="darwaza"');
  t.match(errors, [{ extensions: { code: 'UNAUTHENTICATED', reason: 'MISSING' } }]);
  t.equal(data, undefined);
});

t.test('me with a session that was ended is refused at once', async (t) => {
  const { accessToken, refreshToken } = await signUp(gateway);
  await gateway.graphql(operations.logout, { input: { refreshToken } });
  const { status, errors } = await gateway.graphql(operations.me, {}, { token: accessToken });
  t.equal(status, 401);
  t.match(errors, [{ extensions: { code: 'UNAUTHENTICATED', reason: 'SESSION_REVOKED' } }]);
});

t.test('bearers that come at one moment are asked for together, and each is told of itself', async (t) => {
  const people = await Promise.all(Array.from({ length: 12 }, () => signUp(gateway)));
  const [ended, closed] = people as [SignedIn, SignedIn, ...SignedIn[]];
  const statements = watchStatements(gateway);
  // As many as two statements hold.
  const bearers = Array.from({ length: 20 }, () => people).flat();
  const askAll = () =>
    Promise.all(bearers.map(({ accessToken }) => gateway.graphql(operations.me, {}, { token: accessToken })));
  for (const [at, { status, data }] of (await askAll()).entries()) {
    t.equal(status, 200);
    t.equal(data.me.id, bearers[at]?.user.id);
  }
  t.ok(statements.length < bearers.length / 4, `${statements.length} statements for ${bearers.length}`);

  await gateway.graphql(operations.logout, { input: { refreshToken: ended.refreshToken } });
  await gateway.sql`update users set disabled_at = now() where id = ${closed.user.id}`;
  for (const [at, { status, data, errors }] of (await askAll()).entries()) {
    const bearer = bearers[at];
    if (bearer === ended || bearer === closed) {
      t.match([status, errors], [401, [{ extensions: { reason: 'SESSION_REVOKED' } }]]);
    } else t.equal(data?.me.id, bearer?.user.id);
  }
});

t.test(
  'when the sessions cannot be asked for, every bearer of that moment hears so, and the next does not',
  async (t) => {
    const proxy = await TcpProxy.open(t, postgresAddress);
    const behind = await build(t, { DATABASE_TIMEOUT_MS: '500' }, gateway, {
      host: '127.0.0.1',
      port: proxy.port,
    });
    const people = await Promise.all([signUp(behind), signUp(behind)]);
    const askAll = () =>
      Promise.all(people.map(({ accessToken }) => behind.graphql(operations.me, {}, { token: accessToken })));
    await proxy.fail('refuse');
    proxy.cut();
    for (const { errors } of await askAll()) t.match(errors, [{ extensions: { code: 'UNAVAILABLE' } }]);
    await proxy.fail('pass');
    for (const [at, { data }] of (await askAll()).entries()) t.equal(data.me.id, people[at]?.user.id);
  },
);

import t from 'tap';
import { build, operations, signUp } from '../helper.js';

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

import t from 'tap';
import { build, postgresAddress } from '../helper.js';
import { watchStatements } from '../statements.js';
import { TcpProxy } from '../tcp-proxy.js';

const gateway = await build(t);

t.test('a gateway that can work says that it runs and that it is ready', async (t) => {
  for (const [url, status] of [
    ['/healthz', 'ok'],
    ['/readyz', 'ready'],
  ] as const) {
    const response = await gateway.inject({ url });
    t.equal(response.statusCode, 200);
    t.strictSame(response.json(), { status });
    t.equal(response.headers['cache-control'], 'no-store');
  }
});

t.test('without its database it runs but is not ready, and tells in time', async (t) => {
  const proxy = await TcpProxy.open(t, postgresAddress);
  const faulty = await build(t, {}, gateway, { host: '127.0.0.1', port: proxy.port });
  for (const mode of ['refuse', 'silent'] as const) {
    await proxy.fail(mode);
    const begun = performance.now();
    const ready = await faulty.inject({ url: '/readyz' });
    t.equal(ready.statusCode, 503, mode);
    t.ok(performance.now() - begun < 2_500, mode);
    t.notMatch(ready.body, /127\.0\.0\.1|ECONN|CONNECT/, 'how it looks inside is not told');
    t.equal((await faulty.inject({ url: '/healthz' })).statusCode, 200, mode);
    await proxy.fail('pass');
    t.equal((await faulty.inject({ url: '/readyz' })).statusCode, 200, mode);
  }
});

t.test('however many ask at once whether it is ready, its database is asked once', async (t) => {
  const statements = watchStatements(gateway);
  const asked = await Promise.all(Array.from({ length: 50 }, () => gateway.inject({ url: '/readyz' })));
  t.ok(asked.every(({ statusCode }) => statusCode === 200));
  t.ok(statements.length < 5, `${statements.length} statements`);
  statements.length = 0;
  await gateway.inject({ url: '/readyz' });
  t.equal(statements.length, 1, 'and anew for who asks later');
});

t.test('on its way out it is not ready, while it still runs', async (t) => {
  const leaving = await build(t, { DRAIN_SECONDS: '1' }, gateway);
  const url = await leaving.app.listen({ host: '127.0.0.1', port: 0 });
  const closing = leaving.app.close();
  const ready = await fetch(`${url}/readyz`);
  t.equal(ready.status, 503);
  t.strictSame(await ready.json(), { status: 'closing' });
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  await closing;
});

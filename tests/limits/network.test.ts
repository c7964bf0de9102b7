import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { normaliseNetwork } from '../../src/limits/network.js';
import { build, type Gateway, goodPassword, operations } from '../helper.js';
import {
  guess,
  hashesOf,
  inParallel,
  onlySomePass,
  outcomeOf,
  roomy,
  tally,
} from '../sign-in/password/guessing.js';

t.test('a network is an IPv4 address, or the /64 of an IPv6 one however it is spelled', async (t) => {
  const networks: Record<string, string | null> = {
    '203.0.113.9': '203.0.113.9',
    '::ffff:203.0.113.9': '203.0.113.9',
    '::FFFF:CB00:7109': '203.0.113.9',
    '0:0:0:0:0:ffff:203.0.113.9': '203.0.113.9',
    '0000:0000:0000:0000:0000:ffff:cb00:7109': '203.0.113.9',
    '2001:db8:1:2::9': '2001:db8:1:2::/64',
    '2001:DB8:1:2:ffff:FFFF:ffff:ffff': '2001:db8:1:2::/64',
    '2001:0db8:0001:0002:0000:0000:0000:0000': '2001:db8:1:2::/64',
    '2001:db8:1:2:0:0:192.0.2.33': '2001:db8:1:2::/64',
    '2001:db8:1:2::%eth0': '2001:db8:1:2::/64',
    '2001:db8:1:3::9': '2001:db8:1:3::/64',
    '::1': '0:0:0:0::/64',
    '::': '0:0:0:0::/64',
    '1::': '1:0:0:0::/64',
    // Not mapped: an IPv6 address of its own.
    '::ffff:0:203.0.113.9': '0:0:0:0::/64',
    '64:ff9b::203.0.113.9': '64:ff9b:0:0::/64',
    '203.0.113.9:4711': null,
    '203.0.113.09': null,
    '0xcb.0.113.9': null,
    '[2001:db8::1]': null,
    '203.0.113.0/24': null,
    '1.2.3.4, 5.6.7.8': null,
    unknown: null,
    '': null,
  };
  for (const [address, network] of Object.entries(networks)) {
    t.equal(normaliseNetwork(address), network, address);
  }
});

/** Where the gateway says a signup came from: its session and its event. */
async function seenAs(gateway: Gateway, from: string, headers: Record<string, string> = {}) {
  const input = { email: `${crypto.randomUUID()}@example.com`, password: goodPassword };
  const { data } = await gateway.graphql(operations.signup, { input }, { from, headers });
  const token = data.signup.accessToken;
  const sessions = await gateway.graphql(operations.sessions, {}, { token });
  const events = await gateway.graphql(operations.loginEvents, {}, { token });
  const seen = new Set([
    data.signup.session.network,
    sessions.data.sessions[0].network,
    events.data.loginEvents.edges[0].node.network,
  ]);
  return [...seen].join(' or ');
}

const lies = {
  'x-forwarded-for': '6.6.6.6',
  forwarded: 'for=6.6.6.6;proto=https;host=evil.example',
  'x-real-ip': '6.6.6.6',
  'true-client-ip': '6.6.6.6',
  'cf-connecting-ip': '6.6.6.6',
  'x-client-ip': '6.6.6.6',
  'x-forwarded-host': 'evil.example',
};

t.test('TRUST_PROXY=none takes the socket, whatever headers say', async (t) => {
  const gateway = await build(t, { ...roomy, TRUST_PROXY: 'none', SIGNUPS_PER_HOUR: '100' });
  t.equal(await seenAs(gateway, '198.51.100.7'), '198.51.100.7');
  t.equal(await seenAs(gateway, '198.51.100.7', { ...lies, 'fly-client-ip': '6.6.6.6' }), '198.51.100.7');
  t.equal(await seenAs(gateway, '::ffff:198.51.100.7', lies), '198.51.100.7');
  t.equal(await seenAs(gateway, '2001:DB8::7', lies), '2001:db8:0:0::/64');
});

t.test('TRUST_PROXY=fly reads Fly-Client-IP and nothing else', async (t) => {
  const gateway = await build(t, { ...roomy, TRUST_PROXY: 'fly', SIGNUPS_PER_HOUR: '100' });
  const peer = '172.16.1.1';
  t.equal(await seenAs(gateway, peer, { ...lies, 'fly-client-ip': '198.51.100.7' }), '198.51.100.7');
  t.equal(await seenAs(gateway, peer, { 'fly-client-ip': '2001:db8:1:2::9' }), '2001:db8:1:2::/64');
  t.equal(await seenAs(gateway, peer, lies), 'unknown', 'without it nobody knows');
  t.equal(await seenAs(gateway, peer, { 'fly-client-ip': '6.6.6.6, 198.51.100.7' }), 'unknown');
  t.equal(await seenAs(gateway, peer, { 'fly-client-ip': 'nonsense' }), 'unknown');
});

t.test('TRUST_PROXY with networks believes their X-Forwarded-For, from the right', async (t) => {
  const gateway = await build(t, {
    ...roomy,
    TRUST_PROXY: '10.0.0.0/8, fd00::/8',
    SIGNUPS_PER_HOUR: '100',
  });
  const via = (hops: string, peer = '10.0.0.1') =>
    seenAs(gateway, peer, { ...lies, 'fly-client-ip': '6.6.6.6', 'x-forwarded-for': hops });
  t.equal(await via('198.51.100.7'), '198.51.100.7');
  t.equal(await via('6.6.6.6, 198.51.100.7'), '198.51.100.7', 'what the client wrote itself is not believed');
  t.equal(await via('6.6.6.6, 198.51.100.7, 10.9.9.9'), '198.51.100.7', 'over two proxies');
  t.equal(await via('198.51.100.7', '::ffff:10.0.0.1'), '198.51.100.7');
  t.equal(await via('2001:db8:1:2::9', 'fd00::1'), '2001:db8:1:2::/64');
  t.equal(await via('198.51.100.7, nonsense'), 'unknown', 'a hop that is no address hides what is before it');
  t.equal(await via('198.51.100.7:4711'), 'unknown');
  t.equal(await seenAs(gateway, '10.0.0.1'), '10.0.0.1', 'the proxy itself');
  t.equal(await via('6.6.6.6', '203.0.113.50'), '203.0.113.50', 'a stranger has no say');
  t.equal(await via('10.0.0.1', '11.0.0.1'), '11.0.0.1');
});

t.test('over a real socket as well, with a header sent twice', async (t) => {
  const gateway = await build(t, { ...roomy, TRUST_PROXY: 'none' });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = gateway.app.server.address() as AddressInfo;
  const input = { email: 'socket@example.com', password: goodPassword };
  const sent = request({ port, host: '127.0.0.1', path: '/graphql', method: 'POST' });
  sent.setHeader('content-type', 'application/json');
  sent.setHeader('x-forwarded-for', ['6.6.6.6', '7.7.7.7']);
  sent.end(JSON.stringify({ query: operations.signup, variables: { input } }));
  const [response] = await once(sent, 'response');
  const chunks = await response.toArray();
  const { data } = JSON.parse(Buffer.concat(chunks).toString());
  t.equal(data.signup.session.network, '127.0.0.1');
});

t.test('a thousand tries from one /64 in six spellings share one count', async (t) => {
  const gateway = await build(t, { ...roomy, TRUST_PROXY: '127.0.0.1' });
  const hex = (n: number) => n.toString(16);
  const spellings = [
    (n: number) => `2001:db8:a:b:${hex(n)}:${hex(n + 1)}:${hex(n + 2)}:${hex(n + 3)}`,
    (n: number) => `2001:DB8:A:B:${hex(n).toUpperCase()}:FFFF:ABCD:EF01`,
    (n: number) => `2001:0db8:000a:000b:0000:0000:0000:${hex(n).padStart(4, '0')}`,
    (n: number) => `2001:db8:a:b::${hex(n)}`,
    (n: number) => `2001:dB8:A:b:0:0:192.0.${n >> 8}.${n & 255}`,
    (n: number) => `2001:db8:a:b::${hex(n)}:0`,
  ];
  const answers = [];
  for (let batch = 0; batch < 10; batch++) {
    const some = await inParallel(100, (i) => {
      const n = batch * 100 + i + 1;
      const address = spellings[n % spellings.length]?.(n) ?? '';
      const headers = {
        'x-forwarded-for': `${n}.6.6.6, ${address}`,
        'x-real-ip': `7.7.${n >> 8}.${n & 255}`,
      };
      return guess(gateway, { email: 'target@example.com' }, { headers });
    });
    answers.push(...some);
  }
  onlySomePass(t, answers, 10);
  t.equal(await hashesOf(gateway), 10);
  const [counter, ...others] = await gateway.sql`select bucket from attempts where bucket like 'password:%'`;
  t.match(counter?.bucket, /:2001:db8:a:b::\/64$/);
  t.equal(others.length, 0);
});

t.test('who comes from nowhere shares one count with all others from nowhere', async (t) => {
  const gateway = await build(t, { ...roomy, TRUST_PROXY: 'fly', PASSWORD_ATTEMPTS_PER_NETWORK: '3' });
  const somewhere = ['1.2.3', 'nonsense', 'fe80', '1.1.1.1, 2.2.2.2', '', '6.6.6.6:80'];
  const answers = [];
  for (const [i, claim] of somewhere.entries()) {
    const headers = { 'fly-client-ip': claim, 'x-forwarded-for': `9.9.9.${i}` };
    answers.push(
      await guess(gateway, { email: `somebody-${i}@example.com` }, { headers, from: `9.9.9.${i}` }),
    );
  }
  t.same(tally(answers), { INVALID_CREDENTIALS: 3, TOO_MANY_ATTEMPTS: 3 });
  const known = { 'fly-client-ip': '198.51.100.7' };
  t.equal(
    outcomeOf(await guess(gateway, { email: 'x@example.com' }, { headers: known })),
    'INVALID_CREDENTIALS',
  );
});

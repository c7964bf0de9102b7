import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { type GraphQLInputType, getNamedType, isEnumType, isInputObjectType } from 'graphql';
import t, { type Test } from 'tap';
import { build, type Gateway, goodPassword, operations, postgresAddress } from '../helper.js';
import { TcpProxy } from '../tcp-proxy.js';

const loud = { LOG_LEVEL: 'trace' };

/** A text that must never be seen again, and looks like what the field takes. */
const canary = (field: string) => `canary-${field}-${randomBytes(6).toString('hex')}`;
/** CR, LF, ANSI and what would end a JSON string. */
const nasty = `\r\n{"level":60,"forged":true}\u001b[31m\u2028"},\n canary`;

const secrets = () => {
  const email = `${canary('mailbox')}@canary.example`;
  return {
    email,
    password: canary('password'),
    name: `Canary ${canary('name')}`,
    device: {
      id: canary('device-id'),
      name: canary('device-name'),
      model: canary('model'),
      osVersion: canary('os'),
      appVersion: canary('app'),
    },
  };
};

const headers = () => ({
  authorization: `Bearer ${canary('bearer')}.${canary('bearer')}.${canary('bearer')}`,
  cookie: `session=${canary('cookie')}`,
  'user-agent': canary('agent'),
  'x-request-id': canary('request-id'),
  'request-id': canary('request-id'),
  traceparent: canary('trace'),
  'x-forwarded-for': canary('address'),
  'apollographql-client-name': canary('client'),
  'apollographql-client-version': canary('version'),
  referer: `https://canary.example/${canary('referer')}`,
  origin: `https://${canary('origin')}.example`,
  accept: `application/json;x=${canary('accept')}`,
});

/** An input with a canary in every field; numbers of phones, which cannot sing, are told. */
function fill(type: GraphQLInputType, given: string[]): object {
  const of = getNamedType(type);
  const fields = isInputObjectType(of) ? Object.values(of.getFields()) : [];
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const named = getNamedType(type);
      if (isInputObjectType(named)) return [name, fill(type, given)];
      if (isEnumType(named)) return [name, named.getValues()[0]?.name];
      if (name === 'email') return [name, `${canary('mailbox')}@canary.example`];
      if (name !== 'phone') return [name, canary(name)];
      const phone = `+9198${Math.random().toFixed(8).slice(2)}`;
      given.push(phone);
      return [name, phone];
    }),
  );
}

/** What a caller can send, on paths that end well and badly; tokens that were given out are told. */
async function sing(gateway: Gateway): Promise<string[]> {
  const given: string[] = [];
  const ask = async (query: string, input?: object, token?: string) => {
    const sending = { headers: { ...headers(), ...(token && { authorization: `Bearer ${token}` }) } };
    const answer = await gateway.graphql(query, input ? { input } : {}, sending);
    const tokens = Object.values(answer.data ?? {})[0] as {
      accessToken?: string;
      deviceSecret?: string;
      refreshToken?: string;
    } | null;
    for (const text of [tokens?.accessToken, tokens?.refreshToken, tokens?.deviceSecret])
      if (text) given.push(text);
    return tokens;
  };
  // Whatever mutations there are, with something in every field.
  for (const { name, args } of Object.values(
    gateway.app.graphql.schema.getMutationType()?.getFields() ?? {},
  )) {
    const type = args.find((argument) => argument.name === 'input')?.type;
    if (!type) continue;
    const selection = name === 'logout' ? '' : '{ __typename }';
    const query = `mutation($input: ${type}) { ${name}(input: $input) ${selection} }`;
    await ask(operations[name as keyof typeof operations] ?? query, fill(type, given));
  }
  const mine = secrets();
  const { name, ...credentials } = mine;
  const tokens = await ask(operations.signup, mine);
  await ask(operations.signup, mine);
  await ask(operations.signup, { ...secrets(), password: goodPassword, email: nasty });
  await ask(operations.signup, { ...secrets(), password: 'canary' });
  await ask(operations.login, credentials);
  await ask(operations.login, { ...credentials, password: canary('wrong') });
  await ask(operations.login, { ...credentials, email: `${canary('unknown')}@canary.example` });
  for (const idempotencyKey of [canary('key'), nasty]) {
    await ask(operations.refreshSession, {
      refreshToken: tokens?.refreshToken ?? canary('refresh'),
      idempotencyKey,
    });
    await ask(operations.refreshSession, { refreshToken: canary('refresh'), idempotencyKey });
  }
  await ask(operations.me, undefined, tokens?.accessToken);
  await ask(operations.me);
  await ask(operations.revokeSession, { id: canary('session') }, tokens?.accessToken);
  const change = { currentPassword: canary('current'), newPassword: canary('new') };
  await ask(operations.changePassword, change, tokens?.accessToken);
  await ask(operations.logout, { refreshToken: tokens?.refreshToken ?? canary('refresh') });
  await ask(operations.logout, { refreshToken: nasty });

  // What is not even a request.
  await ask(operations.login, { email: [canary('list')], password: { canary: canary('object') } });
  await ask(operations.login, { [canary('member')]: canary('value') });
  await ask(
    `mutation { login(input: { email: "${canary('literal')}", password: "${canary('literal')}" }) { __typename } }`,
  );
  await ask(`{ ${canary('field').replaceAll('-', '_')} }`);
  await ask(
    `query ${canary('operation').replaceAll('-', '_')} { authMethods { method } } # ${canary('comment')}`,
  );
  const raw = (payload: string, more = {}) =>
    gateway.inject({
      method: 'POST',
      url: `/graphql?token=${canary('query')}`,
      headers: { 'content-type': 'application/json', ...headers() },
      payload,
      ...more,
    });
  await raw(`{ "password": "${canary('torn')}`);
  await raw(JSON.stringify({ query: operations.login, operationName: nasty, variables: { input: nasty } }));
  await raw(JSON.stringify({ query: `# ${canary('long')}${'x'.repeat(40_000)}` }));
  await raw(canary('plain'), { headers: { 'content-type': `text/${canary('type')}` } });
  await gateway.inject({ url: `/graphql?query={me{id}}&variables=${canary('variables')}` });
  await gateway.inject({ url: `/${canary('path')}?token=${canary('query')}`, headers: headers() });
  await gateway.inject({ method: 'PUT', url: `/errors?token=${canary('query')}`, headers: headers() });
  return given;
}

function isSilent(t: Test, { log }: Gateway, given: string[], title: string) {
  t.ok(log.length > 50, `${title}: something was logged`);
  const text = log.join('');
  for (const [found] of text.matchAll(/.{0,60}canary.{0,60}/gi)) t.fail(`${title}: ${found}`);
  for (const token of given) {
    t.notOk(text.includes(token), `${title}: a token`);
    t.notOk(text.includes(token.slice(-20)), `${title}: half a token`);
    if (token.startsWith('+')) t.notOk(text.includes(token.slice(-8)), `${title}: a phone`);
  }
  for (const line of log) {
    t.equal(line.indexOf('\n'), line.length - 1, `${title}: one line`);
    const { level, time, reqId, msg, forged } = JSON.parse(line);
    // What the gateway does by itself, whenever its time comes, is nobody's request.
    if (!/^(sending|giving up|going over|erasing|sweeping|key rotation).* failed$/.test(msg))
      t.match(reqId, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/, `${title}: ${line}`);
    t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    t.type(level, 'number');
    t.equal(forged, undefined);
  }
}

t.test('nothing that is sent or given out can be read in the log, on paths that go well', async (t) => {
  const gateway = await build(t, loud);
  const given = await sing(gateway);
  t.ok(given.length >= 4);
  isSilent(t, gateway, given, 'well');
});

t.test('nor when the database is at odds with what it is given', async (t) => {
  const gateway = await build(t, loud);
  const given: string[] = [];
  for (const damage of [
    'alter table users add check (name is null)',
    'alter table login_events rename to elsewhere',
    'alter table passwords rename to hidden',
    'alter table credentials rename to lost',
    'alter table sessions rename to gone',
  ]) {
    await gateway.sql.unsafe(damage);
    given.push(...(await sing(gateway)));
  }
  isSilent(t, gateway, given, 'damaged');
  t.ok(
    gateway.log.some((line) => line.includes('"level":50')),
    'and it did fail',
  );
});

t.test('nor when the database goes away', async (t) => {
  const first = await build(t);
  const proxy = await TcpProxy.open(t, postgresAddress);
  const gateway = await build(t, loud, first, { host: '127.0.0.1', port: proxy.port });
  await proxy.fail('refuse');
  isSilent(t, gateway, await sing(gateway), 'away');
  t.ok(
    gateway.log.some((line) => line.includes('"level":40')),
    'and it was away',
  );
});

t.test('a line tells when, what, under which id and how it ended', async (t) => {
  const gateway = await build(t);
  await gateway.graphql('{ authMethods { method } }', {}, { headers: { 'x-request-id': 'mine' } });
  const [asked, answered, ...more] = gateway.log.map((line) => JSON.parse(line));
  t.equal(more.length, 0);
  t.match(asked, { level: 30, req: { method: 'POST', route: '/graphql' }, msg: 'incoming request' });
  t.match(answered, { level: 30, res: { statusCode: 200 }, responseTime: Number, msg: 'request completed' });
  t.equal(asked.reqId, answered.reqId);
  t.not(asked.reqId, 'mine');
});

t.test('what somebody would log by mistake is cut', async (t) => {
  const gateway = await build(t);
  const secret = 'not-for-the-log';
  const one = { password: secret, refreshToken: secret, accessToken: secret, email: secret, phone: secret };
  gateway.app.log.info({ ...one, authorization: secret, input: one, body: { variables: one } }, 'a mistake');
  gateway.app.log.info({ headers: { authorization: secret } }, 'another');
  t.equal(gateway.log.length, 2);
  t.notMatch(gateway.log.join(''), secret);
});

t.test('nasty bytes on a real connection make no lines of their own', async (t) => {
  const gateway = await build(t, loud);
  const url = new URL(await gateway.app.listen({ host: '127.0.0.1', port: 0 }));
  gateway.log.length = 0;
  for (const text of [
    'GET /\u001b[31mcanary\u2028 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'GET /%0d%0acanary HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nhost: x\r\nuser-agent: \u001b[31mcanary\r\nconnection: close\r\n\r\n',
    'canary\n\ncanary\r\n\r\n',
    `GET /healthz HTTP/1.1\r\nx: ${'canary'.repeat(4000)}\r\n\r\n`,
  ]) {
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => {});
    socket.write(text);
    for await (const _ of socket);
  }
  for (const line of gateway.log) {
    t.equal(line.indexOf('\n'), line.length - 1);
    t.ok(JSON.parse(line));
    t.notMatch(line, 'canary');
    t.notOk(line.includes('\u001b'));
  }
});

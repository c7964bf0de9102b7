import { randomUUID } from 'node:crypto';
import t from 'tap';
import { age, deliveryOf, randomPhone, sendOtp, verifyOtp } from '../codes.js';
import { build, operations, randomNetwork } from '../helper.js';
import { type Forgery, type Message, Twilio } from '../twilio-stand-in.js';

const twilio = await Twilio.open(t);
const publicUrl = 'https://auth.acme.com';
const settings = {
  ...twilio.settings,
  PUBLIC_URL: publicUrl,
  APP_NAME: 'Acme',
  ANDROID_SMS_HASH: 'FA+9qCX9VSu',
};
const gateway = await build(t, settings);
const { sql } = gateway;

async function begin(input: { channel?: string; device?: object; locale?: string } = {}) {
  const phone = randomPhone();
  const answer = await sendOtp(gateway, { phone, ...input });
  return { phone, answer, challengeId: answer.challengeId, message: await twilio.arrival(phone) };
}

const rowOf = async (challengeId: string) =>
  (
    await sql`select * from deliveries where challenge_id = ${challengeId} order by created_at desc limit 1`
  )[0];

t.test(
  'WhatsApp: the approved template by its ContentSid, the code its one variable, and no Body',
  async (t) => {
    for (const [locale, template] of [
      [undefined, twilio.templates.en],
      ['hi-IN', twilio.templates.hi],
      ['ta', twilio.templates.en],
    ] as const) {
      const { phone, challengeId, message } = await begin(locale ? { locale } : {});
      const row = await rowOf(challengeId);
      const { ValidityPeriod, ...fields } = message.fields;
      t.same(fields, {
        To: `whatsapp:${phone}`,
        From: 'whatsapp:+15005550007',
        ContentSid: template,
        ContentVariables: `{"1":"${message.code}"}`,
        StatusCallback: `${publicUrl}/webhooks/twilio/${row?.id}`,
      });
      t.ok(Number(ValidityPeriod) >= 590 && Number(ValidityPeriod) <= 600, 'no longer than the code lives');
      t.match(row, {
        status: 'SENT',
        provider_id: message.sid,
        recipient: phone,
        country: 'IN',
        price: '0.12000',
      });
    }
  },
);

t.test('SMS: the text as it is registered, byte for byte, by platform and language', async (t) => {
  const texts: [device: object | undefined, locale: string, text: (code: string) => string][] = [
    [undefined, 'en', (code) => `${code} is your Acme code. Never share it.`],
    [{ platform: 'ANDROID' }, 'en-IN', (code) => `${code} is your Acme code. Never share it.\nFA+9qCX9VSu`],
    [
      { platform: 'IOS' },
      'en',
      (code) => `${code} is your Acme code. Never share it.\n\n@auth.acme.com #${code}`,
    ],
    [undefined, 'hi', (code) => `Acme कोड: ${code}. किसी को न बताएं।`],
    [{ platform: 'ANDROID' }, 'hi', (code) => `Acme कोड: ${code}. किसी को न बताएं।\nFA+9qCX9VSu`],
    [{ platform: 'IOS' }, 'hi_IN', (code) => `Acme कोड: ${code}. किसी को न बताएं।\n\n@auth.acme.com #${code}`],
  ];
  for (const [device, locale, text] of texts) {
    const { message } = await begin({ channel: 'SMS', locale, ...(device && { device }) });
    const { Body, From, To, ContentSid } = message.fields;
    t.equal(Body, text(message.code));
    t.same([From, To, ContentSid], ['+15005550006', message.to, undefined]);
  }
});

t.test('a messaging service may be the sender of either', async (t) => {
  const [sms, whatsapp] = [`MG${'1'.repeat(32)}`, `MG${'2'.repeat(32)}`];
  const service = await build(
    t,
    { ...settings, TWILIO_SMS_FROM: sms, TWILIO_WHATSAPP_FROM: whatsapp },
    gateway,
  );
  for (const [channel, sid] of [
    ['SMS', sms],
    ['WHATSAPP', whatsapp],
  ] as const) {
    const phone = randomPhone();
    await sendOtp(service, { phone, channel });
    t.match((await twilio.arrival(phone)).fields, { MessagingServiceSid: sid, From: undefined });
  }
});

t.test('Twilio away, broken or silent: a typed error in about three seconds, and one request', async (t) => {
  t.teardown(() => twilio.recover());
  const faults = {
    'cuts the line': { fail: 'hang-up' },
    'says nothing': { fail: 'silent' },
    'says it letter by letter': { fail: 'trickle' },
    '500 in HTML': { status: 500, body: '<h1>oops</h1>' },
    '503 with a code': { refuse: 20503, status: 503 },
    'nothing in the body': { status: 502, body: '' },
  } as const;
  const places = [];
  for (const [what, behaviour] of Object.entries(faults)) {
    const other = await Twilio.open(t);
    other.behaviour.WHATSAPP = behaviour;
    places.push({ what, other, unlucky: await build(t, other.settings, gateway) });
  }
  await Promise.all(
    places.map(async ({ what, other, unlucky }) => {
      const phone = randomPhone();
      const idempotencyKey = randomUUID();
      const ask = () => sendOtp(unlucky, { phone, idempotencyKey, device: { id: what } });
      const start = performance.now();
      t.match(await ask(), { code: 'DELIVERY_FAILED' }, what);
      const seconds = (performance.now() - start) / 1000;
      t.ok(seconds < 8, `${what}: ${seconds.toFixed(1)} s`);
      t.match(await ask(), { code: 'DELIVERY_FAILED' }, `${what}: the same answer to the same key`);
      const [row] =
        await sql`select id, challenge_id, status, price from deliveries where recipient = ${phone}`;
      t.equal(row?.status, 'FAILED');
      await age(gateway, row?.challenge_id, 60);
      other.behaviour.WHATSAPP = { accept: true };
      // Three failures of ours close no phone: the send was given back.
      for (let send = 0; send < 3; send += 1)
        t.match(await sendOtp(unlucky, { phone, channel: 'SMS' }), { __typename: 'OtpSent' });
      t.equal(other.to(phone, 'WHATSAPP').length, 1, `${what}: never sent again`);
    }),
  );
});

t.test('what was refused costs nothing; what got no answer may have', async (t) => {
  const other = await Twilio.open(t);
  const unlucky = await build(t, other.settings);
  const spent = async () =>
    (await unlucky.sql`select spent::float from otp_days where country = '*'`)[0]?.spent;
  other.behaviour.SMS = { status: 500, body: '' };
  await sendOtp(unlucky, { phone: randomPhone(), channel: 'SMS' });
  t.equal(await spent(), 0);
  other.behaviour.SMS = { fail: 'silent' };
  await sendOtp(unlucky, { phone: randomPhone(), channel: 'SMS' });
  t.equal(await spent(), 0.3);
});

t.test('20429 is tried again within the lifetime, each time later, and is no second message', async (t) => {
  t.teardown(() => twilio.recover());
  twilio.behaviour.SMS = { refuse: 20429 };
  const { phone, challengeId, answer } = await begin({ channel: 'SMS' });
  t.match(answer, { __typename: 'OtpSent' });
  t.equal(await deliveryOf(gateway, challengeId), 'QUEUED SMS');
  await age(gateway, challengeId, 6);
  await twilio.arrival(phone, { count: 2 });
  twilio.recover();
  // It was six seconds old when it was tried last: another six must pass.
  await age(gateway, challengeId, 7);
  const { code } = await twilio.arrival(phone, { count: 3 });
  t.equal(new Set(twilio.to(phone).map((message) => message.code)).size, 1);
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  const last = twilio.to(phone).at(-1) as Message;
  t.ok(Number(last.fields.ValidityPeriod) < 590, 'it lives no longer for being late');
  t.same(
    twilio.to(phone).map(({ accepted }) => accepted),
    [false, false, true],
  );
});

t.test('a message that is past its lifetime is not sent any more', async (t) => {
  t.teardown(() => twilio.recover());
  twilio.behaviour.SMS = { refuse: 20429 };
  const { phone, challengeId } = await begin({ channel: 'SMS' });
  await age(gateway, challengeId, 601);
  twilio.recover();
  t.equal(await deliveryOf(gateway, challengeId), 'FAILED SMS');
  // A message queued later is taken by the same worker, which has passed over this one.
  const [row] = await sql`select id from deliveries where challenge_id = ${challengeId}`;
  const later = await begin({ channel: 'SMS' });
  t.ok(row && later);
  t.equal(twilio.to(phone).length, 1);
});

t.test('statuses move forward only, and the price is kept whenever it comes', async (t) => {
  const { challengeId, message } = await begin();
  const tell = (MessageStatus: string, more: Record<string, string> = {}) =>
    twilio.tell(gateway, message, { MessageStatus, ...more });
  const status = async () => (await rowOf(challengeId))?.status;
  for (const early of ['queued', 'sending', 'accepted', 'scheduled', 'nonsense', '']) {
    t.equal(await tell(early), 204);
    t.equal(await status(), 'SENT', early);
  }
  t.equal(await tell('read', { ChannelPrefix: 'whatsapp', SomethingNew: 'ब' }), 204);
  t.equal(await status(), 'DELIVERED');
  for (const late of ['sent', 'delivered', 'undelivered', 'failed', 'canceled']) {
    t.equal(await tell(late, { ErrorCode: '63024' }), 204);
    t.equal(await status(), 'DELIVERED', late);
  }
  t.equal((await rowOf(challengeId))?.error_code, null);
  await tell('delivered', { Price: '-0.00420', PriceUnit: 'usd' });
  t.match(await rowOf(challengeId), { price: '0.00420', currency: 'USD' });
  for (const Price of ['', 'NaN', 'Infinity', '-']) await tell('delivered', { Price, PriceUnit: 'USD' });
  t.match(await rowOf(challengeId), { price: '0.00420', currency: 'USD' });
});

t.test('a callback that overtakes the answer to the request counts', async (t) => {
  t.teardown(() => twilio.recover());
  twilio.onRequest = async (message) => {
    t.equal(await twilio.tell(gateway, message, { MessageStatus: 'delivered' }), 204);
  };
  const { challengeId, message } = await begin();
  t.match(await rowOf(challengeId), { status: 'DELIVERED', provider_id: message.sid, fallback_at: null });
});

t.test('a forged callback is refused and changes nothing', async (t) => {
  const { challengeId, message } = await begin();
  const url = message.fields.StatusCallback ?? '';
  const other = (await begin()).message.fields.StatusCallback ?? '';
  const forgeries: Record<string, Forgery> = {
    'no signature': { signature: '' },
    'a signature of nothing': { signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
    'another token': { authToken: 'f'.repeat(32) },
    'signed for another delivery': { signedUrl: other },
    'sent to another delivery': { url: other },
    'signed for another host': { signedUrl: url.replace('auth.acme.com', 'auth.acme.com.evil.example') },
    'signed for plain http': { signedUrl: url.replace('https:', 'http:') },
    'signed for another port': { signedUrl: url.replace('.com/', '.com:8443/') },
    'signed with a query': { signedUrl: `${url}?a=b` },
    'a poisoned host header': {
      signedUrl: url.replace('auth.acme.com', 'evil.example'),
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    },
    'a field changed': {
      change: (fields) => fields.map(([k, v]) => [k, k === 'MessageStatus' ? 'delivered' : v]),
    },
    'a field added': { change: (fields) => [...fields, ['ErrorCode', '63024']] },
    'a field taken away': { change: (fields) => fields.slice(1) },
    'a field twice': { change: (fields) => [...fields, ['MessageStatus', 'delivered']] },
    'a field twice, the other first': { change: (fields) => [['MessageStatus', 'delivered'], ...fields] },
    'the prototype': { change: (fields) => [...fields, ['__proto__', 'x']] },
  };
  for (const [what, forgery] of Object.entries(forgeries)) {
    t.equal(await twilio.tell(gateway, message, { MessageStatus: 'undelivered' }, forgery), 403, what);
  }
  t.equal((await rowOf(challengeId))?.status, 'SENT');
  t.equal(twilio.to(message.to).length, 1);
  const odd = (payload: string, type: string) =>
    gateway.inject({
      method: 'POST',
      url: new URL(url).pathname,
      headers: { 'content-type': type, 'x-twilio-signature': 'x' },
      payload,
    });
  t.equal((await odd('{"MessageStatus":"delivered"}', 'application/json')).statusCode, 403);
  t.equal((await odd('<a/>', 'text/xml')).statusCode, 415);
  t.equal((await gateway.inject({ method: 'GET', url: new URL(url).pathname })).statusCode, 404);
});

t.test('the standard port in the signed address is the same address', async (t) => {
  const { challengeId, message } = await begin();
  const url = message.fields.StatusCallback ?? '';
  const signedUrl = url.replace('.com/', '.com:443/');
  t.equal(await twilio.tell(gateway, message, { MessageStatus: 'delivered' }, { signedUrl }), 204);
  t.equal((await rowOf(challengeId))?.status, 'DELIVERED');
});

t.test('a signed callback for a delivery that is not there does nothing', async (t) => {
  const { message } = await begin();
  for (const id of [randomUUID(), 'nonsense']) {
    const gone: Message = {
      ...message,
      fields: { ...message.fields, StatusCallback: `${publicUrl}/webhooks/twilio/${id}` },
    };
    t.equal(await twilio.tell(gateway, gone, { MessageStatus: 'delivered' }), 204);
  }
});

t.test('deliveryStats counts messages with their price by channel', async (t) => {
  const token = 'o'.repeat(40);
  const watched = await build(t, { ...settings, OPERATOR_TOKEN: token });
  const phone = randomPhone();
  await sendOtp(watched, { phone });
  await sendOtp(watched, { phone: randomPhone(), channel: 'SMS' });
  const message = await twilio.arrival(phone);
  await twilio.tell(watched, message, { MessageStatus: 'delivered', Price: '-0.5', PriceUnit: 'INR' });
  const { data } = await watched.graphql(
    '{ deliveryStats(days: 1) { channel status count cost currency } }',
    {},
    { token },
  );
  t.same(
    data.deliveryStats.map((row: object) => ({ ...row })),
    [
      { channel: 'SMS', status: 'SENT', count: 1, cost: 0.3, currency: 'INR' },
      { channel: 'WHATSAPP', status: 'DELIVERED', count: 1, cost: 0.5, currency: 'INR' },
    ],
  );
  t.ok(operations.sendOtp && randomNetwork());
});

import { randomUUID } from 'node:crypto';
import t from 'tap';
import { fallBack } from '../../../src/sign-in/otp/send-message.js';
import { age, deliveryOf, otherThan, randomPhone, resendOtp, sendOtp, verifyOtp } from '../../codes.js';
import { build, operations, randomNetwork } from '../../helper.js';
import { Twilio } from '../../twilio-stand-in.js';

const twilio = await Twilio.open(t);
// A loaded machine is not what these are about.
const gateway = await build(t, {
  ...twilio.settings,
  DATABASE_POOL: '20',
  // The other channel is not what these are about.
  OTP_FALLBACK_AFTER: '120',
});
const { sql } = gateway;

t.test('a new and a known number get the same answer and the same message', async (t) => {
  const phone = randomPhone();
  const mask = (body: string) =>
    body.replace(/[\da-f-]{36}/g, 'id').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
  const device = { id: randomUUID(), name: 'Pixel', platform: 'ANDROID' };
  const ask = () =>
    gateway.graphql(operations.sendOtp, { input: { phone, device } }, { from: randomNetwork() });
  const first = await ask();
  t.match(first.data.sendOtp, { __typename: 'OtpSent' });
  const { code } = await twilio.arrival(phone);
  t.match(await verifyOtp(gateway, { challengeId: first.data.sendOtp.challengeId, code }), {
    __typename: 'SessionTokens',
  });
  const second = await ask();
  t.equal(mask(second.body), mask(first.body));
  const [one, two] = twilio.to(phone);
  t.same(Object.keys(two?.fields ?? {}), Object.keys(one?.fields ?? {}));
});

t.test('the answer tells when the code lapses and when it may be sent again', async (t) => {
  const before = Date.now();
  const { expiresAt, resendAt } = await sendOtp(gateway, { phone: randomPhone() });
  const after = Date.now();
  const within = (time: string, seconds: number) =>
    Date.parse(time) >= before + seconds * 1000 - 50 && Date.parse(time) <= after + seconds * 1000 + 50;
  t.ok(within(expiresAt, 600), 'ten minutes');
  t.ok(within(resendAt, 30), 'thirty seconds');
});

t.test('a number that cannot get a code is refused before anything is counted or sent', async (t) => {
  const known = twilio.messages.length;
  t.match(await sendOtp(gateway, { phone: '+91 11 2345 6789' }), { code: 'PHONE_INVALID' });
  t.match(await sendOtp(gateway, { phone: '+44 7400 123456' }), { code: 'COUNTRY_NOT_SERVED' });
  t.match(await sendOtp(gateway, { phone: randomPhone(), idempotencyKey: 'short' }), {
    code: 'IDEMPOTENCY_KEY_INVALID',
  });
  t.match(await sendOtp(gateway, { phone: randomPhone(), device: { name: '\u0000' } }), {
    code: 'DEVICE_INVALID',
  });
  t.equal(twilio.messages.length, known);
});

t.test('every way to write a number counts as one', async (t) => {
  const phone = randomPhone();
  const national = phone.slice(3);
  t.match(await sendOtp(gateway, { phone: `0091 ${national}` }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone: `0${national}` }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone: `+91 (0) ${national}` }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone }), { code: 'TOO_MANY_ATTEMPTS' });
  t.equal(twilio.to(phone).length, 3);
});

t.test('three codes a phone an hour, from wherever; a proved one gives its send back', async (t) => {
  const phone = randomPhone();
  const device = { id: randomUUID() };
  await sendOtp(gateway, { phone, device });
  await sendOtp(gateway, { phone, device });
  const { challengeId } = await sendOtp(gateway, { phone, device });
  const refused = await sendOtp(gateway, { phone, device: { id: randomUUID() } });
  t.match(refused, { code: 'TOO_MANY_ATTEMPTS' });
  t.ok((refused.retryAfterSeconds ?? 0) > 3500);
  const code = twilio.to(phone).at(-1)?.code ?? '';
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  t.match(await sendOtp(gateway, { phone }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone }), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('what strangers ask for leaves the codes of a device that has signed in before', async (t) => {
  const phone = randomPhone();
  const device = { id: randomUUID() };
  const signIn = async (of: { challengeId: string }) =>
    verifyOtp(gateway, { challengeId: of.challengeId, code: twilio.to(phone).at(-1)?.code ?? '' });
  t.match(await signIn(await sendOtp(gateway, { phone, device })), { __typename: 'SessionTokens' });
  for (let n = 0; n < 3; n += 1) await sendOtp(gateway, { phone, device: { id: randomUUID() } });
  for (const stranger of [undefined, { id: randomUUID() }])
    t.match(await sendOtp(gateway, { phone, ...(stranger && { device: stranger }) }), {
      code: 'TOO_MANY_ATTEMPTS',
    });

  const { challengeId } = await sendOtp(gateway, { phone, device });
  await age(gateway, challengeId, 31);
  t.match(await resendOtp(gateway, { challengeId }), { __typename: 'OtpSent' }, 'and sent again');
  const last = await sendOtp(gateway, { phone, device });
  t.match(await sendOtp(gateway, { phone, device }), { code: 'TOO_MANY_ATTEMPTS' }, 'three of its own');
  t.match(await signIn(last), { __typename: 'SessionTokens' });
  t.match(await sendOtp(gateway, { phone, device }), { __typename: 'OtpSent' }, 'a proof gives back its own');
  t.match(await sendOtp(gateway, { phone }), { code: 'TOO_MANY_ATTEMPTS' }, 'and nothing to strangers');
});

t.test('a code that could not be sent is given back to who is counted for it', async (t) => {
  const phone = randomPhone();
  const device = { id: randomUUID() };
  const { challengeId } = await sendOtp(gateway, { phone, device });
  const { code } = await twilio.arrival(phone);
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  twilio.behaviour.SMS = { status: 503, body: '' };
  t.teardown(() => twilio.recover());
  for (let n = 0; n < 4; n += 1)
    t.match(await sendOtp(gateway, { phone, device, channel: 'SMS' }), { code: 'DELIVERY_FAILED' });
  twilio.recover();
  t.match(await sendOtp(gateway, { phone, device }), { __typename: 'OtpSent' });
});

t.test('failures of ours do not close a network; those that tell of a phone count', async (t) => {
  t.teardown(() => twilio.recover());
  for (const [behaviour, code] of [
    [{ status: 503, body: '' }, 'OtpSent'],
    [{ refuse: 63016 }, 'OtpSent'],
    [{ refuse: 30007 }, 'TOO_MANY_ATTEMPTS'],
  ] as const) {
    const from = randomNetwork();
    twilio.behaviour.SMS = behaviour;
    for (let n = 0; n < 10; n += 1) {
      const failed = await sendOtp(gateway, { phone: randomPhone(), channel: 'SMS' }, { from });
      t.match(failed, { code: 'DELIVERY_FAILED' });
    }
    twilio.recover();
    const next = await sendOtp(gateway, { phone: randomPhone() }, { from });
    t.equal(next.code ?? next.__typename, code, JSON.stringify(behaviour));
  }
});

t.test('ten codes a network an hour, to whomever; a proved one gives its send back', async (t) => {
  const from = randomNetwork();
  const asked = [];
  for (let sends = 0; sends < 10; sends += 1)
    asked.push(await sendOtp(gateway, { phone: randomPhone() }, { from }));
  t.ok(asked.every(({ __typename }) => __typename === 'OtpSent'));
  t.match(await sendOtp(gateway, { phone: randomPhone() }, { from }), { code: 'TOO_MANY_ATTEMPTS' });
  const challengeId = asked[0]?.challengeId ?? '';
  const [row] = await sql`select recipient from deliveries where challenge_id = ${challengeId}`;
  const code = twilio.to(row?.recipient).at(-1)?.code ?? '';
  // Proved from another network: the send goes back to the one that asked.
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  t.match(await sendOtp(gateway, { phone: randomPhone() }, { from }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone: randomPhone() }, { from }), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('a new code replaces that of the same device, not that of another', async (t) => {
  const phone = randomPhone();
  const [mine, other] = [{ id: randomUUID() }, { id: randomUUID() }];
  const first = await sendOtp(gateway, { phone, device: mine });
  const stranger = await sendOtp(gateway, { phone, device: other });
  const second = await sendOtp(gateway, { phone, device: mine });
  const [one, , two] = twilio.to(phone).map(({ code }) => code);
  t.match(await verifyOtp(gateway, { challengeId: first.challengeId, code: one ?? '' }), {
    code: 'CHALLENGE_GONE',
  });
  t.match(await verifyOtp(gateway, { challengeId: stranger.challengeId, code: '000000' }), {
    code: 'INVALID_CREDENTIALS',
  });
  t.match(await verifyOtp(gateway, { challengeId: second.challengeId, code: two ?? '' }), {
    __typename: 'SessionTokens',
  });
});

t.test('a code that was replaced while it waited is not sent behind the one that is good', async (t) => {
  t.teardown(() => twilio.recover());
  twilio.behaviour.SMS = { refuse: 20429 };
  const [phone, device] = [randomPhone(), { id: randomUUID() }];
  const waiting = await sendOtp(gateway, { phone, device, channel: 'SMS' });
  const others = await sendOtp(gateway, { phone, channel: 'SMS' });
  twilio.recover();
  await sendOtp(gateway, { phone, device, channel: 'SMS' });
  for (const { challengeId } of [waiting, others]) await age(gateway, challengeId, 60);
  // The other device's goes out all the same, and this one would have before it.
  const last = await twilio.arrival(phone, { count: 4 });
  t.equal(last.code, twilio.to(phone)[1]?.code);
  t.same(
    twilio.to(phone).map(({ accepted }) => accepted),
    [false, false, true, true],
  );
  const [row] =
    await sql`select status, price::float from deliveries where challenge_id = ${waiting.challengeId}`;
  t.match(row, { status: 'FAILED', price: 0 });
});

t.test('a refused request voids nothing', async (t) => {
  const phone = randomPhone();
  const device = { id: randomUUID() };
  await sendOtp(gateway, { phone, device });
  await sendOtp(gateway, { phone, device });
  const { challengeId } = await sendOtp(gateway, { phone, device });
  t.match(await sendOtp(gateway, { phone, device }), { code: 'TOO_MANY_ATTEMPTS' });
  const code = twilio.to(phone).at(-1)?.code ?? '';
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
});

t.test('the same idempotencyKey sends once, also ten times at once, and counts once', async (t) => {
  const phone = randomPhone();
  const input = { phone, device: { id: randomUUID() }, idempotencyKey: randomUUID() };
  const from = randomNetwork();
  const answers = await Promise.all(Array.from({ length: 10 }, () => sendOtp(gateway, input, { from })));
  t.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
  t.match(answers[0], { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, input, { from }), { challengeId: answers[0]?.challengeId });
  t.equal(twilio.to(phone).length, 1);
  // Two more for this phone, and nine more for this network.
  t.match(await sendOtp(gateway, { phone }, { from }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone }, { from }), { __typename: 'OtpSent' });
  t.match(await sendOtp(gateway, { phone }, { from }), { code: 'TOO_MANY_ATTEMPTS' });
  for (let more = 0; more < 7; more += 1) await sendOtp(gateway, { phone: randomPhone() }, { from });
  t.match(await sendOtp(gateway, { phone: randomPhone() }, { from }), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('another device, another phone and another key are other requests', async (t) => {
  const [phone, idempotencyKey, id] = [randomPhone(), randomUUID(), randomUUID()];
  const first = await sendOtp(gateway, { phone, idempotencyKey, device: { id } });
  const others = [
    await sendOtp(gateway, { phone, idempotencyKey, device: { id: randomUUID() } }),
    await sendOtp(gateway, { phone: randomPhone(), idempotencyKey, device: { id } }),
    await sendOtp(gateway, { phone, idempotencyKey: randomUUID(), device: { id } }),
  ];
  t.equal(new Set([first, ...others].map(({ challengeId }) => challengeId)).size, 4);
});

t.test(
  'resendOtp sends the same code, by another channel if asked, and leaves the attempts spent',
  async (t) => {
    const phone = randomPhone();
    const { challengeId } = await sendOtp(gateway, { phone });
    const { code } = await twilio.arrival(phone);
    for (let wrong = 0; wrong < 4; wrong += 1)
      await verifyOtp(gateway, { challengeId, code: otherThan(code) });
    const early = await resendOtp(gateway, { challengeId });
    t.match(early, { code: 'TOO_MANY_ATTEMPTS' });
    t.ok((early.retryAfterSeconds ?? 0) > 20 && (early.retryAfterSeconds ?? 99) <= 30);
    await age(gateway, challengeId, 31);
    const again = await resendOtp(gateway, { challengeId, channel: 'SMS' });
    t.match(again, { __typename: 'OtpSent', challengeId });
    const sms = await twilio.arrival(phone, { channel: 'SMS' });
    t.equal(sms.code, code);
    t.ok(Date.parse(again.resendAt) > Date.now() + 20_000);
    t.match(await verifyOtp(gateway, { challengeId, code: otherThan(code) }), {
      code: 'INVALID_CREDENTIALS',
    });
    t.match(await verifyOtp(gateway, { challengeId, code }), { code: 'TOO_MANY_ATTEMPTS' }, 'five in all');
  },
);

t.test('resendOtp keeps the channel of the first message, and its limits', async (t) => {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone, channel: 'SMS' });
  for (const round of [2, 3]) {
    await age(gateway, challengeId, 31);
    t.match(await resendOtp(gateway, { challengeId }), { __typename: 'OtpSent' }, `message ${round}`);
  }
  await age(gateway, challengeId, 31);
  t.match(await resendOtp(gateway, { challengeId }), { code: 'TOO_MANY_ATTEMPTS' });
  t.same(
    twilio.to(phone).map(({ channel }) => channel),
    ['SMS', 'SMS', 'SMS'],
  );
  // A proof gives all three back.
  const { code } = await twilio.arrival(phone);
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  for (const round of [1, 2, 3])
    t.match(await sendOtp(gateway, { phone }), { __typename: 'OtpSent' }, `send ${round}`);
});

t.test('ten resends at once send one message', async (t) => {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone, channel: 'SMS' });
  await age(gateway, challengeId, 31);
  const answers = await Promise.all(Array.from({ length: 10 }, () => resendOtp(gateway, { challengeId })));
  t.equal(answers.filter(({ __typename }) => __typename === 'OtpSent').length, 1);
  t.ok(
    answers.every(({ retryAfterSeconds }) => (retryAfterSeconds ?? 0) <= 30),
    'the others wait for the spacing',
  );
  t.equal(twilio.to(phone).length, 2);
});

t.test('a challenge that is proved, lapsed or unknown is not sent again', async (t) => {
  const phone = randomPhone();
  const proved = await sendOtp(gateway, { phone });
  await verifyOtp(gateway, { challengeId: proved.challengeId, code: (await twilio.arrival(phone)).code });
  const lapsed = await sendOtp(gateway, { phone });
  await age(gateway, lapsed.challengeId, 601);
  for (const challengeId of [proved.challengeId, lapsed.challengeId, randomUUID(), 'nonsense', '']) {
    t.match(await resendOtp(gateway, { challengeId }), { code: 'CHALLENGE_GONE' });
  }
  t.equal(twilio.to(phone).length, 2);
  t.equal(await deliveryOf(gateway, randomUUID()), 'none');
  t.equal(await deliveryOf(gateway, 'nonsense'), 'none');
});

t.test('a challenge whose tries are used up gets no further message, by either way', async (t) => {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone });
  const { code } = await twilio.arrival(phone);
  for (let wrong = 0; wrong < 5; wrong += 1) await verifyOtp(gateway, { challengeId, code: otherThan(code) });
  await age(gateway, challengeId, 121);
  t.match(await resendOtp(gateway, { challengeId }), { code: 'CHALLENGE_GONE' });
  while (await fallBack(gateway.app.tools));
  t.equal(twilio.to(phone).length, 1);
});

t.test('50 sends at once are each counted and sent', async (t) => {
  const spentToday = async () =>
    (await sql`select spent::float from otp_days where country = '*'`)[0]?.spent ?? 0;
  const before = await spentToday();
  const phones = Array.from({ length: 50 }, randomPhone);
  const answers = await Promise.all(phones.map((phone) => sendOtp(gateway, { phone })));
  t.ok(answers.every(({ __typename }) => __typename === 'OtpSent'));
  t.ok(phones.every((phone) => twilio.to(phone).length === 1));
  t.equal(Math.round(((await spentToday()) - before) * 100), 50 * 12);
});

t.test(
  'sends, resends and proofs of one phone at once settle without waiting for each other in a ring',
  async (t) => {
    const phone = randomPhone();
    const device = { id: randomUUID() };
    const wide = await build(
      t,
      { ...twilio.settings, OTP_SENDS_PER_PHONE: '100', DATABASE_POOL: '20' },
      gateway,
    );
    const { challengeId } = await sendOtp(wide, { phone, device });
    const { code } = await twilio.arrival(phone);
    await age(wide, challengeId, 31);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        n % 3 === 0
          ? sendOtp(wide, { phone, device: n % 2 === 0 ? device : { id: randomUUID() } })
          : n % 3 === 1
            ? verifyOtp(wide, { challengeId, code })
            : resendOtp(wide, { challengeId }),
      ),
    );
    t.equal(answers.filter(({ __typename }) => __typename === 'SessionTokens').length <= 1, true);
    t.ok(answers.every(({ code: failure }) => failure !== 'INTERNAL_SERVER_ERROR'));
  },
);

t.test('no log line and no row but the phone’s own tells the phone or the code', async (t) => {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone });
  const { code } = await twilio.arrival(phone);
  twilio.behaviour.SMS = { refuse: 30007 };
  await sendOtp(gateway, { phone, channel: 'SMS' });
  twilio.recover();
  await verifyOtp(gateway, { challengeId, code: otherThan(code) });
  await verifyOtp(gateway, { challengeId, code });
  const log = gateway.log.join('');
  t.notOk(log.includes(phone.slice(1)), 'the log has no phone');
  t.notOk(log.includes(`"${code}"`), 'the log has no code');
  const tables = await sql`select table_name from information_schema.tables where table_schema = 'public'`;
  for (const { table_name: table } of tables) {
    const [all] =
      await sql`select coalesce(string_agg(row::text, ' '), '') as rows from ${sql(table)} as row`;
    const rows: string = all?.rows;
    t.notOk(new RegExp(`(^|\\D)${code}(\\D|$)`).test(rows), `${table} has no code`);
    if (!['credentials', 'otp_challenges', 'deliveries'].includes(table))
      t.notOk(rows.includes(phone.slice(1)), `${table} has no phone`);
  }
});

t.test('in production without Twilio there are no codes', async (t) => {
  const production = await build(t, {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: 'redis://127.0.0.1:1',
    SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7 + 1)).toString('base64url'),
    PUBLIC_URL: 'https://auth.example.com',
    TRUST_PROXY: 'none',
    SIGNUP_EMAIL_PROOF: 'false',
  });
  t.match(await sendOtp(production, { phone: randomPhone() }), { code: 'METHOD_UNAVAILABLE' });
  const { data } = await production.graphql('{ authMethods { method } }');
  t.same(data.authMethods, [{ method: 'PASSKEY' }, { method: 'PASSWORD' }]);
  t.equal(
    (await production.inject({ method: 'POST', url: `/webhooks/twilio/${randomUUID()}` })).statusCode,
    404,
  );
});

t.test('with an SMS sender alone, WhatsApp is not offered and AUTO means SMS', async (t) => {
  const { TWILIO_WHATSAPP_FROM: _, TWILIO_WHATSAPP_CONTENT: __, ...settings } = twilio.settings;
  const plain = await build(t, settings, gateway);
  const phone = randomPhone();
  t.match(await sendOtp(plain, { phone, channel: 'WHATSAPP' }), { code: 'METHOD_UNAVAILABLE' });
  const { challengeId } = await sendOtp(plain, { phone });
  const { channel, code } = await twilio.arrival(phone);
  t.equal(channel, 'SMS');
  t.match(await verifyOtp(plain, { challengeId, code }), { __typename: 'SessionTokens' });
  const { data } = await plain.graphql('{ authMethods { method countries } }');
  const methods = data.authMethods.map(({ method }: { method: string }) => method);
  t.ok(methods.includes('OTP_SMS') && !methods.includes('OTP_WHATSAPP') && !methods.includes('OTP_TEST'));
  t.match(data.authMethods.find(({ method }: { method: string }) => method === 'OTP_SMS').countries, ['IN']);
});

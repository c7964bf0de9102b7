import { randomInt, randomUUID } from 'node:crypto';
import t from 'tap';
import { age, deliveryOf, randomPhone, resendOtp, sendOtp, verifyOtp } from '../../codes.js';
import { build, randomNetwork } from '../../helper.js';
import { until } from '../../mail-server.js';
import { Twilio } from '../../twilio-stand-in.js';

const twilio = await Twilio.open(t);
/** A loaded machine is not what these are about. */
const patient = { DATABASE_POOL: '15', OTP_FALLBACK_AFTER: '120' };

/** A mobile number of a country that no other test uses. */
const numberIn = {
  IN: randomPhone,
  GB: () => `+44740${randomInt(10 ** 6, 10 ** 7)}`,
  AE: () => `+97150${randomInt(10 ** 6, 10 ** 7)}`,
  SG: () => `+6591${randomInt(10 ** 5, 10 ** 6)}`,
  FR: () => `+3361${randomInt(10 ** 6, 10 ** 7)}`,
};
type Country = keyof typeof numberIn;
const countries = Object.keys(numberIn) as Country[];

t.test('a thousand numbers of one prefix stop at the cap, with answers that tell no one apart', async (t) => {
  const gateway = await build(t, { ...twilio.settings, OTP_SENDS_PER_PREFIX: '60', ...patient });
  const prefix = randomPhone().slice(0, -4);
  const phones = Array.from({ length: 1000 }, (_, n) => `${prefix}${String(n).padStart(4, '0')}`);
  const answers: { code?: string; __typename: string }[] = [];
  for (let at = 0; at < phones.length; at += 25) {
    answers.push(
      ...(await Promise.all(phones.slice(at, at + 25).map((phone) => sendOtp(gateway, { phone })))),
    );
  }
  t.equal(answers.filter(({ __typename }) => __typename === 'OtpSent').length, 60);
  t.equal(answers.filter(({ code }) => code === 'TOO_MANY_ATTEMPTS').length, 940);
  t.equal(twilio.messages.filter(({ to }) => to.startsWith(prefix)).length, 60);
  t.match(
    await sendOtp(gateway, { phone: randomPhone() }),
    { __typename: 'OtpSent' },
    'others are not held up',
  );
  // Nor is who lives in that block and has signed in before.
  const [phone = '', device] = [phones[500], { id: randomUUID() }];
  await gateway.sql`delete from attempts`;
  const { challengeId } = await sendOtp(gateway, { phone, device });
  const { code } = await twilio.arrival(phone, { count: twilio.to(phone).length });
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  await gateway.sql`update attempts set count = 60 where bucket like 'otp-prefix:%'`;
  t.match(await sendOtp(gateway, { phone }), { code: 'TOO_MANY_ATTEMPTS' });
  t.match(await sendOtp(gateway, { phone, device }), { __typename: 'OtpSent' });
});

t.test(
  'the spend of a day stops at its cap, exact under 25 at once, quietly, and over all countries',
  async (t) => {
    const gateway = await build(t, {
      ...twilio.settings,
      OTP_SPEND_PER_DAY: '3',
      ...patient,
      OTP_COUNTRIES: 'IN,GB',
      OTP_PRICES: 'WHATSAPP:IN=0.12,SMS:IN=0.30,WHATSAPP:GB=0.30',
    });
    const phones = Array.from({ length: 25 }, (_, n) => (n % 5 === 0 ? numberIn.GB() : randomPhone()));
    const from = twilio.messages.length;
    const answers = await Promise.all(
      phones.map((phone) =>
        sendOtp(gateway, { phone, channel: phone.startsWith('+44') ? 'WHATSAPP' : 'SMS' }),
      ),
    );
    t.ok(answers.every(({ __typename }) => __typename === 'OtpSent'));
    t.equal(twilio.messages.length - from, 10);
    const [day] = await gateway.sql`select sum(spent)::float as spent, sum(sent)::int as sent
    from otp_days where country <> '*'`;
    t.match(day, { spent: 3, sent: 10 });
    const unsent = answers.find((_, n) => twilio.to(phones[n] ?? '').length === 0)?.challengeId ?? '';
    t.match(await deliveryOf(gateway, unsent), /^QUEUED/, 'it looks like a message that is late');
    const alerts = gateway.log.filter((line) => JSON.parse(line).level >= 50);
    t.equal(alerts.length, 15);
    t.equal((await gateway.app.tools.metrics.refusedMessages.get()).values[0]?.value, 15);
    // A new day, a new purse.
    await gateway.sql`update otp_days set day = day - 1`;
    t.match(await sendOtp(gateway, { phone: phones[1] ?? '', channel: 'SMS' }), { __typename: 'OtpSent' });
    t.equal(twilio.messages.length - from, 11);
  },
);

for (const mode of ['log', 'enforce'] as const) {
  t.test(`a country’s unproved codes beyond its past: ${mode}`, async (t) => {
    const gateway = await build(t, { ...twilio.settings, OTP_BUDGET: mode });
    const begin = async () => {
      const phone = randomPhone();
      const { challengeId, __typename } = await sendOtp(gateway, { phone });
      return { challengeId, __typename, code: twilio.to(phone).at(-1)?.code };
    };
    const notices = () => gateway.log.filter((line) => JSON.parse(line).mode === mode).length;
    const begun = [];
    for (let send = 0; send < 25; send += 1) begun.push(await begin());
    t.ok(
      begun.every(({ __typename }) => __typename === 'OtpSent'),
      'the answer is the same',
    );
    t.equal(begun.filter(({ code }) => code).length, mode === 'log' ? 25 : 20);
    t.equal(notices(), 5);
    const [refused] = (await gateway.app.tools.metrics.refusedMessages.get()).values;
    t.match(refused, { labels: { reason: 'budget' }, value: 5 });
    // Proofs make room: what was proved is not counted any more.
    for (const { challengeId, code = '' } of begun.slice(0, 10)) {
      t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
    }
    t.ok((await begin()).code);
    t.equal(notices(), 5);
  });
}

t.test('a country with a past has a budget that goes with it, another one has its own', async (t) => {
  const gateway = await build(t, { ...twilio.settings, OTP_BUDGET: 'enforce', OTP_COUNTRIES: 'IN,GB' });
  const goesOut = async (phone: string) => {
    await sendOtp(gateway, { phone });
    return twilio.to(phone).length > 0;
  };
  const today = (sent: number, verified: number) => gateway.sql`
    insert into otp_days (country, day, sent, verified) values ('IN', (now() at time zone 'UTC')::date, ${sent}, ${verified})
    on conflict (country, day) do update set sent = excluded.sent, verified = excluded.verified`;
  const past = (daysAgo: number, verified: number) => gateway.sql`
    insert into otp_days (country, day, sent, verified)
    values ('IN', (now() at time zone 'UTC')::date - ${daysAgo}::int, ${verified}, ${verified})`;
  await today(30, 0);
  t.notOk(await goesOut(randomPhone()), 'no past: 20');
  t.ok(await goesOut('+447400123456'), 'another country has its own');
  await past(20, 1000);
  t.notOk(await goesOut(randomPhone()), 'too long ago');
  await past(10, 101);
  t.ok(await goesOut(randomPhone()), '30 % of the best day in two weeks: 30');
  await today(131, 100);
  t.notOk(await goesOut(randomPhone()), '31 unproved');
  await past(1, 20);
  t.ok(await goesOut(randomPhone()), '30 % of what was proved today and yesterday: 36');
});

const travelling = { ...twilio.settings, OTP_COUNTRIES: countries.join(), OTP_SENDS_PER_NETWORK: '1000' };

for (const mode of ['log', 'enforce'] as const) {
  t.test(`a network that asks for codes to more than three countries in a day: ${mode}`, async (t) => {
    const reviewer = numberIn.FR();
    const testCodes = { TEST_OTPS: `${reviewer}:424242`, TEST_OTPS_UNTIL: '2999-01-01' };
    const gateway = await build(t, { ...travelling, ...testCodes, OTP_BUDGET: mode });
    const from = randomNetwork();
    const ask = async (country: Country, asker = from) => {
      const phone = numberIn[country]();
      const { challengeId, __typename } = await sendOtp(gateway, { phone }, { from: asker });
      t.equal(__typename, 'OtpSent', 'the answer is the same');
      return { challengeId, phone, goneOut: twilio.to(phone).length > 0 };
    };
    const goesOut = async (country: Country, asker?: string) => (await ask(country, asker)).goneOut;
    t.match(await sendOtp(gateway, { phone: reviewer }, { from }), { __typename: 'OtpSent' });
    for (const country of ['IN', 'GB', 'AE', 'GB', 'IN'] as const) t.ok(await goesOut(country), country);
    for (const country of ['SG', 'FR', 'SG'] as const)
      t.equal(await goesOut(country), mode === 'log', `${country} is one too many`);
    t.ok(await goesOut('AE'), 'those three go on');
    t.ok(await goesOut('SG', randomNetwork()), 'other networks have countries of their own');
    const [refused] = (await gateway.app.tools.metrics.refusedMessages.get()).values;
    t.match(refused, { labels: { reason: 'countries' }, value: 3 });
    t.equal(gateway.log.filter((line) => JSON.parse(line).reason === 'countries').length, 3);
    if (mode === 'log') return;

    // What was not sent is not sent again either, from wherever that is asked.
    const { challengeId, phone } = await ask('SG');
    await age(gateway, challengeId, 31);
    t.match(await resendOtp(gateway, { challengeId }), { __typename: 'OtpSent' });
    t.equal(twilio.to(phone).length, 0);
    // The other channel is no further country.
    twilio.behaviour.WHATSAPP = { refuse: 63024 };
    t.teardown(() => twilio.recover());
    t.same(
      twilio.to((await ask('IN')).phone).map(({ channel }) => channel),
      ['WHATSAPP', 'SMS'],
    );
    twilio.recover();
    // A day after the last code to a country its place is free.
    const [kept] = await gateway.sql`update attempts set resets_at = resets_at - interval '1 day'
      where bucket = ${`otp-countries:${from}:GB`} returning extract(epoch from now() - resets_at)::int as over`;
    t.ok(kept?.over >= 0 && kept?.over < 60);
    t.ok(await goesOut('SG'));
    t.notOk(await goesOut('GB'));
  });
}

t.test('of five countries asked for at once, at two replicas, three are served', async (t) => {
  const settings = { ...travelling, ...patient, OTP_BUDGET: 'enforce' };
  const gateway = await build(t, settings);
  const replica = await build(t, settings, gateway);
  const from = randomNetwork();
  const asked = Array.from({ length: 25 }, (_, n) => {
    const country = countries[n % 5] as Country;
    return { country, phone: numberIn[country](), at: n % 2 ? gateway : replica };
  });
  await Promise.all(asked.map(({ phone, at }) => sendOtp(at, { phone }, { from })));
  const served = asked.filter(({ phone }) => twilio.to(phone).length > 0).map(({ country }) => country);
  t.equal(new Set(served).size, 3);
  t.equal(served.length, 15);
});

t.test('where no more countries are served than one network may ask for, nothing is counted', async (t) => {
  const gateway = await build(t, { ...travelling, OTP_COUNTRIES: 'IN,GB,AE' });
  await sendOtp(gateway, { phone: randomPhone() });
  t.same(await gateway.sql`select bucket from attempts where bucket like 'otp-countries:%'`, []);
});

t.test('a fallback and a resend are no codes of their own: a fully proved day is no pumping', async (t) => {
  const gateway = await build(t, { ...twilio.settings, OTP_BUDGET: 'enforce' });
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  t.teardown(() => twilio.recover());
  for (let person = 0; person < 25; person += 1) {
    const phone = randomPhone();
    const { challengeId } = await sendOtp(gateway, { phone });
    const { code } = await twilio.arrival(phone, { channel: 'SMS' });
    t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
  }
  const [day] = await gateway.sql`select sent, verified, spent::float from otp_days where country = 'IN'`;
  // WhatsApp refused them, which costs nothing: 25 SMS.
  t.match(day, { sent: 25, verified: 25, spent: 7.5 });
});

t.test('what never went out is taken off the day’s spend, whoever finds out', async (t) => {
  const twilio = await Twilio.open(t);
  const gateway = await build(t, { ...twilio.settings, OTP_FALLBACK_AFTER: '120' });
  const { sql } = gateway;
  const spent = async () =>
    (await sql`select spent::float from otp_days where country = '*'`)[0]?.spent as number;
  const isSettled = (amount: number) =>
    until(async () => Math.abs((await spent()) - amount) < 0.001, `a spend of ${amount}`);
  twilio.behaviour.SMS = { refuse: 20429 };
  const lapsing = await sendOtp(gateway, { phone: randomPhone(), channel: 'SMS' });
  t.equal(await spent(), 0.3);
  await age(gateway, lapsing.challengeId, 601);
  await isSettled(0);

  const refused = await sendOtp(gateway, { phone: randomPhone(), channel: 'SMS' });
  t.equal(await spent(), 0.3);
  twilio.behaviour.SMS = { refuse: 30007 };
  await age(gateway, refused.challengeId, 20);
  await isSettled(0);

  twilio.recover();
  twilio.behaviour.WHATSAPP = { refuse: 20429 };
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone });
  await sql`update deliveries set fallback_at = now() where challenge_id = ${challengeId}`;
  await twilio.arrival(phone, { channel: 'SMS' });
  await isSettled(0.3);
  const [row] =
    await sql`select sum(price)::float as price from deliveries where challenge_id = ${challengeId}`;
  t.equal(row?.price, 0.3, 'and off the message');
});

t.test('an outage of Twilio is no pumping: the country’s codes go on after it', async (t) => {
  const twilio = await Twilio.open(t);
  const gateway = await build(t, { ...twilio.settings, OTP_BUDGET: 'enforce' });
  twilio.behaviour.WHATSAPP = { status: 500, body: '' };
  for (let n = 0; n < 25; n += 1)
    t.match(await sendOtp(gateway, { phone: randomPhone() }), { code: 'DELIVERY_FAILED' });
  twilio.recover();
  const phone = randomPhone();
  await sendOtp(gateway, { phone });
  t.equal(twilio.to(phone).length, 1);
  // A phone that WhatsApp refuses counts: by SMS its code would be sent again without being counted.
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  for (let n = 0; n < 19; n += 1)
    t.match(await sendOtp(gateway, { phone: randomPhone(), channel: 'WHATSAPP' }), {
      code: 'DELIVERY_FAILED',
    });
  twilio.recover();
  const next = randomPhone();
  await sendOtp(gateway, { phone: next });
  t.equal(twilio.to(next).length, 0);
});

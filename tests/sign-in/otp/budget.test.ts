import { randomInt } from 'node:crypto';
import t from 'tap';
import { deliveryOf, randomPhone, sendOtp, verifyOtp } from '../../codes.js';
import { build } from '../../helper.js';
import { Twilio } from '../../twilio-stand-in.js';

const twilio = await Twilio.open(t);
/** A loaded machine is not what these are about. */
const patient = { DATABASE_TIMEOUT_MS: '20000', DATABASE_POOL: '15', OTP_FALLBACK_AFTER: '120' };

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
    const british = () => `+4474${String(randomInt(10 ** 8)).padStart(8, '0')}`;
    const phones = Array.from({ length: 25 }, (_, n) => (n % 5 === 0 ? british() : randomPhone()));
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

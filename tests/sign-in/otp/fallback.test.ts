import t from 'tap';
import { advance } from '../../../src/messages/deliveries.js';
import { sendLeftOver } from '../../../src/messages/send.js';
import { fallBack } from '../../../src/sign-in/otp/send-message.js';
import { age, deliveryOf, otherThan, randomPhone, resendOtp, sendOtp, verifyOtp } from '../../codes.js';
import { build, type Gateway } from '../../helper.js';
import { Twilio } from '../../twilio-stand-in.js';

const twilio = await Twilio.open(t);
const gateway = await build(t, twilio.settings);
const replica = await build(t, twilio.settings, gateway);
const { sql } = gateway;

/** Asks for a code and waits for its first message. */
async function begin(input: { channel?: string } = {}, at: Gateway = gateway) {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(at, { phone, ...input });
  const message = await twilio.arrival(phone);
  return { phone, challengeId, message, code: message.code };
}

/** Does what the workers do in time, until nothing is left to be done. */
async function turns() {
  for (const { tools } of [gateway.app, replica.app]) {
    while (await fallBack(tools));
    while (await sendLeftOver(tools));
  }
}

t.test(
  'silence: after OTP_FALLBACK_AFTER the same code goes by SMS, once, with the same attempts',
  async (t) => {
    const { phone, challengeId, code } = await begin();
    t.equal(await deliveryOf(gateway, challengeId), 'SENT WHATSAPP');
    for (let wrong = 0; wrong < 3; wrong += 1)
      await verifyOtp(gateway, { challengeId, code: otherThan(code) });
    await age(gateway, challengeId, 7);
    t.equal(twilio.to(phone).length, 1);
    await age(gateway, challengeId, 1);
    const sms = await twilio.arrival(phone, { channel: 'SMS' });
    t.equal(sms.code, code);
    t.equal(sms.channel, 'SMS');
    await age(gateway, challengeId, 60);
    await turns();
    t.equal(twilio.to(phone).length, 2, 'both replicas looked, and nothing followed');
    t.equal(await deliveryOf(gateway, challengeId), 'FAILED_OVER SMS');
    await twilio.tell(gateway, sms, { MessageStatus: 'delivered' });
    t.equal(await deliveryOf(gateway, challengeId), 'DELIVERED SMS');
    t.match(await verifyOtp(gateway, { challengeId, code: otherThan(code) }), {
      code: 'INVALID_CREDENTIALS',
    });
    t.match(await verifyOtp(gateway, { challengeId, code }), {
      __typename: 'SessionTokens',
      session: { method: 'OTP_SMS' },
    });
  },
);

t.test('the fallback comes also when the replica that sent the first message has died', async (t) => {
  const settings = { ...twilio.settings, OTP_FALLBACK_AFTER: '60' };
  const home = await build(t, settings);
  const mortal = await build(t, settings, home);
  await home.app.close();
  const phone = randomPhone();
  const { challengeId } = await sendOtp(mortal, { phone });
  const { code } = await twilio.arrival(phone);
  await mortal.app.close();
  await age(mortal, challengeId, 61);
  await build(t, settings, home);
  t.equal((await twilio.arrival(phone, { channel: 'SMS' })).code, code);
});

t.test('who learns of a failure and dies over it is stood in for', async (t) => {
  const { phone, challengeId, code } = await begin();
  const [delivery] = await sql`select id from deliveries where challenge_id = ${challengeId}`;
  await advance(gateway.app.tools.db, delivery?.id, {
    status: 'FAILED',
    errorCode: '63024',
    otherChannel: true,
  });
  await turns();
  t.equal(twilio.to(phone).length, 1, 'not before it has had its time');
  await age(gateway, challengeId, 5);
  t.equal((await twilio.arrival(phone, { channel: 'SMS' })).code, code);
  await turns();
  t.equal(twilio.to(phone).length, 2);
});

t.test('a terminal failure brings the SMS at once, however often it is told', async (t) => {
  for (const ErrorCode of ['63024', '63003', '63049', '99999', undefined]) {
    const { phone, challengeId, message, code } = await begin();
    const news = {
      MessageStatus: ErrorCode === '63003' ? 'failed' : 'undelivered',
      ...(ErrorCode && { ErrorCode }),
    };
    const told = await Promise.all(
      [1, 2, 3].map((n) => twilio.tell(n % 2 ? gateway : replica, message, news)),
    );
    t.same(told, [204, 204, 204]);
    t.equal((await twilio.arrival(phone, { channel: 'SMS' })).code, code, `${ErrorCode}`);
    t.equal(await deliveryOf(gateway, challengeId), 'FAILED_OVER SMS');
    t.equal(await twilio.tell(gateway, message, news), 204);
    t.equal(twilio.to(phone).length, 2, `${ErrorCode}`);
  }
});

t.test('a refusal of WhatsApp at the door brings the SMS within the same request', async (t) => {
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  t.teardown(() => twilio.recover());
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone });
  const { code } = await twilio.arrival(phone, { channel: 'SMS' });
  t.same(
    twilio.to(phone).map(({ channel }) => channel),
    ['WHATSAPP', 'SMS'],
  );
  t.equal(await deliveryOf(gateway, challengeId), 'FAILED_OVER SMS');
  t.match(await verifyOtp(gateway, { challengeId, code }), { session: { method: 'OTP_SMS' } });
});

t.test('both channels refused: the SMS is not followed by anything, and the person is told', async (t) => {
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  twilio.behaviour.SMS = { refuse: 30007 };
  t.teardown(() => twilio.recover());
  const phone = randomPhone();
  t.match(await sendOtp(gateway, { phone }), { code: 'DELIVERY_FAILED' });
  t.equal(twilio.to(phone).length, 2);
  const [row] = await sql`select challenge_id from deliveries where recipient = ${phone}`;
  t.equal(await deliveryOf(gateway, row?.challenge_id), 'FAILED SMS');
});

t.test('who was refused goes over by itself: another looking for work does not take it away', async (t) => {
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  twilio.behaviour.SMS = { refuse: 30007 };
  t.teardown(() => twilio.recover());
  let asking = true;
  const looking = (async () => {
    while (asking) await fallBack(replica.app.tools);
  })();
  for (let n = 0; n < 20; n += 1)
    t.match(await sendOtp(gateway, { phone: randomPhone() }), { code: 'DELIVERY_FAILED' });
  asking = false;
  await looking;
});

t.test('what was delivered, proved, replaced or has lapsed is not followed by an SMS', async (t) => {
  const delivered = await begin();
  await twilio.tell(gateway, delivered.message, { MessageStatus: 'delivered' });
  await twilio.tell(gateway, delivered.message, { MessageStatus: 'undelivered', ErrorCode: '63024' });
  t.equal(await deliveryOf(gateway, delivered.challengeId), 'DELIVERED WHATSAPP', 'only forward');
  const proved = await begin();
  t.match(await verifyOtp(gateway, proved), { session: { method: 'OTP_WHATSAPP' } });
  await twilio.tell(gateway, proved.message, { MessageStatus: 'undelivered', ErrorCode: '63024' });
  const lapsed = await begin();
  const replaced = randomPhone();
  const device = { id: 'one-and-the-same' };
  const { challengeId: first } = await sendOtp(gateway, { phone: replaced, device });
  await sendOtp(gateway, { phone: replaced, device, channel: 'WHATSAPP' });
  for (const id of [delivered.challengeId, proved.challengeId, first]) await age(gateway, id, 60);
  await age(gateway, lapsed.challengeId, 700);
  await turns();
  for (const { phone } of [delivered, proved, lapsed, { phone: replaced }])
    t.equal(twilio.to(phone, 'SMS').length, 0);
});

t.test('who chose WhatsApp gets the error instead', async (t) => {
  const { phone, challengeId, message } = await begin({ channel: 'WHATSAPP' });
  await age(gateway, challengeId, 60);
  await twilio.tell(gateway, message, { MessageStatus: 'undelivered', ErrorCode: '63024' });
  t.equal(await deliveryOf(gateway, challengeId), 'FAILED WHATSAPP');
  await turns();
  t.equal(twilio.to(phone).length, 1);
  twilio.behaviour.WHATSAPP = { refuse: 63024 };
  t.teardown(() => twilio.recover());
  const refused = randomPhone();
  t.match(await sendOtp(gateway, { phone: refused, channel: 'WHATSAPP' }), { code: 'DELIVERY_FAILED' });
  t.equal(twilio.to(refused).length, 1);
  // And by SMS if asked for it.
  twilio.recover();
  await age(gateway, challengeId, 31);
  t.match(await resendOtp(gateway, { challengeId, channel: 'SMS' }), { __typename: 'OtpSent' });
  t.equal((await twilio.arrival(phone, { channel: 'SMS' })).code, message.code);
});

t.test('a fault of the configuration calls the operator and does not fall back', async (t) => {
  const alerts = () => gateway.log.filter((line) => JSON.parse(line).level >= 50).length;
  const before = alerts();
  const { phone, challengeId, message } = await begin();
  await twilio.tell(gateway, message, { MessageStatus: 'failed', ErrorCode: '63016' });
  t.equal(alerts(), before + 1);
  t.equal(await deliveryOf(gateway, challengeId), 'FAILED WHATSAPP');
  twilio.behaviour.WHATSAPP = { refuse: 63016 };
  t.teardown(() => twilio.recover());
  const refused = randomPhone();
  t.match(await sendOtp(gateway, { phone: refused }), { code: 'DELIVERY_FAILED' });
  t.equal(alerts(), before + 2);
  await turns();
  t.equal(twilio.to(phone).length, 1);
  t.equal(twilio.to(refused).length, 1);
});

t.test(
  'an unwanted number is denied quietly: the usual answer, no other channel, no try again',
  async (t) => {
    t.teardown(() => twilio.recover());
    for (const code of [21211, 21614, 21408, 21610, 30450, 30453]) {
      twilio.behaviour.WHATSAPP = { refuse: code };
      const phone = randomPhone();
      const answer = await sendOtp(gateway, { phone });
      t.match(answer, { __typename: 'OtpSent' }, `${code} at the door`);
      t.equal(await deliveryOf(gateway, answer.challengeId), 'QUEUED WHATSAPP');
      await age(gateway, answer.challengeId, 20);
      twilio.recover();
      const { phone: other, challengeId, message } = await begin();
      await twilio.tell(gateway, message, { MessageStatus: 'undelivered', ErrorCode: String(code) });
      t.equal(await deliveryOf(gateway, challengeId), 'QUEUED WHATSAPP', `${code} by callback`);
      await age(gateway, challengeId, 20);
      t.same([twilio.to(phone).length, twilio.to(other).length], [1, 1]);
    }
    await turns();
    const unwanted = twilio.messages.slice(-12);
    t.ok(unwanted.every(({ to }) => twilio.to(to).length === 1));
  },
);

t.test('what is known to be blocked to a fallback is not left in the queue as well', async (t) => {
  twilio.behaviour.WHATSAPP = { refuse: 20429 };
  t.teardown(() => twilio.recover());
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone });
  t.equal(await deliveryOf(gateway, challengeId), 'QUEUED WHATSAPP');
  // Not old enough for another try, and then the time for SMS has come.
  await sql`update deliveries set fallback_at = now() where challenge_id = ${challengeId}`;
  const { code } = await twilio.arrival(phone, { channel: 'SMS' });
  twilio.recover();
  await age(gateway, challengeId, 60);
  await turns();
  t.same(
    twilio.to(phone).map(({ channel }) => channel),
    ['WHATSAPP', 'SMS'],
  );
  t.match(await verifyOtp(gateway, { challengeId, code }), { session: { method: 'OTP_SMS' } });
});

t.test('who has the code sent by SMS does not get it from the fallback as well', async (t) => {
  const patient = await build(t, { ...twilio.settings, OTP_FALLBACK_AFTER: '60' });
  const { phone, challengeId, message } = await begin({}, patient);
  await age(patient, challengeId, 31);
  t.match(await resendOtp(patient, { challengeId, channel: 'SMS' }), { __typename: 'OtpSent' });
  await age(patient, challengeId, 60);
  await twilio.tell(patient, message, { MessageStatus: 'undelivered', ErrorCode: '63024' });
  while (await fallBack(patient.app.tools));
  t.equal(twilio.to(phone, 'SMS').length, 1);
  // By WhatsApp again, the new message has a fallback of its own.
  await age(patient, challengeId, 31);
  t.match(await resendOtp(patient, { challengeId, channel: 'AUTO' }), { __typename: 'OtpSent' });
  await age(patient, challengeId, 60);
  t.ok(await twilio.arrival(phone, { channel: 'SMS', count: 2 }));
});

t.test('a refusal for now that comes after the fallback is not tried again', async (t) => {
  twilio.behaviour.WHATSAPP = { refuse: 20429 };
  t.teardown(() => twilio.recover());
  const phone = randomPhone();
  twilio.onRequest = async (message) => {
    if (message.to !== phone || message.channel === 'SMS') return;
    await sql`update deliveries set fallback_at = now() where recipient = ${phone} and channel = 'WHATSAPP'`;
    await twilio.arrival(phone, { channel: 'SMS' });
  };
  const { challengeId } = await sendOtp(gateway, { phone });
  t.equal(await deliveryOf(gateway, challengeId), 'FAILED_OVER SMS');
  twilio.recover();
  await age(gateway, challengeId, 60);
  await turns();
  t.same(
    twilio.to(phone).map(({ channel, accepted }) => `${channel} ${accepted}`),
    ['WHATSAPP false', 'SMS true'],
  );
});

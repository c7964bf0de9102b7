import { randomUUID } from 'node:crypto';
import t from 'tap';
import { sendLeftOver } from '../../src/messages/send.js';
import { composeOtp, type OtpText } from '../../src/messages/templates.js';
import { consequenceOf } from '../../src/messages/twilio.js';
import { fallBack } from '../../src/sign-in/otp/send-message.js';
import { sweep } from '../../src/sweep.js';
import { age, deliveryOf, randomPhone, sendOtp, verifyOtp } from '../codes.js';
import { build, operations, postgresAddress, randomNetwork } from '../helper.js';
import { TcpProxy } from '../tcp-proxy.js';
import { Twilio } from '../twilio-stand-in.js';

const twilio = await Twilio.open(t);
const gateway = await build(t, twilio.settings);
const { sql } = gateway;

/** Does what the workers do in time, until nothing is left to be done. */
async function turns() {
  const { tools } = gateway.app;
  while (await fallBack(tools));
  while (await sendLeftOver(tools));
}

t.test('a process that dies between send and mark has sent its message once', async (t) => {
  for (const channel of ['SMS', 'WHATSAPP']) {
    const proxy = await TcpProxy.open(t, postgresAddress as { host: string; port: number });
    const mortal = await build(t, twilio.settings, gateway, { host: '127.0.0.1', port: proxy.port });
    const phone = randomPhone();
    // Twilio has it, and from here on the process reaches nobody.
    twilio.onRequest = async ({ to }) => {
      if (to === phone) await proxy.fail('refuse');
    };
    t.teardown(() => twilio.recover());
    await mortal.graphql(operations.sendOtp, { input: { phone, channel } }, { from: randomNetwork() });
    const [row] = await sql`select id, challenge_id, status from deliveries where recipient = ${phone}`;
    t.equal(row?.status, 'SENDING', channel);
    for (const seconds of [10, 60, 300]) {
      await age(gateway, row?.challenge_id, seconds);
      await turns();
    }
    t.equal(twilio.to(phone).length, 1, channel);
    // What it was sent with is good, and Twilio's word on it is heard by the others.
    const message = twilio.to(phone)[0];
    if (message) t.equal(await twilio.tell(gateway, message, { MessageStatus: 'delivered' }), 204);
    t.equal(await deliveryOf(gateway, row?.challenge_id), `DELIVERED ${channel}`);
    const code = message?.code ?? '';
    t.match(await verifyOtp(gateway, { challengeId: row?.challenge_id, code }), {
      __typename: 'SessionTokens',
    });
  }
});

t.test('a message that a dead process had only queued is sent by another, once', async (t) => {
  const phone = randomPhone();
  const { challengeId } = await sendOtp(gateway, { phone, channel: 'SMS' });
  await sql`update deliveries set status = 'QUEUED', taken_at = null, provider_id = null where challenge_id = ${challengeId}`;
  await turns();
  t.equal(twilio.to(phone).length, 1, 'its own process may be about to send it');
  await age(gateway, challengeId, 6);
  await Promise.all([turns(), turns(), turns()]);
  await twilio.arrival(phone, { count: 2 });
  await age(gateway, challengeId, 60);
  await turns();
  t.equal(twilio.to(phone).length, 2);
  t.same(new Set(twilio.to(phone).map(({ code }) => code)).size, 1);
});

t.test(
  'SMS to Android ends with the app’s hash and fits into 140 bytes, whatever the app is called',
  async (t) => {
    const base: OtpText = {
      app: '',
      code: '012345',
      locale: 'en',
      platform: 'ANDROID',
      host: 'auth.acme.com',
      androidHash: 'FA+9qCX9VSu',
    };
    const apps = [
      'A',
      'Acme',
      'A'.repeat(40),
      'आपका ऐप',
      'क'.repeat(30),
      '{'.repeat(25),
      'Café',
      '😀'.repeat(10),
    ];
    for (const app of apps) {
      for (const locale of ['en', 'hi'] as const) {
        const { text } = composeOtp({ ...base, app, locale });
        const bytes = /^[\n\x20-\x5a_a-z]*$/.test(text) ? text.length : 2 * text.length;
        t.ok(bytes <= 140, `${app} ${locale}: ${bytes}`);
        t.equal(text.split(/\s/).at(-1), 'FA+9qCX9VSu');
        t.ok(text.includes('012345'));
      }
    }
    const { androidHash: _, ...without } = base;
    t.equal(
      composeOtp({ ...without, app: 'Acme', androidHash: undefined }).text,
      '012345 is your Acme code. Never share it.',
    );
    const ios = composeOtp({ ...base, app: 'Acme', platform: 'IOS' }).text;
    t.equal(ios.split('\n').at(-1), '@auth.acme.com #012345');
    for (const platform of ['WEB', 'MACOS', undefined]) {
      t.equal(
        composeOtp({ ...base, app: 'Acme', platform }).text,
        '012345 is your Acme code. Never share it.',
      );
    }
  },
);

t.test('each error code of Twilio’s has its consequence', async (t) => {
  const consequences = {
    alert: ['63016', '20003', '20404', '21606', '21660'],
    nothing: ['21211', '21614', '21408', '21610', '30450', '30453'],
    'other-channel': ['63024', '63003', '63049', '30007', '30003', '30005', '99999', null],
    tell: ['TIMEOUT', 'ECONNREFUSED', 'ECONNRESET', '500', '503', '404', 'CHANNEL_CLOSED'],
  };
  for (const [consequence, codes] of Object.entries(consequences)) {
    for (const code of codes) t.equal(consequenceOf(code), consequence, String(code));
  }
});

t.test(
  'what has lapsed is swept; recipients go after 30 days, deliveries with the login events',
  async (t) => {
    const day = 86_400;
    const begin = async () => {
      const phone = randomPhone();
      return { phone, id: (await sendOtp(gateway, { phone })).challengeId };
    };
    const [young, old, oldest] = [await begin(), await begin(), await begin()];
    await age(gateway, young.id, 12 * 3600);
    await age(gateway, old.id, 31 * day);
    await age(gateway, oldest.id, 401 * day);
    await sql`insert into otp_days (country, day, sent) values ('IN', now()::date - 59, 1), ('IN', now()::date - 61, 1)`;
    await sql`insert into deliveries (challenge_id, template, channel, recipient, locale, send_before, created_at)
    select gen_random_uuid(), 'otp', 'SMS', 'x', 'en', now(), now() - interval '40 days' from generate_series(1, 2500)`;
    const app = gateway.app.tools;
    await sweep(app.db, app.config);
    const challenges =
      await sql`select id from otp_challenges where id in ${sql([young.id, old.id, oldest.id])}`;
    t.same(
      challenges.map(({ id }) => id),
      [young.id],
    );
    const deliveries = await sql`select challenge_id, recipient from deliveries
    where challenge_id in ${sql([young.id, old.id, oldest.id])} order by created_at`;
    t.same(
      deliveries.map(({ challenge_id: id, recipient }) => [id, recipient]),
      [
        [old.id, null],
        [young.id, young.phone],
      ],
    );
    const [left] = await sql`select count(*)::int as named from deliveries where recipient = 'x'`;
    t.equal(left?.named, 0, 'more than one batch');
    const [days] = await sql`select count(*)::int as days from otp_days where day < now()::date - 1`;
    t.equal(days?.days, 1);
    t.equal(await deliveryOf(gateway, randomUUID()), 'none');
  },
);

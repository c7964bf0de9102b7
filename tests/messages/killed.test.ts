import { randomUUID } from 'node:crypto';
import t from 'tap';
import { age, randomPhone } from '../codes.js';
import { operations } from '../helper.js';
import { MailServer, until } from '../mail-server.js';
import { makeDatabase, makeDataDir, openDatabase, type RunningGateway, startGateway } from '../process.js';
import { Twilio } from '../twilio-stand-in.js';

const twilio = await Twilio.open(t);
const mailServer = await MailServer.open(t);
const database = await makeDatabase(t, 'migrated');
const sql = openDatabase(t, database);
const settings = {
  ...database,
  ...twilio.settings,
  ...mailServer.environment,
  PUBLIC_URL: 'http://localhost:4000',
  DATA_DIR: await makeDataDir(t),
  OTP_SENDS_PER_NETWORK: '100',
  // A loaded machine is not what these are about.
};
const start = () => startGateway(t, settings);

const askForCode = (gateway: RunningGateway, phone: string, channel: string) =>
  gateway.graphql(operations.sendOtp, { input: { phone, channel } });
const askForLink = (gateway: RunningGateway, email: string) =>
  gateway.graphql(operations.requestMagicLink, { input: { email } });
const someAddress = () => `${randomUUID()}@example.com`;

/** The deliveries to a phone or an address, oldest first. */
const deliveriesTo = (recipient: string) =>
  sql`select * from deliveries where recipient = ${recipient} order by created_at`;

const statusesOf = async (recipient: string) => (await deliveriesTo(recipient)).map(({ status }) => status);

/** Makes what goes to somebody look so many seconds older. */
async function makeOlder(recipient: string, seconds: number) {
  for (const { challenge_id: challengeId } of await deliveriesTo(recipient))
    await age({ sql }, challengeId, seconds);
}

/**
 * Waits until the gateway has looked for what was left behind, and passed over everything that is there now: it takes
 * the oldest first, so a message that is left behind last is sent last.
 */
async function recoveryHasRun() {
  const witness = randomPhone();
  const [challenge] =
    await sql`insert into otp_challenges (phone, country, channel, locale, asker, expires_at)
    values (${witness}, 'IN', 'SMS', 'en', 'nobody', now() + interval '9 minutes') returning id`;
  await sql`insert into deliveries (challenge_id, template, channel, recipient, country, locale, created_at, send_before)
    values (${challenge?.id}, 'otp', 'SMS', ${witness}, 'IN', 'en', now() - interval '6 seconds', now() + interval '9 minutes')`;
  await twilio.arrival(witness);
}

t.test('killed while Twilio’s answer is on its way: a code goes out once a delivery', async (t) => {
  t.teardown(() => twilio.recover());
  const phones = { SMS: randomPhone(), WHATSAPP: randomPhone(), AUTO: randomPhone() };
  const first = await start();
  // Twilio has the message, and its yes reaches nobody.
  twilio.onRequest = () => new Promise(() => {});
  const asked = Object.entries(phones).map(([channel, phone]) =>
    t.rejects(askForCode(first, phone, channel), `nobody is told of ${channel}`),
  );
  await until(() => Object.values(phones).every((phone) => twilio.to(phone).length > 0), 'three messages');
  await first.stop('SIGKILL');
  await Promise.all(asked);
  for (const phone of Object.values(phones)) t.same(await statusesOf(phone), ['SENDING']);
  twilio.recover();

  const second = await start();
  for (const seconds of [60, 300]) {
    await makeOlder(phones.SMS, seconds);
    await makeOlder(phones.WHATSAPP, seconds);
    await recoveryHasRun();
  }
  for (const phone of [phones.SMS, phones.WHATSAPP]) {
    t.equal(twilio.to(phone).length, 1);
    t.same(await statusesOf(phone), ['SENDING'], 'it may have arrived: nobody knows');
  }

  // The other channel is a delivery of its own, with the same code.
  await makeOlder(phones.AUTO, 60);
  await twilio.arrival(phones.AUTO, { channel: 'SMS' });
  await makeOlder(phones.AUTO, 60);
  await recoveryHasRun();
  t.same(
    twilio.to(phones.AUTO).map(({ channel }) => channel),
    ['WHATSAPP', 'SMS'],
  );
  t.equal(new Set(twilio.to(phones.AUTO).map(({ code }) => code)).size, 1);
  const [{ challenge_id: challengeId } = {}] = await deliveriesTo(phones.AUTO);
  const { data } = await second.graphql(operations.verifyOtp, {
    input: { challengeId, code: twilio.to(phones.AUTO)[0]?.code },
  });
  t.match(data.verifyOtp, { __typename: 'SessionTokens' }, 'and the code that came before the kill is good');
  await second.stop();
});

t.test('killed while the mail server’s answer is on its way: a mail arrives, under one name', async (t) => {
  t.teardown(() => mailServer.be('takes'));
  const email = someAddress();
  const first = await start();
  mailServer.be('takes silently');
  await askForLink(first, email);
  await mailServer.mailTo(email);
  await first.stop('SIGKILL');
  t.same(await statusesOf(email), ['SENDING']);

  // And once more in the middle of the second try.
  const second = await start();
  await makeOlder(email, 31);
  await mailServer.mailTo(email, 2);
  await second.stop('SIGKILL');
  t.same(await statusesOf(email), ['SENDING']);

  mailServer.be('takes');
  const third = await start();
  await makeOlder(email, 31);
  await mailServer.mailTo(email, 3);
  await until(async () => (await statusesOf(email))[0] === 'SENT', 'the mark');
  await makeOlder(email, 60);
  await recoveryHasRun();
  const copies = mailServer.mailsTo(email);
  t.equal(copies.length, 3, 'none after the mark');
  const [{ id } = {}] = await deliveriesTo(email);
  t.same([...new Set(copies.map(({ parsed }) => parsed.messageId))], [`<${id}@localhost>`]);
  t.equal(new Set(copies.map(({ parsed }) => parsed.text)).size, 1, 'with one link');
  await third.stop();
});

t.test(
  'killed before anything was handed over: sent after the restart, unless its time is over',
  async (t) => {
    const [phone, latePhone, email, lateEmail] = [randomPhone(), randomPhone(), someAddress(), someAddress()];
    const first = await start();
    const gate = await shutBeforeSending();
    const asked = [
      t.rejects(askForCode(first, phone, 'SMS')),
      t.rejects(askForCode(first, latePhone, 'WHATSAPP')),
      askForLink(first, email),
      askForLink(first, lateEmail),
    ];
    await gate.waits(4);
    await first.stop('SIGKILL');
    await Promise.all(asked);
    await gate.open();
    for (const recipient of [phone, latePhone, email, lateEmail])
      t.same(await statusesOf(recipient), ['QUEUED'], 'committed with its challenge');

    for (const recipient of [phone, email]) await makeOlder(recipient, 6);
    for (const recipient of [latePhone, lateEmail]) await makeOlder(recipient, 601);
    const second = await start();
    await twilio.arrival(phone);
    await mailServer.mailTo(email);
    await until(async () => (await statusesOf(phone))[0] === 'SENT', 'the mark of the code');
    await until(async () => (await statusesOf(email))[0] === 'SENT', 'the mark of the mail');
    await recoveryHasRun();
    t.equal(twilio.to(phone).length, 1);
    t.equal(mailServer.mailsTo(email).length, 1);
    t.equal(twilio.to(latePhone).length, 0);
    t.equal(mailServer.mailsTo(lateEmail).length, 0);
    await second.stop();
  },
);

/** Holds every process at the door between the transaction that queues a message and the statement that takes it. */
async function shutBeforeSending() {
  const key = 20_060_101;
  const holder = await sql.reserve();
  await holder`select pg_advisory_lock(${key})`;
  await sql.unsafe(`
    create function wait_at_gate() returns trigger language plpgsql as $$
      begin perform pg_advisory_lock_shared(${key}); return new; end $$;
    create trigger gate before update on deliveries for each row
      when (old.status = 'QUEUED' and new.status = 'SENDING') execute function wait_at_gate();`);
  const waiting = () => sql`select pid from pg_locks
    where locktype = 'advisory' and objid = ${key} and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  return {
    waits: (count: number) => until(async () => (await waiting()).length >= count, 'the gate'),
    /** Nobody goes through any more who stood there: with its process each of them is gone. */
    open: async () => {
      for (const { pid } of await waiting()) await sql`select pg_terminate_backend(${pid})`;
      await until(async () => (await waiting()).length === 0, 'the end of who waited');
      await sql.unsafe('drop trigger gate on deliveries; drop function wait_at_gate()');
      await holder`select pg_advisory_unlock(${key})`;
      holder.release();
    },
  };
}

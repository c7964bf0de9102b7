import { randomUUID } from 'node:crypto';
import t from 'tap';
import { openEmail } from '../../src/messages/email.js';
import { composeAddressTaken, composeLink, showDevice } from '../../src/messages/templates.js';
import { build, type Gateway } from '../helper.js';
import { linkIn, MailServer, type Mood, until } from '../mail-server.js';
import { askForLink, masked, open, request, someAddress } from '../sign-in/magic-link/asking.js';

const server = await MailServer.open(t);
const gateway = await build(t, server.environment);

/** The delivery of the newest mail to an address. */
async function deliveryTo({ sql }: Gateway, email: string) {
  const [row] =
    await sql`select * from deliveries where recipient = ${email} order by created_at desc limit 1`;
  if (row === undefined) throw new Error(`no delivery to ${email}`);
  return row;
}

const statusOf = async (of: Gateway, email: string): Promise<string> => (await deliveryTo(of, email)).status;

/** Lets a delivery be due at once, as after a wait. */
const due = ({ sql }: Gateway, email: string) =>
  sql`update deliveries set created_at = created_at - interval '1 minute', taken_at = taken_at - interval '1 minute' where recipient = ${email}`;

t.test('a mail has one recipient, the canonical address, a plain and an HTML part', async (t) => {
  const email = someAddress();
  const typed = ` ${email.replace('asha', 'ASHA').replace('example', 'eXample')}`;
  const device = { name: 'Asha’s Pixel' };
  const { deviceSecret, requestId } = (await request(gateway, { email: typed, device })).asked;
  const mail = await server.mailTo(email);
  t.equal(linkIn(mail).requestId, requestId);
  t.same(mail.to, [email]);
  t.equal(mail.from, 'hello@acme.test');
  const { parsed } = mail;
  t.same(parsed.to, [{ name: '', address: email }]);
  t.match(parsed.from, { name: 'Acme', address: 'hello@acme.test' });
  t.notOk(parsed.cc?.length || parsed.bcc?.length || parsed.replyTo?.length);
  t.equal(parsed.subject, 'Sign in to Darwaza');
  t.match(parsed.text, /Asked for by “Asha’s Pixel”/);
  t.match(parsed.html, /href="http:\/\/localhost:4000\/m\/[\w.-]+"/);
  t.match(parsed.html, /Asked for by “Asha’s Pixel”/);
  const headers = Object.fromEntries(parsed.headers.map(({ key, value }) => [key, value]));
  t.match(headers, { 'auto-submitted': 'auto-generated', 'content-language': 'en' });
  const { id } = await deliveryTo(gateway, email);
  t.equal(parsed.messageId, `<${id}@localhost>`);
  t.notMatch(parsed.text + (parsed.html ?? ''), deviceSecret, 'without the half of the device');
});

t.test('every address that is taken is the one that gets the mail', async (t) => {
  const tail = randomUUID().slice(0, 8);
  for (const local of [
    "o'brien",
    'a+b',
    'a_b',
    'a#b',
    'a$b',
    'a&b',
    'a*b',
    'a/b',
    'a=b',
    'a?b',
    'a^b',
    'a`b',
    'a{b',
    'a|b',
    'a}b',
    'a~b',
    '-a',
    'x.y.z',
  ]) {
    const email = `${local}${tail}@example.com`;
    const { asked } = await request(gateway, { email });
    t.equal(asked.__typename, 'MagicLinkRequested', email);
    const mail = await server.mailTo(email);
    t.same(mail.to, [email]);
  }
  await request(gateway, { email: `asha${tail}@BÜCHER.example` });
  t.same((await server.mailTo(`asha${tail}@xn--bcher-kva.example`)).to, [
    `asha${tail}@xn--bcher-kva.example`,
  ]);
});

t.test('nothing that anybody sends becomes a header, a recipient or markup', async (t) => {
  const names = [
    'a, b@evil.test',
    'x"; <evil@evil.test>',
    '=?utf-8?q?Bcc=3A_b=40evil.test?=',
    '<img src=x onerror=alert(1)>',
    '</main><script>alert(1)</script>',
    '\'"&<>',
    'visit https://evil.test/now',
    'evil.test',
    'Bcc: b',
  ];
  for (const name of names) {
    const email = someAddress();
    await request(gateway, { email, device: { name }, locale: 'en\r\nBcc: b@evil.test' });
    const mail = await server.mailTo(email);
    t.same(mail.to, [email], name);
    t.notMatch(mail.parsed.html, /<img|<script|onerror=alert\(1\)>/, name);
    t.notMatch(mail.parsed.html?.replaceAll(/href="[^"]*"/g, ''), /evil\.test|https?:/, name);
    t.same(
      mail.parsed.headers.map(({ key }) => key).sort(),
      [
        'auto-submitted',
        'content-language',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
      ],
      name,
    );
  }
  for (const name of ['two\r\nBcc: b@evil.test', 'two\nlines', 'nul\0', '\u2028']) {
    const { asked } = await request(gateway, { email: someAddress(), device: { name } });
    t.match(asked, { code: 'DEVICE_INVALID' });
  }
});

t.test('the door writes one header a line whatever it is given', async (t) => {
  const door = openEmail(gateway.config, server.url);
  t.teardown(() => door.close?.());
  for (const app of [
    'Acme, Inc. "Best"',
    'Acme\r\nBcc: b@evil.test',
    'Acme\nX: y',
    'कंपनी <b@evil.test>',
    'a'.repeat(300),
  ]) {
    const to = someAddress();
    const content = composeLink('signIn', {
      app,
      link: 'http://x.test/m/1.2',
      locale: 'en',
      device: undefined,
      minutes: 10,
    });
    t.match(
      await door.send({ deliveryId: randomUUID(), channel: 'EMAIL', to, content, lifetimeSeconds: 600 }),
      { ok: true },
    );
    const { to: recipients, parsed } = await server.mailTo(to);
    t.same(recipients, [to]);
    t.notOk(
      parsed.headers.some(({ key }) => /^(bcc|cc|x)$/.test(key)),
      app,
    );
    t.match(parsed.subject?.replaceAll(/\s/g, ''), `Signinto${app}`.replaceAll(/\s/g, ''), app);
    t.notMatch(parsed.html, '<b@evil');
  }
});

t.test('which names of devices stand in a mail', async (t) => {
  for (const name of [
    'Asha’s Pixel 9a',
    'iPhone 17.1',
    'SM-G991B',
    'आशा का फ़ोन',
    'Mi 10i (5G)',
    'v1.2 & co',
    'A. B.',
    '2201116SG',
    'iPhone 13 (2021) 128 GB',
  ])
    t.equal(showDevice(name), name);
  for (const name of [
    'http://evil',
    'evil.test',
    'WWW.evil',
    'me@evil',
    'a/b',
    'a\\b',
    'click münchen.de now',
    'verify at bank24.test',
    '163.test',
    'हिन्दी.भारत',
    'evil．test',
    'evil。test',
    'evil\u200b.test',
    'evil.\u00adtest',
    'call 1800 555 0199',
    '+91 (98765) 43-210',
    '९८७६५४३२१०',
  ])
    t.equal(showDevice(name), null, name);
  t.equal(showDevice(undefined), null);
  t.equal([...(showDevice('😀'.repeat(100)) ?? '')].length, 40);
  t.match(
    composeLink('signIn', { app: 'A', link: 'l', locale: 'en', device: 'evil.test', minutes: 1 }).text,
    'by your device',
  );
});

t.test('mails speak Hindi to who asks for it', async (t) => {
  for (const [locale, language] of [
    ['hi', 'hi'],
    ['hi-IN', 'hi'],
    ['HI_in', 'hi'],
    ['en-IN', 'en'],
    ['fr', 'en'],
    ['', 'en'],
    [null, 'en'],
  ] as const) {
    const email = someAddress();
    await request(gateway, { email, locale });
    const { parsed } = await server.mailTo(email);
    t.equal(parsed.headers.find(({ key }) => key === 'content-language')?.value, language);
    t.equal(parsed.subject, language === 'hi' ? 'Darwaza में साइन इन करें' : 'Sign in to Darwaza');
    t.match(parsed.html, `<html lang="${language}">`);
  }
  const taken = composeAddressTaken({ app: '<b>', locale: 'hi' });
  t.match(taken.subject, '<b> पर आपका खाता पहले से है');
  t.match(taken.html, '&lt;b&gt; पर');
  t.notMatch(taken.html, '<a');
});

t.test('a mail server that refuses for now, is slow or gone', async (t) => {
  /** What is answered, and in how long. */
  const ask = async () => {
    const email = someAddress();
    const begun = performance.now();
    const { body, status, asked } = await request(gateway, { email });
    return { email, ms: performance.now() - begun, asked, answer: { body: masked(body), status } };
  };
  const normal = await ask();
  await server.mailTo(normal.email);
  const passing: { mood: Mood; worsen(): Promise<void>; mend(): Promise<void> }[] = [
    { mood: '4xx', worsen: async () => server.be('4xx'), mend: async () => server.be('takes') },
    { mood: 'silent', worsen: async () => server.be('silent'), mend: async () => server.be('takes') },
    { mood: 'takes', worsen: () => server.stop(), mend: () => server.start() },
  ];
  for (const { mood, worsen, mend } of passing) {
    await t.test(mood === 'takes' ? 'down' : mood, async (t) => {
      await worsen();
      const { email, answer, asked, ms } = await ask();
      t.same(answer, normal.answer, 'the same answer');
      t.ok(ms < 2_000, `${Math.round(ms)} ms`);
      await until(async () => (await deliveryTo(gateway, email)).error_code !== null, 'the refusal');
      // Or on its way again, which it is at once where the refusal took long to come.
      t.match(await statusOf(gateway, email), /^(QUEUED|SENDING)$/);
      t.equal(server.mailsTo(email).length, 0);
      await mend();
      await due(gateway, email);
      const mail = await server.mailTo(email);
      const { id } = await deliveryTo(gateway, email);
      t.equal(mail.parsed.messageId, `<${id}@localhost>`);
      await until(async () => (await statusOf(gateway, email)) === 'SENT', 'the mark');
      t.match(await open(gateway, { ...asked, ...linkIn(mail), email, mail }), {
        __typename: 'SessionTokens',
      });
    });
  }
  await t.test('slow', async (t) => {
    server.be('slow');
    const { email, answer, ms } = await ask();
    t.same(answer, normal.answer);
    t.ok(ms < server.slowMs, `${Math.round(ms)} ms: nobody waits for the server`);
    await server.mailTo(email);
    server.be('takes');
    t.equal(server.mailsTo(email).length, 1);
  });
  await t.test('5xx is its last word', async (t) => {
    server.be('5xx');
    const { email, answer } = await ask();
    t.same(answer, normal.answer);
    await until(async () => (await statusOf(gateway, email)) === 'FAILED', 'the end');
    t.match(await deliveryTo(gateway, email), { error_code: '550' });
    server.be('takes');
    await due(gateway, email);
    const next = await ask();
    await server.mailTo(next.email);
    t.equal(server.mailsTo(email).length, 0);
  });
});

t.test('a mail whose time is over is given up instead of sent', async (t) => {
  server.be('4xx');
  const email = someAddress();
  await request(gateway, { email });
  await until(async () => (await deliveryTo(gateway, email)).error_code !== null, 'the refusal');
  await gateway.sql`update deliveries set send_before = now() - interval '1 second' where recipient = ${email}`;
  server.be('takes');
  await due(gateway, email);
  // One that was left behind later, and is sent by the same rounds.
  const witness = await leftBehind('QUEUED');
  await server.mailTo(witness);
  t.equal(server.mailsTo(email).length, 0);
  await until(async () => (await statusOf(gateway, email)) === 'FAILED', 'the end');
  t.match(await deliveryTo(gateway, email), { error_code: 'LAPSED' });
  const { values } = await gateway.app.tools.metrics.messages.get();
  t.match(
    values.find(({ labels }) => labels.outcome === 'LAPSED'),
    { labels: { channel: 'EMAIL' }, value: 1 },
  );
});

t.test('a link that was replaced while it waited is not sent behind the one that is good', async (t) => {
  server.be('4xx');
  const email = someAddress();
  const ask = (id: string) => request(gateway, { email, device: { id } });
  const replaced = (await ask('mine')).asked;
  const { asked: others } = await ask('another one');
  await until(
    async () =>
      (await gateway.sql`select from deliveries where recipient = ${email} and error_code is not null`)
        .length === 2,
    'the refusals',
  );
  const { asked: good } = await ask('mine');
  server.be('takes');
  await due(gateway, email);
  const mails = [await server.mailTo(email, 1), await server.mailTo(email, 2)];
  t.same(new Set(mails.map((mail) => linkIn(mail).requestId)), new Set([good.requestId, others.requestId]));
  t.match(
    await gateway.sql`select status, error_code from deliveries where challenge_id = ${replaced.requestId}`,
    [{ status: 'FAILED', error_code: 'LAPSED' }],
  );
});

t.test('a million messages that came to nothing are no burden to the queue', async (t) => {
  const { sql } = gateway;
  const replica = await build(t, server.environment, gateway);
  // What was left behind by an outage, among what was sent; the planner knows of neither.
  await sql`insert into deliveries (challenge_id, template, channel, locale, status, created_at, send_before)
    select gen_random_uuid(), 'magic_link', 'EMAIL', 'en', case when n <= 2500 then 'QUEUED' else 'SENT' end,
      now() - interval '1 hour', now() - interval '50 minutes' from generate_series(1, 50000) as n`;
  const left = async () => (await sql`select from deliveries where status = 'QUEUED'`).length;
  await until(async () => (await left()) === 0, 'the end of the queue');
  const [failed] = await sql`select count(*)::int as count from deliveries where error_code = 'LAPSED'
    and recipient is null`;
  t.equal(failed?.count, 2500);
  const told = (of: Gateway) => of.log.filter((line) => JSON.parse(line).errorCode === 'LAPSED').length;
  t.equal(told(gateway) + told(replica), 2501, 'each is told once, by whichever gateway');
});

t.test('what a process left behind when it died is sent by another one, a mail in sending too', async (t) => {
  for (const status of ['QUEUED', 'SENDING'] as const) {
    const email = await leftBehind(status);
    const { id } = await deliveryTo(gateway, email);
    const { parsed } = await server.mailTo(email);
    t.equal(parsed.messageId, `<${id}@localhost>`);
    await until(async () => (await statusOf(gateway, email)) === 'SENT', 'the mark');
  }

  // Between the server's yes and the mark: twice at the most, under one Message-ID.
  const email = someAddress();
  const { mail: first } = await askForLink(gateway, server, { email });
  await until(async () => (await statusOf(gateway, email)) === 'SENT', 'the first mark');
  await gateway.sql`update deliveries set status = 'SENDING', taken_at = now() - interval '29 seconds' where recipient = ${email}`;
  const second = await server.mailTo(email, 2);
  t.equal(second.parsed.messageId, first.parsed.messageId);
  t.equal(second.parsed.text, first.parsed.text, 'and with the same link');
  await until(async () => (await statusOf(gateway, email)) === 'SENT', 'the second mark');
  t.equal(server.mailsTo(email).length, 2);
});

t.test('several gateways at one database send each mail once', async (t) => {
  const replicas = await Promise.all([1, 2].map(() => build(t, server.environment, gateway)));
  const emails = await Promise.all(Array.from({ length: 20 }, () => leftBehind('QUEUED')));
  for (const email of emails) await server.mailTo(email);
  await until(
    async () =>
      (
        await gateway.sql`select from deliveries where status in ('QUEUED', 'SENDING') and send_before > now()`
      ).length === 0,
    'all marks',
  );
  for (const email of emails) t.equal(server.mailsTo(email).length, 1);
  t.equal(replicas.length, 2);
});

t.test('a gateway that closes hands over what it has begun', async (t) => {
  const short = await build(t, server.environment, gateway);
  server.be('slow');
  const email = someAddress();
  await request(short, { email });
  await short.app.close();
  server.be('takes');
  t.equal(await statusOf(gateway, email), 'SENT');
  t.equal(server.mailsTo(email).length, 1);
});

/** A mail whose process has died: its request is made where there is no way out, and a minute old. */
async function leftBehind(status: 'QUEUED' | 'SENDING'): Promise<string> {
  const email = someAddress();
  await gateway.sql.begin(async (sql) => {
    const [proof] = await sql`insert into mailbox_proofs (purpose, email, asker, expires_at)
      values ('sign_in', ${email}, 'nobody', now() + interval '9 minutes') returning id`;
    await sql`insert into deliveries (challenge_id, template, channel, recipient, locale, status, created_at, taken_at, send_before)
      values (${proof?.id}, 'magic_link', 'EMAIL', ${email}, 'en', ${status}, now() - interval '1 minute',
        ${status === 'SENDING' ? sql`now() - interval '1 minute'` : null}, now() + interval '9 minutes')`;
  });
  return email;
}

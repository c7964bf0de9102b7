import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import type { ShownMessage } from '../../src/dev/outbox.js';
import { openChromium, withoutBrowser } from '../chromium.js';
import { build, type Environment, type Gateway, signInFields, withoutRedis } from '../helper.js';

const gateway = await build(t, generous());

/** Limits that a file of tests from one address does not meet. */
function generous(environment: Environment = {}): Environment {
  return { OTP_SENDS_PER_NETWORK: '1000', MAGIC_LINKS_PER_NETWORK: '1000', ...environment };
}

let phones = 0;
/** A number that no other test sends to. */
function anyPhone(): string {
  phones += 1;
  return `+9198765${String(phones).padStart(5, '0')}`;
}

async function sendOtp(phone: string, more: object = {}, { graphql } = gateway): Promise<string> {
  const mutation = `mutation ($input: SendOtpInput!) { sendOtp(input: $input) { ... on OtpSent { challengeId } ... on AuthError { code } } }`;
  const { data, body } = await graphql(mutation, { input: { phone, ...more } });
  if (!data?.sendOtp?.challengeId) throw new Error(body);
  return data.sendOtp.challengeId;
}

async function requestMagicLink(email: string, more: object = {}, { graphql } = gateway) {
  const mutation = `mutation ($input: RequestMagicLinkInput!) { requestMagicLink(input: $input) {
    ... on MagicLinkRequested { requestId deviceSecret } ... on AuthError { code } } }`;
  const { data, body } = await graphql(mutation, { input: { email, ...more } });
  if (!data?.requestMagicLink?.requestId) throw new Error(body);
  return data.requestMagicLink as { requestId: string; deviceSecret: string };
}

async function verify(mutation: 'verifyOtp' | 'verifyMagicLink', input: object, { graphql } = gateway) {
  const type = `V${mutation.slice(1)}Input`;
  const { data } = await graphql(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${signInFields} } }`,
    { input },
  );
  return data[mutation];
}

/** Asks /outbox.json. */
async function read(question: Record<string, string> = {}, { inject } = gateway): Promise<ShownMessage[]> {
  const response = await inject({ url: `/outbox.json?${new URLSearchParams(question)}` });
  if (response.statusCode !== 200) throw new Error(response.body);
  return response.json();
}

const play = (id: string, payload: object | string, headers: Record<string, string> = {}) =>
  gateway.inject({ method: 'POST', url: `/outbox/${id}`, payload, headers });

t.test('a code is kept with all that a test of an app needs', async (t) => {
  const phone = anyPhone();
  const challengeId = await sendOtp(phone, { channel: 'SMS', device: { platform: 'IOS' } });
  const [message, ...others] = await read({ to: phone });
  t.same(others, []);
  t.match(message, {
    id: /^[\da-f-]{36}$/,
    to: phone,
    channel: 'SMS',
    sentAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    subject: null,
    html: null,
    link: null,
    code: /^\d{6}$/,
    status: 'SENT',
    errorCode: null,
  });
  t.match(message?.text, new RegExp(`^${message?.code} .*\n\n@localhost #${message?.code}$`));
  const result = await verify('verifyOtp', { challengeId, code: message?.code });
  t.match(result, { __typename: 'SessionTokens', session: { method: 'OTP_SMS' } });
});

t.test('a WhatsApp message has none of what phones read in an SMS', async (t) => {
  const phone = anyPhone();
  await sendOtp(phone, { channel: 'WHATSAPP', device: { platform: 'IOS' } });
  const [message] = await read({ to: phone });
  t.match(message, { channel: 'WHATSAPP', code: /^\d{6}$/ });
  t.notMatch(message?.text, '@localhost');
});

t.test('a mail is kept with its link, its text and its HTML', async (t) => {
  const { requestId, deviceSecret } = await requestMagicLink('Asha@Example.COM', {
    device: { name: '<b>Pixel</b>' },
  });
  const [message] = await read({ to: 'asha@example.com', wait: '10' });
  t.match(message, { to: 'asha@example.com', channel: 'EMAIL', code: null, status: 'SENT' });
  t.match(message?.subject, /\w/);
  const [, mailSecret] =
    /^http:\/\/localhost:4000\/m\/[\da-f-]{36}\.([\w-]{22})$/.exec(message?.link ?? '') ?? [];
  t.ok(message?.text.includes(message.link ?? '?'));
  t.ok(message?.html?.includes(message.link ?? '?'));
  t.notMatch(message?.html, '<b>Pixel', 'what a stranger calls a device is text');
  const result = await verify('verifyMagicLink', { requestId, deviceSecret, mailSecret });
  t.match(result, { __typename: 'SessionTokens', user: { email: 'asha@example.com' } });
  t.equal((await read({ to: 'ASHA@example.com' })).length, 1, 'in any spelling of the address');
});

t.test('the newest comes first, and after a moment only what is newer', async (t) => {
  const phone = anyPhone();
  for (let i = 0; i < 3; i += 1) await sendOtp(phone, { channel: 'SMS' });
  const [newest, middle, oldest] = await read({ to: phone });
  t.ok(newest && middle && oldest);
  t.ok(String(newest?.sentAt) > String(middle?.sentAt), 'no two have the same moment');
  t.same(await read({ to: phone, after: middle?.sentAt ?? '' }), [newest]);
  t.same(await read({ to: phone, after: newest?.sentAt ?? '', wait: '0' }), []);
  t.equal((await read())[0]?.id, newest?.id);
});

t.test('a number is found as URLs spell it', async (t) => {
  const phone = anyPhone();
  await sendOtp(phone, { channel: 'SMS' });
  for (const to of [encodeURIComponent(phone), phone, phone.slice(1)]) {
    t.equal((await gateway.inject({ url: `/outbox.json?to=${to}` })).json().length, 1, to);
  }
});

t.test('waiting ends with the message that is waited for', async (t) => {
  const phone = anyPhone();
  let answered = false;
  const waiting = read({ to: phone, wait: '30' }).finally(() => {
    answered = true;
  });
  await sendOtp(anyPhone(), { channel: 'SMS' });
  t.equal(answered, false, 'what goes to others is not waited for');
  await sendOtp(phone, { channel: 'SMS' });
  t.match(await waiting, [{ to: phone }]);

  const began = Date.now();
  t.same(await read({ to: anyPhone(), wait: '1' }), []);
  t.ok(Date.now() - began >= 990, 'and else with the time');
});

t.test('what is asked for wrongly is a 400 that says what is wrong', async (t) => {
  for (const question of [
    'to=',
    'to=nobody',
    'to=a@b.test,c@d.test',
    'to=%2B91',
    'to=a@b.test&to=c@d.test',
    'after=',
    'after=yesterday',
    'after=2026-11-22',
    'after=2026-13-22T00:00:00Z',
    'after=1',
    'wait=',
    'wait=-1',
    'wait=31',
    'wait=1.5',
    'wait=1e1',
    'wait=x',
    'wait=1&wait=2',
    'since=2026-11-22T00:00:00Z',
    '__proto__=1',
  ]) {
    const response = await gateway.inject({ url: `/outbox.json?${question}` });
    t.equal(response.statusCode, 400, question);
    t.match(
      response.json(),
      { errors: [{ message: /\w/, extensions: { code: 'BAD_USER_INPUT' } }] },
      question,
    );
  }
});

t.test('"undelivered" on a WhatsApp message is followed by the same code over SMS', async (t) => {
  const phone = anyPhone();
  const challengeId = await sendOtp(phone);
  const [whatsapp] = await read({ to: phone });
  t.equal(whatsapp?.channel, 'WHATSAPP');
  t.equal((await play(whatsapp?.id ?? '', { play: 'undelivered 63024' })).statusCode, 204);
  // Whoever takes it up first sends it: the request that played, or the loop that looks after what is left behind.
  let messages = await read({ to: phone });
  while (messages[0]?.channel !== 'SMS' || messages[0].status !== 'SENT') {
    await sleep(20);
    messages = await read({ to: phone });
  }
  const [sms, again, ...others] = messages;
  t.match(sms, { channel: 'SMS', code: whatsapp?.code, status: 'SENT' });
  t.match(again, { id: whatsapp?.id, status: 'FAILED', errorCode: '63024' });
  t.same(others, []);

  const otpDelivery = async () =>
    (await gateway.graphql(`{ otpDelivery(challengeId: "${challengeId}") { status channel } }`)).data
      .otpDelivery;
  t.same(await otpDelivery(), { status: 'FAILED_OVER', channel: 'SMS' });
  await play(sms?.id ?? '', { play: 'failed 30007' });
  t.same(await otpDelivery(), { status: 'FAILED', channel: 'SMS' });
  await play(whatsapp?.id ?? '', { play: 'undelivered 63024' });
  t.equal((await read({ to: phone })).length, 2, 'once');
});

t.test('"delivered" is the last word', async (t) => {
  const phone = anyPhone();
  await sendOtp(phone);
  const [{ id } = { id: '' }] = await read({ to: phone });
  await play(id, { play: 'delivered' });
  await play(id, { play: 'undelivered 63024' });
  t.match(await read({ to: phone }), [{ id, status: 'DELIVERED', errorCode: null }]);
});

t.test('only carriers are played, only in their words, and only by this page', async (t) => {
  const phone = anyPhone();
  await sendOtp(phone, { channel: 'SMS' });
  await requestMagicLink('played@example.com');
  const [{ id: sms } = { id: '' }] = await read({ to: phone });
  const [{ id: mail } = { id: '' }] = await read({ to: 'played@example.com', wait: '10' });
  for (const payload of [
    {},
    { play: 'DELIVERED' },
    { play: 'toString' },
    { play: ['delivered'] },
    [],
    'null',
  ]) {
    const headers = { 'content-type': 'application/json' };
    t.equal((await play(sms, payload, headers)).statusCode, 400, JSON.stringify(payload));
  }
  for (const id of [mail, 'nobody', '00000000-0000-4000-8000-000000000000']) {
    t.equal((await play(id, { play: 'delivered' })).statusCode, 404, id);
  }
  // What a form of a stranger's page can send from this browser.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a']) {
    const { statusCode } = await play(sms, '{"play":"failed 30007"}', { 'content-type': type });
    t.ok(statusCode === 400 || statusCode === 415, type);
  }
  t.match(await read({ to: phone }), [{ status: 'SENT' }]);
});

t.test('who may look', async (t) => {
  const urls = ['/outbox', '/outbox.json', '/outbox/page.js', '/outbox/events'];
  t.test('this machine only, by a name of its own', async (t) => {
    for (const url of urls) {
      t.equal((await gateway.inject({ url, remoteAddress: '192.168.1.7' })).statusCode, 403, url);
      t.equal((await gateway.inject({ url, headers: { host: 'evil.example' } })).statusCode, 403, url);
    }
    const refused = await gateway.inject({
      method: 'POST',
      url: '/outbox/x',
      payload: {},
      remoteAddress: '192.168.1.7',
    });
    t.equal(refused.statusCode, 403);
    const lan = await build(t, { DEV_LAN: '1' });
    t.equal((await lan.inject({ url: '/outbox', remoteAddress: '192.168.1.7' })).statusCode, 200);
  });

  t.test('nobody in production', { skip: withoutRedis }, async (t) => {
    const production = await build(t, {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://unused',
      REDIS_URL: process.env.TEST_REDIS_URL ?? '',
      SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)).toString('base64url'),
      PUBLIC_URL: 'https://auth.acme.test',
      TRUST_PROXY: 'none',
      SIGNUP_EMAIL_PROOF: 'false',
    });
    for (const url of [...urls, '/outbox/x']) {
      t.equal((await production.inject({ url, headers: { host: 'localhost' } })).statusCode, 404, url);
    }
    t.match(
      (
        await production.graphql(
          'mutation { requestMagicLink(input: { email: "a@b.test" }) { ... on AuthError { code } } }',
        )
      ).data.requestMagicLink,
      { code: 'METHOD_UNAVAILABLE' },
      'and nothing is kept instead of sent',
    );
  });
});

t.test('the page says which channels really send', async (t) => {
  const page = async (environment: Environment) =>
    (await (await build(t, environment)).inject({ url: '/outbox' })).body;
  t.match(await page({}), 'Mail, WhatsApp, and SMS: kept here');
  t.notMatch(await page({}), 'really sent');
  const mails = await page({ SMTP_URL: 'smtp://user:hunter2@127.0.0.1:1', MAIL_FROM: 'a@b.test' });
  t.match(mails, 'WhatsApp and SMS: kept here');
  t.match(mails, 'Mail: really sent');
  t.notMatch(mails, 'hunter2');
  const twilio = await page({
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: '0'.repeat(32),
    TWILIO_SMS_FROM: '+15005550006',
  });
  t.match(twilio, 'Mail: kept here');
  t.match(twilio, 'SMS: really sent');
  t.match(twilio, 'WhatsApp: off');
});

t.test('closing the gateway lets go of everybody who waits', { timeout: 20_000 }, async (t) => {
  const { app } = await build(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const open = (path: string) =>
    new Promise<{ ended: Promise<number> }>((resolve, reject) => {
      const asked = httpRequest({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        let length = 0;
        const ended = new Promise<number>((end) => response.on('end', () => end(length)));
        response.on('data', (chunk) => {
          length += chunk.length;
          resolve({ ended });
        });
      });
      asked.on('error', reject).end();
    });
  const events = await open('/outbox/events');
  const waiting = open('/outbox.json?wait=30');
  // Asked after the other one, so that one is waiting when this is answered.
  await open('/outbox.json');
  const began = Date.now();
  await app.close();
  await events.ended;
  await (await waiting).ended;
  t.ok(Date.now() - began < 15_000);
});

t.test('in a browser that reaches nothing else', { skip: withoutBrowser, timeout: 120_000 }, async (t) => {
  const browser = await openChromium(t);
  const [gateway, address] = await listen(t);

  t.test('a newcomer signs in by a code, and sees it follow by SMS', async (t) => {
    const { context, outbox, complaints } = await open(t, browser, address);
    await outbox.getByText('No message yet').waitFor();
    const graphiql = await context.newPage();
    await graphiql.goto(`${address}/graphiql`);
    const sent = await ask(graphiql, 'SendOtp');
    t.equal(sent.data.sendOtp.__typename, 'OtpSent');

    const whatsapp = outbox.locator('#messages > li', { hasText: 'WhatsApp' });
    await whatsapp.waitFor();
    t.match(await whatsapp.locator('.status b').textContent(), 'sent');
    await whatsapp.getByRole('button', { name: 'undelivered 63024' }).click();
    const sms = outbox.locator('#messages > li:first-child', { hasText: 'SMS' });
    await sms.locator('.channel[data-channel=SMS]').waitFor();
    const code = (await sms.locator('.code').textContent()) ?? '';
    t.match(code, /^\d{6}$/);
    t.equal(await whatsapp.locator('.code').textContent(), code, 'the same code');
    await whatsapp.getByText('failed (63024)').waitFor();
    t.match(await outbox.locator('#state').textContent(), 'live · 2 messages');

    await sms.getByRole('button', { name: 'Copy code' }).click();
    await sms.getByRole('button', { name: 'Copied' }).waitFor();
    t.equal(await outbox.evaluate(() => navigator.clipboard.readText()), code);
    t.match((await ask(graphiql, 'OtpDelivery')).data.otpDelivery, { status: 'FAILED_OVER' });
    await type(graphiql, 'VerifyOtp', 'the 6 digits from the outbox', code);
    const { verifyOtp } = (await ask(graphiql, 'VerifyOtp')).data;
    t.match(verifyOtp, { __typename: 'SessionTokens', session: { method: 'OTP_SMS' } });
    t.match(await graphiql.locator('#state').textContent(), `Signed in as ${verifyOtp.user.phone}`);

    t.same(complaints, [], 'nothing on the console');
    t.same(await outbox.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [
      0,
      0,
      '',
    ]);
  });

  t.test('a newcomer opens the link, and types what the page behind it shows', async (t) => {
    const { context, outbox, complaints } = await open(t, browser, address);
    const graphiql = await context.newPage();
    await graphiql.goto(`${address}/graphiql`);
    const { requestMagicLink } = (await ask(graphiql, 'RequestMagicLink')).data;
    t.equal(requestMagicLink.__typename, 'MagicLinkRequested');

    const mail = outbox.locator('#messages > li', { hasText: 'ravi-' });
    await mail.waitFor();
    const html = mail.frameLocator('iframe');
    await html.getByRole('heading').waitFor();
    t.match(
      await html.locator('.button').evaluate((link) => getComputedStyle(link).color),
      'rgb(255, 255, 255)',
    );
    const [landing] = await Promise.all([
      context.waitForEvent('page'),
      mail.getByRole('link', { name: 'Open link' }).click(),
    ]);
    const characters = (await landing.locator('.code').textContent()) ?? '';
    await type(graphiql, 'VerifyMagicLink', 'the 8 characters behind the link', characters);
    t.match((await ask(graphiql, 'VerifyMagicLink')).data.verifyMagicLink, {
      __typename: 'SessionTokens',
      user: { emailVerified: true },
    });
    t.same(complaints, []);
  });

  t.test('a mail cannot do anything but be read', async (t) => {
    const { outbox } = await open(t, browser, address);
    const door = gateway.app.tools.doors.EMAIL;
    // Answered, not asked: what the policy stops is at times told as a request, and then as a failure.
    const answered: string[] = [];
    outbox.on('response', (response) => void answered.push(response.url()));
    await door?.send({
      deliveryId: '11111111-1111-4111-8111-111111111111',
      channel: 'EMAIL',
      to: 'victim@example.com',
      lifetimeSeconds: 600,
      content: {
        locale: 'en',
        subject: '<img src=x onerror="document.title=1">',
        text: '<script>document.title = 1</script>',
        html: `<h1>Hostile</h1><script>top.document.title = 1</script><img src="/outbox.json?img" onerror="top.document.title=1">
          <link rel="stylesheet" href="/outbox.json?css"><form action="/outbox/x" method="post"><button>go</button></form>
          <iframe src="/outbox.json?frame"></iframe><meta http-equiv="refresh" content="0; url=/outbox.json?meta">`,
        link: 'javascript:document.title=1',
      },
    });
    const mail = outbox.locator('#messages > li', { hasText: 'victim@' });
    await mail.frameLocator('iframe').getByText('Hostile').waitFor();
    await mail.frameLocator('iframe').getByRole('button').click();
    await mail.locator('summary', { hasText: 'Plain text' }).click();
    await mail.locator('pre').waitFor();
    t.match(await outbox.title(), 'Outbox');
    t.same(
      answered.filter((url) => url.includes('?') || url.includes('/x')),
      [],
      'nothing was fetched for it',
    );
    t.equal(await mail.getByRole('link', { name: 'Open link' }).count(), 0, 'a script is no link');
  });
});

/** A gateway whose links lead to it. */
async function listen(t: Test): Promise<[Gateway, string]> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const gateway = await build(t, generous({ PORT: String(port), OTP_FALLBACK_AFTER: '120' }));
  await gateway.app.listen({ host: '127.0.0.1', port });
  return [gateway, `http://localhost:${port}`];
}

/** The outbox in a fresh profile, with all that its console had to say. */
async function open(t: Test, browser: Browser, address: string) {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  t.teardown(() => context.close());
  const outbox = await context.newPage();
  const complaints: string[] = [];
  outbox.on('console', (message) => void complaints.push(message.text()));
  outbox.on('pageerror', (error) => void complaints.push(error.message));
  await outbox.goto(`${address}/outbox`);
  await outbox.locator('#state[data-state=live]').waitFor();
  return { context, outbox, complaints };
}

interface Editing {
  CodeMirror: { getValue(): string; setValue(text: string): void };
}

/** Opens a tab that has not been run, runs it and reads the answer as it is shown. */
async function ask(page: Page, title: string) {
  const tab = page.locator(`.graphiql-tab-button[title="${title}"]`);
  // Opened once more, a tab would show what it held a moment ago.
  if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  await page.locator('.graphiql-execute-button').click();
  const shown = await page.waitForFunction(() => {
    const element = document.querySelector('.result-window .CodeMirror') as never as Editing | null;
    return element?.CodeMirror.getValue() || null;
  });
  return JSON.parse(String(await shown.jsonValue()));
}

/** Puts something in the place of a text among the variables of a tab, and waits until it stays there. */
async function type(page: Page, title: string, place: string, text: string): Promise<void> {
  await page.locator(`.graphiql-tab-button[title="${title}"]`).click();
  await page.evaluate(() => {
    document.body.dataset.seen = '0';
  });
  await page.waitForFunction(
    ([place = '', text = '']) => {
      const element = document.querySelector('[aria-label=Variables] .CodeMirror') as never as Editing | null;
      const variables = element?.CodeMirror.getValue() ?? '';
      // A tab that has just been opened is filled in twice: by GraphiQL, and with what has been learnt since.
      const seen = variables.includes(text) ? Number(document.body.dataset.seen) + 1 : 0;
      document.body.dataset.seen = String(seen);
      if (seen === 0 && !variables.includes('filled in by'))
        element?.CodeMirror.setValue(variables.replace(place, text));
      return seen >= 3;
    },
    [place, text],
    { polling: 100 },
  );
}

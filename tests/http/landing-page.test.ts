import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core';
import t from 'tap';
import { readConfig } from '../../src/config.js';
import { deriveHalf, deriveTypedCode } from '../../src/tokens/one-time-secret.js';
import { build, type Gateway, randomNetwork } from '../helper.js';
import { until } from '../mail-server.js';
import { request, someAddress, verify } from '../sign-in/magic-link/asking.js';

const gateway = await build(t, { APP_NAME: 'Acme & Söhne', APP_LINKS: 'com.acme.app://' });
const secrets = gateway.app.tools.subkeys['one-time-secret'];

/** A request with its link's path; the mail itself is not what is looked at here. */
async function ask(device?: object, of: Gateway = gateway) {
  const { asked } = await request(of, { email: someAddress(), ...(device && { device }) });
  const { requestId, deviceSecret } = asked as { requestId: string; deviceSecret: string };
  const mailSecret = deriveHalf(secrets, 'mail-half', requestId);
  return { requestId, deviceSecret, mailSecret, path: `/m/${requestId}.${mailSecret}` };
}

const finish = (of: Gateway, { requestId, deviceSecret, mailSecret }: Awaited<ReturnType<typeof ask>>) =>
  verify(of, { requestId, deviceSecret, mailSecret });

t.test('it names the device that asked, shows what to type and opens the app', async (t) => {
  const { path, requestId, mailSecret } = await ask({ name: "Asha's <b>Pixel</b>" });
  const { statusCode, headers, body } = await gateway.inject({ url: path });
  t.equal(statusCode, 200);
  t.equal(headers['content-type'], 'text/html; charset=utf-8');
  t.equal(headers['cache-control'], 'no-store');
  t.equal(headers['referrer-policy'], 'no-referrer');
  t.equal(headers['x-robots-tag'], 'noindex');
  t.equal(headers['x-content-type-options'], 'nosniff');
  t.equal(headers['x-frame-options'], 'DENY');
  t.match(body, '<title>Acme &amp; Söhne</title>');
  const code = deriveTypedCode(secrets, requestId);
  t.match(body, `aria-label="${[...code].join(' ')}"`);
  t.match(body, `href="com.acme.app://magic-link?requestId=${requestId}&amp;secret=${mailSecret}"`);

  const [, script = ''] = /<script>([\s\S]*)<\/script>/.exec(body) ?? [];
  const hash = createHash('sha256').update(script).digest('base64');
  t.equal(
    headers['content-security-policy'],
    `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  t.notMatch(script, requestId, 'the script is the same for everybody');
});

t.test('a device’s name is text, and its model stands in for it', async (t) => {
  const bodyFor = async (device?: object) => (await gateway.inject({ url: (await ask(device)).path })).body;
  t.match(await bodyFor({ name: '<i>"me" & you\'s' }), '<b>&lt;i&gt;&quot;me&quot; &amp; you&#39;s</b>');
  t.match(await bodyFor({ name: 'Pixel', model: 'GX1' }), '<b>Pixel</b>');
  t.match(await bodyFor({ model: 'SM-G991B' }), '<b>SM-G991B</b>');
  for (const device of [undefined, {}, { name: 'evil.test' }])
    t.match(await bodyFor(device), 'on the device that asked');
});

t.test('HEAD and GET, however often and from wherever, consume nothing', async (t) => {
  const link = await ask();
  for (let n = 0; n < 40; n += 1) {
    const method = n % 2 ? 'HEAD' : 'GET';
    const { statusCode, body } = await gateway.inject({
      method,
      url: link.path,
      remoteAddress: randomNetwork(),
    });
    t.equal(statusCode, 200);
    if (method === 'HEAD') t.equal(body, '');
  }
  for (const method of ['POST', 'PUT', 'DELETE'] as const) await gateway.inject({ method, url: link.path });
  t.match(await finish(gateway, link), { __typename: 'SessionTokens' });
});

t.test('what is unknown, over, used up, replaced or changed is gone, and looks the same', async (t) => {
  const over = await ask();
  await gateway.sql`update mailbox_proofs set expires_at = now() where id = ${over.requestId}`;
  const used = await ask();
  await finish(gateway, used);
  const good = await ask();
  const [other, device] = [randomUUID(), { id: randomUUID() }];
  const email = someAddress();
  const { requestId } = (await request(gateway, { email, device })).asked;
  await request(gateway, { email, device });
  const { path, mailSecret } = good;
  const paths = {
    unknown: `/m/${other}.${deriveHalf(secrets, 'mail-half', other)}`,
    over: over.path,
    used: used.path,
    replaced: `/m/${requestId}.${deriveHalf(secrets, 'mail-half', requestId)}`,
    'another id': `/m/${other}.${mailSecret}`,
    'another secret': `/m/${good.requestId}.${used.mailSecret}`,
    'the device’s half': `/m/${good.requestId}.${good.deviceSecret}`,
    'one sign less': path.slice(0, -1),
    'one sign more': `${path}A`,
    padded: `${path}==`,
    'a third part': `${path}.x`,
    'another case': path.toUpperCase().replace('/M/', '/m/'),
    'no secret': `/m/${good.requestId}`,
    'an empty secret': `/m/${good.requestId}.`,
    nothing: '/m/',
    text: "/m/'--.x",
    markup: '/m/%3Cscript%3E.x',
    long: `/m/${'x'.repeat(5_000)}`,
  };
  const bodies = new Set<string>();
  for (const [name, url] of Object.entries(paths)) {
    const { statusCode, body, headers } = await gateway.inject({ url });
    t.equal(statusCode, 410, name);
    t.equal(headers['cache-control'], 'no-store', name);
    bodies.add(body);
  }
  t.equal(bodies.size, 1);
  t.notMatch([...bodies][0], /<script|class="code"/);
  t.equal((await gateway.inject({ url: path })).statusCode, 200, 'the good one still is');
});

t.test('it speaks Hindi to a browser that does', async (t) => {
  const { path } = await ask({ name: 'Pixel' });
  const bodyFor = async (language: string, url = path) =>
    (await gateway.inject({ url, headers: { 'accept-language': language } })).body;
  for (const language of ['hi', 'hi-IN,hi;q=0.9,en;q=0.8', 'hi;q=1']) {
    t.match(await bodyFor(language), '<html lang="hi">');
    t.match(await bodyFor(language), '<b>Pixel</b> पर यह टाइप करें');
    t.match(await bodyFor(language, '/m/x'), 'यह लिंक अब काम का नहीं');
  }
  for (const language of ['', 'en-IN,hi', 'fr']) t.match(await bodyFor(language), '<html lang="en">');
});

t.test('where the app is opened', async (t) => {
  const targetFor = async (environment: Record<string, string>) => {
    const of = await build(t, environment, gateway);
    const link = await ask(undefined, of);
    const { body } = await of.inject({ url: link.path });
    const target = /id="open" class="button" href="([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&');
    return {
      target,
      query: `requestId=${link.requestId}&secret=${link.mailSecret}`,
      tail: link.path.slice(3),
      body,
    };
  };
  const PUBLIC_URL = 'https://auth.acme.test';
  const both = await targetFor({ PUBLIC_URL, APP_LINKS: 'https://auth.acme.test/m,com.acme.app://' });
  t.equal(both.target, `com.acme.app://magic-link?${both.query}`);
  const path = await targetFor({ APP_LINKS: 'com.acme.app://auth/' });
  t.equal(path.target, `com.acme.app://auth/magic-link?${path.query}`);
  const here = await targetFor({ PUBLIC_URL, APP_LINKS: 'https://auth.acme.test/m' });
  t.equal(here.target, undefined, 'a universal link does not leave its own host');
  t.match(here.body, 'Type this on');
  const there = await targetFor({ PUBLIC_URL, APP_LINKS: 'https://open.acme.test/m/' });
  t.equal(there.target, `https://open.acme.test/m/${there.tail}`);
  t.equal((await targetFor({})).target, undefined);

  for (const APP_LINKS of [
    'javascript://x',
    'javascript:alert(1)//',
    'data:text/html,x',
    'http://acme.test/m',
    'acme://',
    'https://acme.test/m#x',
    'https://acme.test/m?x',
    'https://u@acme.test/m',
    'com.acme.app://"onclick=',
    '//evil.test',
  ])
    t.throws(() => readConfig({ APP_LINKS }, () => Buffer.alloc(32)), /APP_LINKS is neither/, APP_LINKS);
});

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const withoutBrowser = existsSync(executablePath)
  ? false
  : `no Chromium at ${executablePath}: set CHROMIUM_PATH`;

t.test('in a browser that runs every script', { skip: withoutBrowser, timeout: 90_000 }, async (t) => {
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = gateway.app.server.address() as AddressInfo;
  const browser: Browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });
  t.teardown(() => browser.close());

  const phone =
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36';
  /** Opens a page and stays until its scripts have run; tells where it wanted to go and what it complained of. */
  const visit = async (path: string, options: BrowserContextOptions = {}, shot?: string) => {
    const context = await browser.newContext({ viewport: { width: 390, height: 720 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    const schemes: string[] = [];
    page.on('console', (message) => void complaints.push(message.text()));
    page.on('pageerror', (error) => void complaints.push(String(error)));
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.enable');
    devtools.on('Page.frameRequestedNavigation', ({ url }) => void schemes.push(url));
    await page.goto(`http://127.0.0.1:${port}${path}`);
    // On a phone the script leads elsewhere once the page is there.
    if (options.userAgent === phone) await until(() => schemes.length > 0, 'the way to the app');
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    if (shot && process.env.SCREENSHOTS)
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/${shot}.png` });
    const at = new URL(page.url()).pathname;
    await context.close();
    return { complaints, schemes, overflow, at };
  };

  const link = await ask({ name: 'Asha’s Pixel' });
  const opens = `com.acme.app://magic-link?requestId=${link.requestId}&secret=${link.mailSecret}`;
  const onPhone = await visit(link.path, { userAgent: phone });
  t.same(onPhone.schemes, [opens], 'a phone is led to the app, by a script that its policy lets run');
  t.equal(onPhone.at, link.path);
  const onDesktop = await visit(link.path);
  t.same(onDesktop.schemes, [], 'a desktop is not');
  t.same(onDesktop.complaints, [], 'and nothing is refused by the policy');
  for (let n = 0; n < 3; n += 1) await visit(link.path, { userAgent: phone });

  const long = await ask({ name: `Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww${'w'.repeat(40)}` });
  const dark = { colorScheme: 'dark' } as const;
  const hindi = { locale: 'hi-IN' };
  const touch = { hasTouch: true, isMobile: true };
  const looks: [string, string, BrowserContextOptions][] = [
    ['landing-light', link.path, touch],
    ['landing-dark', link.path, { ...dark, ...touch }],
    ['landing-hindi', link.path, hindi],
    ['landing-narrow', long.path, { ...touch, viewport: { width: 280, height: 650 } }],
    ['landing-wide', link.path, { viewport: { width: 1200, height: 800 } }],
    ['landing-gone', '/m/x', {}],
    ['landing-gone-dark-hindi', '/m/x', { ...dark, ...hindi }],
  ];
  for (const [shot, path, options] of looks) {
    const { complaints, overflow } = await visit(path, options, shot);
    t.same(
      complaints.filter((text) => !/status of 410/.test(text)),
      [],
      shot,
    );
    t.ok(Number(overflow) <= 0, `${shot} fits`);
  }
  t.match(await finish(gateway, link), { __typename: 'SessionTokens' }, 'and the link is as good as before');
});

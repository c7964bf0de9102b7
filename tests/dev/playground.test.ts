import type { Page } from 'playwright-core';
import t from 'tap';
import { openChromium, withoutBrowser } from '../chromium.js';
import { build } from '../helper.js';
import { buildAtLocalhost, VirtualAuthenticator } from '../virtual-authenticator.js';

const development = { NODE_ENV: 'development' };

/** A card of the page, as a person finds it: by its heading. */
const cardOf = (page: Page, title: string) =>
  page.locator('section').filter({ has: page.locator('h2', { hasText: title }) });

/** Presses a button of a card, and reads what comes of it. */
async function press(page: Page, title: string, button: string): Promise<string> {
  const card = cardOf(page, title);
  await card.getByRole('button', { name: button, exact: true }).click();
  // Off until all that it asks has been answered; it may be gone from sight then.
  await card.locator('button:disabled').waitFor({ state: 'detached' });
  return said(page, title);
}

async function said(page: Page, title: string): Promise<string> {
  const outcome = cardOf(page, title).locator('.outcome:not(:empty)');
  await outcome.waitFor();
  return (await outcome.textContent()) ?? '';
}

t.test('a newcomer plays with every card', { skip: withoutBrowser, timeout: 60_000 }, async (t) => {
  const gateway = await buildAtLocalhost(t, development);
  const context = await (await openChromium(t)).newContext();
  const { page } = await VirtualAuthenticator.open(t, context, `${gateway.url}/playground`);
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
  const who = () => page.locator('#state').textContent();
  await page.locator('section').first().waitFor();

  // The newest message to one of the addresses on the page, as the outbox gives it to tests.
  const outbox = async (to: string): Promise<{ code: string; link: string }> => {
    const url = `/outbox.json?to=${encodeURIComponent(to)}&wait=10`;
    return (await gateway.inject({ url })).json()[0];
  };

  await t.test('passkeys: an account with one, a sign-in, a fresh proof', async (t) => {
    t.match(await press(page, 'Passkey', 'Make an account with one'), 'Signed in as Asha');
    t.match(await press(page, 'Your session', 'Refresh'), 'Signed in');
    t.match(await press(page, 'Your session', 'Prove by passkey'), 'Signed in');
    await cardOf(page, 'Your session').getByRole('button', { name: 'Log out' }).click();
    await page.locator('#state', { hasText: 'signed out' }).waitFor();
    t.match(await press(page, 'Passkey', 'Sign in'), 'Signed in as Asha');
    const wire = await cardOf(page, 'Passkey').locator('pre').allTextContents();
    t.match(wire.join('\n'), /verifyPasskey[\s\S]*"__typename": "SessionTokens"/, 'what was sent is shown');
  });

  await t.test('the end of an account, and the way back', async (t) => {
    t.match(await press(page, 'Your session', 'Delete account'), 'AccountDeleted');
    t.equal(await who(), 'signed out');
    t.match(await press(page, 'Passkey', 'Sign in'), 'ACCOUNT_DELETED');
    t.match(await press(page, 'Your session', 'Restore account'), 'Signed in as Asha');
  });

  await t.test('a password, with a passkey added', async (t) => {
    t.match(await press(page, 'E-mail and password', 'Sign up'), 'Signed in as asha-');
    t.match(await press(page, 'Passkey', 'Add one to this account'), 'PasskeyRegistered');
  });

  await t.test('a code and a link, with what the outbox shows', async (t) => {
    const phone = await cardOf(page, 'One-time code').getByLabel('Mobile number').inputValue();
    t.match(await press(page, 'One-time code', 'Send a code'), 'OtpSent');
    await cardOf(page, 'One-time code')
      .getByLabel('The 6 digits')
      .fill((await outbox(phone)).code);
    t.match(await press(page, 'One-time code', 'Sign in'), `Signed in as ${phone}`);

    const email = await cardOf(page, 'Magic link').getByLabel('E-mail').inputValue();
    t.match(await press(page, 'Magic link', 'Send a link'), 'MagicLinkRequested');
    const landing = await context.newPage();
    await landing.goto((await outbox(email)).link);
    const characters = await landing.locator('.code').textContent();
    await landing.close();
    await cardOf(page, 'Magic link')
      .getByLabel('The 8 characters')
      .fill(characters ?? '');
    t.match(await press(page, 'Magic link', 'Sign in'), `Signed in as ${email}`);
  });

  await t.test('the stand-in provider, there and back, and turned back', async (t) => {
    const begin = async () => {
      await cardOf(page, 'An account elsewhere').getByRole('button', { name: 'Sign in with demo' }).click();
      await page.waitForURL(/\/dev\/provider\/authorize/);
    };
    await begin();
    await page.getByLabel('E-mail').fill('meera@example.com');
    await page.getByRole('button', { name: 'Sign in' }).click();
    t.match(await said(page, 'An account elsewhere'), 'Signed in as meera@example.com');
    t.equal(await who(), 'meera@example.com');
    t.equal(page.url(), `${gateway.url}/playground`, 'no code stays in the address');
    t.same(
      await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]),
      [0, 0, ''],
      'nothing stays in the browser',
    );

    await begin();
    await page.getByRole('button', { name: 'Turn back' }).click();
    t.match(await said(page, 'An account elsewhere'), 'access_denied');
  });
  t.same(faults, [], 'the browser had nothing to complain of');
});

t.test('only the gateway itself is served by the stand-in provider', async (t) => {
  const gateway = await build(t, development);
  const get = (url: string, remoteAddress = '127.0.0.1') => gateway.inject({ url, remoteAddress });
  const authorize = (redirectUri: string) =>
    get(`/dev/provider/authorize?client_id=darwaza&redirect_uri=${encodeURIComponent(redirectUri)}`);
  t.equal((await authorize(`${gateway.config.publicUrl}/oauth/callback/demo`)).statusCode, 200);
  t.equal((await authorize('https://evil.example/')).statusCode, 400);
  const token = await gateway.inject({
    method: 'POST',
    url: '/dev/provider/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'code=made-up&code_verifier=x',
  });
  t.same([token.statusCode, token.json()], [400, { error: 'invalid_grant' }]);
  t.equal((await get('/playground', '192.168.1.7')).statusCode, 403);
  t.equal((await get('/dev/provider/authorize', '192.168.1.7')).statusCode, 403);
});

t.test('there is no playground in production, and no stand-in beside real providers', async (t) => {
  const production = await build(t, {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://unused',
    REDIS_URL: 'redis://127.0.0.1:1',
    SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7 + 1)).toString('base64url'),
    PUBLIC_URL: 'https://auth.example.com',
    TRUST_PROXY: 'none',
    SIGNUP_EMAIL_PROOF: 'false',
  });
  const configured = await build(t, { ...development, OIDC_PROVIDERS: '[]' });
  const metadata = '/dev/provider/.well-known/openid-configuration';
  t.equal((await production.inject({ url: '/playground' })).statusCode, 404);
  t.equal((await production.inject({ url: metadata })).statusCode, 404);
  t.equal((await configured.inject({ url: '/playground' })).statusCode, 200);
  t.equal((await configured.inject({ url: metadata })).statusCode, 404);
});

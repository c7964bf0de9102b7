// Opens Debian's Chromium for tests that look at pages as browsers do; it reaches nothing but this machine.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import type { Test } from 'tap';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Why tests that need a browser are not run, for `t.test(name, { skip: withoutBrowser }, ...)`; false where there is one. */
export const withoutBrowser = existsSync(executablePath)
  ? false
  : `no Chromium at ${executablePath}: set CHROMIUM_PATH`;

/** A headless browser, closed after the test. */
export async function openChromium(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

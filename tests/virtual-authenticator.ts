// A real browser with a virtual authenticator (WebAuthn Level 3, section 11), on a page of an origin of one's choice.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import type { Test } from 'tap';
import { build, type Environment, type Gateway } from './helper.js';

/** A credential as the DevTools protocol shows it. */
interface HeldCredential {
  credentialId: string;
  signCount: number;
  backupEligibility?: boolean;
  backupState?: boolean;
  userName?: string;
  userDisplayName?: string;
}

/** `PasskeySignals`. */
export interface Signals {
  rpId: string;
  userId: string;
  acceptedCredentialIds: string[];
  name: string;
  displayName: string;
}

export class VirtualAuthenticator {
  /** Where it stands. */
  readonly page: Page;
  readonly #cdp: CDPSession;
  readonly #id: string;

  private constructor(page: Page, cdp: CDPSession, id: string) {
    this.page = page;
    this.#cdp = cdp;
    this.#id = id;
  }

  /** A device of its own: a page at this address, with an authenticator that says yes at once. */
  static async open(
    t: Test,
    context: BrowserContext,
    url: string,
    { hasUserVerification = true } = {},
  ): Promise<VirtualAuthenticator> {
    const page = await context.newPage();
    t.teardown(() => page.close());
    await page.goto(url);
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification,
        isUserVerified: hasUserVerification,
        automaticPresenceSimulation: true,
      },
    });
    return new VirtualAuthenticator(page, cdp, authenticatorId);
  }

  /** Takes the same device to another page. */
  async visit(url: string): Promise<void> {
    await this.page.goto(url);
  }

  /** Answers creation options as a page does: text in, text out. @throws what the browser refuses, by its name */
  async create(options: string): Promise<string> {
    // Only the page in front may ask.
    await this.page.bringToFront();
    return this.page.evaluate(async (text) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(text));
      return JSON.stringify(await navigator.credentials.create({ publicKey }));
    }, options);
  }

  /** Answers request options likewise. */
  async get(options: string): Promise<string> {
    await this.page.bringToFront();
    return this.page.evaluate(async (text) => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(text));
      return JSON.stringify(await navigator.credentials.get({ publicKey }));
    }, options);
  }

  /** Hands the device what the gateway knows, by the Signal API (section 5.1.10). */
  async signal({ rpId, userId, acceptedCredentialIds, name, displayName }: Signals): Promise<void> {
    const all = { rpId, userId, allAcceptedCredentialIds: acceptedCredentialIds };
    await this.page.evaluate(
      async ([accepted, details]) => {
        // Not among TypeScript's types yet.
        // biome-ignore lint/suspicious/noExplicitAny: see above
        const api = PublicKeyCredential as any;
        await api.signalAllAcceptedCredentials(accepted);
        await api.signalCurrentUserDetails(details);
      },
      [all, { rpId, userId, name, displayName }] as const,
    );
  }

  /** Whether the person's finger is known from now on. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    await this.#cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.#id, isUserVerified });
  }

  /** What it holds, under the ids that the gateway knows. */
  async credentials(): Promise<HeldCredential[]> {
    const held = await this.#cdp.send('WebAuthn.getCredentials', { authenticatorId: this.#id });
    return held.credentials.map((each) => ({ ...each, credentialId: toBase64url(each.credentialId) }));
  }

  /** Changes what it holds: another counter, as a copy has, or another word on its backup. */
  async change(change: Partial<HeldCredential>, credentialId?: string): Promise<void> {
    const credential = await this.#find(credentialId);
    await this.#cdp.send('WebAuthn.removeCredential', {
      authenticatorId: this.#id,
      credentialId: credential.credentialId,
    });
    await this.#cdp.send('WebAuthn.addCredential', {
      authenticatorId: this.#id,
      credential: { ...credential, ...change },
    });
  }

  /** The one of this id, or the last. */
  async #find(credentialId?: string) {
    const { credentials } = await this.#cdp.send('WebAuthn.getCredentials', { authenticatorId: this.#id });
    const found = credentialId
      ? credentials.find((each) => toBase64url(each.credentialId) === credentialId)
      : credentials.at(-1);
    if (found === undefined) throw new Error('the authenticator holds no such credential');
    return found;
  }
}

const toBase64url = (base64: string) => Buffer.from(base64, 'base64').toString('base64url');

/** A gateway that listens at http://localhost, which browsers take for a secure context. */
export async function buildAtLocalhost(
  t: Test,
  environment: Environment = {},
  on?: Gateway,
): Promise<Gateway & { url: string }> {
  const port = await findFreePort();
  const url = `http://localhost:${port}`;
  const gateway = await build(t, { PUBLIC_URL: url, ...environment }, on);
  await gateway.app.listen({ host: '127.0.0.1', port });
  return { ...gateway, url };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

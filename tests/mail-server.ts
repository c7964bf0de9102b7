// A mail server that keeps what it receives, and can be told to fail as mail servers fail.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { domainToASCII } from 'node:url';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { Test } from 'tap';

/** A mail as it came: its envelope, its text and what that means. */
export interface Mail {
  from: string;
  /** Every RCPT TO. */
  to: string[];
  raw: string;
  parsed: Email;
}

/**
 * How it answers a message: takes it, refuses it for now or for good, takes it late, says nothing at all, or takes it
 * and says nothing.
 */
export type Mood = 'takes' | '4xx' | '5xx' | 'slow' | 'silent' | 'takes silently';

export class MailServer {
  readonly mails: Mail[] = [];
  mood: Mood = 'takes';
  slowMs = 2_000;
  /** Messages that were handed over so far, whatever became of them. */
  tries = 0;
  port = 0;
  #server: SMTPServer | null = null;

  /** Opens a server on a free port of 127.0.0.1, closed after the test. */
  static async open(t: Test): Promise<MailServer> {
    const server = new MailServer();
    await server.start();
    t.teardown(() => server.stop());
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** What a gateway needs to know of it. */
  get environment() {
    return { SMTP_URL: this.url, MAIL_FROM: 'Acme <hello@acme.test>' };
  }

  /** Listens, after a stop on the same port as before. */
  async start(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 100,
      onData: (stream, session, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', async () => {
          this.tries += 1;
          const refuse = (code: number) =>
            done(Object.assign(new Error('not this one'), { responseCode: code }));
          if (this.mood === '4xx') return refuse(451);
          if (this.mood === '5xx') return refuse(550);
          if (this.mood === 'silent') return;
          if (this.mood === 'slow') await sleep(this.slowMs);
          const raw = Buffer.concat(parts);
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => asSent(address)),
            raw: raw.toString('latin1'),
            parsed: await PostalMime.parse(raw),
          });
          if (this.mood !== 'takes silently') done();
        });
      },
    });
    server.on('error', () => {});
    server.listen(this.port, '127.0.0.1');
    await once(server.server, 'listening');
    this.port = (server.server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses connections, as a server that is down. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server !== null) await new Promise<void>((closed) => server.close(closed));
  }

  be(mood: Mood): void {
    this.mood = mood;
  }

  mailsTo(address: string): Mail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  /** The newest mail to an address, once there are `count`. */
  async mailTo(address: string, count = 1): Promise<Mail> {
    await until(() => this.mailsTo(address).length >= count, `mail ${count} to ${address}`);
    return this.mailsTo(address).at(-1) as Mail;
  }
}

/** The library shows internationalised domains as people read them; on the wire they are A-labels. */
function asSent(address: string): string {
  const [local, domain = ''] = address.split('@');
  return `${local}@${domainToASCII(domain)}`;
}

/** The link of a mail, with its two parts. */
export function linkIn({ parsed }: Mail): {
  url: string;
  path: string;
  requestId: string;
  mailSecret: string;
} {
  const url = /^https?:\/\/\S+\/m\/\S+$/m.exec(parsed.text ?? '')?.[0];
  if (url === undefined) throw new Error(`there is no link in: ${parsed.text}`);
  const path = new URL(url).pathname;
  const [requestId = '', mailSecret = ''] = path.replace('/m/', '').split('.');
  return { url, path, requestId, mailSecret };
}

/** Waits until something holds, for as long as a loaded machine may need. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  patienceMs = 30_000,
): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}

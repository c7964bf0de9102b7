// A stand-in for Twilio: speaks its documented protocol over HTTP, and signs its callbacks by its own reading of the rule.
import { createHmac, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { Environment, Gateway } from './helper.js';

/** A message that was asked for. */
export interface Message {
  sid: string;
  /** As they came: `To`, `Body`, `ContentSid`, ... */
  fields: Record<string, string>;
  channel: 'WHATSAPP' | 'SMS';
  /** The number alone. */
  to: string;
  /** The six digits in it. */
  code: string;
  accepted: boolean;
}

/** How a request is answered: 201, an error of Twilio's by its code, another body, or as a network fails. */
export type Behaviour =
  | { accept: true }
  | { refuse: number; status?: number }
  | { status: number; body: string; type?: string }
  | { fail: 'silent' | 'hang-up' | 'trickle' | 'accept-then-hang-up' };

/** Callback fields besides the ones that are always there. */
export type News = Record<string, string> & { MessageStatus: string };

export class Twilio {
  readonly accountSid = `AC${randomBytes(16).toString('hex')}`;
  readonly authToken = randomBytes(16).toString('hex');
  readonly templates = { en: `HX${'e'.repeat(32)}`, hi: `HX${'d'.repeat(32)}` };
  /** Every message that was asked for, oldest first, those that were refused as well. */
  readonly messages: Message[] = [];
  /** How the next requests are answered, by channel; one that is not named is accepted. */
  readonly behaviour: Partial<Record<Message['channel'], Behaviour>> = {};
  /** Called while a request waits for its answer. */
  onRequest: (message: Message) => Promise<void> | void = () => {};
  readonly #arrivals = new EventEmitter().setMaxListeners(0);
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  /** Listens on a free port of 127.0.0.1 until the test ends. */
  static async open(t: Test): Promise<Twilio> {
    const twilio = new Twilio();
    twilio.#server.listen(0, '127.0.0.1');
    await once(twilio.#server, 'listening');
    t.teardown(() => {
      twilio.#server.closeAllConnections();
      twilio.#server.close();
    });
    return twilio;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The settings that make a gateway use it. */
  get settings(): Environment {
    return {
      TWILIO_ACCOUNT_SID: this.accountSid,
      TWILIO_AUTH_TOKEN: this.authToken,
      TWILIO_API_URL: this.url,
      TWILIO_SMS_FROM: '+15005550006',
      TWILIO_WHATSAPP_FROM: '+15005550007',
      TWILIO_WHATSAPP_CONTENT: `en=${this.templates.en},hi=${this.templates.hi}`,
    };
  }

  to(phone: string, channel?: Message['channel']): Message[] {
    return this.messages.filter(
      (one) => one.to === phone && (channel === undefined || one.channel === channel),
    );
  }

  /** Waits for the `count`-th message to a phone, by a channel if named. */
  async arrival(
    phone: string,
    { channel, count = 1 }: { channel?: Message['channel']; count?: number } = {},
  ) {
    for (;;) {
      const found = this.to(phone, channel)[count - 1];
      if (found !== undefined) return found;
      await once(this.#arrivals, 'message');
    }
  }

  /** The account closes to nobody until told: back to accepting everything. */
  recover(): void {
    this.behaviour.WHATSAPP = { accept: true };
    this.behaviour.SMS = { accept: true };
    this.onRequest = () => {};
  }

  /** Posts a status callback to the address that came with the message, as Twilio does. */
  async tell(gateway: Gateway, message: Message, news: News, forge: Forgery = {}): Promise<number> {
    const url = message.fields.StatusCallback ?? '';
    const fields: [string, string][] = Object.entries({
      MessageSid: message.sid,
      SmsSid: message.sid,
      AccountSid: this.accountSid,
      From: message.fields.From ?? '',
      To: message.fields.To ?? '',
      ApiVersion: '2010-04-01',
      SmsStatus: news.MessageStatus,
      ...news,
    });
    const signature =
      forge.signature ?? signatureOf(forge.authToken ?? this.authToken, forge.signedUrl ?? url, fields);
    const { pathname } = new URL(forge.url ?? url);
    const response = await gateway.inject({
      method: 'POST',
      url: pathname,
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        ...(signature !== '' && { 'x-twilio-signature': signature }),
        ...forge.headers,
      },
      payload: new URLSearchParams([...(forge.change?.(fields) ?? fields)]).toString(),
    });
    return response.statusCode;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const json = (status: number, payload: object) =>
      response
        .writeHead(status, {
          'content-type': 'application/json',
          'twilio-request-id': `RQ${randomBytes(16).toString('hex')}`,
        })
        .end(JSON.stringify(payload));
    const error = (status: number, code: number, message: string) =>
      json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });

    const basic = `Basic ${Buffer.from(`${this.accountSid}:${this.authToken}`).toString('base64')}`;
    if (request.headers.authorization !== basic) return void error(401, 20003, 'Authenticate');
    const isMessages = request.url === `/2010-04-01/Accounts/${this.accountSid}/Messages.json`;
    if (request.method !== 'POST' || !isMessages)
      return void error(404, 20404, 'The requested resource was not found');
    if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return void error(400, 20001, 'form-encoded only');
    const fields = Object.fromEntries(new URLSearchParams(body));
    const { To = '', From, MessagingServiceSid, Body, ContentSid, ContentVariables } = fields;
    if (!From && !MessagingServiceSid) return void error(400, 21603, "A 'From' phone number is required.");
    if (!Body && !ContentSid)
      return void error(400, 21619, 'A Message Body, Media URL or Content SID is required.');
    const channel = To.startsWith('whatsapp:') ? 'WHATSAPP' : 'SMS';
    if (channel === 'WHATSAPP' && Body)
      return void error(400, 63016, 'Outside the messaging window: use a template');

    const behaviour = this.behaviour[channel] ?? { accept: true };
    const message: Message = {
      sid: `${channel === 'SMS' ? 'SM' : 'MM'}${randomBytes(16).toString('hex')}`,
      fields,
      channel,
      to: To.replace('whatsapp:', ''),
      code: /\d{6}/.exec(ContentVariables ?? Body ?? '')?.[0] ?? '',
      accepted: 'accept' in behaviour || ('fail' in behaviour && behaviour.fail === 'accept-then-hang-up'),
    };
    this.messages.push(message);
    await this.onRequest(message);
    this.#arrivals.emit('message');
    if ('refuse' in behaviour) {
      const status = behaviour.status ?? (behaviour.refuse === 20429 ? 429 : 400);
      return void error(status, behaviour.refuse, 'as the test wants it');
    }
    if ('status' in behaviour) {
      response
        .writeHead(behaviour.status, { 'content-type': behaviour.type ?? 'text/html' })
        .end(behaviour.body);
      return;
    }
    if ('fail' in behaviour) {
      if (behaviour.fail === 'silent') return;
      if (behaviour.fail !== 'trickle') return void request.socket.destroy();
      // An answer that never ends, and never falls silent either.
      response.writeHead(201, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 200);
      response.on('close', () => clearInterval(drip));
      return;
    }
    json(201, {
      sid: message.sid,
      account_sid: this.accountSid,
      api_version: '2010-04-01',
      body: Body ?? '',
      date_created: new Date().toUTCString(),
      date_sent: null,
      date_updated: new Date().toUTCString(),
      direction: 'outbound-api',
      error_code: null,
      error_message: null,
      from: From ?? null,
      messaging_service_sid: MessagingServiceSid ?? null,
      num_media: '0',
      num_segments: '1',
      price: null,
      price_unit: 'USD',
      status: 'queued',
      subresource_uris: {},
      to: To,
      uri: `/2010-04-01/Accounts/${this.accountSid}/Messages/${message.sid}.json`,
    });
  }
}

/** What a forger gets wrong. */
export interface Forgery {
  signature?: string;
  authToken?: string;
  /** The address the signature is made for. */
  signedUrl?: string;
  /** The address that is called. */
  url?: string;
  headers?: Record<string, string>;
  /** Changes the fields after they were signed. */
  change?: (fields: [string, string][]) => [string, string][];
}

/**
 * X-Twilio-Signature by https://www.twilio.com/docs/usage/security: the full URL, then every POST parameter's name and
 * value in the order of the names, under HMAC-SHA1 with the auth token, in base64.
 */
export function signatureOf(authToken: string, url: string, fields: readonly [string, string][]): string {
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha1', authToken)
    .update(url + sorted.map(([name, value]) => name + value).join(''), 'utf8')
    .digest('base64');
}

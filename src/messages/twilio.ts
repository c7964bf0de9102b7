// Sends WhatsApp messages and SMS by Twilio, and knows what its error codes mean.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.js';
import { type Door, type Handed, type Outgoing, sendTimeoutMs, timedOut } from './channel.js';

/** What follows from a failure. */
export type Consequence = 'other-channel' | 'tell' | 'nothing' | 'alert';

/** Authentication, account, sender or template are not as Twilio wants them: nothing but the operator helps. */
const misconfigured = new Set(['63016', '20003', '20404', '21606', '21660']);
/** No such phone, its country off, opted out, or held for pumping: whoever asks again only costs money. */
const unwanted = new Set(['21211', '21614', '21408', '21610', '30450', '30453']);

/**
 * What a failure asks for. A code of Twilio's about the phone or the channel, or none at all: the other channel.
 * Anything else is no answer of Twilio's, who carries the other channel as well: the person is told at once.
 */
export function consequenceOf(errorCode: string | null): Consequence {
  if (errorCode === null) return 'other-channel';
  if (misconfigured.has(errorCode)) return 'alert';
  if (unwanted.has(errorCode)) return 'nothing';
  return /^\d{5}$/.test(errorCode) ? 'other-channel' : 'tell';
}

/** The door for both channels of TWILIO_ACCOUNT_SID. `callbackUrl` is where the status of a delivery is told. */
export function openTwilio(config: Config, callbackUrl: (deliveryId: string) => string): Door {
  const accountSid = config.twilioAccountSid ?? '';
  const authToken = config.twilioAuthToken ?? '';
  // Loaded on first use: it takes 300 ms and 22 MB.
  const client = async () => {
    const { default: twilio } = await import('twilio');
    const httpClient = new twilio.RequestClient({ timeout: sendTimeoutMs });
    const made = twilio(accountSid, authToken, { httpClient });
    made.api.baseUrl = config.twilioApiUrl;
    return made;
  };
  let opening: ReturnType<typeof client> | undefined;

  return {
    async send(message): Promise<Handed> {
      opening ??= client();
      const { messages } = await opening;
      const sending = messages
        .create({
          ...sender(config, message),
          statusCallback: callbackUrl(message.deliveryId),
          validityPeriod: Math.max(1, Math.floor(message.lifetimeSeconds)),
        })
        .then(({ sid }): Handed => ({ ok: true, providerId: sid }), refusalOf);
      // The client's own time-out counts silence: an answer that trickles in would outlast it.
      const giveUp = new AbortController();
      const late = sleep(sendTimeoutMs, undefined, { signal: giveUp.signal }).then(
        (): Handed => ({ ok: false, errorCode: timedOut, final: true }),
        () => sending,
      );
      return Promise.race([sending, late]).finally(() => giveUp.abort());
    },
  };
}

/** What Twilio's client throws: a RestException with status and perhaps Twilio's code, or Axios's error. */
function refusalOf({ code, status }: { code?: number | string; status?: number }): Handed {
  if (status === undefined) {
    const silent = code === 'ECONNABORTED' || code === 'ETIMEDOUT';
    return { ok: false, errorCode: silent ? timedOut : String(code ?? 'TWILIO'), final: true };
  }
  // What Twilio says while it is broken itself is about nothing but that.
  if (status >= 500) return { ok: false, errorCode: String(status), final: true };
  // Too many requests (20429): the one refusal after which the very same message is sure to be worth another try.
  return { ok: false, errorCode: String(code ?? status), final: status !== 429 };
}

function sender(config: Config, { channel, to, content }: Outgoing) {
  const from = (channel === 'WHATSAPP' ? config.twilioWhatsappFrom : config.twilioSmsFrom) ?? '';
  const service = from.startsWith('MG');
  if (channel === 'SMS')
    return { to, body: content.text, ...(service ? { messagingServiceSid: from } : { from }) };
  const templates = new Map(config.twilioWhatsappContent.map((item) => item.split('=') as [string, string]));
  return {
    to: `whatsapp:${to}`,
    // The text is Meta's; a Body of our own would be refused (63016).
    contentSid: templates.get(content.locale) ?? [...templates.values()][0] ?? '',
    contentVariables: JSON.stringify({ 1: content.code }),
    ...(service ? { messagingServiceSid: from } : { from: `whatsapp:${from}` }),
  };
}

/** Whether Twilio signed these fields for this address (X-Twilio-Signature). */
export async function isSignedByTwilio(
  authToken: string,
  signature: string,
  url: string,
  fields: Record<string, string>,
): Promise<boolean> {
  // The check alone: the whole package takes 300 ms to load.
  const { validateRequest } = await import('twilio/lib/webhooks/webhooks.js');
  return validateRequest(authToken, signature, url, fields);
}

// Sends WhatsApp messages and SMS by Twilio, and knows what its error codes mean.
import type { Config } from '../config.js';
import { type Door, type Handed, type Outgoing, sendTimeoutMs } from './channel.js';

/** What follows from a failure. */
export type Consequence = 'other-channel' | 'nothing' | 'alert';

/**
 * What a Twilio error code asks for. Codes about the phone or the channel: try the other one. A pumping block or an
 * opt-out: nothing, and quietly. A fault of the configuration: tell the operator, because nothing else will help.
 */
export function consequenceOf(errorCode: string): Consequence {
  if (['63016', '20003', '20404', '21606', '21660'].includes(errorCode)) return 'alert';
  if (['30450', '30453', '21610', '21408', '21211', '21614'].includes(errorCode)) return 'nothing';
  return 'other-channel';
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
      try {
        const sent = await (await opening).messages.create({
          ...sender(config, message),
          statusCallback: callbackUrl(message.deliveryId),
          validityPeriod: Math.max(1, Math.floor(message.lifetimeSeconds)),
        });
        return { ok: true, providerId: sent.sid };
      } catch (error) {
        const { code, status } = error as { code?: number | string; status?: number };
        return {
          ok: false,
          errorCode: String(code ?? status ?? 'TWILIO'),
          final: status !== undefined && status < 500,
        };
      }
    },
  };
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

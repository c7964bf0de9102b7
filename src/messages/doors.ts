// Opens the ways out that the settings name; outside production the outbox stands in for the others.
import type { Config } from '../config.js';
import type { Door, Doors } from './channel.js';
import { openEmail } from './email.js';
import { openTwilio } from './twilio.js';

/** `outbox`: what takes a message that has no way out; null in production, where such a method is off. */
export function openDoors(
  config: Config,
  outbox: Door | null,
  callbackUrl: (deliveryId: string) => string,
): Doors {
  const twilio = config.twilioAccountSid === undefined ? null : openTwilio(config, callbackUrl);
  const hasWhatsapp = config.twilioWhatsappFrom !== undefined;
  return {
    EMAIL: config.smtpUrl === undefined ? outbox : openEmail(config, config.smtpUrl),
    WHATSAPP: twilio === null ? outbox : hasWhatsapp ? twilio : null,
    SMS: twilio ?? outbox,
  };
}

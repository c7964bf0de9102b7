// Composes the message of a delivery: the text of its template, with the secrets derived anew from its challenge.
import type { Config } from '../config.js';
import { deriveHalf, deriveOtp } from '../tokens/one-time-secret.js';
import type { Subkeys } from '../tokens/secret-key.js';
import type { Content } from './channel.js';
import type { DeliveryRow } from './deliveries.table.js';
import { composeAddressTaken, composeLink, composeOtp } from './templates.js';

/** Minutes that links and codes live (ASVS 6.5.5 allows ten). */
export const secretMinutes = 10;

/** The link of a mail: the request's id and the mail's half, which does nothing without the device's. */
export function linkOf(config: Pick<Config, 'publicUrl'>, challengeId: string, mailHalf: string): string {
  return `${config.publicUrl}/m/${challengeId}.${mailHalf}`;
}

/** What is to be sent for a delivery. */
export function compose(config: Config, subkeys: Subkeys, delivery: DeliveryRow): Content {
  const { challengeId, locale, template, values } = delivery;
  const app = config.appName;
  if (template === 'otp') {
    const host = new URL(config.publicUrl).hostname;
    const code = deriveOtp(subkeys, challengeId);
    return composeOtp({
      app,
      code,
      locale,
      // What phones fill in by themselves they read in SMS only.
      platform: delivery.channel === 'SMS' ? values.platform : undefined,
      host,
      androidHash: config.androidSmsHash,
    });
  }
  if (template === 'address_taken') return composeAddressTaken({ app, locale });
  const link = linkOf(config, challengeId, deriveHalf(subkeys, 'mail-half', challengeId));
  const purpose = template === 'magic_link' ? 'signIn' : 'confirm';
  return composeLink(purpose, { app, link, locale, device: values.device, minutes: secretMinutes });
}

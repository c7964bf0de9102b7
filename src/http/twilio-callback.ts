// Owns the address at which Twilio tells what became of a message: signed, and true only if it moves the status forward.
import type { FastifyInstance } from 'fastify';
import type { Tools } from '../context.js';
import type { DeliveryStatus } from '../graphql/schema.generated.js';
import { findDelivery } from '../messages/deliveries.js';
import { isSignedByTwilio } from '../messages/twilio.js';
import { hearOf } from '../sign-in/otp/send-message.js';
import { isUuid } from '../users/asker.js';
import { fieldsOf, takeForms } from './form-body.js';

/** Twilio's words for where a message is; those that say nothing new are left out. */
const statuses: Readonly<Record<string, DeliveryStatus>> = {
  sent: 'SENT',
  delivered: 'DELIVERED',
  read: 'DELIVERED',
  undelivered: 'FAILED',
  failed: 'FAILED',
  canceled: 'FAILED',
};

/** The address for one delivery: its id is 122 random bits, told to nobody but Twilio. */
export function callbackUrl(publicUrl: string, deliveryId: string): string {
  return `${publicUrl}/webhooks/twilio/${deliveryId}`;
}

export async function registerTwilioCallback(app: FastifyInstance, tools: Tools): Promise<void> {
  const { config, db, metrics } = tools;
  const authToken = config.twilioAuthToken;
  if (authToken === undefined) return;
  await app.register(async (scope) => {
    takeForms(scope);
    scope.post<{ Params: { deliveryId: string } }>('/webhooks/twilio/:deliveryId', async (request, reply) => {
      const { deliveryId } = request.params;
      const fields = fieldsOf(request);
      const signature = request.headers['x-twilio-signature'];
      // The address as we gave it out, not as a proxy may have rewritten it.
      const url = callbackUrl(config.publicUrl, deliveryId);
      const named = Object.fromEntries(fields);
      const once = [...fields.keys()].length === Object.keys(named).length;
      if (
        typeof signature !== 'string' ||
        !once ||
        !(await isSignedByTwilio(authToken, signature, url, named))
      ) {
        metrics.refusedRequests.inc({ reason: 'twilio-signature' });
        return reply.code(403).type('text/plain; charset=utf-8').send('the signature is not right\n');
      }
      const status = statuses[fields.get('MessageStatus') ?? ''];
      const delivery = isUuid(deliveryId) ? await findDelivery(db, deliveryId) : null;
      if (delivery !== null && status !== undefined) {
        const errorCode = fields.get('ErrorCode');
        const providerId = fields.get('MessageSid');
        await hearOf(tools, delivery, {
          status,
          ...(errorCode !== null && { errorCode }),
          ...(providerId !== null && { providerId }),
          ...priceIn(fields),
        });
      }
      return reply.code(204).send();
    });
  });
}

/** Twilio counts its price below zero: `-0.0042`. */
function priceIn(fields: URLSearchParams): { price?: number; currency?: string } {
  const [, price] = /^-?(\d{1,7}(?:\.\d+)?)$/.exec(fields.get('Price') ?? '') ?? [];
  const currency = fields.get('PriceUnit') ?? '';
  return price !== undefined && /^[A-Z]{3}$/i.test(currency)
    ? { price: Number(price), currency: currency.toUpperCase() }
    : {};
}

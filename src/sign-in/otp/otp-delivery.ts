// otpDelivery: what became of the message with the code.
import type { OtpDeliveryStatus, QueryResolvers } from '../../graphql/schema.generated.js';
import { isUuid } from '../../limits/asker.js';
import { listDeliveries } from '../../messages/deliveries.js';
import type { DeliveryRow } from '../../messages/deliveries.table.js';

/** Who knows the challenge's id has asked for it: 122 random bits. */
export const otpDelivery: QueryResolvers['otpDelivery'] = async (_, { challengeId }, { db }) => {
  if (!isUuid(challengeId)) return null;
  const messages = await listDeliveries(db, challengeId);
  const last = messages.at(-1);
  if (last === undefined) return null;
  const failedOver = last.channel === 'SMS' && messages.some((message) => message.channel === 'WHATSAPP');
  const status = statusOf(last);
  return { channel: last.channel, status: failedOver && status !== 'FAILED' ? 'FAILED_OVER' : status };
};

function statusOf({ status }: DeliveryRow): OtpDeliveryStatus {
  return status === 'SENDING' ? 'QUEUED' : status;
}

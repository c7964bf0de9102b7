// otpDelivery: what became of the message with the code.
import type { OtpDeliveryStatus, QueryResolvers } from '../../graphql/schema.generated.js';
import { listDeliveries } from '../../messages/deliveries.js';
import type { DeliveryRow } from '../../messages/deliveries.table.js';
import { isUuid } from '../../users/asker.js';
import { findOtpChallenge } from './otp-challenges.js';
import { carriersFor, isLost } from './send-message.js';

/** Who knows the challenge's id has asked for it: 122 random bits. */
export const otpDelivery: QueryResolvers['otpDelivery'] = async (_, { challengeId }, { db, doors }) => {
  const challenge = isUuid(challengeId) ? await findOtpChallenge(db, challengeId) : null;
  if (challenge === null) return null;
  const messages = await listDeliveries(db, challenge.id);
  const last = messages.at(-1);
  // Nothing was sent, for money's sake, and nobody is told: it looks like a message that is late.
  if (last === undefined) {
    const [channel = 'SMS'] = carriersFor(challenge.channel, doors);
    return { channel, status: 'QUEUED' };
  }
  const status = statusOf(last);
  // More messages than were asked for: the last one took over.
  const onItsWay = status === 'QUEUED' || status === 'SENT';
  const failedOver = last.channel === 'SMS' && messages.length > challenge.sends && onItsWay;
  return { channel: last.channel, status: failedOver ? 'FAILED_OVER' : status };
};

function statusOf(message: DeliveryRow): OtpDeliveryStatus {
  const { sendBefore, status } = message;
  if (status === 'SENT' || status === 'DELIVERED') return status;
  const tooLate = status !== 'FAILED' && sendBefore.getTime() < Date.now();
  return tooLate || isLost(message) ? 'FAILED' : 'QUEUED';
}

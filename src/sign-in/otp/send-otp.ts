// sendOtp: a 6-digit code to a mobile number.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { MutationResolvers, OtpSent } from '../../graphql/schema.generated.js';
import { findFullLimit, giveBackAttempt, reserveAttempt } from '../../limits/attempts.js';
import type { Reservation } from '../../limits/rates.js';
import { giveUpReplaced, listDeliveries } from '../../messages/deliveries.js';
import { readLocale } from '../../messages/templates.js';
import { askerOf, idempotencyHashOf, isIdempotencyKey } from '../../users/asker.js';
import { readDevice } from '../../users/device.js';
import {
  createOtpChallenge,
  findOtpChallengeByKey,
  lockAsking,
  retireOtpChallenges,
} from './otp-challenges.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';
import { readPhone } from './phone.js';
import { phoneLimits } from './phone-limits.js';
import { carriersFor, followUp, isLost, isOurFault, queueCode, sendCode } from './send-message.js';

/** Seconds before a code may be sent again: long enough for the first one to arrive. */
export const resendSeconds = 30;

export const sendOtp: MutationResolvers['sendOtp'] = async (_, { input }, context) => {
  const { config, db, doors, network, rates, request } = context;
  const number = readPhone(input.phone, config.otpCountries);
  if (typeof number === 'string') return fail(number);
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  if (input.idempotencyKey != null && !isIdempotencyKey(input.idempotencyKey))
    return fail('IDEMPOTENCY_KEY_INVALID');
  const channel = input.channel ?? 'AUTO';
  const carriers = carriersFor(channel, doors);
  if (carriers.length === 0) return fail('METHOD_UNAVAILABLE');

  const { phone } = number;
  const asker = askerOf(context, device);
  const idempotencyHash = idempotencyHashOf(context, asker, phone, input.idempotencyKey);
  const earlier = idempotencyHash && (await findOtpChallengeByKey(db, idempotencyHash));
  if (earlier) return sentEarlier(context, earlier);

  const { sends } = await phoneLimits(context, { phone, device });
  const fullFor = await findFullLimit(db, sends);
  if (fullFor !== null) return tooMany(fullFor);
  const rate = await rates.otpSends(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const begun = await db.transaction(async (tx) => {
    await lockAsking(tx, phone, asker);
    // The same key at the same moment: the other request has made the challenge, and this one counts for nothing.
    const twin = idempotencyHash && (await findOtpChallengeByKey(tx, idempotencyHash));
    if (twin) return { twin };
    const waitSeconds = await reserveAttempt(tx, sends);
    if (waitSeconds !== null) return { waitSeconds };
    const replaced = await retireOtpChallenges(tx, phone, asker);
    const givenUp = await giveUpReplaced(tx, replaced);
    const challenge = await createOtpChallenge(tx, {
      ...number,
      channel,
      locale: readLocale(input.locale),
      device,
      asker,
      idempotencyHash,
      network,
    });
    return { challenge, givenUp, deliveryId: await queueCode(tx, context, challenge, carriers, true) };
  });
  if (begun.challenge === undefined) {
    await rate.giveBack();
    return begun.twin ? sentEarlier(context, begun.twin) : tooMany(begun.waitSeconds);
  }
  const { challenge, deliveryId, givenUp } = begun;
  for (const delivery of givenUp) context.afterwards(followUp(context, delivery));
  return deliveryId === null || (await sendCode(context, deliveryId))
    ? sent(challenge)
    : undelivered(context, challenge, rate);
};

/** What the app is told, whether or not anything was sent. */
export function sent({ id, expiresAt, lastSentAt }: OtpChallengeRow): OtpSent & { __typename: 'OtpSent' } {
  const resendAt = new Date(lastSentAt.getTime() + resendSeconds * 1000);
  return { __typename: 'OtpSent', challengeId: id, expiresAt, resendAt };
}

/** The answer once more that the first request with this key got, or will get. */
async function sentEarlier({ db }: Context, challenge: OtpChallengeRow) {
  const last = (await listDeliveries(db, challenge.id)).at(-1);
  return last !== undefined && isLost(last) ? fail('DELIVERY_FAILED') : sent(challenge);
}

/**
 * Says so, and gives the send back: three failures of ours do not close a phone for an hour, nor ten the network of
 * thousands. What the network tried counts where the answer tells something of a phone.
 */
export async function undelivered(
  context: Context,
  challenge: OtpChallengeRow,
  rate: Reservation,
): Promise<AuthFailure> {
  const { sends } = await phoneLimits(context, challenge);
  await giveBackAttempt(
    context.db,
    sends.map(({ bucket }) => bucket),
  );
  const last = (await listDeliveries(context.db, challenge.id)).at(-1);
  if (last && isOurFault(last)) await rate.giveBack();
  return fail('DELIVERY_FAILED');
}

export function tooMany(retryAfterSeconds: number): AuthFailure {
  return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
}

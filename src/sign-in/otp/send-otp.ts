// sendOtp: a 6-digit code to a mobile number.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { MutationResolvers, OtpSent } from '../../graphql/schema.generated.js';
import { askerOf, idempotencyHashOf, isIdempotencyKey } from '../../limits/asker.js';
import { type AttemptLimit, reserveAttempt } from '../../limits/attempts.js';
import { readLocale } from '../../messages/templates.js';
import { hashSubject } from '../../tokens/secret-key.js';
import { readDevice } from '../../users/device.js';
import { createOtpChallenge, findOtpChallengeByKey } from './otp-challenges.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';
import { readPhone } from './phone.js';
import { carriersFor, queueCode, sendCode } from './send-message.js';
import { isTestNumber } from './test-numbers.js';

/** Seconds before a code may be sent again: long enough for the first one to arrive. */
export const resendSeconds = 30;

export const sendOtp: MutationResolvers['sendOtp'] = async (_, { input }, context) => {
  const { config, db, doors, rates, request } = context;
  const number = readPhone(input.phone, config.otpCountries);
  if (typeof number === 'string') return fail(number);
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  if (input.idempotencyKey != null && !isIdempotencyKey(input.idempotencyKey))
    return fail('IDEMPOTENCY_KEY_INVALID');
  const channel = input.channel ?? 'AUTO';
  const carriers = carriersFor(channel, doors);
  if (carriers.length === 0) return fail('METHOD_UNAVAILABLE');

  const asker = askerOf(context, device);
  const idempotencyHash = idempotencyHashOf(context, asker, number.phone, input.idempotencyKey);
  const earlier = idempotencyHash && (await findOtpChallengeByKey(db, idempotencyHash));
  if (earlier) return sent(earlier);

  const rate = await rates.otpSends(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const waitSeconds = await reserveAttempt(db, sendLimits(context, number.phone));
  if (waitSeconds !== null) {
    await rate.giveBack();
    return tooMany(waitSeconds);
  }

  const begun = await db.transaction(async (tx) => {
    const locale = readLocale(input.locale);
    const { network } = context;
    const challenge = await createOtpChallenge(tx, {
      ...number,
      channel,
      locale,
      device,
      asker,
      idempotencyHash,
      network,
    });
    if (challenge === null) return null;
    const reviewer = isTestNumber(config, number.phone);
    return { challenge, deliveryId: reviewer ? null : await queueCode(tx, context, challenge, carriers) };
  });
  // The same key at the same moment: the other request has made the challenge.
  if (begun === null) {
    const twin = idempotencyHash && (await findOtpChallengeByKey(db, idempotencyHash));
    return twin ? sent(twin) : fail('TRY_AGAIN_LATER', { retryAfterSeconds: 1 });
  }
  const { challenge, deliveryId } = begun;
  if (deliveryId !== null && (await sendCode(context, deliveryId)) === 'failed')
    return fail('DELIVERY_FAILED');
  return sent(challenge);
};

/** The limits on sending to one phone and to its neighbours: numbers of one block are how pumping looks. */
export function sendLimits(
  { config, subkeys }: Pick<Context, 'config' | 'subkeys'>,
  phone: string,
): AttemptLimit[] {
  const hour = 60 * 60;
  const hash = (text: string) => hashSubject(subkeys.subject, text);
  return [
    { bucket: `otp-send:${hash(phone)}`, max: config.otpSendsPerPhone, windowSeconds: hour },
    { bucket: `otp-prefix:${hash(phone.slice(0, -4))}`, max: config.otpSendsPerPrefix, windowSeconds: hour },
  ];
}

/** What the app is told, whether or not anything was sent. */
export function sent({ id, expiresAt, lastSentAt }: OtpChallengeRow): OtpSent & { __typename: 'OtpSent' } {
  const resendAt = new Date(lastSentAt.getTime() + resendSeconds * 1000);
  return { __typename: 'OtpSent', challengeId: id, expiresAt, resendAt };
}

export function tooMany(retryAfterSeconds: number): AuthFailure {
  return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
}

// resendOtp: the same code of the same challenge once more.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { isUuid } from '../../limits/asker.js';
import { giveBackAttempt, reserveAttempt } from '../../limits/attempts.js';
import { findOpenOtpChallenge, spendResend } from './otp-challenges.js';
import { carriersFor, queueCode, sendCode } from './send-message.js';
import { resendSeconds, sendLimits, sent, tooMany } from './send-otp.js';
import { isTestNumber } from './test-numbers.js';

export const resendOtp: MutationResolvers['resendOtp'] = async (_, { input }, context) => {
  const { config, db, doors, rates, request } = context;
  const challenge = isUuid(input.challengeId) ? await findOpenOtpChallenge(db, input.challengeId) : null;
  if (challenge === null) return fail('CHALLENGE_GONE');
  const carriers = carriersFor(input.channel ?? 'AUTO', doors);
  if (carriers.length === 0) return fail('METHOD_UNAVAILABLE');

  const rate = await rates.otpSends(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const limits = sendLimits(context, challenge.phone);
  const waitSeconds = await reserveAttempt(db, limits);
  if (waitSeconds !== null) {
    await rate.giveBack();
    return tooMany(waitSeconds);
  }

  const begun = await db.transaction(async (tx) => {
    const resent = await spendResend(tx, challenge.id, resendSeconds);
    if (resent === null) return null;
    const reviewer = isTestNumber(config, resent.phone);
    return { resent, deliveryId: reviewer ? null : await queueCode(tx, context, resent, carriers) };
  });
  if (begun === null) {
    await rate.giveBack();
    await giveBackAttempt(
      db,
      limits.map(({ bucket }) => bucket),
    );
    const waitMs = challenge.lastSentAt.getTime() + resendSeconds * 1000 - Date.now();
    return tooMany(Math.max(1, Math.ceil(waitMs / 1000)));
  }
  const { resent, deliveryId } = begun;
  if (deliveryId !== null && (await sendCode(context, deliveryId)) === 'failed')
    return fail('DELIVERY_FAILED');
  return sent(resent);
};

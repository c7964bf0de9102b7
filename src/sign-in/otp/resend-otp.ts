// resendOtp: the same code of the same challenge once more.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { reserveAttempt } from '../../limits/attempts.js';
import { dropFallbacks } from '../../messages/deliveries.js';
import { isUuid } from '../../users/asker.js';
import { countResend, findOpenOtpChallenge, lockForResend } from './otp-challenges.js';
import { phoneLimits } from './phone-limits.js';
import { carriersFor, queueCode, sendCode } from './send-message.js';
import { resendSeconds, sent, tooMany, undelivered } from './send-otp.js';

export const resendOtp: MutationResolvers['resendOtp'] = async (_, { input }, context) => {
  const { config, db, doors, rates, request } = context;
  const known = isUuid(input.challengeId) ? await findOpenOtpChallenge(db, input.challengeId) : null;
  // A code that can be tried no more is worth no message.
  if (known === null || known.attempts >= config.otpAttempts) return fail('CHALLENGE_GONE');
  const carriers = carriersFor(input.channel ?? known.channel, doors);
  if (carriers.length === 0) return fail('METHOD_UNAVAILABLE');

  const rate = await rates.otpSends(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const { sends } = await phoneLimits(context, known);
  const begun = await db.transaction(async (tx) => {
    const found = await lockForResend(tx, known.id, resendSeconds);
    if (found === null) return { gone: true };
    if (found.waitSeconds > 0) return { waitSeconds: found.waitSeconds };
    const waitSeconds = await reserveAttempt(tx, sends);
    if (waitSeconds !== null) return { waitSeconds };
    const challenge = await countResend(tx, known.id);
    // This message takes over from those before it; what they wait for would come besides.
    await dropFallbacks(tx, known.id);
    return { challenge, deliveryId: await queueCode(tx, context, challenge, carriers) };
  });
  if (begun.challenge === undefined) {
    await rate.giveBack();
    return begun.waitSeconds === undefined ? fail('CHALLENGE_GONE') : tooMany(begun.waitSeconds);
  }
  const { challenge, deliveryId } = begun;
  return deliveryId === null || (await sendCode(context, deliveryId))
    ? sent(challenge)
    : undelivered(context, challenge, rate);
};

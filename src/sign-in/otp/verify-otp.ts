// verifyOtp: the code of a challenge for a session.
import type { Context } from '../../context.js';
import { fail } from '../../errors.js';
import type { AuthErrorCode, MutationResolvers, SignInMethod } from '../../graphql/schema.generated.js';
import { giveBackAttempt, reserveAttempt } from '../../limits/attempts.js';
import { listDeliveries } from '../../messages/deliveries.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';
import { isOtp } from '../../tokens/one-time-secret.js';
import { isUuid } from '../../users/asker.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { consumeOtpChallenge, findOpenOtpChallenge, spendOtpAttempt } from './otp-challenges.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';
import { countVerified } from './otp-days.js';
import { phoneLimits } from './phone-limits.js';
import { plainDigits } from './plain-digits.js';
import { tooMany } from './send-otp.js';
import { isTestCode, isTestNumber } from './test-numbers.js';

export const verifyOtp: MutationResolvers['verifyOtp'] = async (_, { input }, context) => {
  const { config, db, rates, subkeys } = context;
  const open = isUuid(input.challengeId) ? await findOpenOtpChallenge(db, input.challengeId) : null;
  if (open === null) return fail('CHALLENGE_GONE');

  const { sends, wrongCodes } = await phoneLimits(context, open);
  const waitSeconds = await reserveAttempt(db, [wrongCodes]);
  if (waitSeconds !== null) return refuse(context, open, 'TOO_MANY_ATTEMPTS', waitSeconds);
  const challenge = await spendOtpAttempt(db, open.id, config.otpAttempts);
  if (challenge === null) {
    await giveBackAttempt(db, [wrongCodes.bucket]);
    return refuse(context, open, 'TOO_MANY_ATTEMPTS');
  }
  const code = plainDigits(input.code).replace(/[\s-]/g, '');
  const right =
    isTestCode(config, challenge.phone, code) || isOtp(subkeys['one-time-secret'], challenge.id, code);
  if (!right) return refuse(context, challenge, 'INVALID_CREDENTIALS');

  await giveBackAttempt(db, [wrongCodes.bucket]);
  const method = await methodOf(context, challenge);
  const signedIn = await db.transaction(async (tx) => {
    if (!(await consumeOtpChallenge(tx, challenge.id))) return null;
    // What was proved was no pumping: its sends go back.
    const buckets = sends.map(({ bucket }) => bucket);
    await giveBackAttempt(tx, buckets, challenge.sends);
    if (method !== 'OTP_TEST') await countVerified(tx, challenge.country);
    const { person, isNew } = await proveIdentifier(context, tx, {
      kind: 'phone',
      identifier: challenge.phone,
    });
    const kind = isNew ? 'SIGN_UP' : 'SIGN_IN';
    const device = challenge.device ?? {};
    // RFC 8176: a one-time password, and for an SMS the channel that carried it.
    const amr = method === 'OTP_SMS' ? ['otp', 'sms'] : ['otp'];
    return {
      person,
      session: await startSession(context, tx, { userId: person.id, kind, method, amr, device }),
    };
  });
  if (signedIn === null) return fail('CHALLENGE_GONE');
  if (challenge.network !== null) await rates.otpSends.giveBack(challenge.network, challenge.sends);
  return signedIn.session === null
    ? fail('ACCOUNT_DISABLED')
    : issueTokens(context, signedIn.session, signedIn.person);
};

/** The channel of the last message that did not fail: the one the person most likely read. */
async function methodOf({ config, db }: Context, challenge: OtpChallengeRow): Promise<SignInMethod> {
  if (isTestNumber(config, challenge.phone)) return 'OTP_TEST';
  const messages = await listDeliveries(db, challenge.id);
  const last = messages.findLast(({ status }) => status !== 'FAILED') ?? messages.at(-1);
  return last?.channel === 'WHATSAPP' ? 'OTP_WHATSAPP' : 'OTP_SMS';
}

async function refuse(
  context: Context,
  challenge: OtpChallengeRow,
  code: AuthErrorCode,
  retryAfterSeconds?: number,
) {
  const method = await methodOf(context, challenge);
  await recordLoginEvent(context, context.db, {
    kind: 'SIGN_IN',
    userId: null,
    method,
    device: challenge.device,
    failure: code,
  });
  return retryAfterSeconds === undefined ? fail(code) : tooMany(retryAfterSeconds);
}

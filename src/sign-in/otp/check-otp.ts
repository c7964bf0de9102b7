// Checks the code of a challenge under the limits on guessing, and uses it up: the steps that verifyOtp and reauthenticate share.
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { AuthErrorCode, SignInMethod } from '../../graphql/schema.generated.js';
import { giveBackAttempt, reserveAttempt } from '../../limits/attempts.js';
import { listDeliveries } from '../../messages/deliveries.js';
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

/** A challenge whose code was right; it is not consumed yet. */
export interface CheckedOtp {
  challenge: OtpChallengeRow;
  method: SignInMethod;
  /** RFC 8176. */
  amr: string[];
  /** The counts of its sends. */
  sends: string[];
  /** To be called once the challenge is consumed: what was proved was no flood, so its sends are not counted. */
  giveBack(): Promise<void>;
}

export async function checkOtp(
  context: Context,
  input: { challengeId: string; code: string },
): Promise<CheckedOtp | AuthFailure> {
  const { config, db, rates, subkeys } = context;
  const open = isUuid(input.challengeId) ? await findOpenOtpChallenge(db, input.challengeId) : null;
  if (open === null) return fail('CHALLENGE_GONE');

  const challenge = await spendOtpAttempt(db, open.id, config.otpAttempts);
  if (challenge === null) return refuse(context, open, 'TOO_MANY_ATTEMPTS');
  // Behind the challenge's own tries: guesses at one that has none left never stand in the count that others share.
  const { sends, wrongCodes } = await phoneLimits(context, challenge);
  const waitSeconds = await reserveAttempt(db, [wrongCodes]);
  if (waitSeconds !== null) return refuse(context, challenge, 'TOO_MANY_ATTEMPTS', waitSeconds);
  const code = plainDigits(input.code).replace(/[\s-]/g, '');
  const right =
    isTestCode(config, challenge.phone, code) || isOtp(subkeys['one-time-secret'], challenge.id, code);
  if (!right) return refuse(context, challenge, 'INVALID_CREDENTIALS');

  await giveBackAttempt(db, [wrongCodes.bucket]);
  const method = await methodOf(context, challenge);
  return {
    challenge,
    method,
    // A one-time password, and for an SMS the channel that carried it.
    amr: method === 'OTP_SMS' ? ['otp', 'sms'] : ['otp'],
    sends: sends.map(({ bucket }) => bucket),
    giveBack: async () => {
      if (challenge.network !== null) await rates.otpSends.giveBack(challenge.network, challenge.sends);
    },
  };
}

/** Consumes a challenge in the transaction that acts on it; false when it is gone. */
export async function spendOtp(tx: Db, { challenge, method, sends }: CheckedOtp): Promise<boolean> {
  if (!(await consumeOtpChallenge(tx, challenge.id))) return false;
  // What was proved was no pumping: its sends go back.
  await giveBackAttempt(tx, sends, challenge.sends);
  if (method !== 'OTP_TEST') await countVerified(tx, challenge.country);
  return true;
}

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

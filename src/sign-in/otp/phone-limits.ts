// Owns the limits on one phone: how many codes go to it, and how many are tried for it.
import type { Context } from '../../context.js';
import type { AttemptLimit } from '../../limits/attempts.js';
import { isKnownDevice } from '../../sessions/sessions.js';
import { hashSubject } from '../../tokens/secret-key.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';

/** The limits that apply to one asking. */
export interface PhoneLimits {
  sends: AttemptLimit[];
  /** Over all challenges: a new challenge is no new budget. */
  wrongCodes: AttemptLimit;
}

const hour = 60 * 60;

/**
 * Strangers share one count a phone, and the devices that have signed in with it before share another, so that
 * strangers cannot use up the owner's codes and tries. Not one a device, as a mailbox has: six digits are guessed by
 * whoever may try often enough, and names of devices cost nothing to collect while a phone is in one's hand.
 */
export async function phoneLimits(
  { config, db, subkeys }: Pick<Context, 'config' | 'db' | 'subkeys'>,
  { phone, device }: Pick<OtpChallengeRow, 'phone' | 'device'>,
): Promise<PhoneLimits> {
  const hash = (text: string) => hashSubject(subkeys.subject, text);
  const known = await isKnownDevice(db, { kind: 'phone', identifier: phone }, device);
  const share = known ? `${hash(phone)}:known` : hash(phone);
  const toPhone = { bucket: `otp-send:${share}`, max: config.otpSendsPerPhone, windowSeconds: hour };
  // Numbers of one block are how pumping looks; a number that has been proved from this device is not.
  const toBlock = {
    bucket: `otp-prefix:${hash(phone.slice(0, -4))}`,
    max: config.otpSendsPerPrefix,
    windowSeconds: hour,
  };
  return {
    sends: known ? [toPhone] : [toPhone, toBlock],
    wrongCodes: { bucket: `otp-day:${share}`, max: config.otpAttemptsPerDay, windowSeconds: 24 * hour },
  };
}

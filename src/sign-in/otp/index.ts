// The one-time codes' part of the resolver map, and how they present themselves.
import type { Tools } from '../../context.js';
import type { AuthMethod } from '../../graphql/schema.generated.js';
import { otpDelivery } from './otp-delivery.js';
import { resendOtp } from './resend-otp.js';
import { sendOtp } from './send-otp.js';
import { verifyOtp } from './verify-otp.js';

export const otpQueries = { otpDelivery };
export const otpMutations = { sendOtp, resendOtp, verifyOtp };

/** The codes' entries in `authMethods`: the channels whose doors are open. */
export function otpMethods({ config, doors }: Pick<Tools, 'config' | 'doors'>): AuthMethod[] {
  const countries = [...config.otpCountries];
  const entry = (method: AuthMethod['method']): AuthMethod => ({ method, countries, passwordPolicy: null });
  return [...(doors.WHATSAPP ? [entry('OTP_WHATSAPP')] : []), ...(doors.SMS ? [entry('OTP_SMS')] : [])];
}

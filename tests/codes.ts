// Asks for one-time codes and proves them, as an app would.
import { randomInt } from 'node:crypto';
import { type Gateway, operations, randomNetwork, type Sending, type SignedIn } from './helper.js';

/** What sendOtp, resendOtp and verifyOtp answer. */
export interface Answered extends SignedIn {
  __typename: string;
  code?: string;
  retryAfterSeconds?: number | null;
  challengeId: string;
  expiresAt: string;
  resendAt: string;
}

/** An Indian mobile number that no other test uses. */
export function randomPhone(): string {
  return `+9198${String(randomInt(10 ** 8)).padStart(8, '0')}`;
}

/** Each time from another network, unless one is named. */
async function ask(
  gateway: Gateway,
  operation: 'sendOtp' | 'resendOtp' | 'verifyOtp',
  input: object,
  sending: Sending,
): Promise<Answered> {
  const answer = await gateway.graphql(
    operations[operation],
    { input },
    { from: randomNetwork(), ...sending },
  );
  if (!answer.data?.[operation]) throw new Error(`${operation} gave no data: ${answer.body}`);
  return answer.data[operation];
}

export const sendOtp = (
  gateway: Gateway,
  input: { phone: string; channel?: string; device?: object; locale?: string; idempotencyKey?: string },
  sending: Sending = {},
) => ask(gateway, 'sendOtp', input, sending);

export const resendOtp = (
  gateway: Gateway,
  input: { challengeId: string; channel?: string },
  sending: Sending = {},
) => ask(gateway, 'resendOtp', input, sending);

export const verifyOtp = (
  gateway: Gateway,
  { challengeId, code }: { challengeId: string; code: string },
  sending: Sending = {},
) => ask(gateway, 'verifyOtp', { challengeId, code }, sending);

/** What the app's waiting screen is told: `SENT WHATSAPP`. */
export async function deliveryOf(gateway: Gateway, challengeId: string): Promise<string> {
  const { data } = await gateway.graphql(operations.otpDelivery, { challengeId });
  return data.otpDelivery === null ? 'none' : `${data.otpDelivery.status} ${data.otpDelivery.channel}`;
}

/** Six digits that are not these. */
export function otherThan(code: string): string {
  return String((Number(code) + 1 + randomInt(999_998)) % 1_000_000).padStart(6, '0');
}

/** Makes a challenge look so many seconds older. */
export async function age(
  { sql }: Pick<Gateway, 'sql'>,
  challengeId: string,
  seconds: number,
): Promise<void> {
  const by = `${seconds} seconds`;
  await sql`update otp_challenges set created_at = created_at - ${by}::interval,
    last_sent_at = last_sent_at - ${by}::interval, expires_at = expires_at - ${by}::interval where id = ${challengeId}`;
  await sql`update deliveries set created_at = created_at - ${by}::interval, taken_at = taken_at - ${by}::interval,
    send_before = send_before - ${by}::interval, fallback_at = fallback_at - ${by}::interval where challenge_id = ${challengeId}`;
}

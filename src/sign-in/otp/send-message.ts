// Sends the code of a challenge by the channels that may carry it: the step that sendOtp, resendOtp and the fallback share.
import type { Tools } from '../../context.js';
import type { Db } from '../../db/client.js';
import type { OtpChannel } from '../../graphql/schema.generated.js';
import { advance, cancelFallback, queueDelivery, takeFallback } from '../../messages/deliveries.js';
import type { DeliveryRow } from '../../messages/deliveries.table.js';
import { type Sending, sendNow } from '../../messages/send.js';
import { consequenceOf } from '../../messages/twilio.js';
import { isOverBudget, priceOf, spendOnMessage } from './otp-budget.js';
import { findOpenOtpChallenge } from './otp-challenges.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';

type Carrier = 'WHATSAPP' | 'SMS';

/** The channels that a wish comes to here, the first to be tried first; none when no door is open for it. */
export function carriersFor(wish: OtpChannel, doors: Tools['doors']): Carrier[] {
  const wanted: Carrier[] = wish === 'AUTO' ? ['WHATSAPP', 'SMS'] : [wish];
  return wanted.filter((carrier) => doors[carrier] !== null);
}

/**
 * Queues the message of a challenge in its transaction, if the money allows.
 * @returns the delivery's id; null when nothing is to be sent, which the caller keeps to itself
 */
export async function queueCode(
  tx: Db,
  tools: Pick<Tools, 'config' | 'log' | 'metrics'>,
  challenge: OtpChallengeRow,
  [carrier, other]: readonly Carrier[],
): Promise<string | null> {
  const { config, log, metrics } = tools;
  if (carrier === undefined) return null;
  if (await isOverBudget(tx, challenge.country)) {
    metrics.refusedMessages.inc({ reason: 'budget' });
    log.warn(
      { country: challenge.country, mode: config.otpBudget },
      'more unproved codes than this country explains',
    );
    if (config.otpBudget === 'enforce') return null;
  }
  const price = priceOf(config, carrier, challenge.country);
  if (!(await spendOnMessage(tx, config, challenge.country, price))) {
    metrics.refusedMessages.inc({ reason: 'spend' });
    log.error({ cap: config.otpSpendPerDay }, 'the daily spend on codes is at its cap');
    return null;
  }
  return queueDelivery(tx, {
    challengeId: challenge.id,
    template: 'otp',
    channel: carrier,
    recipient: challenge.phone,
    country: challenge.country,
    locale: challenge.locale,
    values: challenge.device?.platform ? { platform: challenge.device.platform } : {},
    price,
    currency: config.otpCurrency,
    lifetimeSeconds: Math.max(0, (challenge.expiresAt.getTime() - Date.now()) / 1000),
    fallbackSeconds: carrier === 'WHATSAPP' && other === 'SMS' ? config.otpFallbackAfter : null,
  });
}

/** Whether the message went out, or another one is to go in its place. */
export async function sendCode(tools: Sending, deliveryId: string): Promise<'sent' | 'failed'> {
  const delivery = await sendNow(tools, deliveryId);
  // Another process has it: its fallback is seen to there as well.
  if (delivery === null || delivery.status !== 'FAILED') return 'sent';
  const errorCode = delivery.errorCode ?? '';
  // A provider that does not answer at all answers for the other channel no sooner: the person is told at once.
  const noAnswer = !/^\d{5}$/.test(errorCode);
  if (noAnswer || consequenceOf(errorCode) === 'alert') {
    await cancelFallback(tools.db, delivery.id);
    return 'failed';
  }
  if (consequenceOf(errorCode) === 'nothing') {
    // Told apart from success, a blocked or opted-out number would tell a pumper which ones to leave out.
    await cancelFallback(tools.db, delivery.id);
    return 'sent';
  }
  if (delivery.fallbackAt === null) return 'failed';
  await fallBack(tools);
  return 'sent';
}

/**
 * Sends the code of one WhatsApp message that did not arrive by SMS: the same challenge, code and attempts, once.
 * @returns false when none is due
 */
export async function fallBack(tools: Sending): Promise<boolean> {
  const due = await tools.db.transaction(async (tx) => {
    const delivery = await takeFallback(tx);
    if (delivery === null) return null;
    const challenge = await findOpenOtpChallenge(tx, delivery.challengeId);
    // Proved, replaced or lapsed meanwhile: nobody waits for it.
    if (challenge === null) return { deliveryId: null };
    return { deliveryId: await queueCode(tx, tools, challenge, ['SMS']) };
  });
  if (due === null) return false;
  if (due.deliveryId !== null) await sendNow(tools, due.deliveryId);
  return true;
}

/** Takes the provider's word on a delivery, and follows it up where it failed. */
export async function hearOf(
  tools: Sending,
  delivery: DeliveryRow,
  news: Parameters<typeof advance>[2],
): Promise<void> {
  const moved = await advance(tools.db, delivery.id, news);
  if (moved?.status !== 'FAILED' || moved.fallbackAt === null) return;
  const consequence = consequenceOf(moved.errorCode ?? '');
  if (consequence === 'other-channel') await fallBack(tools);
  else await cancelFallback(tools.db, moved.id);
}

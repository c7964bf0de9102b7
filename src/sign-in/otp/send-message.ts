// Sends the code of a challenge by the channels that may carry it: the step that sendOtp, resendOtp and the fallback share.
import type { Tools } from '../../context.js';
import type { Db } from '../../db/client.js';
import type { OtpChannel } from '../../graphql/schema.generated.js';
import { reserveChoice } from '../../limits/attempts.js';
import { unknownNetwork } from '../../limits/network.js';
import { timedOut } from '../../messages/channel.js';
import {
  advance,
  lapsed,
  listDeliveries,
  type Progress,
  queueDelivery,
  takeFallback,
} from '../../messages/deliveries.js';
import type { DeliveryRow } from '../../messages/deliveries.table.js';
import { noteFailure, type Sending, sendNow } from '../../messages/send.js';
import { consequenceOf } from '../../messages/twilio.js';
import { findOpenOtpChallenge } from './otp-challenges.js';
import type { OtpChallengeRow } from './otp-challenges.table.js';
import { giveBackSpend, isOverBudget, priceOf, spendOnMessage } from './otp-days.js';
import { isTestNumber } from './test-numbers.js';

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
  isFirst = false,
): Promise<string | null> {
  const { config, log, metrics } = tools;
  const { country, phone } = challenge;
  if (carrier === undefined || isTestNumber(config, phone)) return null;
  const reason = await suspect(tx, config, challenge);
  if (reason !== null) {
    metrics.refusedMessages.inc({ reason });
    log.warn({ country, mode: config.otpBudget, reason }, 'this code smells of pumping');
    if (config.otpBudget === 'enforce') return null;
  }
  const price = priceOf(config, carrier, country);
  if (!(await spendOnMessage(tx, config, country, price, isFirst))) {
    metrics.refusedMessages.inc({ reason: 'spend' });
    log.error({ cap: config.otpSpendPerDay }, 'the daily spend on codes is at its cap');
    return null;
  }
  return queueDelivery(tx, {
    challengeId: challenge.id,
    template: 'otp',
    channel: carrier,
    recipient: phone,
    country,
    locale: challenge.locale,
    values: challenge.device?.platform ? { platform: challenge.device.platform } : {},
    price,
    currency: config.otpCurrency,
    sendBefore: challenge.expiresAt,
    fallbackSeconds: carrier === 'WHATSAPP' && other === 'SMS' ? config.otpFallbackAfter : null,
  });
}

/** Why a message looks as if its cost were its purpose; null when it does not. */
async function suspect(
  tx: Db,
  { otpCountries, otpCountriesPerNetwork }: Tools['config'],
  { country, network }: OtpChallengeRow,
): Promise<'budget' | 'countries' | null> {
  // More unproved codes than the country explains.
  if (await isOverBudget(tx, country)) return 'budget';
  if (otpCountries.length <= otpCountriesPerNetwork) return null;
  // More countries from one network than the people behind it come from.
  const isOneOfFew = await reserveChoice(tx, {
    bucket: `otp-countries:${network ?? unknownNetwork}`,
    choice: country,
    others: otpCountries.filter((other) => other !== country),
    max: otpCountriesPerNetwork,
    windowSeconds: 24 * 60 * 60,
  });
  return isOneOfFew ? null : 'countries';
}

/** Sends a queued code. False: it will not arrive, and the person is to be told. */
export async function sendCode(tools: Sending, deliveryId: string): Promise<boolean> {
  const delivery = await sendNow(tools, deliveryId);
  // Another process has it: its fallback is seen to there as well.
  if (delivery === null || delivery.status !== 'FAILED') return true;
  await followUp(tools, delivery);
  // By now another message may have followed, from here or from another process.
  const last = (await listDeliveries(tools.db, delivery.challengeId)).at(-1);
  return !isLost(last ?? delivery);
}

/** Does what follows from a message that did not go out: it is not paid for, and the other channel may take over. */
export async function followUp(tools: Sending, delivery: DeliveryRow): Promise<void> {
  if (delivery.status !== 'FAILED') return;
  await takeBack(tools, delivery);
  if (delivery.fallbackAt !== null) await fallBack(tools, delivery.id);
}

/** Takes a code that did not go out off the day's figures; one that got no answer may have gone out. */
async function takeBack({ config, db }: Sending, delivery: DeliveryRow): Promise<void> {
  const { challengeId, channel, country, errorCode } = delivery;
  if (errorCode === timedOut || country === null || channel === 'EMAIL') return;
  // What says nothing of the phone is no sign of pumping. A phone that was refused by its own fault counts: else whoever
  // knows one would begin for nothing, and have the code sent again by the other channel.
  const begins = isOurFault(delivery) && (await listDeliveries(db, challengeId)).length === 1;
  await giveBackSpend(db, country, priceOf(config, channel, country), begins ? 1 : 0);
}

/** Whether a message certainly did not go out, for a reason that tells nothing of its phone. */
export function isOurFault({ errorCode }: DeliveryRow): boolean {
  return errorCode !== timedOut && ['tell', 'alert'].includes(consequenceOf(errorCode));
}

/**
 * Whether a message will not arrive and its person is told so. An unwanted number (opted out, held for pumping) is
 * kept quiet: told apart from success, it would tell a pumper which ones to leave out.
 */
export function isLost({ status, fallbackAt, errorCode }: DeliveryRow): boolean {
  return status === 'FAILED' && fallbackAt === null && consequenceOf(errorCode) !== 'nothing';
}

/**
 * Sends the code of one WhatsApp message that did not arrive by SMS: the same challenge, code and attempts, once.
 * @param id the message that failed just now; without it, any whose time has come
 * @returns false when none is due
 */
export async function fallBack(tools: Sending, id?: string): Promise<boolean> {
  const due = await tools.db.transaction(async (tx) => {
    const delivery = await takeFallback(tx, id);
    if (delivery === null) return null;
    const challenge = await findOpenOtpChallenge(tx, delivery.challengeId);
    // Proved, replaced, guessed at too often or lapsed meanwhile: nobody waits for it.
    const isOver = challenge === null || challenge.attempts >= tools.config.otpAttempts;
    return { delivery, deliveryId: isOver ? null : await queueCode(tx, tools, challenge, ['SMS']) };
  });
  if (due === null) return false;
  if (due.deliveryId !== null) await sendCode(tools, due.deliveryId);
  if (due.delivery.errorCode === lapsed) await takeBack(tools, due.delivery);
  return true;
}

/** Takes the provider's word on a delivery, and follows it up where it failed. */
export async function hearOf(tools: Sending, delivery: DeliveryRow, news: Progress): Promise<void> {
  const otherChannel = consequenceOf(news.errorCode ?? null) === 'other-channel';
  const moved = await advance(tools.db, delivery.id, { ...news, otherChannel });
  if (moved?.status !== 'FAILED') return;
  noteFailure(tools, moved);
  if (moved.fallbackAt !== null) await fallBack(tools, moved.id);
}

// Sends what is queued: at once after its transaction, or later in the place of a process that died.
import type { Tools } from '../context.js';
import { type Handed, timedOut } from './channel.js';
import { compose } from './compose.js';
import { advance, giveUpLapsed, requeue, takeDelivery, takeLeftOver } from './deliveries.js';
import type { DeliveryRow } from './deliveries.table.js';
import { consequenceOf } from './twilio.js';

/** What sending needs of the tools. */
export type Sending = Pick<Tools, 'config' | 'db' | 'doors' | 'subkeys' | 'metrics' | 'log'>;

/** Sends a queued message now. The delivery as it stands afterwards; null when another process has taken it. */
export async function sendNow(tools: Sending, id: string): Promise<DeliveryRow | null> {
  const delivery = await takeDelivery(tools.db, id);
  return delivery && handOver(tools, delivery);
}

/** Sends one message that was left behind. The delivery as it stands afterwards; null when there is none. */
export async function sendLeftOver(tools: Sending): Promise<DeliveryRow | null> {
  const delivery = await takeLeftOver(tools.db);
  return delivery && handOver(tools, delivery);
}

/** Messages that one statement gives up: short enough that nobody waits behind it. */
const givenUpAtOnce = 100;

/** Gives up some of what nobody could send in its time. */
export async function giveUp(tools: Pick<Sending, 'db' | 'log' | 'metrics'>): Promise<DeliveryRow[]> {
  const late = await giveUpLapsed(tools.db, givenUpAtOnce);
  for (const delivery of late) noteFailure(tools, delivery);
  return late;
}

async function handOver(tools: Sending, delivery: DeliveryRow): Promise<DeliveryRow> {
  const { config, db, doors, metrics, subkeys } = tools;
  const door = doors[delivery.channel];
  const handed: Handed =
    door === null || delivery.recipient === null
      ? { ok: false, errorCode: 'CHANNEL_CLOSED', final: true }
      : await door.send({
          deliveryId: delivery.id,
          channel: delivery.channel,
          to: delivery.recipient,
          content: compose(config, subkeys['one-time-secret'], delivery),
          // Both by the database's clock.
          lifetimeSeconds:
            (delivery.sendBefore.getTime() - (delivery.takenAt ?? delivery.createdAt).getTime()) / 1000,
        });
  if (handed.ok) {
    metrics.messages.inc({ channel: delivery.channel, outcome: 'sent' });
    return (await advance(db, delivery.id, { status: 'SENT', providerId: handed.providerId })) ?? delivery;
  }
  const { errorCode, final } = handed;
  noteFailure(tools, { ...delivery, errorCode });
  if (!final) {
    return (await requeue(db, delivery, errorCode)) ?? delivery;
  }
  const failed = await advance(db, delivery.id, {
    status: 'FAILED',
    errorCode,
    otherChannel: consequenceOf(errorCode) === 'other-channel',
    // What was refused costs nothing; what got no answer may have gone out.
    ...(errorCode !== timedOut && { price: 0 }),
  });
  return failed ?? delivery;
}

/** Puts a failure where operators see it. */
export function noteFailure(
  { log, metrics }: Pick<Tools, 'log' | 'metrics'>,
  { id, channel, errorCode }: Pick<DeliveryRow, 'id' | 'channel' | 'errorCode'>,
): void {
  metrics.messages.inc({ channel, outcome: errorCode ?? 'failed' });
  log.warn({ channel, errorCode, deliveryId: id }, 'a message was not taken');
  if (consequenceOf(errorCode) === 'alert') {
    log.error({ channel, errorCode }, 'the messages are not configured as the provider wants them');
  }
}

// Tells who asked for a message, so that only the same device's newer request replaces an older one.
import type { Context } from '../context.js';
import { hashSubject } from '../tokens/secret-key.js';
import type { DeviceDescription } from './device.js';

const idempotencyKey = /^[\w.:-]{8,128}$/;

/** Whether a text can be an idempotencyKey: long enough that two apps do not make the same one. */
export function isIdempotencyKey(text: string): boolean {
  return idempotencyKey.test(text);
}

/** A keyed hash of the device by its own name, or of the network where it has none. */
export function askerOf(
  { network, subkeys }: Pick<Context, 'network' | 'subkeys'>,
  device: DeviceDescription,
): string {
  return hashSubject(subkeys.subject, device.id === undefined ? `network:${network}` : `device:${device.id}`);
}

/** A keyed hash of the key, for its asker and recipient alone; null without a key. */
export function idempotencyHashOf(
  { subkeys }: Pick<Context, 'subkeys'>,
  asker: string,
  recipient: string,
  key: string | null | undefined,
): string | null {
  return key == null ? null : hashSubject(subkeys.subject, `key:${asker}:${recipient}:${key}`);
}

/** Whether a text can be an id of ours: anything else is not looked up. */
export function isUuid(text: string): boolean {
  return /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(text);
}

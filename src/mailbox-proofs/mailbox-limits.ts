// Owns the limits on one mailbox: how many mails go to it, and how many typed codes are tried for it.
import type { Context } from '../context.js';
import type { AttemptLimit } from '../limits/attempts.js';
import { isKnownDevice } from '../sessions/sessions.js';
import { hashSubject } from '../tokens/secret-key.js';
import type { DeviceDescription } from '../users/device.js';

/** Whose mailbox, and which device asks. */
export interface Asking {
  email: string;
  device: DeviceDescription | null;
}

/** The limits that apply to one asking. */
export interface MailboxLimits {
  mails: AttemptLimit;
  typedCodes: AttemptLimit;
}

/**
 * Strangers share one count a mailbox. A device that has signed in to it before has a count of its own, so that
 * strangers cannot use up its owner's mails and tries.
 */
export async function mailboxLimits(
  { config, db, subkeys }: Pick<Context, 'config' | 'db' | 'subkeys'>,
  { email, device }: Asking,
): Promise<MailboxLimits> {
  const hash = (text: string) => hashSubject(subkeys.subject, text);
  const known = await isKnownDevice(db, { kind: 'mailbox', identifier: email }, device);
  const share = known ? `${hash(email)}:${hash(device?.id ?? '')}` : hash(email);
  return {
    mails: { bucket: `mail:${share}`, max: config.magicLinksPerMailbox, windowSeconds: 60 * 60 },
    typedCodes: {
      bucket: `typed-code-day:${share}`,
      max: config.magicLinkAttemptsPerDay,
      windowSeconds: 24 * 60 * 60,
    },
  };
}

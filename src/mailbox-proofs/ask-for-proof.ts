// Asks a mailbox for proof: the mail, its limits and its secrets, as requestMagicLink and signup share them.
import type { Context } from '../context.js';
import { type AuthFailure, fail } from '../errors.js';
import { askerOf, idempotencyHashOf } from '../limits/asker.js';
import { type AttemptLimit, reserveAttempt } from '../limits/attempts.js';
import { queueDelivery } from '../messages/deliveries.js';
import type { Template } from '../messages/deliveries.table.js';
import { sendNow } from '../messages/send.js';
import { readLocale } from '../messages/templates.js';
import { hashSubject } from '../tokens/secret-key.js';
import type { DeviceDescription } from '../users/device.js';
import { createMailboxProof, findMailboxProofByKey } from './mailbox-proofs.js';
import type { MailboxProofRow } from './mailbox-proofs.table.js';

/** What is asked. */
export interface Question {
  email: string;
  device: DeviceDescription;
  locale: string | null | undefined;
  idempotencyKey: string | null | undefined;
  /** What the mail says. `address_taken` carries no link. */
  template: Extract<Template, 'magic_link' | 'email_proof' | 'address_taken'>;
  /** For a signup: what the account will be made of. */
  account?: { name: string | null; passwordHash: string | null };
  /** The session that asks, if it is signed in. */
  askedBySession?: string | null;
}

/**
 * Makes a request and queues its mail in one transaction. The same for every address: whether it has an account is
 * not looked at here. The mail goes out behind the answer, so that a slow mail server tells nothing either.
 */
export async function askForProof(
  context: Context,
  question: Question,
): Promise<MailboxProofRow | AuthFailure> {
  const { config, db, rates, request } = context;
  const { email, device, template, account } = question;
  const asker = askerOf(context, device);
  const idempotencyHash = idempotencyHashOf(context, asker, email, question.idempotencyKey);
  const earlier = idempotencyHash && (await findMailboxProofByKey(db, idempotencyHash));
  if (earlier) return earlier;

  const rate = await rates.magicLinks(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const waitSeconds = await reserveAttempt(db, [mailLimit(context, email)]);
  if (waitSeconds !== null) {
    await rate.giveBack();
    return tooMany(waitSeconds);
  }

  const begun = await db.transaction(async (tx) => {
    const made = await createMailboxProof(tx, {
      purpose: template === 'magic_link' ? 'sign_in' : 'sign_up',
      email,
      name: account?.name ?? null,
      passwordHash: account?.passwordHash ?? null,
      device,
      asker,
      askedBySession: question.askedBySession ?? null,
      idempotencyHash,
      network: context.network,
    });
    if (made === null) return null;
    const deliveryId = await queueDelivery(tx, {
      challengeId: made.id,
      template,
      channel: 'EMAIL',
      recipient: email,
      country: null,
      locale: readLocale(question.locale),
      values: device.name === undefined ? {} : { device: device.name },
      price: 0,
      currency: config.otpCurrency,
      lifetimeSeconds: (made.expiresAt.getTime() - made.createdAt.getTime()) / 1000,
      fallbackSeconds: null,
    });
    return { made, deliveryId };
  });
  if (begun === null) {
    const twin = idempotencyHash && (await findMailboxProofByKey(db, idempotencyHash));
    return twin || fail('TRY_AGAIN_LATER', { retryAfterSeconds: 1 });
  }
  context.afterwards(sendNow(context, begun.deliveryId));
  return begun.made;
}

/** Mails to one mailbox, whoever asks for them: nobody is to be flooded. */
export function mailLimit(
  { config, subkeys }: Pick<Context, 'config' | 'subkeys'>,
  email: string,
): AttemptLimit {
  const bucket = `magic-link:${hashSubject(subkeys.subject, email)}`;
  return { bucket, max: config.magicLinksPerMailbox, windowSeconds: 60 * 60 };
}

export function tooMany(retryAfterSeconds: number): AuthFailure {
  return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
}

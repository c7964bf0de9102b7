// Asks a mailbox for proof: the mail, its limits and its secrets, as requestMagicLink and signup share them.
import type { Context } from '../context.js';
import type { Db } from '../db/client.js';
import { type AuthFailure, fail } from '../errors.js';
import { reserveAttempt } from '../limits/attempts.js';
import { giveUpReplaced, queueDelivery } from '../messages/deliveries.js';
import type { Template } from '../messages/deliveries.table.js';
import { sendNow } from '../messages/send.js';
import { readLocale } from '../messages/templates.js';
import { askerOf, idempotencyHashOf } from '../users/asker.js';
import { type DeviceDescription, nameOf } from '../users/device.js';
import { type MailboxLimits, mailboxLimits } from './mailbox-limits.js';
import {
  createMailboxProof,
  dropMailboxProof,
  findMailboxProofByKey,
  retireEarlierProofs,
} from './mailbox-proofs.js';
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
  const { db } = context;
  const { email, device, template, account } = question;
  const purpose = template === 'magic_link' ? 'sign_in' : 'sign_up';
  const asker = askerOf(context, device);
  const idempotencyHash = idempotencyHashOf(context, asker, `${purpose}:${email}`, question.idempotencyKey);
  const earlier = idempotencyHash && (await findMailboxProofByKey(db, idempotencyHash));
  if (earlier) return earlier;

  const { mails } = await mailboxLimits(context, question);
  const asked = await db.transaction(async (tx) => {
    const request = await createMailboxProof(tx, {
      purpose,
      email,
      name: account?.name ?? null,
      passwordHash: account?.passwordHash ?? null,
      device,
      asker,
      askedBySession: question.askedBySession ?? null,
      idempotencyHash,
      network: context.network,
    });
    // Counted behind the insert, where the same key at the same moment has been told apart: a repeat costs nothing.
    if (request === null) return null;
    const refusal = await reserveMail(context, tx, mails);
    if (refusal !== null) {
      await dropMailboxProof(tx, request.id);
      return refusal;
    }
    await giveUpReplaced(tx, await retireEarlierProofs(tx, request));
    return { request, deliveryId: await queueMail(context, tx, request, question) };
  });
  if (asked === null) {
    const twin = idempotencyHash && (await findMailboxProofByKey(db, idempotencyHash));
    return twin || fail('TRY_AGAIN_LATER', { retryAfterSeconds: 1 });
  }
  if ('code' in asked) return asked;
  context.afterwards(sendNow(context, asked.deliveryId));
  return asked.request;
}

/** A place in the count of the network and of the mailbox, or in neither. */
async function reserveMail(
  { rates, request }: Context,
  tx: Db,
  mails: MailboxLimits['mails'],
): Promise<AuthFailure | null> {
  const rate = await rates.magicLinks(request);
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);
  const waitSeconds = await reserveAttempt(tx, [mails]);
  if (waitSeconds === null) return null;
  await rate.giveBack();
  return tooMany(waitSeconds);
}

function queueMail(
  { config }: Context,
  tx: Db,
  { id, expiresAt }: MailboxProofRow,
  { email, device, locale, template }: Question,
): Promise<string> {
  const name = nameOf(device);
  return queueDelivery(tx, {
    challengeId: id,
    template,
    channel: 'EMAIL',
    recipient: email,
    country: null,
    locale: readLocale(locale),
    values: name === undefined ? {} : { device: name },
    price: 0,
    currency: config.otpCurrency,
    sendBefore: expiresAt,
    fallbackSeconds: null,
  });
}

function tooMany(retryAfterSeconds: number): AuthFailure {
  return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
}

// Checks both halves of a mailbox's proof: the step that verifyMagicLink and verifyEmail share.
import type { Context } from '../context.js';
import { type AuthFailure, fail } from '../errors.js';
import { isUuid } from '../limits/asker.js';
import { type AttemptLimit, giveBackAttempt, reserveAttempt } from '../limits/attempts.js';
import { isHalf, isTypedCode } from '../tokens/one-time-secret.js';
import { hashSubject } from '../tokens/secret-key.js';
import { recordLoginEvent } from '../users/login-events.js';
import { tooMany } from './ask-for-proof.js';
import { findOpenMailboxProof, spendTypedAttempt } from './mailbox-proofs.js';
import type { MailboxProofRow } from './mailbox-proofs.table.js';

/** Both halves, the mail's as the link's secret or as the characters that were typed. */
export interface Halves {
  requestId: string;
  deviceSecret: string;
  mailSecret?: string | null | undefined;
  code?: string | null | undefined;
}

/** The request, if both halves are its own; it is not consumed yet. */
export async function checkProof(
  context: Context,
  purpose: MailboxProofRow['purpose'],
  halves: Halves,
): Promise<MailboxProofRow | AuthFailure> {
  const { config, db, subkeys } = context;
  const secrets = subkeys['one-time-secret'];
  const request = isUuid(halves.requestId) ? await findOpenMailboxProof(db, halves.requestId) : null;
  if (request === null || request.purpose !== purpose) return fail('CHALLENGE_GONE');
  // 128 bits each: these are not guessed, so nothing is counted, and who has only one half spends nobody's tries.
  if (!isHalf(secrets, 'device-half', request.id, halves.deviceSecret)) return refuse(context, request);
  if (halves.mailSecret != null) {
    return isHalf(secrets, 'mail-half', request.id, halves.mailSecret) ? request : refuse(context, request);
  }

  // 40 bits, typed by hand: counted for the request, and for the mailbox over all requests.
  const daily = typedCodes(context, request.email);
  const waitSeconds = await reserveAttempt(db, [daily]);
  if (waitSeconds !== null) return tooMany(waitSeconds);
  if (!(await spendTypedAttempt(db, request.id, config.magicLinkAttempts))) {
    await giveBackAttempt(db, [daily.bucket]);
    return fail('TOO_MANY_ATTEMPTS');
  }
  if (!isTypedCode(secrets, request.id, halves.code ?? '')) return refuse(context, request);
  await giveBackAttempt(db, [daily.bucket]);
  return request;
}

function typedCodes({ config, subkeys }: Context, email: string): AttemptLimit {
  const bucket = `magic-link-day:${hashSubject(subkeys.subject, email)}`;
  return { bucket, max: config.magicLinkAttemptsPerDay, windowSeconds: 24 * 60 * 60 };
}

async function refuse(context: Context, { device, purpose }: MailboxProofRow): Promise<AuthFailure> {
  await recordLoginEvent(context, context.db, {
    kind: purpose === 'sign_up' ? 'SIGN_UP' : 'SIGN_IN',
    userId: null,
    method: purpose === 'sign_up' ? 'PASSWORD' : 'MAGIC_LINK',
    device,
    failure: 'INVALID_CREDENTIALS',
  });
  return fail('INVALID_CREDENTIALS');
}

// Checks both halves of a mailbox's proof, and what follows when they were right: verifyMagicLink and verifyEmail share it.
import type { Context } from '../context.js';
import { type AuthFailure, fail } from '../errors.js';
import { giveBackAttempt, reserveAttempt } from '../limits/attempts.js';
import { isHalf, isTypedCode } from '../tokens/one-time-secret.js';
import { isUuid } from '../users/asker.js';
import { recordLoginEvent } from '../users/login-events.js';
import { type MailboxLimits, mailboxLimits } from './mailbox-limits.js';
import { findOpenMailboxProof, spendTypedAttempt } from './mailbox-proofs.js';
import type { MailboxProofRow } from './mailbox-proofs.table.js';

/** Both halves, the mail's as the link's secret or as the characters that were typed. */
export interface Halves {
  requestId: string;
  deviceSecret: string;
  mailSecret?: string | null | undefined;
  code?: string | null | undefined;
}

/** A request whose both halves have been shown; it is not consumed yet. */
export interface CheckedProof {
  request: MailboxProofRow;
  /** To be called once the request is consumed: what was proved was no flood, so its mail is not counted. */
  giveBack(): Promise<void>;
}

/** The request, if both halves are its own. */
export async function checkProof(
  context: Context,
  purpose: MailboxProofRow['purpose'],
  { requestId, deviceSecret, mailSecret, code }: Halves,
): Promise<CheckedProof | AuthFailure> {
  const { db, log, rates, subkeys } = context;
  const secrets = subkeys['one-time-secret'];
  const request = isUuid(requestId) ? await findOpenMailboxProof(db, requestId) : null;
  if (request === null || request.purpose !== purpose) return fail('CHALLENGE_GONE');
  // 128 bits each: these are not guessed, so nothing is counted, and who has only one half spends nobody's tries.
  if (!isHalf(secrets, 'device-half', request.id, deviceSecret)) return refuse(context, request);
  const limits = await mailboxLimits(context, request);
  if (mailSecret != null) {
    if (!isHalf(secrets, 'mail-half', request.id, mailSecret)) return refuse(context, request);
  } else {
    const failure = await checkTypedCode(context, request, limits, code ?? '');
    if (failure !== null) return failure;
  }
  const giveBack = async () => {
    // The session stands by now: its person is not to lose it over a count.
    try {
      await giveBackAttempt(db, [limits.mails.bucket]);
      if (request.network !== null) await rates.magicLinks.giveBack(request.network);
    } catch (error) {
      log.warn({ err: error }, 'a mail that was proved stays counted');
    }
  };
  return { request, giveBack };
}

/** 40 bits, typed by hand: counted for the request, and for the mailbox over all requests. */
async function checkTypedCode(
  context: Context,
  request: MailboxProofRow,
  { typedCodes }: MailboxLimits,
  code: string,
): Promise<AuthFailure | null> {
  const { config, db, subkeys } = context;
  if (!(await spendTypedAttempt(db, request.id, config.magicLinkAttempts)))
    return refuse(context, request, 'TOO_MANY_ATTEMPTS');
  // Behind the request's own tries: guesses at one that has none left never stand in the count that others share.
  const waitSeconds = await reserveAttempt(db, [typedCodes]);
  if (waitSeconds !== null) return refuse(context, request, 'TOO_MANY_ATTEMPTS', waitSeconds);
  if (!isTypedCode(subkeys['one-time-secret'], request.id, code)) return refuse(context, request);
  await giveBackAttempt(db, [typedCodes.bucket]);
  return null;
}

async function refuse(
  context: Context,
  { device, purpose }: MailboxProofRow,
  code: 'INVALID_CREDENTIALS' | 'TOO_MANY_ATTEMPTS' = 'INVALID_CREDENTIALS',
  retryAfterSeconds?: number,
): Promise<AuthFailure> {
  await recordLoginEvent(context, context.db, {
    kind: purpose === 'sign_up' ? 'SIGN_UP' : 'SIGN_IN',
    userId: null,
    method: purpose === 'sign_up' ? 'PASSWORD' : 'MAGIC_LINK',
    device,
    failure: code,
  });
  return fail(code, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

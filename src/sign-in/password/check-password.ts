// Checks a password under the limits on guessing: the step that login and changePassword share.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import { type AttemptLimit, giveBackAttempt, reserveAttempt } from '../../limits/attempts.js';
import { uncounted } from '../../limits/rates.js';
import { hashSubject } from '../../tokens/secret-key.js';

/** A password to be checked. */
export interface Guess {
  password: string;
  /** Whose attempts are counted: the account, or an address without one. */
  subject: string;
  /** The hash to compare with; null: there is none, and the same work is done for nothing. */
  hash: string | null;
  /** A device or session of that account: it is counted by itself, so that a stranger cannot use up its tries. */
  knownAs: string | null;
}

/**
 * Reserves an attempt in every limit that applies, each in its own committed statement, before it looks at the
 * password: however many come at once, no more are checked than the limits allow. The attempt of a right one goes
 * back in a statement of its own too: held until the end of a transaction, its row would keep others waiting.
 * @returns null when the password is right
 */
export async function checkPassword(context: Context, guess: Guess): Promise<AuthFailure | null> {
  const { db, hashing, rates, request } = context;
  // Guesses by others on its network, thousands behind a carrier, are not held against a known device.
  const rate = guess.knownAs === null ? await rates.passwordChecks(request) : uncounted;
  if (rate.retryAfterSeconds !== null) return tooMany(rate.retryAfterSeconds);

  const limits = attemptLimits(context, guess);
  const waitSeconds = await reserveAttempt(db, limits).catch(async (error: unknown) => {
    // No password is looked at: a database in trouble must not shut out a network for longer than that.
    await rate.giveBack();
    throw error;
  });
  if (waitSeconds !== null) {
    await rate.giveBack();
    return tooMany(waitSeconds);
  }

  if (!(await hashing.verify(guess.hash, guess.password))) return fail('INVALID_CREDENTIALS');
  const buckets = limits.map(({ bucket }) => bucket);
  await Promise.all([rate.giveBack(), giveBackAttempt(db, buckets)]);
  return null;
}

function attemptLimits({ config, network, subkeys }: Context, { subject, knownAs }: Guess): AttemptLimit[] {
  // Addresses and device names stand in a bucket only as a keyed hash.
  const hash = (text: string) => hashSubject(subkeys.subject, text);
  const guesser = knownAs === null ? `${hash(subject)}:${network}` : `${hash(subject)}:${hash(knownAs)}`;
  const daily = knownAs === null ? hash(subject) : guesser;
  return [
    { bucket: `password:${guesser}`, max: config.passwordAttempts, windowSeconds: 15 * 60 },
    { bucket: `password-day:${daily}`, max: config.passwordAttemptsPerDay, windowSeconds: 24 * 60 * 60 },
  ];
}

function tooMany(retryAfterSeconds: number): AuthFailure {
  return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds });
}

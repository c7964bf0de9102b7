// Checks the password of a person who is signed in: for a fresh proof.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import { checkPassword } from './check-password.js';
import { findPassword } from './passwords.js';

/** Null: it is right. A wrong one counts as a wrong login. */
export function provePassword(
  context: Context,
  userId: string,
  sessionId: string,
  password: string,
): Promise<AuthFailure | null> {
  return context.hashing.admit(async () => {
    const current = await findPassword(context.db, userId);
    const guess = { password, subject: userId, hash: current?.hash ?? null, knownAs: sessionId };
    const failure = await checkPassword(context, guess);
    return current === null ? fail('INVALID_CREDENTIALS') : failure;
  });
}

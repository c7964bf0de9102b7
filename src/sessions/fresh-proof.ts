// Owns the demand for a fresh proof: what may change who enters an account asks for more than a session.
import { type Context, callerOf } from '../context.js';
import { type AuthFailure, fail } from '../errors.js';
import { listWaysIn } from '../users/credentials.js';
import { usableMethods } from '../users/usable-methods.js';
import { isProofFresh } from './sessions.js';

/** How long a proof counts as fresh: the time for one errand in the settings, and no longer than a phone lies about. */
export const freshSeconds = 5 * 60;

/**
 * Null when the caller has been proved just now; else the failure, with the methods by which that can be done. By the
 * token as well as by the session: a copy of an older token does not share in a proof that was given since.
 */
export async function demandFreshProof(context: Context): Promise<AuthFailure | null> {
  const { person, session, authTime } = callerOf(context);
  if (await isProofFresh(context.db, { id: session.id, authTime }, freshSeconds)) return null;
  const methods = usableMethods(context, await listWaysIn(context.db, person.id));
  return fail('FRESH_PROOF_REQUIRED', { methods });
}

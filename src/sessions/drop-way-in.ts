// Takes a way in off the account of the person who asks, and never the last one.
import { type Context, callerOf } from '../context.js';
import type { Db } from '../db/client.js';
import { type AuthFailure, fail } from '../errors.js';
import type { SignInMethod } from '../graphql/schema.generated.js';
import { listWaysIn, removeWayIn } from '../users/credentials.js';
import { recordLoginEvent } from '../users/login-events.js';
import { usableMethods } from '../users/usable-methods.js';
import { lockPerson } from '../users/users.js';
import { findLiveSession } from './sessions.js';

/**
 * To be called in a transaction. Null: it is gone. The lock on the person makes parallel removals count each other, and
 * whoever was signed out while this one waited removes nothing any more.
 */
export async function dropWayIn(
  context: Context,
  tx: Db,
  id: string,
  method: SignInMethod,
): Promise<AuthFailure | null> {
  const { person, session } = callerOf(context);
  const stands = (await lockPerson(tx, person.id)) && (await findLiveSession(tx, context.config, session.id));
  if (!stands) return fail('SESSION_REVOKED');
  const waysIn = await listWaysIn(tx, person.id);
  const left = waysIn.filter((wayIn) => wayIn.id !== id);
  // The same removal a moment earlier.
  if (left.length === waysIn.length) return null;
  if (usableMethods(context, left).length === 0) return fail('LAST_WAY_IN');
  await removeWayIn(tx, person.id, id);
  await recordLoginEvent(context, tx, {
    kind: 'WAY_IN_REMOVED',
    method,
    userId: person.id,
    sessionId: session.id,
    device: session.device,
  });
  return null;
}

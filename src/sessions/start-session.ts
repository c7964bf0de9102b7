// Starts a session for a person who has just been proved: the last step of every way of signing in.
import type { Context } from '../context.js';
import type { Db } from '../db/client.js';
import { type AuthFailure, fail } from '../errors.js';
import type { SignInMethod } from '../graphql/schema.generated.js';
import type { DeviceDescription } from '../users/device.js';
import { erasureOf } from '../users/erasure.js';
import { recordLoginEvent } from '../users/login-events.js';
import { findDeletion } from '../users/users.js';
import { makeRestoreToken } from './restore-token.js';
import { openSession } from './sessions.js';
import type { SessionRow } from './sessions.table.js';

/** Who was proved, and how. */
export interface Proof {
  userId: string;
  kind: 'SIGN_UP' | 'SIGN_IN';
  method: SignInMethod;
  /** RFC 8176. */
  amr: string[];
  device: DeviceDescription;
}

/**
 * Opens the session and writes its events, in the transaction that consumed the proof. Where the account is closed, the
 * attempt goes on record and the failure is returned; one that its owner closed can be taken back by what it carries.
 */
export async function startSession(
  context: Context,
  tx: Db,
  proof: Proof,
): Promise<SessionRow | AuthFailure> {
  const { userId, kind, method, amr } = proof;
  const device = Object.keys(proof.device).length > 0 ? proof.device : null;
  const opened = await openSession(tx, context.config, {
    userId,
    method,
    amr,
    device,
    clientId: clientIdOf(context),
    network: context.network,
  });
  if (opened === null) {
    const failure = await explainClosure(context, tx, proof);
    await recordLoginEvent(context, tx, { kind, userId, method, device, failure: failure.code });
    return failure;
  }
  await recordLoginEvent(context, tx, { kind, userId, method, device, sessionId: opened.session.id });
  for (const sessionId of opened.drivenOut) {
    await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId, sessionId });
  }
  return opened.session;
}

async function explainClosure(context: Context, tx: Db, proof: Proof): Promise<AuthFailure> {
  const deletedAt = await findDeletion(tx, proof.userId);
  if (deletedAt === null) return fail('ACCOUNT_DISABLED');
  return fail('ACCOUNT_DELETED', {
    restoreToken: makeRestoreToken(context.subkeys['restore-token'], { ...proof, deletedAt }),
    eraseAt: erasureOf(deletedAt, context.config),
  });
}

/** The app that asks, if it is one of ours by its own word, else the first: a label, no proof of anything. */
function clientIdOf({ client, config }: Context): string {
  const [first = 'app'] = config.appClientIds;
  return client.name !== null && config.appClientIds.includes(client.name) ? client.name : first;
}

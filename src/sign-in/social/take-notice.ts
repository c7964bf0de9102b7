// Acts on what Apple tells about its accounts: mail forwarding, withdrawn consent, deleted accounts.
import { errors, jwtVerify } from 'jose';
import type { Tools } from '../../context.js';
import type { Db } from '../../db/client.js';
import { endSessionsOf } from '../../sessions/sessions.js';
import { listWaysIn, removeWayIn, type WayIn } from '../../users/credentials.js';
import { usableMethods } from '../../users/usable-methods.js';
import { closeAccount, closeAnew, lockPerson } from '../../users/users.js';
import { findIdentity, type IdentityRow, lockIdentity, updateIdentity } from './identities.js';
import { takeNotice } from './notices.js';
import type { Provider } from './providers.js';

/** https://developer.apple.com/documentation/signinwithapple/processing-changes-for-sign-in-with-apple-accounts */
interface AppleEvent {
  type: string;
  sub: string;
}

/**
 * Verifies a notice and acts on it, once by its `jti`. An event of an unknown kind changes nothing: Apple adds some.
 * @returns false when it is not Apple's
 * @throws UNAVAILABLE when Apple's keys cannot be fetched, so that Apple sends it again
 */
export async function takeAppleNotice(tools: Tools, payload: string): Promise<boolean> {
  const provider = tools.providers.byMethod('APPLE');
  const notice = provider && (await readNotice(provider, payload));
  if (provider === null || notice === null) return false;
  await tools.db.transaction(async (tx) => {
    const key = { issuer: provider.issuer, subject: notice.event.sub };
    await lockIdentity(tx, key);
    if (!(await takeNotice(tx, notice.jti))) return;
    const known = await findIdentity(tx, key);
    if (known === null) return;
    await lockPerson(tx, known.userId);
    await act(tools, tx, notice.event.type, known);
  });
  tools.log.info({ type: notice.event.type }, 'Apple sent a notice');
  return true;
}

async function act(tools: Tools, tx: Db, type: string, identity: IdentityRow): Promise<void> {
  switch (type) {
    case 'email-disabled':
      await updateIdentity(tx, identity.id, { mailStoppedAt: new Date() });
      return;
    case 'email-enabled':
      await updateIdentity(tx, identity.id, { mailStoppedAt: null });
      return;
    // The person has taken the app off the Apple account: the grant is gone, and with it every session.
    case 'consent-revoked':
      await updateIdentity(tx, identity.id, { refreshToken: null, clientId: null });
      await endSessionsOf(tx, tools.config, identity.userId, 'consent_revoked');
      return;
    // Both names have been seen.
    case 'account-delete':
    case 'account-deleted':
      return forget(tools, tx, identity);
  }
}

/** The Apple account is gone for good. Where nothing else leads in, the account is too, as if its owner had deleted it. */
async function forget(
  tools: Tools,
  tx: Db,
  { id, userId, email, isPrivateRelay }: IdentityRow,
): Promise<void> {
  // A relay address forwards to the Apple account, and goes with it.
  const isRelay = (wayIn: WayIn) => isPrivateRelay && wayIn.kind === 'mailbox' && wayIn.identifier === email;
  const left = (await listWaysIn(tx, userId)).filter((wayIn) => wayIn.id !== id && !isRelay(wayIn));
  await endSessionsOf(tx, tools.config, userId, 'consent_revoked');
  if (usableMethods(tools, left).length === 0) {
    // Closed already: whoever was proved by this identity a moment ago would open what nobody can enter any more.
    await closeAnew(tx, userId);
    await closeAccount(tx, userId);
  }
  await removeWayIn(tx, userId, id);
}

async function readNotice(
  { audiences, issuer, keys }: Provider,
  payload: string,
): Promise<{ jti: string; event: AppleEvent } | null> {
  try {
    const { payload: claims } = await jwtVerify(payload, keys.find, {
      algorithms: ['RS256', 'ES256'],
      issuer,
      audience: [...audiences],
      requiredClaims: ['jti', 'iat', 'events'],
      clockTolerance: 60,
      // What Apple could not hand over for longer is told by the next sign-in.
      maxTokenAge: '7d',
    });
    // A text within the JSON, by Apple's documentation; an object has been seen as well.
    const events: unknown = typeof claims.events === 'string' ? JSON.parse(claims.events) : claims.events;
    const { type, sub } = events as Partial<AppleEvent>;
    const isWhole = typeof type === 'string' && typeof sub === 'string' && typeof claims.jti === 'string';
    return isWhole && claims.jti ? { jti: claims.jti, event: { type, sub } } : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return null;
    throw error;
  }
}

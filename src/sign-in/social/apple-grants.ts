// Keeps what revokes a person's grant at Apple, and revokes it when the account or the link ends (App Store Review Guideline 5.1.1(v)).
import type { Tools } from '../../context.js';
import type { Db } from '../../db/client.js';
import { open, reseal, seal, sealedStart } from '../../tokens/secret-key.js';
import { appleClientAuth } from './apple-client-auth.js';
import { type IdentityRow, listRefreshTokensBut, replaceRefreshToken, updateIdentity } from './identities.js';
import { exchangeNativeCode, revokeGrant, toldBy } from './provider-client.js';
import type { Provider } from './providers.js';
import { dropRevocation, queueRevocation, takeRevocation } from './revocations.js';

/** Keeps a refresh token with its identity; where that was unlinked or erased meanwhile, the grant is to be revoked. */
export async function keepRefreshToken(
  { subkeys }: Pick<Tools, 'subkeys'>,
  db: Db,
  { id, issuer, clientId }: { id: string; issuer: string; clientId: string },
  plain: string,
): Promise<void> {
  const refreshToken = seal(subkeys['provider-token'], id, plain);
  if (await updateIdentity(db, id, { refreshToken, clientId })) return;
  await queueRevocation(db, { id, issuer, clientId, refreshToken });
}

/**
 * Exchanges the authorization code of a native sign-in for the token that can be revoked one day. Behind the answer: the
 * sign-in stands without it, and so does a deletion.
 */
export async function exchangeLater(
  tools: Pick<Tools, 'config' | 'db' | 'log' | 'subkeys'>,
  provider: Provider,
  { id, clientId, ...given }: { id: string; code: string; subject: string; clientId: string },
): Promise<void> {
  if (tools.config.applePrivateKey === undefined) return;
  try {
    const client = { id: clientId, auth: appleClientAuth(tools.config) };
    const { refreshToken } = await exchangeNativeCode(provider, client, given);
    const { issuer } = provider;
    if (refreshToken !== undefined)
      await keepRefreshToken(tools, tools.db, { id, issuer, clientId }, refreshToken);
  } catch (error) {
    tools.log.warn(
      { err: error, told: toldBy(error) },
      'the authorization code of a sign-in with Apple could not be exchanged',
    );
  }
}

/** Queues the revocation of an identity's grant, in the transaction that ends the identity. */
export async function endGrant(tx: Db, { id, issuer, refreshToken, clientId }: IdentityRow): Promise<void> {
  if (refreshToken !== null && clientId !== null)
    await queueRevocation(tx, { id, issuer, refreshToken, clientId });
}

/**
 * Revokes one grant that is due; what fails is tried again, less and less often, for a week.
 * @returns false when none is due
 */
export async function revokeNext(
  tools: Pick<Tools, 'config' | 'db' | 'log' | 'providers' | 'subkeys'>,
): Promise<boolean> {
  const due = await takeRevocation(tools.db);
  if (due === null) return false;
  const provider = tools.providers.byIssuer(due.issuer);
  try {
    if (provider === null || tools.config.applePrivateKey === undefined)
      throw new Error('there is no key for Apple any more');
    const { plain } = open(tools.subkeys['provider-token'], due.id, due.refreshToken);
    const client = { id: due.clientId, auth: appleClientAuth(tools.config) };
    await revokeGrant(provider, client, plain);
    await dropRevocation(tools.db, due.id);
  } catch (error) {
    tools.log.warn(
      { err: error, told: toldBy(error), tries: due.tries },
      'a grant could not be revoked at Apple',
    );
  }
  return true;
}

/** Refresh tokens that are sealed anew between two looks at the database. */
const resealedAtOnce = 100;

/**
 * Seals anew what is not sealed under the current SECRET_KEY, so that the previous one can be taken away. What neither
 * of them opens stays as it is, and is logged: such an account can be deleted, but its grant no longer revoked.
 */
export async function resealGrants({
  db,
  log,
  subkeys,
}: Pick<Tools, 'db' | 'log' | 'subkeys'>): Promise<void> {
  const keys = subkeys['provider-token'];
  let after = '00000000-0000-0000-0000-000000000000';
  let unopened = 0;
  for (;;) {
    const stale = await listRefreshTokensBut(db, sealedStart(keys), after, resealedAtOnce);
    for (const { id, refreshToken } of stale) {
      let resealed: string | null;
      try {
        resealed = reseal(keys, id, refreshToken);
      } catch {
        unopened += 1;
        continue;
      }
      if (resealed !== null) await replaceRefreshToken(db, id, refreshToken, resealed);
    }
    const last = stale.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  if (unopened > 0)
    log.error({ unopened }, 'some grants of Apple cannot be opened under SECRET_KEY, nor revoked');
}

// Signs in whoever a provider has proved: finds or makes the person, links by what the provider vouches for, starts the session.
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import { type AuthFailure, fail } from '../../errors.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { type Proved, proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';
import type { DeviceDescription } from '../../users/device.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { createPerson, findHolder, findPerson, lockPerson, namePerson } from '../../users/users.js';
import type { CheckedIdentity } from './check-identity.js';
import type { IdentityClaims } from './id-token.js';
import { addIdentity, findIdentity, listIdentitiesOf, lockIdentity, updateIdentity } from './identities.js';

export async function enterByIdentity(context: Context, checked: CheckedIdentity, device: DeviceDescription) {
  const { method } = checked.provider;
  const entered = await context.db.transaction(async (tx) => {
    await lockIdentity(tx, checked.claims);
    if (!(await checked.consume(tx))) return fail('CHALLENGE_GONE');
    const found = await findOrMakePerson(context, tx, checked);
    if ('code' in found) {
      await recordLoginEvent(context, tx, {
        kind: 'SIGN_IN',
        method,
        userId: null,
        device,
        failure: found.code,
      });
      return found;
    }
    const { person, isNew, identityId } = found;
    const session = await startSession(context, tx, {
      userId: person.id,
      kind: isNew ? 'SIGN_UP' : 'SIGN_IN',
      method,
      // RFC 8176 has no word for what another party has proved.
      amr: ['fed'],
      device,
    });
    return { person, session, identityId };
  });
  if ('code' in entered) return entered;
  await checked.settle(entered.identityId);
  return issueTokens(context, entered.session, entered.person);
}

/** Under the lock of the identity. */
async function findOrMakePerson(
  context: Context,
  tx: Db,
  { claims, provider: { method } }: CheckedIdentity,
): Promise<(Proved & { identityId: string }) | AuthFailure> {
  const known = await findIdentity(tx, claims);
  // Unlinking holds the person before the identity: so does this, or they would wait for each other.
  if (known !== null) await lockPerson(tx, known.userId);
  const identity = known && (await findIdentity(tx, claims));
  // A closed account is not locked: it may be erased at this moment, and then somebody new has come.
  const owner = identity && (await findPerson(tx, identity.userId));
  if (identity && owner) {
    const { email, isPrivateRelay } = claims;
    if (email !== null) await updateIdentity(tx, identity.id, { email, isPrivateRelay });
    return { person: owner, isNew: false, identityId: identity.id };
  }
  const proved = await proveVouched(context, tx, claims);
  if ('code' in proved) return proved;
  const { person, isNew } = proved;
  const identityId = await addIdentity(tx, person.id, claims, null);
  if (!isNew) {
    const event = { kind: 'WAY_IN_ADDED', method, userId: person.id } as const;
    await recordLoginEvent(context, tx, event);
  }
  if (person.name !== null || claims.name === null) return { ...proved, identityId };
  await namePerson(tx, person.id, claims.name);
  return { person: { ...person, name: claims.name }, isNew, identityId };
}

/**
 * The person whose mailbox or phone the provider vouches for. Without its word the address leads to nobody and is
 * dropped: to say that there is an account with it would tell strangers who has one.
 */
async function proveVouched(context: Context, tx: Db, claims: IdentityClaims): Promise<Proved | AuthFailure> {
  const { vouched } = claims;
  if (vouched === null) return { person: await createUnlinked(tx, claims), isNew: true };
  const holder = await findHolder(tx, vouched.kind, vouched.identifier);
  if (holder !== null && holder.provedAt !== null) {
    const others = await listIdentitiesOf(tx, holder.userId);
    if (others.some(({ issuer }) => issuer === claims.issuer)) return fail('ACCOUNT_EXISTS');
  }
  return proveIdentifier(context, tx, vouched);
}

/**
 * A relay address belongs to this identity alone: by Apple's word it becomes the mailbox of its own account, by anybody
 * else's of none, and it links to no other.
 */
async function createUnlinked(tx: Db, { relay }: IdentityClaims) {
  const withRelay =
    relay === null
      ? null
      : await createPerson(tx, { first: { kind: 'mailbox', identifier: relay, proved: true } });
  const person = withRelay ?? (await createPerson(tx, {}));
  if (person === null) throw new Error('an account without an identifier was refused');
  return person;
}

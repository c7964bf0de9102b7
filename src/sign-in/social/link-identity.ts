// linkIdentity: an account elsewhere becomes a way in of the person who asks.
import { type Context, callerOf } from '../../context.js';
import { fail } from '../../errors.js';
import type { LinkIdentityInput, MutationResolvers } from '../../graphql/schema.generated.js';
import { demandFreshProof } from '../../sessions/fresh-proof.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { findLiveSession } from '../../sessions/sessions.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { findHolder, lockPerson } from '../../users/users.js';
import { checkApple, checkFirebase, checkGoogle, checkSocial } from './check-identity.js';
import { addIdentity, findIdentity, findIdentityOf, lockIdentity } from './identities.js';

export const linkIdentity: MutationResolvers['linkIdentity'] = async (_, { input }, context) => {
  const { config, db } = context;
  const { person, session } = callerOf(context);
  const stale = await demandFreshProof(context);
  if (stale !== null) return stale;
  const checked = await checkIdentity(context, input);
  if ('code' in checked) return checked;
  const { claims, provider } = checked;

  const linked = await db.transaction(async (tx) => {
    await lockIdentity(tx, claims);
    if (!(await checked.consume(tx))) return fail('CHALLENGE_GONE');
    const { vouched } = claims;
    // Before the person: whoever proves the mailbox or phone at this moment locks them in this order.
    const holder = vouched && (await findHolder(tx, vouched.kind, vouched.identifier));
    const stands = (await lockPerson(tx, person.id)) && (await findLiveSession(tx, config, session.id));
    if (!stands) return fail('SESSION_REVOKED');
    const known = await findIdentity(tx, claims);
    if (known !== null) return known.userId === person.id ? known : fail('IDENTITY_TAKEN');
    // The provider vouches for the very mailbox that this account has not proved yet: that is its first proof.
    if (vouched && holder?.userId === person.id)
      await proveIdentifier(context, tx, { ...vouched, askedBySession: session.id });
    const id = await addIdentity(tx, person.id, claims, session.id);
    await recordLoginEvent(context, tx, {
      kind: 'WAY_IN_ADDED',
      method: provider.method,
      userId: person.id,
      sessionId: session.id,
      device: session.device,
    });
    const added = await findIdentityOf(tx, person.id, id);
    if (added === null) throw new Error('the identity just added is gone');
    return added;
  });
  if ('code' in linked) return linked;
  await checked.settle(linked.id);
  return { __typename: 'IdentityLinked', identity: linked };
};

function checkIdentity(context: Context, { google, apple, firebase, social }: LinkIdentityInput) {
  if (google) return checkGoogle(context, google);
  if (apple) return checkApple(context, apple);
  if (firebase) return checkFirebase(context, firebase);
  if (social) return checkSocial(context, social);
  throw new Error('@oneOf let an empty proof through');
}

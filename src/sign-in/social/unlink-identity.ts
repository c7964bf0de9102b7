// unlinkIdentity: takes an account elsewhere off, if another way in is left.
import { callerOf } from '../../context.js';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { dropWayIn } from '../../sessions/drop-way-in.js';
import { demandFreshProof } from '../../sessions/fresh-proof.js';
import { isUuid } from '../../users/asker.js';
import { lockPerson } from '../../users/users.js';
import { endGrant, revokeNext } from './apple-grants.js';
import { findIdentityOf } from './identities.js';

export const unlinkIdentity: MutationResolvers['unlinkIdentity'] = async (_, { input }, context) => {
  const { person } = callerOf(context);
  const stale = await demandFreshProof(context);
  if (stale !== null) return stale;
  const failure = await context.db.transaction(async (tx) => {
    // First: of two that remove it at once, the second finds it gone.
    await lockPerson(tx, person.id);
    const identity = isUuid(input.id) ? await findIdentityOf(tx, person.id, input.id) : null;
    if (identity === null) return fail('IDENTITY_NOT_FOUND');
    const method = context.providers.byIssuer(identity.issuer)?.method ?? 'OPENID';
    const kept = await dropWayIn(context, tx, identity.id, method);
    if (kept === null) await endGrant(tx, identity);
    return kept;
  });
  if (failure !== null) return failure;
  context.afterwards(revokeNext(context));
  return { __typename: 'IdentityUnlinked', id: input.id };
};

// deletePasskey: takes a passkey off the account, if another way in is left.
import { callerOf } from '../../context.js';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { dropWayIn } from '../../sessions/drop-way-in.js';
import { demandFreshProof } from '../../sessions/fresh-proof.js';
import { isUuid } from '../../users/asker.js';
import { findPasskeyOf } from './passkeys.js';
import { signalsOf } from './signals.js';

export const deletePasskey: MutationResolvers['deletePasskey'] = async (_, { input }, context) => {
  const { person } = callerOf(context);
  const stale = await demandFreshProof(context);
  if (stale !== null) return stale;
  return context.db.transaction(async (tx) => {
    const passkey = isUuid(input.id) ? await findPasskeyOf(tx, person.id, input.id) : null;
    if (passkey === null) return fail('PASSKEY_NOT_FOUND');
    const failure = await dropWayIn(context, tx, passkey.id, 'PASSKEY');
    if (failure !== null) return failure;
    return { __typename: 'PasskeyDeleted', id: passkey.id, signals: await signalsOf(context, tx, person) };
  });
};

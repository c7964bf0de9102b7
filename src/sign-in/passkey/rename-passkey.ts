// renamePasskey: another name in the list.
import { callerOf } from '../../context.js';
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { isUuid } from '../../users/asker.js';
import { isShowable } from '../../users/device.js';
import { findPasskeyOf, renamePasskeyRow } from './passkeys.js';

export const renamePasskey: MutationResolvers['renamePasskey'] = async (_, { input }, context) => {
  const { person } = callerOf(context);
  const name = input.name.trim();
  if (!isShowable(name)) return fail('NAME_INVALID');
  const passkey = isUuid(input.id) ? await findPasskeyOf(context.db, person.id, input.id) : null;
  if (passkey === null) return fail('PASSKEY_NOT_FOUND');
  await renamePasskeyRow(context.db, passkey.id, name);
  return { __typename: 'PasskeyRenamed', passkey: { ...passkey, name } };
};

// passkeys, passkeySignals: a person's passkeys, as a list to look at and as data for the device.
import { callerOf } from '../../context.js';
import type { QueryResolvers } from '../../graphql/schema.generated.js';
import { listPasskeysOf } from './passkeys.js';
import { signalsOf } from './signals.js';

export const listPasskeys: QueryResolvers['passkeys'] = (_, __, context) =>
  listPasskeysOf(context.db, callerOf(context).person.id);

export const passkeySignals: QueryResolvers['passkeySignals'] = (_, __, context) =>
  signalsOf(context, context.db, callerOf(context).person);

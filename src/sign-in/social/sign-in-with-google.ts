// signInWithGoogle: the ID token of Google's kit for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { readDevice } from '../../users/device.js';
import { checkGoogle } from './check-identity.js';
import { enterByIdentity } from './enter-by-identity.js';
import { refuseSignIn } from './refuse-sign-in.js';

export const signInWithGoogle: MutationResolvers['signInWithGoogle'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const checked = await checkGoogle(context, input);
  return 'code' in checked
    ? refuseSignIn(context, 'GOOGLE', device, checked)
    : enterByIdentity(context, checked, device);
};

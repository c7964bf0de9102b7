// signInWithFirebase: the ID token of Firebase Authentication for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { readDevice } from '../../users/device.js';
import { checkFirebase } from './check-identity.js';
import { enterByIdentity } from './enter-by-identity.js';
import { refuseSignIn } from './refuse-sign-in.js';

export const signInWithFirebase: MutationResolvers['signInWithFirebase'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const checked = await checkFirebase(context, input);
  return 'code' in checked
    ? refuseSignIn(context, 'FIREBASE', device, checked)
    : enterByIdentity(context, checked, device);
};

// signInWithApple: the identity token of Apple's kit for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { readDevice } from '../../users/device.js';
import { checkApple } from './check-identity.js';
import { enterByIdentity } from './enter-by-identity.js';
import { refuseSignIn } from './refuse-sign-in.js';

export const signInWithApple: MutationResolvers['signInWithApple'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const told = [input.givenName, input.familyName].map((part) => part?.trim()).filter(Boolean);
  const checked = await checkApple(context, input, told.length > 0 ? told.join(' ') : undefined);
  return 'code' in checked
    ? refuseSignIn(context, 'APPLE', device, checked)
    : enterByIdentity(context, checked, device);
};

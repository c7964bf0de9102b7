// finishSocialSignIn: the code that came to the app for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { readDevice } from '../../users/device.js';
import { checkSocial } from './check-identity.js';
import { enterByIdentity } from './enter-by-identity.js';

export const finishSocialSignIn: MutationResolvers['finishSocialSignIn'] = async (_, { input }, context) => {
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const checked = await checkSocial(context, input);
  return 'code' in checked ? checked : enterByIdentity(context, checked, device);
};

// authMethods: what is switched on, in the order in which to offer it.
import type { QueryResolvers } from '../graphql/schema.generated.js';
import { magicLinkMethods } from './magic-link/index.js';
import { otpMethods } from './otp/index.js';
import { passkeyMethods } from './passkey/index.js';
import { passwordMethod } from './password/index.js';
import { socialMethods } from './social/index.js';

export const authMethods: QueryResolvers['authMethods'] = (_, __, context) => [
  ...otpMethods(context),
  ...passkeyMethods(context.config),
  ...socialMethods(context),
  ...magicLinkMethods(context),
  passwordMethod(context.config),
];

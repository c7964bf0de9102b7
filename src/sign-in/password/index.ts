// The password's part of the resolver map, and how it presents itself.
import type { Config } from '../../config.js';
import type { AuthMethod } from '../../graphql/schema.generated.js';
import { changePassword } from './change-password.js';
import { login } from './login.js';
import { policyOf } from './password-policy.js';
import { signup } from './signup.js';
import { verifyEmail } from './verify-email.js';

export const passwordMutations = { signup, verifyEmail, login, changePassword };

/** The password's entry in `authMethods`. */
export function passwordMethod(config: Config): AuthMethod {
  const { minLength, maxLength, minScore } = policyOf(config);
  return { method: 'PASSWORD', passwordPolicy: { minLength, maxLength, minScore }, countries: null };
}

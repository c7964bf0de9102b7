// signup: a new account with an e-mail address and a password, and its first session.
import type { Context } from '../../context.js';
import { fail } from '../../errors.js';
import type { MutationResolvers, SignupInput } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { type DeviceDescription, isShowable, readDevice } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';
import { createPerson, isAddressTaken } from '../../users/users.js';
import { findPasswordFlaw, policyOf } from './password-policy.js';
import { addPassword } from './passwords.js';

export const signup: MutationResolvers['signup'] = (_, { input }, context) =>
  context.hashing.admit(() => signUp(context, input));

async function signUp(context: Context, input: SignupInput) {
  const { config, rates, request } = context;
  const email = normaliseEmail(input.email);
  if (email === null) return fail('EMAIL_INVALID');
  const name = input.name?.trim() ?? null;
  if (name !== null && !isShowable(name)) return fail('NAME_INVALID');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');

  const rate = await rates.signups(request);
  if (rate.retryAfterSeconds !== null)
    return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds: rate.retryAfterSeconds });
  try {
    const flaw = await findPasswordFlaw(input.password, policyOf(config), { email, ...(name && { name }) });
    if (flaw === null) return await makeAccount(context, { email, name, device, password: input.password });
    // A person who is still choosing a password has not signed up.
    await rate.giveBack();
    return fail(flaw.code, { message: flaw.message });
  } catch (error) {
    // Nor has anyone when the database is in trouble.
    await rate.giveBack();
    throw error;
  }
}

interface NewAccount {
  email: string;
  name: string | null;
  device: DeviceDescription;
  password: string;
}

async function makeAccount(context: Context, { email, name, device, password }: NewAccount) {
  const { db, hashing } = context;
  if (await isAddressTaken(db, email)) return fail('EMAIL_TAKEN');
  const hash = await hashing.hash(password);

  const begun = await db.transaction(async (tx) => {
    const person = await createPerson(tx, name, email);
    if (person === null) return null;
    await addPassword(tx, person.id, hash);
    const proof = { userId: person.id, kind: 'SIGN_UP', method: 'PASSWORD', device } as const;
    return { person, session: await startSession(context, tx, { ...proof, amr: ['pwd'] }) };
  });
  if (begun === null) return fail('EMAIL_TAKEN');
  return begun.session === null
    ? fail('ACCOUNT_DISABLED')
    : issueTokens(context, begun.session, begun.person);
}

// signup: a new account with an e-mail address and a password, and its first session.
import type { Context } from '../../context.js';
import { fail, isFailure } from '../../errors.js';
import type { MutationResolvers, SignupInput } from '../../graphql/schema.generated.js';
import { askForProof } from '../../mailbox-proofs/ask-for-proof.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { deriveHalf } from '../../tokens/one-time-secret.js';
import { isIdempotencyKey } from '../../users/asker.js';
import { type DeviceDescription, isShowable, readDevice } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';
import { createPerson, isAddressProved, isAddressTaken } from '../../users/users.js';
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

  const { idempotencyKey } = input;
  if (idempotencyKey != null && !isIdempotencyKey(idempotencyKey)) return fail('IDEMPOTENCY_KEY_INVALID');

  const rate = await rates.signups(request);
  if (rate.retryAfterSeconds !== null)
    return fail('TOO_MANY_ATTEMPTS', { retryAfterSeconds: rate.retryAfterSeconds });
  try {
    const flaw = await findPasswordFlaw(input.password, policyOf(config), { email, ...(name && { name }) });
    if (flaw === null) {
      const account = { ...input, email, name, device };
      return await (config.signupEmailProof ? askFirst(context, account) : makeAccount(context, account));
    }
    // A person who is still choosing a password has not signed up.
    await rate.giveBack();
    return fail(flaw.code, { message: flaw.message });
  } catch (error) {
    // Nor has anyone when the database is in trouble.
    await rate.giveBack();
    throw error;
  }
}

/** A signup whose every part was found good. */
type NewAccount = SignupInput & { name: string | null; device: DeviceDescription };

async function makeAccount(context: Context, { email, name, device, password }: NewAccount) {
  const { db, hashing } = context;
  if (await isAddressTaken(db, email)) return fail('EMAIL_TAKEN');
  const hash = await hashing.hash(password);

  const begun = await db.transaction(async (tx) => {
    const person = await createPerson(tx, {
      name,
      first: { kind: 'mailbox', identifier: email, proved: false },
    });
    if (person === null) return null;
    const proof = { userId: person.id, kind: 'SIGN_UP', method: 'PASSWORD', device } as const;
    const session = await startSession(context, tx, { ...proof, amr: ['pwd'] });
    if (!isFailure(session)) await addPassword(tx, person.id, hash, { madeBy: session.id, proved: false });
    return { person, session };
  });
  if (begun === null) return fail('EMAIL_TAKEN');
  return issueTokens(context, begun.session, begun.person);
}

/**
 * With SIGNUP_EMAIL_PROOF nothing is made before the mailbox is proved, and free and taken addresses take the same
 * work and get the same answer: the mail alone tells which it was.
 */
async function askFirst(
  context: Context,
  { email, name, device, password, locale, idempotencyKey }: NewAccount,
) {
  const passwordHash = await context.hashing.hash(password);
  const taken = await isAddressProved(context.db, email);
  const asked = await askForProof(context, {
    email,
    device,
    locale,
    idempotencyKey,
    template: taken ? 'address_taken' : 'email_proof',
    account: { name, passwordHash: taken ? null : passwordHash },
  });
  if ('code' in asked) return asked;
  return {
    __typename: 'EmailProofRequired' as const,
    requestId: asked.id,
    deviceSecret: deriveHalf(context.subkeys['one-time-secret'], 'device-half', asked.id),
    expiresAt: asked.expiresAt,
  };
}

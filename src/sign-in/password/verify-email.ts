// verifyEmail: the end of a signup that had to prove its mailbox; the account is made here.
import { fail, isFailure } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { checkProof } from '../../mailbox-proofs/check-proof.js';
import { consumeMailboxProof } from '../../mailbox-proofs/mailbox-proofs.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';
import { namePerson } from '../../users/users.js';
import { addPassword, findPassword } from './passwords.js';

export const verifyEmail: MutationResolvers['verifyEmail'] = async (_, { input }, context) => {
  const checked = await checkProof(context, 'sign_up', input);
  if ('code' in checked) return checked;
  const { id, email, device, name, passwordHash } = checked.request;
  // The mail that goes to an address with an account carries no half of a proof.
  if (passwordHash === null) return fail('CHALLENGE_GONE');

  const begun = await context.db.transaction(async (tx) => {
    if (!(await consumeMailboxProof(tx, id))) return null;
    const { person, isNew } = await proveIdentifier(context, tx, { kind: 'mailbox', identifier: email });
    // Proved meanwhile in another way: the password and the name that stand there are the owner's.
    const keepsPassword = (await findPassword(tx, person.id)) !== null;
    const session = await startSession(context, tx, {
      userId: person.id,
      kind: isNew ? 'SIGN_UP' : 'SIGN_IN',
      method: 'PASSWORD',
      amr: keepsPassword ? ['otp'] : ['pwd', 'otp'],
      device: device ?? {},
    });
    if (isFailure(session)) return { person, session };
    if (!keepsPassword) await addPassword(tx, person.id, passwordHash, { madeBy: session.id, proved: true });
    if (name === null || person.name !== null) return { person, session };
    await namePerson(tx, person.id, name);
    return { person: { ...person, name }, session };
  });
  if (begun === null) return fail('CHALLENGE_GONE');
  await checked.giveBack();
  return issueTokens(context, begun.session, begun.person);
};

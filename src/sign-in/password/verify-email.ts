// verifyEmail: the end of a signup that had to prove its mailbox; the account is made here.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { giveBackAttempt } from '../../limits/attempts.js';
import { mailLimit } from '../../mailbox-proofs/ask-for-proof.js';
import { checkProof } from '../../mailbox-proofs/check-proof.js';
import { consumeMailboxProof } from '../../mailbox-proofs/mailbox-proofs.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';
import { namePerson } from '../../users/users.js';
import { addPassword, findPassword } from './passwords.js';

export const verifyEmail: MutationResolvers['verifyEmail'] = async (_, { input }, context) => {
  const { config, db } = context;
  const request = await checkProof(context, 'sign_up', input);
  if ('code' in request) return request;
  const { email, name, passwordHash } = request;
  // The mail that goes to an address with an account carries no link.
  if (passwordHash === null) return fail('CHALLENGE_GONE');

  const begun = await db.transaction(async (tx) => {
    if (!(await consumeMailboxProof(tx, request.id))) return null;
    await giveBackAttempt(tx, [mailLimit(context, email).bucket]);
    const { person, isNew } = await proveIdentifier(tx, config, 'mailbox', email);
    // Proved meanwhile in another way: the password that stands there is the owner's.
    const hasPassword = (await findPassword(tx, person.id)) !== null;
    const kind = isNew ? 'SIGN_UP' : 'SIGN_IN';
    const device = request.device ?? {};
    const session = await startSession(context, tx, {
      userId: person.id,
      kind,
      method: 'PASSWORD',
      amr: ['pwd', 'otp'],
      device,
    });
    if (session === null) return { session, person };
    if (!hasPassword) await addPassword(tx, person.id, passwordHash, { madeBy: session.id, proved: true });
    if (name !== null && person.name === null) await namePerson(tx, person.id, name);
    return { session, person: { ...person, name: person.name ?? name } };
  });
  if (begun === null) return fail('CHALLENGE_GONE');
  return begun.session === null
    ? fail('ACCOUNT_DISABLED')
    : issueTokens(context, begun.session, begun.person);
};

// verifyMagicLink: the device's half and the mail's half for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { checkProof } from '../../mailbox-proofs/check-proof.js';
import { consumeMailboxProof } from '../../mailbox-proofs/mailbox-proofs.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';

export const verifyMagicLink: MutationResolvers['verifyMagicLink'] = async (_, { input }, context) => {
  const checked = await checkProof(context, 'sign_in', input);
  if ('code' in checked) return checked;
  const { id, email, device, askedBySession } = checked.request;

  const signedIn = await context.db.transaction(async (tx) => {
    if (!(await consumeMailboxProof(tx, id))) return null;
    const proved = { kind: 'mailbox', identifier: email, askedBySession } as const;
    const { person, isNew } = await proveIdentifier(context, tx, proved);
    const session = await startSession(context, tx, {
      userId: person.id,
      kind: isNew ? 'SIGN_UP' : 'SIGN_IN',
      method: 'MAGIC_LINK',
      // RFC 8176 has no word for a mailbox; `otp` is what a secret sent out of band comes nearest to.
      amr: ['otp'],
      device: device ?? {},
    });
    return { person, session };
  });
  if (signedIn === null) return fail('CHALLENGE_GONE');
  await checked.giveBack();
  return issueTokens(context, signedIn.session, signedIn.person);
};

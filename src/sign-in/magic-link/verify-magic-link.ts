// verifyMagicLink: the device's half and the mail's half for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { giveBackAttempt } from '../../limits/attempts.js';
import { mailLimit } from '../../mailbox-proofs/ask-for-proof.js';
import { checkProof } from '../../mailbox-proofs/check-proof.js';
import { consumeMailboxProof } from '../../mailbox-proofs/mailbox-proofs.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';

export const verifyMagicLink: MutationResolvers['verifyMagicLink'] = async (_, { input }, context) => {
  const { config, db, rates } = context;
  const request = await checkProof(context, 'sign_in', input);
  if ('code' in request) return request;

  const signedIn = await db.transaction(async (tx) => {
    if (!(await consumeMailboxProof(tx, request.id))) return null;
    await giveBackAttempt(tx, [mailLimit(context, request.email).bucket]);
    const { person, isNew } = await proveIdentifier(
      tx,
      config,
      'mailbox',
      request.email,
      request.askedBySession,
    );
    const kind = isNew ? 'SIGN_UP' : 'SIGN_IN';
    const device = request.device ?? {};
    // RFC 8176 has no word for a mailbox; `otp` is what a secret sent out of band comes nearest to.
    const proof = { userId: person.id, kind, method: 'MAGIC_LINK', amr: ['otp'], device } as const;
    return { person, session: await startSession(context, tx, { ...proof, amr: [...proof.amr] }) };
  });
  if (signedIn === null) return fail('CHALLENGE_GONE');
  if (request.network !== null) await rates.magicLinks.giveBack(request.network);
  return signedIn.session === null
    ? fail('ACCOUNT_DISABLED')
    : issueTokens(context, signedIn.session, signedIn.person);
};

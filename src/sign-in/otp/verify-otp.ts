// verifyOtp: the code of a challenge for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { proveIdentifier } from '../../sessions/prove-identifier.js';
import { startSession } from '../../sessions/start-session.js';
import { checkOtp, spendOtp } from './check-otp.js';

export const verifyOtp: MutationResolvers['verifyOtp'] = async (_, { input }, context) => {
  const checked = await checkOtp(context, input);
  if ('code' in checked) return checked;
  const { amr, challenge, method } = checked;

  const signedIn = await context.db.transaction(async (tx) => {
    if (!(await spendOtp(tx, checked))) return null;
    const proved = { kind: 'phone', identifier: challenge.phone } as const;
    const { person, isNew } = await proveIdentifier(context, tx, proved);
    const session = await startSession(context, tx, {
      userId: person.id,
      kind: isNew ? 'SIGN_UP' : 'SIGN_IN',
      method,
      amr,
      device: challenge.device ?? {},
    });
    return { person, session };
  });
  if (signedIn === null) return fail('CHALLENGE_GONE');
  await checked.giveBack();
  return issueTokens(context, signedIn.session, signedIn.person);
};

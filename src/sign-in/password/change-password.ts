// changePassword: a new password for the old one, and the end of every other session.

import { type Context, callerOf } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { ChangePasswordInput, MutationResolvers } from '../../graphql/schema.generated.js';
import { endSessionsOf, findLiveSession } from '../../sessions/sessions.js';
import { recordLoginEvent } from '../../users/login-events.js';
import type { Person } from '../../users/users.js';
import { checkPassword } from './check-password.js';
import { findPasswordFlaw, policyOf } from './password-policy.js';
import { findPassword, replacePassword } from './passwords.js';

/** What is left to say after a change. */
export interface ChangedPassword {
  __typename: 'PasswordChanged';
  user: Person;
  revokedSessionIds: string[];
}

export const changePassword: MutationResolvers['changePassword'] = (_, { input }, context) =>
  context.hashing.admit(() => change(context, input));

async function change(context: Context, input: ChangePasswordInput): Promise<ChangedPassword | AuthFailure> {
  const { config, db, hashing } = context;
  const { person, session } = callerOf(context);
  const event = {
    kind: 'PASSWORD_CHANGE',
    method: 'PASSWORD',
    userId: person.id,
    sessionId: session.id,
    device: session.device,
  } as const;
  const refuse = async (failure: AuthFailure) => {
    await recordLoginEvent(context, db, { ...event, failure: failure.code });
    return failure;
  };

  const personal = {
    ...(person.email && { email: person.email }),
    ...(person.name && { name: person.name }),
  };
  const flaw = await findPasswordFlaw(input.newPassword, policyOf(config), personal);
  if (flaw !== null) return fail(flaw.code, { message: flaw.message });

  const current = await findPassword(db, person.id);
  const failure = await checkPassword(context, {
    password: input.currentPassword,
    subject: person.id,
    hash: current?.hash ?? null,
    knownAs: session.id,
  });
  if (failure !== null || current === null) return refuse(failure ?? fail('INVALID_CREDENTIALS'));
  const hash = await hashing.hash(input.newPassword);

  const revokedSessionIds = await db.transaction(async (tx) => {
    // Whoever was signed out while the password was checked has no say any more.
    if ((await findLiveSession(tx, config, session.id)) === null) return 'SESSION_REVOKED';
    // Logins hold the password they were checked against, so none with the old one slips in behind the revocation;
    // when another change came first, the password that was checked is no longer the current one.
    if (!(await replacePassword(tx, current, hash))) return 'INVALID_CREDENTIALS';
    const ended = await endSessionsOf(tx, config, person.id, 'password_change', { except: session.id });
    await recordLoginEvent(context, tx, event);
    for (const sessionId of ended) {
      await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId: person.id, sessionId });
    }
    return ended;
  });
  if (typeof revokedSessionIds === 'string') return refuse(fail(revokedSessionIds));
  return { __typename: 'PasswordChanged', user: person, revokedSessionIds };
}

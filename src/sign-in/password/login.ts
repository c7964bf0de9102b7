// login: an e-mail address and a password for a session.
import type { Context } from '../../context.js';
import { type AuthFailure, fail } from '../../errors.js';
import type { LoginInput, MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { readDevice } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { lockPerson } from '../../users/users.js';
import { checkPassword } from './check-password.js';
import { findPasswordOwner, holdPassword, rehashPassword } from './passwords.js';

export const login: MutationResolvers['login'] = (_, { input }, context) =>
  context.hashing.admit(() => logIn(context, input));

async function logIn(context: Context, input: LoginInput) {
  const { db, hashing } = context;
  const email = normaliseEmail(input.email);
  if (email === null) return fail('EMAIL_INVALID');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');

  const owner = await findPasswordOwner(db, email, device.id);
  const userId = owner?.person.id ?? null;
  const refuse = async (failure: AuthFailure) => {
    const event = { kind: 'SIGN_IN', method: 'PASSWORD', userId, device, failure: failure.code } as const;
    await recordLoginEvent(context, db, event);
    return failure;
  };

  const failure = await checkPassword(context, {
    password: input.password,
    subject: userId ?? email,
    hash: owner?.hash ?? null,
    knownAs: owner?.knownDevice && device.id ? device.id : null,
  });
  if (failure !== null || owner === null) return refuse(failure ?? fail('INVALID_CREDENTIALS'));

  const newHash = hashing.isOutdated(owner.hash) ? await hashing.hash(input.password) : null;
  const session = await db.transaction(async (tx) => {
    // The person before the password: the first proof of a mailbox, which clears passwords, locks them in this order.
    await lockPerson(tx, owner.person.id);
    const held = newHash === null ? await holdPassword(tx, owner) : await rehashPassword(tx, owner, newHash);
    if (!held) return 'changed';
    const proof = { userId: owner.person.id, kind: 'SIGN_IN', method: 'PASSWORD', device } as const;
    return startSession(context, tx, { ...proof, amr: ['pwd'] });
  });
  if (session === 'changed') return refuse(fail('INVALID_CREDENTIALS'));
  return issueTokens(context, session, owner.person);
}

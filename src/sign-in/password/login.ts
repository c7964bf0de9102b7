// login: an e-mail address and a password for a session.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { issueTokens } from '../../sessions/issue-tokens.js';
import { startSession } from '../../sessions/start-session.js';
import { readDevice } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';
import { recordLoginEvent } from '../../users/login-events.js';
import { checkPassword } from './check-password.js';
import { findPasswordOwner, holdPassword, replacePassword } from './passwords.js';

export const login: MutationResolvers['login'] = async (_, { input }, context) => {
  const { db, hashing } = context;
  const email = normaliseEmail(input.email);
  if (email === null) return fail('EMAIL_INVALID');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');

  const owner = await findPasswordOwner(db, email, device.id);
  const checked = await checkPassword(context, {
    password: input.password,
    subject: owner?.person.id ?? email,
    hash: owner?.hash ?? null,
    knownAs: owner?.knownDevice && device.id ? device.id : null,
  });
  if ('code' in checked || owner === null) {
    const failure = 'code' in checked ? checked : fail('INVALID_CREDENTIALS');
    const userId = owner?.person.id ?? null;
    await recordLoginEvent(context, db, {
      kind: 'SIGN_IN',
      method: 'PASSWORD',
      userId,
      device,
      failure: failure.code,
    });
    return failure;
  }

  const newHash = hashing.isOutdated(owner.hash) ? await hashing.hash(input.password) : null;
  const session = await db.transaction(async (tx) => {
    // With the queue full there is no new hash, which is no reason to fail: the next login tries again.
    const held =
      typeof newHash === 'string' ? await replacePassword(tx, owner, newHash) : await holdPassword(tx, owner);
    if (!held) return 'changed';
    await checked.giveBack(tx);
    const userId = owner.person.id;
    return startSession(context, tx, { userId, kind: 'SIGN_IN', method: 'PASSWORD', amr: ['pwd'], device });
  });
  if (session === 'changed') return fail('INVALID_CREDENTIALS');
  return session === null ? fail('ACCOUNT_DISABLED') : issueTokens(context, session, owner.person);
};

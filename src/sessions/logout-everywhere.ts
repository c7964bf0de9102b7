// logoutEverywhere: ends every session of the person who asks.
import { callerOf } from '../context.js';
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { recordLoginEvent } from '../users/login-events.js';
import { endSessionsOf } from './sessions.js';

export const logoutEverywhere: MutationResolvers['logoutEverywhere'] = async (
  _,
  { keepCurrent },
  context,
) => {
  const { person, session } = callerOf(context);
  const revokedSessionIds = await context.db.transaction(async (tx) => {
    const spared = keepCurrent ? { except: session.id } : {};
    const ended = await endSessionsOf(tx, context.config, person.id, 'revoked', spared);
    for (const sessionId of ended) {
      await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId: person.id, sessionId });
    }
    return ended;
  });
  return { __typename: 'SessionsRevoked', revokedSessionIds };
};

// revokeSession: ends one session of the person who asks.

import { callerOf } from '../context.js';
import { fail } from '../errors.js';
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { recordLoginEvent } from '../users/login-events.js';
import { endSessionsOf } from './sessions.js';

const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

export const revokeSession: MutationResolvers['revokeSession'] = async (_, { input }, context) => {
  const { person } = callerOf(context);
  if (!uuid.test(input.id)) return fail('SESSION_NOT_FOUND');
  const revokedSessionIds = await context.db.transaction(async (tx) => {
    // By the person as well as the id: a session of somebody else is not found.
    const ended = await endSessionsOf(tx, context.config, person.id, 'revoked', { only: input.id });
    for (const sessionId of ended) {
      await recordLoginEvent(context, tx, { kind: 'REVOCATION', userId: person.id, sessionId });
    }
    return ended;
  });
  return revokedSessionIds.length > 0
    ? { __typename: 'SessionsRevoked', revokedSessionIds }
    : fail('SESSION_NOT_FOUND');
};

// sessions: the live sessions of the person who asks.
import { callerOf } from '../context.js';
import type { QueryResolvers, SessionResolvers } from '../graphql/schema.generated.js';
import { expiryOf, listLiveSessions } from './sessions.js';

export const listSessions: QueryResolvers['sessions'] = (_, __, context) =>
  listLiveSessions(context.db, context.config, callerOf(context).person.id);

/** The fields of Session that are not simply columns. */
export const sessionFields: Pick<SessionResolvers, 'current' | 'expiresAt'> = {
  current: (session, _, { currentSessionId }) => session.id === currentSessionId,
  expiresAt: (session, _, { config }) => expiryOf(session, config),
};

// logout: ends the session of a refresh token, however old the token is.
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { readRefreshToken } from '../tokens/refresh-token.js';
import { recordLoginEvent } from '../users/login-events.js';
import { endSession } from './sessions.js';

/** True for an unknown token as well, as RFC 7009 (section 2.2) answers: the caller is signed out either way. */
export const logout: MutationResolvers['logout'] = async (_, { input }, context) => {
  const token = readRefreshToken(context.subkeys['refresh-token'], input.refreshToken);
  if (token === null) return true;
  await context.db.transaction(async (tx) => {
    const ended = await endSession(tx, context.config, token.sessionId, 'logout');
    if (ended === null) return;
    await recordLoginEvent(context, tx, { kind: 'SIGN_OUT', userId: ended.userId, sessionId: ended.id });
  });
  return true;
};

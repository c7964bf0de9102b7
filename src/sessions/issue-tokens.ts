// Issues the tokens of a session that stands: what every way of signing in ends with.
import type { Context } from '../context.js';
import { type AuthFailure, isFailure } from '../errors.js';
import type { SessionTokensResolvers } from '../graphql/schema.generated.js';
import { makeRefreshToken } from '../tokens/refresh-token.js';
import { findPerson, type Person } from '../users/users.js';
import { expiryOf } from './sessions.js';
import type { SessionRow } from './sessions.table.js';

/** Tokens with the session they belong to; the person is looked up only when asked for. */
export interface IssuedTokens {
  __typename: 'SessionTokens';
  session: SessionRow;
  person?: Person;
  accessToken: string;
  accessTokenExpiresAt: Date;
  refreshToken: string;
  refreshTokenExpiresAt: Date;
}

/**
 * Signs an access token and makes the refresh token of the session's present count; why no session was started is passed
 * on as it is. Call it after the commit.
 */
export async function issueTokens(
  context: Context,
  session: SessionRow | AuthFailure,
  person?: Person,
): Promise<IssuedTokens | AuthFailure> {
  if (isFailure(session)) return session;
  context.currentSessionId = session.id;
  const claims = {
    sub: session.userId,
    sid: session.id,
    client_id: session.clientId,
    auth_time: Math.floor((session.reauthenticatedAt ?? session.createdAt).getTime() / 1000),
    amr: session.amr,
  };
  const { accessToken, expiresAt } = await context.keys.sign(claims, session.endsAt);
  return {
    __typename: 'SessionTokens',
    session,
    ...(person && { person }),
    accessToken,
    accessTokenExpiresAt: expiresAt,
    refreshToken: makeRefreshToken(context.subkeys['refresh-token'], {
      sessionId: session.id,
      count: session.refreshCount,
    }),
    refreshTokenExpiresAt: expiryOf(session, context.config),
  };
}

/** The fields of SessionTokens that are not simply there. */
export const sessionTokensFields: Pick<
  SessionTokensResolvers,
  'accessTokenExpiresIn' | 'serverTime' | 'tokenType' | 'user'
> = {
  accessTokenExpiresIn: (tokens) =>
    Math.max(0, Math.floor((tokens.accessTokenExpiresAt.getTime() - Date.now()) / 1000)),
  serverTime: () => new Date(),
  tokenType: () => 'Bearer',
  user: async (tokens, _, { db }) => {
    const person = tokens.person ?? (await findPerson(db, tokens.session.userId));
    if (person === null) throw new Error('the person of a session is gone');
    return person;
  },
};

// refreshSession: a refresh token for its successor and a new access token.
import { createHash } from 'node:crypto';
import type { Context } from '../context.js';
import { fail } from '../errors.js';
import type { MutationResolvers } from '../graphql/schema.generated.js';
import { readRefreshToken } from '../tokens/refresh-token.js';
import { isIdempotencyKey } from '../users/asker.js';
import { recordLoginEvent } from '../users/login-events.js';
import { issueTokens } from './issue-tokens.js';
import { judgeRefusal, type Rotation, rotateSession } from './sessions.js';

export const refreshSession: MutationResolvers['refreshSession'] = async (_, { input }, context) => {
  const { config, db, subkeys, metrics, network } = context;
  const token = readRefreshToken(subkeys['refresh-token'], input.refreshToken);
  if (token === null) return refuse(context, 'REFRESH_TOKEN_INVALID');
  const key = input.idempotencyKey ?? null;
  if (key !== null && !isIdempotencyKey(key)) return refuse(context, 'IDEMPOTENCY_KEY_INVALID');

  const rotation: Rotation = { ...token, keyHash: key === null ? null : hash(key), network };
  const session = await rotateSession(db, config, rotation);
  if (session === null) return recover(context, rotation);

  metrics.refreshes.inc({ outcome: 'success' });
  return issueTokens(context, session);
};

/** The rare half: the token is genuine, but its session did not take it. */
async function recover(context: Context, rotation: Rotation) {
  const refusal = await context.db.transaction(async (tx) => {
    const judged = await judgeRefusal(tx, context.config, rotation);
    if ((judged.why === 'ahead' || judged.why === 'reused') && judged.newly) {
      await recordLoginEvent(context, tx, {
        kind: 'REFRESH',
        userId: judged.session.userId,
        sessionId: judged.session.id,
        ...(judged.why === 'reused' && { failure: 'REFRESH_TOKEN_REUSED' }),
      });
    }
    return judged;
  });
  switch (refusal.why) {
    case 'ahead':
      context.metrics.refreshes.inc({ outcome: 'ahead' });
      return issueTokens(context, refusal.session);
    case 'reused':
      return refuse(context, 'REFRESH_TOKEN_REUSED');
    case 'expired':
      return refuse(context, 'SESSION_EXPIRED');
    case 'revoked':
      return refuse(context, 'SESSION_REVOKED');
    case 'disabled':
      return refuse(context, 'ACCOUNT_DISABLED');
    case 'unknown':
      return refuse(context, 'REFRESH_TOKEN_INVALID');
  }
}

function refuse(context: Context, code: Parameters<typeof fail>[0]) {
  context.metrics.refreshes.inc({ outcome: code });
  return fail(code);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

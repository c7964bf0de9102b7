// Knows an operator by the bearer: OPERATOR_TOKEN, which is no person's and no session's.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from '../context.js';

/** Whether the request brings OPERATOR_TOKEN; nobody does where there is none. */
export function isOperator({ config, request }: Pick<Context, 'config' | 'request'>): boolean {
  const [, token] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (config.operatorToken === undefined || token === undefined) return false;
  // Digests are of one length, so that the comparison takes the same time for every guess.
  return timingSafeEqual(digest(token), digest(config.operatorToken));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

// Finds out who a request's bearer speaks for: the token verified, its session asked for each time.
import type { Caller, Context } from '../context.js';
import type { BearerProblem } from '../errors.js';
import { findCaller } from './find-caller.js';

/** The caller of an `Authorization: Bearer` header, or why there is none (RFC 6750, section 2.1). */
export async function readBearer({ request, keys, db, config }: Context): Promise<Caller | BearerProblem> {
  const { authorization } = request.headers;
  if (authorization === undefined) return 'MISSING';
  const [, token] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization) ?? [];
  if (token === undefined) return 'TOKEN_INVALID';
  const verified = await keys.verify(token);
  if (verified === 'expired') return 'TOKEN_EXPIRED';
  if (verified === 'invalid') return 'TOKEN_INVALID';
  const live = await findCaller(db, config, verified.sid);
  return live === null ? 'SESSION_REVOKED' : { ...live, authTime: verified.auth_time };
}

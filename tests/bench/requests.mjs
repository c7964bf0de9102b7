// Owns what the bench sends: the operations of an app, for people and sessions that were put into the database.
import { createHash, randomBytes } from 'node:crypto';
import { makeRefreshToken } from '../../dist/tokens/refresh-token.js';
import { deriveSubkeys } from '../../dist/tokens/secret-key.js';
import { post } from './load.mjs';

/** The SECRET_KEY of every gateway here, so that the bench can make the refresh tokens of sessions it put there. */
export const secretKey = randomBytes(32);
const subkeys = deriveSubkeys('refresh-token', secretKey);

export const password = 'orange-kettle-42-window';

const tokens =
  '__typename ... on SessionTokens { accessToken accessTokenExpiresIn refreshToken } ... on AuthError { code }';
const documents = {
  me: '{ me { id name email emailVerified createdAt } }',
  login: `mutation Login($input: LoginInput!) { login(input: $input) { ${tokens} } }`,
  refresh: `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) { ${tokens} } }`,
};

const graphql = (query, variables, token) => post('/graphql', { query, variables }, token);

export const me = (token) => graphql(documents.me, undefined, token);

/** `me` with a text that was never sent before. */
let texts = 0;
export const meInNewWords = (token) => graphql(`query Me${++texts} ${documents.me}`, undefined, token);

export const login = (email, given = password) =>
  graphql(documents.login, { input: { email, password: given } });

/** The id of the n-th session, as random as a real one; `md5('session' || n)::uuid` in SQL. */
export function sessionId(n) {
  const hex = createHash('md5').update(`session${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The counts of sessions, by how many there are in a database: they go on from one measure to the next. */
const spentBy = new Map();

/** Refreshes of `count` sessions over and over, in no order; no two connections ever meet on a session. */
export function refreshes(count, connections) {
  const spent = spentBy.get(count) ?? new Uint32Array(count);
  spentBy.set(count, spent);
  const each = Math.floor(count / connections);
  return (connection) => {
    const n = connection * each + Math.floor(Math.random() * each);
    const refreshToken = makeRefreshToken(subkeys, { sessionId: sessionId(n), count: spent[n]++ });
    return graphql(documents.refresh, { input: { refreshToken } });
  };
}

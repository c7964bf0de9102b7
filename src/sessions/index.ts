// The sessions' part of the resolver map.
import { listSessions } from './list-sessions.js';
import { logout } from './logout.js';
import { logoutEverywhere } from './logout-everywhere.js';
import { refreshSession } from './refresh-session.js';
import { revokeSession } from './revoke-session.js';

export { sessionTokensFields } from './issue-tokens.js';
export { sessionFields } from './list-sessions.js';

export const sessionQueries = { sessions: listSessions };
export const sessionMutations = { refreshSession, logout, logoutEverywhere, revokeSession };

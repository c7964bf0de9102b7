// The people's part of the resolver map.
import { loginEvents } from './list-login-events.js';
import { me } from './me.js';

export { loginEventFields } from './list-login-events.js';
export { userFields } from './me.js';

export const userQueries = { me, loginEvents };

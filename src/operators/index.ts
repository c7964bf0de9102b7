// The operators' part of the resolver map.
import { deliveryStats, loginStats } from './stats.js';

export const operatorQueries = { loginStats, deliveryStats };

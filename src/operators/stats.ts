// loginStats and deliveryStats: what operators watch, counted by day.
import { badUserInput } from '../errors.js';
import type { QueryResolvers } from '../graphql/schema.generated.js';
import { countDeliveries } from '../messages/deliveries.js';
import { countLoginEvents } from '../users/login-events.js';

/** As long as login events are kept, unless LOGIN_EVENTS_DAYS says otherwise. */
const mostDays = 400;

export const loginStats: QueryResolvers['loginStats'] = (_, { days }, { db }) =>
  countLoginEvents(db, bound(days));

export const deliveryStats: QueryResolvers['deliveryStats'] = (_, { days }, { db }) =>
  countDeliveries(db, bound(days));

function bound(days: number): number {
  if (days < 1 || days > mostDays) throw badUserInput(`days must be between 1 and ${mostDays}`);
  return days;
}

// loginStats and deliveryStats: what operators watch, counted by day.
import { badUserInput } from '../errors.js';
import type { QueryResolvers } from '../graphql/schema.generated.js';
import { countDeliveries } from '../messages/deliveries.js';
import { countLoginEvents } from '../users/login-events.js';

const mostDays = 400;

export const loginStats: QueryResolvers['loginStats'] = (_, { days }, { db }) =>
  countLoginEvents(db, inRange(days));

export const deliveryStats: QueryResolvers['deliveryStats'] = (_, { days }, { db }) =>
  countDeliveries(db, inRange(days));

function inRange(days: number): number {
  if (days < 1 || days > mostDays) throw badUserInput(`days must be between 1 and ${mostDays}`);
  return days;
}

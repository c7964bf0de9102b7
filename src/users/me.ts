// me: the person who asks.
import { callerOf } from '../context.js';
import type { QueryResolvers, UserResolvers } from '../graphql/schema.generated.js';

export const me: QueryResolvers['me'] = (_, __, context) => callerOf(context).person;

/** The fields of User that are not simply there. */
export const userFields: Pick<UserResolvers, 'emailVerified' | 'phoneVerified'> = {
  emailVerified: (person) => person.emailProvedAt !== null,
  phoneVerified: (person) => person.phoneProvedAt !== null,
};

// authMethods: what is switched on, in the order in which to offer it.
import type { QueryResolvers } from '../graphql/schema.generated.js';
import { passwordMethod } from './password/index.js';

export const authMethods: QueryResolvers['authMethods'] = (_, __, { config }) => [passwordMethod(config)];

// The table of contents: every query and mutation by the feature that tells it. One that is missing is a type error.
import { GraphQLScalarType } from 'graphql';
import type { IResolvers } from 'mercurius';
import { accountMutations } from '../accounts/index.js';
import { operatorQueries } from '../operators/index.js';
import { sessionFields, sessionMutations, sessionQueries, sessionTokensFields } from '../sessions/index.js';
import { authMethods } from '../sign-in/auth-methods.js';
import { magicLinkMutations } from '../sign-in/magic-link/index.js';
import { otpMutations, otpQueries } from '../sign-in/otp/index.js';
import { offerPasskey, passkeyMutations, passkeyQueries } from '../sign-in/passkey/index.js';
import { passwordMutations } from '../sign-in/password/index.js';
import { reauthenticate } from '../sign-in/reauthenticate.js';
import { identityFields, socialMutations, socialQueries } from '../sign-in/social/index.js';
import { loginEventFields, userFields, userQueries } from '../users/index.js';
import type { AuthErrorResolvers, MutationResolvers, QueryResolvers } from './schema.generated.js';

const Query: QueryResolvers = {
  authMethods,
  ...userQueries,
  ...sessionQueries,
  ...otpQueries,
  ...passkeyQueries,
  ...socialQueries,
  ...operatorQueries,
};

const Mutation: MutationResolvers = {
  ...sessionMutations,
  ...passwordMutations,
  ...magicLinkMutations,
  ...otpMutations,
  ...passkeyMutations,
  ...socialMutations,
  ...accountMutations,
  reauthenticate,
};

const AuthError: Pick<AuthErrorResolvers, 'docUrl'> = {
  docUrl: ({ code }, _, { config }) => `${config.publicUrl}/errors#${code}`,
};

const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => (value as Date).toISOString(),
});

/** Every resolver, type by type; fields without one are read from what their parent gave. */
export const resolvers = {
  Query,
  Mutation,
  AuthError,
  DateTime,
  User: userFields,
  LoginEvent: loginEventFields,
  Session: sessionFields,
  SessionTokens: { ...sessionTokensFields, offerPasskey },
  Identity: identityFields,
} as IResolvers;

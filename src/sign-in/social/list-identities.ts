// identities: the accounts elsewhere that the person who asks signs in by.
import { callerOf } from '../../context.js';
import type { IdentityResolvers, QueryResolvers } from '../../graphql/schema.generated.js';
import { listIdentitiesOf } from './identities.js';

export const listIdentities: QueryResolvers['identities'] = (_, __, context) =>
  listIdentitiesOf(context.db, callerOf(context).person.id);

/** The fields of Identity that are not simply there. */
export const identityFields: Pick<IdentityResolvers, 'method' | 'provider' | 'forwardsMail'> = {
  // Also of a provider that is switched off: it opens nothing, but can be unlinked.
  method: ({ issuer }, _, { providers }) => providers.byIssuer(issuer)?.method ?? 'OPENID',
  provider: ({ issuer }, _, { providers }) => providers.byIssuer(issuer)?.name ?? issuer,
  forwardsMail: ({ mailStoppedAt }) => mailStoppedAt === null,
};

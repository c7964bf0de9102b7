// The magic link's part of the resolver map, and how it presents itself.
import type { Tools } from '../../context.js';
import type { AuthMethod } from '../../graphql/schema.generated.js';
import { requestMagicLink } from './request-magic-link.js';
import { verifyMagicLink } from './verify-magic-link.js';

export const magicLinkMutations = { requestMagicLink, verifyMagicLink };

/** The magic link's entry in `authMethods`, where mails can be sent. */
export function magicLinkMethods({ doors }: Pick<Tools, 'doors'>): AuthMethod[] {
  return doors.EMAIL ? [{ method: 'MAGIC_LINK', passwordPolicy: null, countries: null }] : [];
}

// requestMagicLink: a mail with half of a proof; the other half goes back to the device that asks.
import { fail } from '../../errors.js';
import type { MutationResolvers } from '../../graphql/schema.generated.js';
import { askForProof } from '../../mailbox-proofs/ask-for-proof.js';
import { readBearer } from '../../sessions/read-bearer.js';
import { deriveHalf } from '../../tokens/one-time-secret.js';
import { isIdempotencyKey } from '../../users/asker.js';
import { readDevice } from '../../users/device.js';
import { normaliseEmail } from '../../users/email-address.js';

/** Seconds before another mail may be asked for: long enough for the first one to arrive. */
const resendSeconds = 60;

export const requestMagicLink: MutationResolvers['requestMagicLink'] = async (_, { input }, context) => {
  if (context.doors.EMAIL === null) return fail('METHOD_UNAVAILABLE');
  const email = normaliseEmail(input.email);
  if (email === null) return fail('EMAIL_INVALID');
  const device = readDevice(input.device);
  if (device === null) return fail('DEVICE_INVALID');
  const { idempotencyKey, locale } = input;
  if (idempotencyKey != null && !isIdempotencyKey(idempotencyKey)) return fail('IDEMPOTENCY_KEY_INVALID');

  // Who is signed in already proves the mailbox of what this session made; a bad bearer is simply nobody.
  const caller = await readBearer(context);
  const askedBySession = typeof caller === 'string' ? null : caller.session.id;
  const asked = await askForProof(context, {
    email,
    device,
    locale,
    idempotencyKey,
    template: 'magic_link',
    askedBySession,
  });
  if ('code' in asked) return asked;
  return {
    __typename: 'MagicLinkRequested',
    requestId: asked.id,
    deviceSecret: deriveHalf(context.subkeys['one-time-secret'], 'device-half', asked.id),
    expiresAt: asked.expiresAt,
    resendAt: new Date(asked.createdAt.getTime() + resendSeconds * 1000),
  };
};

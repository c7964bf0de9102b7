// Tells by which methods a person can really sign in here, by the ways in and by what is switched on.
import type { Tools } from '../context.js';
import type { SignInMethod } from '../graphql/schema.generated.js';
import type { WayIn } from './credentials.js';

/** The methods that these ways in come to, the strongest first; none: nobody could enter by them. */
export function usableMethods(
  { config, doors, providers }: Pick<Tools, 'config' | 'doors' | 'providers'>,
  waysIn: readonly WayIn[],
): SignInMethod[] {
  const has = (kind: WayIn['kind']) => waysIn.some((wayIn) => wayIn.kind === kind);
  const hasProved = (kind: WayIn['kind']) =>
    waysIn.some((wayIn) => wayIn.kind === kind && wayIn.provedAt !== null);
  const methods = new Set<SignInMethod>();
  if (has('passkey') && config.passkeys) methods.add('PASSKEY');
  for (const { kind, identifier } of waysIn) {
    const [issuer = ''] = identifier?.split(' ') ?? [];
    const provider = kind === 'identity' ? providers.byIssuer(issuer) : null;
    if (provider !== null) methods.add(provider.method);
  }
  if (hasProved('phone') && doors.WHATSAPP) methods.add('OTP_WHATSAPP');
  if (hasProved('phone') && doors.SMS) methods.add('OTP_SMS');
  if (hasProved('mailbox') && doors.EMAIL) methods.add('MAGIC_LINK');
  // A password is asked for together with its address.
  if (has('password') && has('mailbox')) methods.add('PASSWORD');
  return [...methods];
}

// Puts a refused sign-in at a provider on record.
import type { Context } from '../../context.js';
import type { AuthFailure } from '../../errors.js';
import type { DeviceDescription } from '../../users/device.js';
import { recordLoginEvent } from '../../users/login-events.js';
import type { SocialMethod } from './providers.js';

/** What was not begun here leaves no trace: only a token that somebody made for a nonce of ours is worth an event. */
export async function refuseSignIn(
  context: Context,
  method: SocialMethod,
  device: DeviceDescription,
  failure: AuthFailure,
): Promise<AuthFailure> {
  if (failure.code === 'INVALID_CREDENTIALS') {
    const event = { kind: 'SIGN_IN', method, userId: null, device, failure: failure.code } as const;
    await recordLoginEvent(context, context.db, event);
  }
  return failure;
}

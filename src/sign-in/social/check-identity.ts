// Checks the proof of an account elsewhere, whichever way it comes: the step that signing in, linking and reauthenticate share.
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import { type AuthFailure, fail } from '../../errors.js';
import type {
  AppleProofInput,
  FirebaseProofInput,
  GoogleProofInput,
  SocialProofInput,
} from '../../graphql/schema.generated.js';
import { readFlowTicket } from '../../tokens/one-time-secret.js';
import { open } from '../../tokens/secret-key.js';
import { exchangeLater, keepRefreshToken } from './apple-grants.js';
import { type IdentityClaims, readIdentity, verifyIdToken } from './id-token.js';
import { consumeNonce, hashNonce, isNonceOpen } from './nonces.js';
import type { Provider, SocialMethod } from './providers.js';
import { consumeSocialSignIn, findReady } from './social-sign-ins.js';

/** Somebody at a provider, proved, and not acted upon yet. */
export interface CheckedIdentity {
  provider: Provider;
  claims: IdentityClaims;
  /** Takes back what is good once; false when it went to somebody else meanwhile. To be called in the transaction that acts. */
  consume(tx: Db): Promise<boolean>;
  /** What is to be done for the identity, by its id, once it stands. */
  settle(id: string): Promise<void>;
}

const nothing = async () => {};

export async function checkGoogle(
  context: Context,
  { idToken, nonce }: GoogleProofInput,
): Promise<CheckedIdentity | AuthFailure> {
  return checkNative(context, 'GOOGLE', idToken, nonce);
}

/** `name`: what Apple told the app, once. */
export async function checkApple(
  context: Context,
  { identityToken, nonce, authorizationCode: code }: AppleProofInput,
  name?: string,
): Promise<CheckedIdentity | AuthFailure> {
  const checked = await checkNative(context, 'APPLE', identityToken, nonce, name);
  if ('code' in checked || !code) return checked;
  const [clientId = ''] = [decodeJwt(identityToken).aud].flat();
  const { subject } = checked.claims;
  const grant = { code, subject, clientId: clientId ?? '' };
  const settle = async (id: string) =>
    context.afterwards(exchangeLater(context, checked.provider, { id, ...grant }));
  return { ...checked, settle };
}

/** Firebase's kit takes no nonce: the token alone is the proof, for as long as it lives. */
export async function checkFirebase(
  { providers }: Context,
  { idToken }: FirebaseProofInput,
): Promise<CheckedIdentity | AuthFailure> {
  const provider = providers.byMethod('FIREBASE');
  if (provider === null) return fail('METHOD_UNAVAILABLE');
  const payload = await verifyIdToken(provider, idToken, null);
  if (payload === null) return fail('INVALID_CREDENTIALS');
  return { provider, claims: readIdentity(provider, payload), consume: async () => true, settle: nothing };
}

async function checkNative(
  { db, providers }: Context,
  method: Exclude<SocialMethod, 'OPENID'>,
  token: string,
  nonce: string,
  name?: string,
): Promise<CheckedIdentity | AuthFailure> {
  const provider = providers.byMethod(method);
  if (provider === null) return fail('METHOD_UNAVAILABLE');
  const hash = hashNonce(nonce);
  if (!(await isNonceOpen(db, hash))) return fail('CHALLENGE_GONE');
  // Google's kit sends the nonce as it is, Apple's its hash; some wrappers hash for Google too.
  const payload = await verifyIdToken(provider, token, [nonce, hash]);
  if (payload === null) return fail('INVALID_CREDENTIALS');
  const claims = readIdentity(provider, payload, name);
  return { provider, claims, consume: (tx) => consumeNonce(tx, hash), settle: nothing };
}

/** The characters and the length of RFC 7636, section 4.1. */
const codeVerifier = /^[\w.~-]{43,128}$/;

export async function checkSocial(
  context: Context,
  { code, codeVerifier: verifier }: SocialProofInput,
): Promise<CheckedIdentity | AuthFailure> {
  const { db, providers, subkeys } = context;
  const id = readFlowTicket(subkeys['one-time-secret'], 'handover', code);
  if (id === null || !codeVerifier.test(verifier)) return fail('CHALLENGE_GONE');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const signIn = await findReady(db, id, challenge);
  if (signIn === null || signIn.claims === null) return fail('CHALLENGE_GONE');
  const provider = providers.byName(signIn.provider);
  // Switched off since it began.
  if (provider === null || provider.client === null) return fail('METHOD_UNAVAILABLE');
  const { claims, refreshToken } = signIn;
  const clientId = provider.client.id;
  const settle = async (identityId: string) => {
    if (refreshToken === null) return;
    const { plain } = open(subkeys['provider-token'], id, refreshToken);
    const { issuer } = provider;
    await keepRefreshToken(context, db, { id: identityId, issuer, clientId }, plain);
  };
  return { provider, claims, consume: (tx) => consumeSocialSignIn(tx, id, challenge), settle };
}

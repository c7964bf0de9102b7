// The two ceremonies of WebAuthn Level 3: writes their options, and verifies what authenticators answer.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Config } from '../../config.js';
import { passkeyOrigins } from './origins.js';
import { challengeMinutes } from './passkey-challenges.js';
import type { PasskeyRow } from './passkeys.js';

/** A third of a second and 18 MB: only who uses passkeys pays for them. */
const library = () => import('@simplewebauthn/server');

/** Loads what the ceremonies need, at a moment when nobody waits. */
export async function loadCeremonies(): Promise<void> {
  await library();
}

/** Whom a passkey is for, as the device shows it. */
export interface PasskeyOwner {
  id: string;
  /** Tells one person's accounts apart: an address or a number, else the name. */
  name: string;
  displayName: string;
}

/** The user handle (section 5.4.3): the 16 bytes of the user's id, which say nothing about the person. */
export function userHandleOf(userId: string): string {
  return Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url');
}

const timeout = challengeMinutes * 60 * 1000;

/** PublicKeyCredentialCreationOptionsJSON, as text. */
export async function writeCreationOptions(
  config: Config,
  challenge: string,
  owner: PasskeyOwner,
  known: readonly PasskeyRow[],
): Promise<string> {
  const { generateRegistrationOptions } = await library();
  const options = await generateRegistrationOptions({
    rpName: config.appName,
    rpID: config.passkeyRpId,
    userName: owner.name,
    userDisplayName: owner.displayName,
    userID: new Uint8Array(Buffer.from(userHandleOf(owner.id), 'base64url')),
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout,
    // Which model it is changes nothing here, and asking would make browsers ask the person.
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
  });
  return JSON.stringify(options);
}

/** PublicKeyCredentialRequestOptionsJSON, as text. No credential is named: who asks need not say who they are. */
export async function writeRequestOptions(config: Config, challenge: string): Promise<string> {
  const { generateAuthenticationOptions } = await library();
  const options = await generateAuthenticationOptions({
    rpID: config.passkeyRpId,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    timeout,
    userVerification: 'required',
  });
  return JSON.stringify(options);
}

/** A passkey that was made for a challenge of ours. */
export interface MadePasskey {
  credentialId: string;
  publicKey: string;
  counter: number;
  transports: string[];
  aaguid: string;
  multiDevice: boolean;
  backedUp: boolean;
}

/** Verifies an answer to creation options (section 7.1). @throws {Error} saying what is wrong with it */
export async function verifyCreation(
  config: Config,
  challenge: string,
  response: string,
): Promise<MadePasskey> {
  const { verifyRegistrationResponse } = await library();
  const { verified, registrationInfo: made } = await verifyRegistrationResponse({
    response: JSON.parse(response) as RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: passkeyOrigins(config),
    expectedRPID: config.passkeyRpId,
    requireUserVerification: true,
  });
  if (!verified || made === undefined) throw new Error('the answer is not signed as it should be');
  const { credential } = made;
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: credential.transports ?? [],
    aaguid: made.aaguid,
    multiDevice: made.credentialDeviceType === 'multiDevice',
    backedUp: made.credentialBackedUp,
  };
}

/** What an assertion says of itself, before any of it is verified. */
export interface Assertion {
  credentialId: string;
  userHandle: string | undefined;
  response: AuthenticationResponseJSON;
}

/** Reads AuthenticationResponseJSON; null for what is none. */
export function readAssertion(text: string): Assertion | null {
  let response: Partial<AuthenticationResponseJSON> | null;
  try {
    response = JSON.parse(text) as Partial<AuthenticationResponseJSON> | null;
  } catch {
    return null;
  }
  if (typeof response?.id !== 'string' || typeof response.response !== 'object') return null;
  const userHandle = response.response?.userHandle;
  return { credentialId: response.id, userHandle, response: response as AuthenticationResponseJSON };
}

/** Verifies an answer to request options (section 7.2). @throws {Error} saying what is wrong with it */
export async function verifyAssertion(
  config: Config,
  challenge: string,
  { response, userHandle }: Assertion,
  passkey: PasskeyRow,
): Promise<{ counter: number; backedUp: boolean }> {
  if (userHandle !== userHandleOf(passkey.userId)) throw new Error('the passkey is not for this user');
  const { verifyAuthenticationResponse } = await library();
  const { verified, authenticationInfo: used } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: passkeyOrigins(config),
    expectedRPID: config.passkeyRpId,
    requireUserVerification: true,
    credential: {
      id: passkey.credentialId,
      publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
      transports: passkey.transports,
      // The count is judged where it is stored: a flag is to stay behind.
      counter: 0,
    },
  });
  if (!verified) throw new Error('the signature is not right');
  // Section 7.2, step 21: what was bound to one device does not become a synced passkey, nor the other way round.
  if ((used.credentialDeviceType === 'multiDevice') !== passkey.multiDevice) {
    throw new Error('the backup eligibility has changed');
  }
  return { counter: used.newCounter, backedUp: used.credentialBackedUp };
}

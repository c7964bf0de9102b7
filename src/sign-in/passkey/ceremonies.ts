// The two ceremonies of WebAuthn Level 3: writes their options, and verifies what authenticators answer.
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Config } from '../../config.js';
import { passkeyOrigins } from './origins.js';
import { challengeMinutes } from './passkey-challenges.js';
import type { PasskeyRow } from './passkeys.js';

/** A third of a second and 18 MB: only who uses passkeys pays for them. */
const library = () => import('@simplewebauthn/server');
const helpers = () => import('@simplewebauthn/server/helpers');

/** EdDSA, ES256 and RS256 (RFC 9053), which every Node verifies: the library adds what the one it runs on can besides. */
const algorithms = [-8, -7, -257];
/** Section 7.1: a credential id has at most 1023 bytes. */
const credentialIdForm = /^[\w-]{1,1364}$/;
/** Names of ways to reach an authenticator, those to come as well (section 5.8.4): they go back to the device as they came. */
const transportForm = /^[a-z][a-z-]{0,19}$/;
const mostTransports = 8;

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
    supportedAlgorithmIDs: algorithms,
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

/** RFC 8176: where the key is, and the person verified by the authenticator, which makes two factors. */
export function amrOf({ multiDevice }: { multiDevice: boolean }): string[] {
  return [multiDevice ? 'swk' : 'hwk', 'user', 'mfa'];
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
export async function verifyCreation(config: Config, challenge: string, text: string): Promise<MadePasskey> {
  const { verifyRegistrationResponse } = await library();
  const response = JSON.parse(text) as RegistrationResponseJSON;
  await checkClientData(response.response.clientDataJSON, challenge);
  const { verified, registrationInfo: made } = await verifyRegistrationResponse({
    response: await withoutAttestation(response),
    expectedChallenge: challenge,
    expectedOrigin: passkeyOrigins(config),
    expectedRPID: config.passkeyRpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  });
  if (!verified || made === undefined) throw new Error('the answer is not signed as it should be');
  const { credential } = made;
  if (credential.id !== response.id || !credentialIdForm.test(credential.id)) {
    throw new Error('the credential id is not right');
  }
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: readTransports(response.response.transports),
    aaguid: made.aaguid,
    multiDevice: made.credentialDeviceType === 'multiDevice',
    backedUp: made.credentialBackedUp,
  };
}

/**
 * Checks what the library leaves open, in either ceremony, and first the challenge: the library would quote that of
 * another ceremony, which may be good still, in its complaint.
 */
async function checkClientData(clientDataJSON: string, expectedChallenge: string): Promise<void> {
  const { decodeClientDataJSON } = await helpers();
  const { challenge, crossOrigin, topOrigin } = decodeClientDataJSON(clientDataJSON);
  if (challenge !== expectedChallenge) throw new Error('another challenge was signed');
  // Sections 7.1 and 7.2: no page of ours is meant to be in a frame of somebody else's.
  if (crossOrigin || topOrigin !== undefined) throw new Error('it comes from the frame of another site');
}

/**
 * None was asked for, so one that comes anyway is not looked at. To verify it, the library would fetch revocation lists
 * from where the certificates in it say.
 */
async function withoutAttestation(made: RegistrationResponseJSON): Promise<RegistrationResponseJSON> {
  const { decodeAttestationObject, isoBase64URL, isoCBOR } = await helpers();
  const attested = decodeAttestationObject(isoBase64URL.toBuffer(made.response.attestationObject));
  const bare = new Map<string, unknown>([
    ['fmt', 'none'],
    ['attStmt', new Map()],
    ['authData', attested.get('authData')],
  ]);
  const attestationObject = isoBase64URL.fromBuffer(isoCBOR.encode(bare as never));
  return { ...made, response: { ...made.response, attestationObject } };
}

/** They are not signed, so they may be anything. */
function readTransports(given: unknown): string[] {
  if (!Array.isArray(given)) return [];
  const names = given.filter((each) => typeof each === 'string' && transportForm.test(each));
  return [...new Set<string>(names)].slice(0, mostTransports);
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
  if (typeof response?.id !== 'string' || !credentialIdForm.test(response.id)) return null;
  if (typeof response.response !== 'object') return null;
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
  await checkClientData(response.response.clientDataJSON, challenge);
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

/** What was wrong, for whoever sets a gateway up: most often the origin. The sender may have chosen much of it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : 'unknown';
}

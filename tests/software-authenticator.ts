// An authenticator and its client in software, which answer as told: what no browser would sign can be sent as well.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** What differs from an honest answer. */
export interface Tampering {
  origin?: string;
  type?: string;
  challenge?: string;
  crossOrigin?: boolean;
  topOrigin?: string;
  /** Whatever else a platform says in the client data; undefined takes a field out. */
  clientData?: object;
  rpId?: string;
  counter?: number;
  userPresent?: boolean;
  userVerified?: boolean;
  backupEligible?: boolean;
  backedUp?: boolean;
  credentialId?: Buffer;
  /** The id in the answer, where it is not the one that was made. */
  claimedId?: string;
  userHandle?: string | null;
  transports?: unknown;
  attestation?: { fmt: string; attStmt: Map<string, unknown> };
  publicKey?: Map<number, number | Buffer>;
}

interface Held {
  id: Buffer;
  key: KeyObject;
  userHandle: string;
  rpId: string;
  counter: number;
}

/** ES256 (RFC 9053), on the curve P-256. */
const es256 = -7;

export class SoftwareAuthenticator {
  readonly origin: string;
  readonly aaguid: Buffer;
  readonly held: Held[] = [];

  constructor(origin: string, aaguid = '00000000-0000-0000-0000-000000000000') {
    this.origin = origin;
    this.aaguid = Buffer.from(aaguid.replaceAll('-', ''), 'hex');
  }

  /** The credential used by `get`: the last one made. */
  get newest(): Held {
    const [held] = this.held.slice(-1);
    if (held === undefined) throw new Error('the authenticator is empty');
    return held;
  }

  create(options: string, tampering: Tampering = {}): string {
    const { challenge, rp, user } = JSON.parse(options);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const id = tampering.credentialId ?? randomBytes(32);
    const held = { id, key: privateKey, userHandle: user.id, rpId: rp.id, counter: 0 };
    this.held.push(held);

    const key =
      tampering.publicKey ??
      new Map<number, number | Buffer>([
        [1, 2],
        [3, es256],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const attested = Buffer.concat([this.aaguid, length, id, isoCBOR.encode(key as never)]);
    const { fmt, attStmt } = tampering.attestation ?? { fmt: 'none', attStmt: new Map() };
    const attestation = isoCBOR.encode(
      new Map<string, unknown>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', new Uint8Array(this.#authenticatorData(held, tampering, attested))],
      ]) as never,
    );
    return JSON.stringify({
      ...claim(id, tampering),
      response: {
        clientDataJSON: this.#clientData('webauthn.create', challenge, tampering).toString('base64url'),
        attestationObject: Buffer.from(attestation).toString('base64url'),
        transports: 'transports' in tampering ? tampering.transports : ['internal', 'hybrid'],
      },
    });
  }

  get(options: string, tampering: Tampering = {}, held = this.newest): string {
    const { challenge } = JSON.parse(options);
    const clientData = this.#clientData('webauthn.get', challenge, tampering);
    const data = this.#authenticatorData(held, tampering);
    const signature = sign('sha256', Buffer.concat([data, sha256(clientData)]), held.key);
    const { userHandle = held.userHandle } = tampering;
    return JSON.stringify({
      ...claim(held.id, tampering),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle !== null && { userHandle }),
      },
    });
  }

  /** Section 5.8.1. */
  #clientData(type: string, challenge: string, tampering: Tampering): Buffer {
    const { origin = this.origin, crossOrigin = false, topOrigin } = tampering;
    const told = { type: tampering.type ?? type, challenge: tampering.challenge ?? challenge, origin };
    return Buffer.from(JSON.stringify({ ...told, crossOrigin, topOrigin, ...tampering.clientData }));
  }

  /** Section 6.1: what is synced is backup eligible, and its counter stays 0. */
  #authenticatorData(held: Held, tampering: Tampering, attested = Buffer.alloc(0)): Buffer {
    const { userPresent = true, userVerified = true, backupEligible = true } = tampering;
    const { backedUp = backupEligible, rpId = held.rpId, counter = held.counter } = tampering;
    const flags =
      Number(userPresent) |
      (Number(userVerified) << 2) |
      (Number(backupEligible) << 3) |
      (Number(backedUp) << 4) |
      (Number(attested.length > 0) << 6);
    const head = Buffer.alloc(5);
    head.writeUInt8(flags);
    head.writeUInt32BE(counter, 1);
    return Buffer.concat([sha256(rpId), head, attested]);
  }
}

function claim(id: Buffer, { claimedId = id.toString('base64url') }: Tampering) {
  return { id: claimedId, rawId: claimedId, type: 'public-key', clientExtensionResults: {} };
}

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest();

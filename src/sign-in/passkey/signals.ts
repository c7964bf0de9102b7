// Tells devices what to know of a person's passkeys: the data of the WebAuthn Signal API.
import type { Context } from '../../context.js';
import type { Db } from '../../db/client.js';
import type { PasskeySignals } from '../../graphql/schema.generated.js';
import type { Person } from '../../users/users.js';
import { type PasskeyOwner, userHandleOf } from './ceremonies.js';
import { listPasskeysOf } from './passkeys.js';

/** A person as a device shows the owner of a passkey. */
export function ownerOf({ id, email, phone, name }: Person): PasskeyOwner {
  const account = email ?? phone ?? name ?? 'Account';
  return { id, name: account, displayName: name ?? account };
}

export async function signalsOf({ config }: Context, db: Db, person: Person): Promise<PasskeySignals> {
  const { name, displayName } = ownerOf(person);
  const passkeys = await listPasskeysOf(db, person.id);
  return {
    rpId: config.passkeyRpId,
    userId: userHandleOf(person.id),
    acceptedCredentialIds: passkeys.map(({ credentialId }) => credentialId),
    name,
    displayName,
  };
}

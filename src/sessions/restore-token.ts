// Makes and reads the tokens by which a person who has just been proved takes a closed account back.
import type { SignInMethod } from '../graphql/schema.generated.js';
import { open, type Subkeys, seal } from '../tokens/secret-key.js';

/** Who was proved, and how: what the session will say once the account is open again. */
export interface ProvedBefore {
  userId: string;
  method: SignInMethod;
  amr: string[];
}

/** Long enough to read a question and answer it. */
const minutes = 10;

/** A sealed text, good for 10 minutes; used up by taking the account back, after which it is not closed any more. */
export function makeRestoreToken(subkeys: Subkeys, { userId, method, amr }: ProvedBefore): string {
  const until = Date.now() + minutes * 60_000;
  return seal(subkeys, 'restore', JSON.stringify({ userId, method, amr, until }));
}

/** What a restore token says; null for anything else, and for one that has lapsed. */
export function readRestoreToken(subkeys: Subkeys, token: string): ProvedBefore | null {
  let plain: string;
  try {
    ({ plain } = open(subkeys, 'restore', token));
  } catch {
    // Not sealed here, or changed: there is nothing more to learn from it.
    return null;
  }
  const { until, ...proved } = JSON.parse(plain) as ProvedBefore & { until: number };
  return Date.now() < until ? proved : null;
}

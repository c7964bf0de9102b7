// Makes and reads the tokens by which a person who has just been proved takes a closed account back.
import type { SignInMethod } from '../graphql/schema.generated.js';
import { open, type Subkeys, seal } from '../tokens/secret-key.js';

/** Who was proved, and how: what the session will say once the account is open again. */
export interface ProvedBefore {
  userId: string;
  method: SignInMethod;
  amr: string[];
  /** When the account was closed: once taken back and closed anew, it takes a proof anew. */
  deletedAt: Date;
}

/** Long enough to read a question and answer it. */
const minutes = 10;

/** A sealed text, good for 10 minutes; used up by taking the account back. */
export function makeRestoreToken(subkeys: Subkeys, { userId, method, amr, deletedAt }: ProvedBefore): string {
  const until = Date.now() + minutes * 60_000;
  return seal(subkeys, 'restore', JSON.stringify({ userId, method, amr, deletedAt, until }));
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
  const { until, deletedAt, ...proved } = JSON.parse(plain) as Omit<ProvedBefore, 'deletedAt'> & {
    deletedAt: string;
    until: number;
  };
  return Date.now() < until ? { ...proved, deletedAt: new Date(deletedAt) } : null;
}

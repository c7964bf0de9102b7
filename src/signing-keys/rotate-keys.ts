// Moves signing keys through their lives: next (published, unused) -> active -> retiring -> gone.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import type { Subkeys } from '../tokens/secret-key.js';
import { makeKeyPair, resealPrivateKey } from '../tokens/signing-key.js';
import {
  activateKey,
  listSigningKeys,
  publishKey,
  readClock,
  removeKey,
  replaceSealed,
  stateOf,
  waitForTurn,
} from './signing-keys.js';
import type { SigningKeyRow } from './signing-keys.table.js';

/** How long a replica may go on with keys it has read: the interval of its reloads. */
export const reloadSeconds = 30;

/**
 * How long a key is published before it signs. Who fetched the key set just before a replica heard of the key goes
 * without it for that replica's interval and the whole max-age.
 */
export function publishAheadSeconds({ jwksMaxAgeSeconds }: Pick<Config, 'jwksMaxAgeSeconds'>): number {
  return 2 * Math.max(jwksMaxAgeSeconds, reloadSeconds);
}

/** Any number, the same in every replica: the key of the advisory lock. */
export const rotationLock = 0x6b657973;

/**
 * `when due`: by age. `now`: the next key takes over if it was published for long enough, so that nobody meets
 * an unknown key. `compromised`: every key that has signed is gone at once, and with it each token it signed.
 */
export type RotationReason = 'when due' | 'now' | 'compromised';

/** What a rotation has to do. */
export interface RotationPlan {
  activate: SigningKeyRow | null;
  /** A key must be made and sign at once, because none is there to take over. */
  makeActive: boolean;
  remove: SigningKeyRow[];
  makeNext: boolean;
}

/** Decides what is due at `now`, from the keys alone. */
export function planRotation(
  keys: readonly SigningKeyRow[],
  now: Date,
  settings: Pick<Config, 'tokenAlgorithm' | 'keyRotationDays' | 'jwksMaxAgeSeconds' | 'accessTokenMinutes'>,
  reason: RotationReason,
): RotationPlan {
  const since = (moment: Date | null) => (moment === null ? 0 : (now.getTime() - moment.getTime()) / 1000);
  const active = keys.find((key) => stateOf(key) === 'active');
  const waiting = keys.filter((key) => stateOf(key) === 'next');
  const next = waiting.find((key) => key.algorithm === settings.tokenAlgorithm);
  const seenByAll = next !== undefined && since(next.publishedAt) >= publishAheadSeconds(settings);
  const due =
    reason !== 'when due' ||
    active === undefined ||
    active.algorithm !== settings.tokenAlgorithm ||
    since(active.activatedAt) >= settings.keyRotationDays * 86_400;
  const forced = active === undefined || reason === 'compromised';
  const activate = due && next !== undefined && (seenByAll || forced) ? next : null;

  // The last token of a retired key: signed by a replica that had not yet heard, and good for its whole life.
  const lastTokenEnds = settings.accessTokenMinutes * 60 + 2 * reloadSeconds;
  return {
    activate,
    makeActive: activate === null && forced,
    remove: keys.filter(
      (key) =>
        (stateOf(key) === 'retiring' && since(key.retiredAt) > lastTokenEnds) ||
        (stateOf(key) === 'next' && key.algorithm !== settings.tokenAlgorithm) ||
        (stateOf(key) !== 'next' && reason === 'compromised'),
    ),
    makeNext: activate !== null || next === undefined,
  };
}

/**
 * Does what is due, in one transaction that one replica at a time can hold. Mostly nothing is: then nobody waits for
 * anybody.
 * @returns the keys as they stand afterwards, oldest first
 */
export async function rotateKeys(
  db: Db,
  config: Config,
  subkeys: Subkeys,
  reason: RotationReason,
): Promise<SigningKeyRow[]> {
  const found = await listSigningKeys(db);
  const isSealedAnew = (key: SigningKeyRow) => resealPrivateKey(key, subkeys) === null;
  if (isIdle(planRotation(found, await readClock(db), config, reason)) && found.every(isSealedAnew))
    return found;

  return db.transaction(async (tx) => {
    await waitForTurn(tx, rotationLock);
    const keys = await listSigningKeys(tx);
    const plan = planRotation(keys, await readClock(tx), config, reason);
    if (plan.activate !== null) await activateKey(tx, plan.activate.kid);
    if (plan.makeActive) {
      const pair = await makeKeyPair(config.tokenAlgorithm, subkeys);
      await publishKey(tx, pair);
      await activateKey(tx, pair.kid);
    }
    for (const key of plan.remove) await removeKey(tx, key.kid);
    if (plan.makeNext) await publishKey(tx, await makeKeyPair(config.tokenAlgorithm, subkeys));
    for (const key of await listSigningKeys(tx)) {
      const resealed = resealPrivateKey(key, subkeys);
      if (resealed !== null) await replaceSealed(tx, key.kid, resealed);
    }
    return listSigningKeys(tx);
  });
}

function isIdle({ activate, makeActive, remove, makeNext }: RotationPlan): boolean {
  return activate === null && !makeActive && remove.length === 0 && !makeNext;
}

// npm run keys: lists the signing keys, or rotates them before their time.
import { type Config, readConfig } from '../config.js';
import type { Db } from '../db/client.js';
import { joinDatabase } from '../db/open.js';
import { keepSecretKey } from '../dev/secret-key-file.js';
import { complain, runCommand } from '../explain.js';
import { say } from '../greeting.js';
import {
  publishAheadSeconds,
  type RotationReason,
  reloadSeconds,
  rotateKeys,
} from '../signing-keys/rotate-keys.js';
import { listSigningKeys, stateOf } from '../signing-keys/signing-keys.js';
import type { SigningKeyRow } from '../signing-keys/signing-keys.table.js';
import { deriveSubkeys } from '../tokens/secret-key.js';

const usage = `npm run keys -- list            every published key and its state
npm run keys -- rotate          let the next key sign, once it was published long enough for everyone to know it
npm run keys -- rotate --now    after a compromise: drop every key that has signed, and with it each access token`;

const asked = process.argv.slice(2).join(' ') || 'list';
if (!['list', 'rotate', 'rotate --now'].includes(asked)) {
  complain(usage);
  process.exit(2);
}

await runCommand(async () => {
  const config = readConfig(process.env, keepSecretKey);
  const database = await joinDatabase(config);
  try {
    if (asked === 'list') await list(database.db);
    else await rotate(database.db, config, asked === 'rotate --now' ? 'compromised' : 'now');
  } finally {
    await database.close();
  }
});

async function list(db: Db): Promise<SigningKeyRow[]> {
  const order = ['active', 'next', 'retiring'];
  const keys = await listSigningKeys(db);
  keys.sort((one, other) => order.indexOf(stateOf(one)) - order.indexOf(stateOf(other)));
  for (const key of keys) {
    const since = key.retiredAt ?? key.activatedAt ?? key.publishedAt;
    say(`${key.kid}  ${key.algorithm}  ${stateOf(key).padEnd(8)}  since ${since.toISOString()}`);
  }
  if (keys.length === 0) say('There are no keys yet: the gateway makes them when it first starts.');
  return keys;
}

async function rotate(db: Db, config: Config, reason: RotationReason): Promise<void> {
  const activeOf = (keys: SigningKeyRow[]) => keys.find((key) => stateOf(key) === 'active')?.kid;
  const before = activeOf(await listSigningKeys(db));
  const subkeys = deriveSubkeys('signing-key', config.secretKey, config.secretKeyPrevious);
  await rotateKeys(db, config, subkeys, reason);
  const after = activeOf(await list(db));
  if (after !== before) return say(`Rotated. Running gateways follow within ${reloadSeconds} s.`);
  const wait = publishAheadSeconds(config);
  complain(`Not rotated: the next key has to be published for ${wait} s before it signs.`);
  process.exitCode = 1;
}

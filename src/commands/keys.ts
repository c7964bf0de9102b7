// npm run keys: lists the signing keys, or rotates them before their time.
import { readConfig } from '../config.js';
import { openDatabase } from '../db/open.js';
import { keepSecretKey } from '../dev/secret-key-file.js';
import { say } from '../greeting.js';
import { reloadSeconds, rotateKeys } from '../signing-keys/rotate-keys.js';
import { listSigningKeys, stateOf } from '../signing-keys/signing-keys.js';
import { deriveSubkeys } from '../tokens/secret-key.js';

const usage = `npm run keys -- list            every published key and its state
npm run keys -- rotate          let the next key sign, once it was published long enough for everyone to know it
npm run keys -- rotate --now    after a compromise: drop every key that has signed; each access token ends at once`;

const [verb = 'list', ...flags] = process.argv.slice(2);
if (!['list', 'rotate'].includes(verb) || flags.some((flag) => flag !== '--now')) {
  say(usage);
  process.exit(2);
}

const config = readConfig(process.env, keepSecretKey);
const database = await openDatabase(config, () => {});
try {
  const before = await listSigningKeys(database.db);
  if (verb === 'rotate') {
    const subkeys = deriveSubkeys('signing-key', config.secretKey, config.secretKeyPrevious);
    await rotateKeys(database.db, config, subkeys, flags.includes('--now') ? 'compromised' : 'now');
  }
  const keys = await listSigningKeys(database.db);
  for (const key of keys) {
    const since = key.retiredAt ?? key.activatedAt ?? key.publishedAt;
    say(`${key.kid}  ${key.algorithm}  ${stateOf(key).padEnd(8)}  since ${since.toISOString()}`);
  }
  const activeOf = (all: typeof keys) => all.find((key) => stateOf(key) === 'active')?.kid;
  if (verb === 'rotate') {
    const changed = activeOf(before) !== activeOf(keys);
    const wait = 2 * config.jwksMaxAgeSeconds;
    say(
      changed
        ? `Rotated. Running gateways follow within ${reloadSeconds} s.`
        : `Not rotated: the next key has not been published for ${wait} s yet.`,
    );
    if (!changed) process.exitCode = 1;
  }
} finally {
  await database.close();
}

import { randomBytes } from 'node:crypto';
import t from 'tap';
import { deriveSubkeys, hashSubject, open, seal } from '../../src/tokens/secret-key.js';
import {
  makeKeyPair,
  openPrivateKey,
  openPublicKey,
  resealPrivateKey,
} from '../../src/tokens/signing-key.js';

const [older, newer] = [randomBytes(32), randomBytes(32)];

t.test('every use has a key of its own, the same each time, and none tells another', async (t) => {
  const uses = ['refresh-token', 'signing-key', 'subject'] as const;
  const keys = uses.map((use) => deriveSubkeys(use, older).current.key.toString('hex'));
  t.equal(new Set([...keys, older.toString('hex')]).size, 4);
  t.strictSame(
    keys,
    uses.map((use) => deriveSubkeys(use, older).current.key.toString('hex')),
  );
  t.equal(deriveSubkeys('subject', older).current.key.length, 32);
});

t.test('a subject is hashed by a key, differently for each subject', async (t) => {
  const hash = (key: Buffer, subject: string) => hashSubject(deriveSubkeys('subject', key), subject);
  t.match(hash(older, 'asha@example.com'), /^[\w-]{22}$/);
  t.equal(hash(older, 'asha@example.com'), hash(older, 'asha@example.com'));
  t.not(hash(older, 'asha@example.com'), hash(older, 'asha@example.con'));
  t.not(hash(older, 'asha@example.com'), hash(newer, 'asha@example.com'));
});

t.test('what is sealed opens for the same context alone, and only unchanged', async (t) => {
  const subkeys = deriveSubkeys('signing-key', older);
  const sealed = seal(subkeys, 'row 1', 'a secret text, ümlaut');
  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), /secret/);
  t.not(seal(subkeys, 'row 1', 'a secret text, ümlaut'), sealed, 'each time under another nonce');
  t.strictSame(open(subkeys, 'row 1', sealed), { plain: 'a secret text, ümlaut', stale: false });
  for (const context of ['row 2', '', 'row 1 ']) t.throws(() => open(subkeys, context, sealed));
  const bytes = Buffer.from(sealed, 'base64url');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    t.throws(() => open(subkeys, 'row 1', changed.toString('base64url')), `byte ${index}`);
  }
  for (let length = 0; length < 33; length += 1) {
    t.throws(
      () => open(subkeys, 'row 1', bytes.subarray(0, length).toString('base64url')),
      `${length} bytes`,
    );
  }
  t.throws(() => open(deriveSubkeys('refresh-token', older), 'row 1', sealed), 'another use');
  t.throws(() => open(deriveSubkeys('signing-key', newer), 'row 1', sealed), 'another key');
});

t.test('the previous key opens, and says that it is time to seal anew', async (t) => {
  const sealed = seal(deriveSubkeys('signing-key', older), 'row', 'text');
  const both = deriveSubkeys('signing-key', newer, older);
  t.strictSame(open(both, 'row', sealed), { plain: 'text', stale: true });
  t.strictSame(open(both, 'row', seal(both, 'row', 'text')), { plain: 'text', stale: false });
  t.throws(() => open(deriveSubkeys('signing-key', older), 'row', seal(both, 'row', 'text')));
});

for (const algorithm of ['ES256', 'EdDSA'] as const) {
  t.test(
    `a stored ${algorithm} pair shows its public half only, and holds together or not at all`,
    async (t) => {
      const subkeys = deriveSubkeys('signing-key', older);
      const [one, two] = [await makeKeyPair(algorithm, subkeys), await makeKeyPair(algorithm, subkeys)];
      t.match(one, {
        algorithm,
        kid: /^[\w-]{43}$/,
        publicJwk: { kid: one.kid, alg: algorithm, use: 'sig' },
      });
      t.strictSame(
        Object.keys(one.publicJwk).filter((name) => ['d', 'p', 'q', 'k', 'priv'].includes(name)),
        [],
      );
      t.equal((await openPrivateKey(one, subkeys)).type, 'private');
      t.equal((await openPrivateKey(one, subkeys)).extractable, false);
      t.equal((await openPublicKey(one, subkeys)).type, 'public');

      const swapped = { ...one, sealedPrivateJwk: two.sealedPrivateJwk };
      await t.rejects(openPrivateKey(swapped, subkeys), 'the private half of another row');
      await t.rejects(openPublicKey(swapped, subkeys));
      await t.rejects(
        openPublicKey({ ...one, publicJwk: two.publicJwk }, subkeys),
        'the public half of another row',
      );
      await t.rejects(
        openPublicKey({ ...two, sealedPrivateJwk: one.sealedPrivateJwk }, subkeys),
        'a key of one’s own',
      );

      t.equal(resealPrivateKey(one, subkeys), null);
      const both = deriveSubkeys('signing-key', newer, older);
      const resealed = { ...one, sealedPrivateJwk: resealPrivateKey(one, both) ?? '' };
      t.equal((await openPrivateKey(resealed, deriveSubkeys('signing-key', newer))).type, 'private');
    },
  );
}

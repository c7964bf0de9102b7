import { randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import {
  deriveHalf,
  deriveOtp,
  deriveTypedCode,
  isHalf,
  isOtp,
  isTypedCode,
} from '../../src/tokens/one-time-secret.js';
import { deriveSubkeys } from '../../src/tokens/secret-key.js';

const [key, older] = [randomBytes(32), randomBytes(32)];
const subkeys = deriveSubkeys('one-time-secret', key, undefined);

t.test(
  'codes are uniform: chi-square over 100,000 of them, for each place and for all six digits',
  async (t) => {
    const codes = Array.from({ length: 100_000 }, () => deriveOtp(subkeys, randomUUID()));
    t.ok(codes.every((code) => /^\d{6}$/.test(code)));
    const chiSquare = (values: number[], cells: number) => {
      const counts = new Array<number>(cells).fill(0);
      for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
      const expected = values.length / cells;
      return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    };
    // Five standard deviations above the mean of the distribution: a fair derivation fails once in millions of runs.
    const limit = (cells: number) => cells - 1 + 6 * Math.sqrt(2 * (cells - 1)) + 10;
    for (let place = 0; place < 6; place += 1) {
      t.ok(
        chiSquare(
          codes.map((code) => Number(code[place])),
          10,
        ) < limit(10),
        `place ${place}`,
      );
    }
    t.ok(
      chiSquare(
        codes.map((code) => Math.floor(Number(code) / 1000)),
        1000,
      ) < limit(1000),
      'the first three',
    );
    t.ok(
      chiSquare(
        codes.map((code) => Number(code) % 1000),
        1000,
      ) < limit(1000),
      'the last three',
    );
    t.ok(new Set(codes).size > 94_000, 'as many different ones as chance gives (95,163)');
  },
);

t.test('the same challenge gives the same code and halves, another one gives others', async (t) => {
  const [one, other] = [randomUUID(), randomUUID()];
  t.equal(deriveOtp(subkeys, one), deriveOtp(subkeys, one));
  const secrets = [
    deriveOtp(subkeys, one),
    deriveTypedCode(subkeys, one),
    deriveHalf(subkeys, 'device-half', one),
    deriveHalf(subkeys, 'mail-half', one),
    deriveHalf(subkeys, 'device-half', other),
    deriveHalf(subkeys, 'mail-half', other),
    deriveTypedCode(subkeys, other),
  ];
  t.equal(new Set(secrets).size, secrets.length);
  t.notOk(
    isHalf(subkeys, 'mail-half', one, deriveHalf(subkeys, 'device-half', one)),
    'a half is no other half',
  );
  t.notOk(isHalf(subkeys, 'mail-half', one, deriveHalf(subkeys, 'mail-half', other)));
  t.notOk(isTypedCode(subkeys, one, deriveTypedCode(subkeys, other)));
});

t.test('a code under the previous key is good while the key is being replaced, and not after', async (t) => {
  const id = randomUUID();
  const code = deriveOtp(deriveSubkeys('one-time-secret', older, undefined), id);
  const half = deriveHalf(deriveSubkeys('one-time-secret', older, undefined), 'mail-half', id);
  t.ok(isOtp(deriveSubkeys('one-time-secret', key, older), id, code));
  t.ok(isHalf(deriveSubkeys('one-time-secret', key, older), 'mail-half', id, half));
  t.notOk(isHalf(subkeys, 'mail-half', id, half));
});

t.test('only the six digits themselves are the code', async (t) => {
  const id = randomUUID();
  const code = deriveOtp(subkeys, id);
  for (const wrong of ['', code.slice(0, 5), `${code}0`, `0${code}`, ` ${code}`, `${code}\u0000`, 'abcdef']) {
    t.notOk(isOtp(subkeys, id, wrong), JSON.stringify(wrong));
  }
});

t.test('a typed code is read as people type it', async (t) => {
  const id = randomUUID();
  const code = deriveTypedCode(subkeys, id);
  t.match(code, /^[0-9A-HJKMNP-TV-Z]{8}$/);
  for (const way of [
    code.toLowerCase(),
    `${code.slice(0, 4)}-${code.slice(4)}`,
    ` ${code.slice(0, 4)} ${code.slice(4)}`,
    code.replaceAll('0', 'o').replaceAll('1', 'l'),
    code.replaceAll('1', 'I'),
  ]) {
    t.ok(isTypedCode(subkeys, id, way), way);
  }
});

import t from 'tap';
import {
  planRotation,
  publishAheadSeconds,
  type RotationPlan,
  type RotationReason,
  rotateKeys,
  rotationLock,
} from '../../src/signing-keys/rotate-keys.js';
import { listSigningKeys, stateOf } from '../../src/signing-keys/signing-keys.js';
import type { SigningKeyRow } from '../../src/signing-keys/signing-keys.table.js';
import { deriveSubkeys } from '../../src/tokens/secret-key.js';
import { build, type Gateway } from '../helper.js';

const now = new Date('2026-11-22T09:30:00Z');
const day = 86_400;
const settings = {
  tokenAlgorithm: 'ES256' as 'ES256' | 'EdDSA',
  keyRotationDays: 30,
  jwksMaxAgeSeconds: 300,
  accessTokenMinutes: 15,
};

const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);

function key(kid: string, more: Partial<SigningKeyRow>): SigningKeyRow {
  const blank = {
    algorithm: 'ES256',
    publicJwk: {},
    sealedPrivateJwk: '',
    activatedAt: null,
    retiredAt: null,
  };
  return { kid, publishedAt: ago(400 * day), ...blank, ...more } as SigningKeyRow;
}

const next = (seconds: number, more = {}) => key('next', { publishedAt: ago(seconds), ...more });
const active = (seconds: number, more = {}) => key('active', { activatedAt: ago(seconds), ...more });
const retiring = (seconds: number, more = {}) =>
  key('retiring', { activatedAt: ago(60 * day), retiredAt: ago(seconds), ...more });

/** A plan in short: `+` makes, `>` lets sign, `-` removes. */
function brief({ activate, makeActive, remove, makeNext }: RotationPlan): string {
  const removed = remove.map(({ kid }) => `-${kid}`).sort();
  return [activate && `>${activate.kid}`, makeActive && '+active', ...removed, makeNext && '+next']
    .filter(Boolean)
    .join(' ');
}

const edDSA = { algorithm: 'EdDSA' };
const cases: [string, SigningKeyRow[], RotationReason, string, Partial<typeof settings>?][] = [
  ['a new database', [], 'when due', '+active +next'],
  ['a new database, in a hurry', [], 'compromised', '+active +next'],
  ['nothing is due', [active(29 * day), next(29 * day)], 'when due', ''],
  ['no next key', [active(29 * day)], 'when due', '+next'],
  ['the active key is old enough', [active(30 * day), next(30 * day)], 'when due', '>next +next'],
  ['a second before', [active(30 * day - 1), next(30 * day)], 'when due', ''],
  ['old, but the next key is too young', [active(31 * day), next(599)], 'when due', ''],
  ['old, and the next key just known to all', [active(31 * day), next(600)], 'when due', '>next +next'],
  ['old, without a next key', [active(31 * day)], 'when due', '+next'],
  [
    'a short max-age waits for the replicas',
    [active(31 * day), next(59)],
    'when due',
    '',
    { jwksMaxAgeSeconds: 10 },
  ],
  ['and no longer', [active(31 * day), next(60)], 'when due', '>next +next', { jwksMaxAgeSeconds: 10 }],
  ['asked for, and the next key is known to all', [active(day), next(600)], 'now', '>next +next'],
  ['asked for too early', [active(day), next(599)], 'now', ''],
  ['no active key: the next one at once', [next(0)], 'when due', '>next +next'],
  ['no active key and no next one', [retiring(10)], 'when due', '+active +next'],
  ['a retired key whose last token lives', [active(day), next(day), retiring(15 * 60 + 60)], 'when due', ''],
  [
    'a retired key whose last token is dead',
    [active(day), next(day), retiring(15 * 60 + 61)],
    'when due',
    '-retiring',
  ],
  [
    'longer tokens keep it longer',
    [active(day), next(day), retiring(3600)],
    'when due',
    '',
    { accessTokenMinutes: 60 },
  ],
  [
    'compromised: all that signed go',
    [active(day), next(600), retiring(60)],
    'compromised',
    '>next -active -retiring +next',
  ],
  [
    'compromised: a young next key is better than that',
    [active(day), next(0)],
    'compromised',
    '>next -active +next',
  ],
  ['compromised without a next key', [active(day)], 'compromised', '+active -active +next'],
  [
    'another algorithm is prepared first',
    [active(day), next(day)],
    'when due',
    '-next +next',
    { tokenAlgorithm: 'EdDSA' },
  ],
  ['then waits like any other', [active(day), next(599, edDSA)], 'when due', '', { tokenAlgorithm: 'EdDSA' }],
  ['then signs', [active(day), next(600, edDSA)], 'when due', '>next +next', { tokenAlgorithm: 'EdDSA' }],
  [
    'the key of before still verifies',
    [active(day, edDSA), next(day, edDSA), retiring(60)],
    'when due',
    '',
    { tokenAlgorithm: 'EdDSA' },
  ],
  [
    'compromised while the algorithm changes',
    [active(day), next(0)],
    'compromised',
    '+active -active -next +next',
    { tokenAlgorithm: 'EdDSA' },
  ],
  [
    'a clock that was set back makes nobody hasty',
    [active(-day), next(-day), retiring(-day)],
    'when due',
    '',
  ],
];

for (const [title, keys, reason, plan, changes] of cases) {
  t.test(`${reason}, ${title}: ${plan || 'nothing'}`, async (t) => {
    t.equal(brief(planRotation(keys, now, { ...settings, ...changes }, reason)), plan);
    t.equal(
      brief(planRotation(keys.toReversed(), now, { ...settings, ...changes }, reason)),
      plan,
      'in any order',
    );
  });
}

t.test('a key is known for at least twice the max-age before it signs, whatever the settings', async (t) => {
  for (const jwksMaxAgeSeconds of [10, 29, 30, 31, 300, 86_400]) {
    const ahead = publishAheadSeconds({ jwksMaxAgeSeconds });
    t.ok(ahead >= 2 * jwksMaxAgeSeconds && ahead >= jwksMaxAgeSeconds + 30, `${jwksMaxAgeSeconds} s`);
  }
});

t.test('from day to day: one key signs at any moment, and each was known before', async (t) => {
  // The life of a year in steps of an hour, by the plan alone.
  let keys: SigningKeyRow[] = [];
  let made = 0;
  for (let hour = 0; hour < 365 * 24; hour += 1) {
    const moment = new Date(now.getTime() + hour * 3_600_000);
    const plan = planRotation(keys, moment, settings, 'when due');
    const make = () => {
      made += 1;
      return key(`key ${made}`, { publishedAt: moment });
    };
    const begin = plan.activate ?? (plan.makeActive ? make() : null);
    if (plan.activate) {
      const published = (moment.getTime() - plan.activate.publishedAt.getTime()) / 1000;
      if (published < 600) t.fail(`${plan.activate.kid} signs after ${published} s`);
    }
    if (begin) {
      keys = keys.map((one) => (stateOf(one) === 'active' ? { ...one, retiredAt: moment } : one));
      keys = [...keys.filter(({ kid }) => kid !== begin.kid), { ...begin, activatedAt: moment }];
    }
    keys = keys.filter((one) => !plan.remove.some(({ kid }) => kid === one.kid));
    if (plan.makeNext) keys.push(make());
    if (keys.filter((one) => stateOf(one) === 'active').length !== 1) t.fail(`hour ${hour}`);
    if (keys.length > 3) t.fail(`${keys.length} keys in hour ${hour}`);
  }
  t.equal(made, 2 + Math.floor((365 * 24 - 1) / (30 * 24)));
});

async function states({ app }: Gateway) {
  return (await listSigningKeys(app.tools.db)).map(stateOf).sort().join();
}

t.test('five replicas that rotate at once leave one active key', async (t) => {
  const first = await build(t);
  const replicas = [first];
  while (replicas.length < 5) replicas.push(await build(t, {}, first));
  t.equal(await states(first), 'active,next', 'so do five that start');
  for (let round = 1; round <= 3; round += 1) {
    await first.sql`update signing_keys set published_at = published_at - interval '31 days',
      activated_at = activated_at - interval '31 days', retired_at = retired_at - interval '31 days'`;
    await Promise.all(replicas.map(({ app }) => app.tools.keys.rotate()));
    t.equal(await states(first), 'active,next,retiring', `round ${round}`);
    const sets = new Set(replicas.map(({ app }) => JSON.stringify(app.tools.keys.keySet)));
    t.equal(sets.size, 1, 'and every replica publishes the same');
  }
});

t.test('with nothing due nobody waits for anybody', async (t) => {
  const first = await build(t);
  await first.sql.unsafe(`alter database ${first.database} set lock_timeout = '100ms'`);
  const gateway = await build(t, {}, first);
  const holder = await gateway.sql.reserve();
  await holder`begin`;
  // The lock that a rotation holds until it commits.
  await holder`select pg_advisory_xact_lock(${rotationLock})`;
  await gateway.app.tools.keys.rotate();
  await gateway.sql`update signing_keys set published_at = published_at - interval '31 days',
    activated_at = activated_at - interval '31 days'`;
  await t.rejects(gateway.app.tools.keys.rotate(), 'what is due waits for who is at it');
  await holder`commit`;
  holder.release();
  await gateway.app.tools.keys.rotate();
  t.equal(await states(gateway), 'active,next,retiring');
});

t.test('a new database that five replicas find empty gets one active key', async (t) => {
  const first = await build(t);
  await first.sql`delete from signing_keys`;
  const { db } = first.app.tools;
  const subkeys = deriveSubkeys('signing-key', first.config.secretKey);
  await Promise.all(Array.from({ length: 5 }, () => rotateKeys(db, first.config, subkeys, 'when due')));
  t.equal(await states(first), 'active,next');
});

// `login` against argon2 alone, what `me` feels beside a flood of logins, and whether a login's time tells who exists.
import { once } from 'node:events';
import { compare, median, ms, quantile, spending } from '../compare.mjs';
import { load } from '../load.mjs';
import { login, me, password } from '../requests.mjs';
import { hashPassword, openGateway, people, startStandIn } from '../servers.mjs';
import { accessTokens } from './me.mjs';

const sessions = 1000;
const connections = 8;
const expect = '"SessionTokens"';

let next = 0;
const asPeople = () => login(people[next++ % people.length]);

export async function measureLogin() {
  const gateway = await openGateway(sessions);
  const logins = (seconds) => load(gateway.port, seconds, { ask: asPeople, expect, connections });
  const argon2 = startStandIn('raw-argon2', [password, await hashPassword()]);
  await once(argon2, 'message');

  const ours = () => spending(gateway.pid, () => logins(1.2));
  const raw = () =>
    spending(argon2.pid, async () => {
      argon2.send(1200);
      const [done] = await once(argon2, 'message');
      return done;
    });
  await logins(3);
  await raw();
  return [
    await compare('login', 'argon2 alone', ours, raw),
    ...(await besideLogins(gateway, logins)),
    await knownAgainstUnknown(gateway),
  ];
}

/** One phone that asks `me` every few milliseconds, alone and beside the logins. */
async function besideLogins(gateway, logins) {
  const [token] = await accessTokens(gateway, 1);
  const asking = (seconds) =>
    load(gateway.port, seconds, { ask: () => me(token), expect: '"me"', connections: 1, pauseMs: 2 });
  await asking(1);
  const rounds = [];
  for (let round = 0; round < 4; round += 1) {
    const alone = await asking(1.2);
    const [beside] = await Promise.all([asking(1.2), logins(1.2)]);
    rounds.push([alone.took, beside.took]);
  }
  return [
    ['median', 0.5],
    ['p99', 0.99],
  ].map(([name, q]) => {
    const [idle, loaded] = [0, 1].map((side) => median(rounds.map((round) => quantile(round[side], q))));
    const ratios = rounds.map(([alone, beside]) => quantile(beside, q) / quantile(alone, q));
    return {
      what: `me beside ${connections} logins at a time, ${name}`,
      against: 'me alone',
      ratio: median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
      ours: ms(loaded),
      theirs: ms(idle),
    };
  });
}

/** Wrong passwords, one by one: for an account, for none, in turn. */
async function knownAgainstUnknown(gateway) {
  const tries = 200;
  const emails = Array.from({ length: tries }, (_, n) => [
    people[n % people.length],
    `nobody-${n}@example.com`,
  ]).flat();
  const { took } = await load(gateway.port, 60, {
    ask: () => (emails.length > 0 ? login(emails.shift(), 'not the password') : null),
    expect: '"INVALID_CREDENTIALS"',
    connections: 1,
  });
  const known = took.filter((_, n) => n % 2 === 0);
  const unknown = took.filter((_, n) => n % 2 === 1);
  return {
    what: `wrong password, known e-mail (${tries} tries)`,
    against: 'unknown e-mail',
    ratio: median(known) / median(unknown),
    bounds: [0.9, 1.1],
    ours: ms(median(known)),
    theirs: ms(median(unknown)),
  };
}

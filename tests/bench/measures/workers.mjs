// WEB_CONCURRENCY=2 against 1, with every core for everyone: the load and Postgres take their share of both.
import { compare, spending } from '../compare.mjs';
import { load } from '../load.mjs';
import { login, me, refreshes } from '../requests.mjs';
import { hasRedis, onAllCores, openGateway, openRedis, people } from '../servers.mjs';
import { accessTokens } from './me.mjs';

const sessions = 1000;
const connections = 16;

export async function measureWorkers() {
  if (!hasRedis) return [{ what: 'WEB_CONCURRENCY=2', note: 'skipped: no redis-server here' }];
  return onAllCores(async () => {
    const { url } = await openRedis();
    const open = (workers) => openGateway(sessions, { REDIS_URL: url, WEB_CONCURRENCY: `${workers}` }, 'all');
    const gateways = [await open(2), await open(1)];
    const refresh = refreshes(sessions, connections);
    const tokens = await accessTokens(gateways[0], connections);
    let next = 0;
    const loads = {
      me: { ask: (connection) => me(tokens[connection]), expect: '"me"' },
      refreshSession: { ask: refresh, expect: '"SessionTokens"' },
      login: { ask: () => login(people[next++ % people.length]), expect: '"SessionTokens"' },
    };
    const rows = [];
    for (const [name, work] of Object.entries(loads)) {
      const [two, one] = gateways.map(
        ({ pid, port }) =>
          () =>
            spending(pid, () => load(port, 0.8, { ...work, connections })),
      );
      await two();
      await one();
      rows.push(await compare(`${name} by two workers`, 'by one', two, one));
    }
    return rows;
  });
}

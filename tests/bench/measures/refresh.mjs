// `refreshSession` against pgbench with the same UPDATE, and with a million sessions against a thousand.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { readConfig } from '../../../dist/config.js';
import { rotateSession } from '../../../dist/sessions/sessions.js';
import { compare, spending } from '../compare.mjs';
import { load } from '../load.mjs';
import { start } from '../machine.mjs';
import { refreshes, secretKey, sessionId } from '../requests.mjs';
import { openDatabase, openGateway, openPostgres, pgbench } from '../servers.mjs';

const connections = 16;
const million = 1_000_000;

export async function measureRefresh() {
  const few = await refreshing(1000);
  await few();
  const rows = [];
  if (pgbench) {
    const update = await updating(1000);
    rows.push(await compare('refreshSession', 'pgbench, the same UPDATE', few, update));
  } else rows.push({ what: 'refreshSession against pgbench', note: 'skipped: no pgbench here (PG_BIN)' });

  const many = await refreshing(million);
  await many();
  rows.push(await compare('refreshSession of a million sessions', 'of a thousand', many, few));
  rows.push(await describe(1000), await describe(million));
  return rows;
}

async function refreshing(sessions) {
  const gateway = await openGateway(sessions);
  const ask = refreshes(sessions, connections);
  const expect = '"SessionTokens"';
  return () => spending(gateway.pid, () => load(gateway.port, 0.8, { ask, expect, connections }));
}

/** The gateway's own statement, prepared, by pgbench on the gateway's core and over as many connections as its pool. */
async function updating(sessions) {
  const { connection, directory } = await openPostgres();
  const { name, sql } = await openDatabase(sessions, 'pgbench');
  const config = readConfig({}, () => secretKey);
  const { statement, values } = await overhear({ ...connection, database: name }, config);

  // A grace period without end lets the same count pass again and again.
  const endless = 1_000_000;
  const variables = values.map((value, index) => [
    `p${index + 1}`,
    value === config.refreshGraceSeconds ? endless : value,
  ]);
  const given = variables.filter(([, value]) => value !== null && value !== sessionId(0));
  const spelled = new Map(
    variables.map(([variable, value]) => {
      if (value === null) return [variable, 'null'];
      return [variable, value === sessionId(0) ? `md5('session' || :n)::uuid` : `:${variable}`];
    }),
  );
  const script = join(directory, 'refresh.sql');
  const update = statement.replaceAll(/\s+/g, ' ').replaceAll(/\$(\d+)/g, (_, n) => spelled.get(`p${n}`));
  writeFileSync(script, `\\set n random(0, ${sessions - 1})\n${update};\n`);

  const where = ['-h', connection.host, '-p', `${connection.port}`, '-U', connection.user];
  const how = ['-n', '-M', 'prepared', '-c', `${config.databasePool}`, '-T', '1', '-f', script];
  const settings = given.flatMap(([variable, value]) => ['-D', `${variable}=${value}`]);
  return async () => {
    const child = start('gateway', pgbench, [...where, ...how, ...settings, name]);
    await once(child, 'close');
    const rate = Number(/tps = ([\d.]+)/.exec(child.said)?.[1]);
    const [{ done }] = await sql`select count(*)::int as done from sessions where refresh_count = 1`;
    if (!(rate > 0) || done < sessions / 2)
      throw new Error(`pgbench updated ${done} sessions:\n${child.said}`);
    return { rate };
  };
}

/** What one refresh sends to Postgres. */
async function overhear(connection, config) {
  let heard;
  const debug = (_connection, statement, values) => {
    if (statement.startsWith('update')) heard = { statement, values };
  };
  const client = postgres({ ...connection, max: 1, debug });
  const rotation = { sessionId: sessionId(0), count: 0, keyHash: null, network: '203.0.113.7' };
  await rotateSession(drizzle(client), config, rotation);
  await client.end();
  return heard;
}

async function describe(sessions) {
  const { sql } = await openDatabase(sessions);
  const [table] = await sql`
    select (select count(*) from sessions)::int as live, n_tup_upd as updates, n_tup_hot_upd::float8 / greatest(n_tup_upd, 1) as hot,
      pg_size_pretty(pg_table_size(relid)) as size
    from pg_stat_user_tables where relname = 'sessions'`;
  const hot = `${(table.hot * 100).toFixed(1)} % in their page (HOT)`;
  return {
    what: `the table of ${sessions.toLocaleString('en')} sessions`,
    note: `${table.live} live rows in ${table.size} after ${table.updates} refreshes, ${hot}`,
  };
}

// npm run bench: measures the gateway against what bounds it, in pairs, and prints the ratios. `-- refresh` runs one measure.
import { cpus, totalmem } from 'node:os';
import { cleanUp, cores, move, watchOthers } from './machine.mjs';
import { measureLogin } from './measures/login.mjs';
import { measureMe } from './measures/me.mjs';
import { measureRefresh } from './measures/refresh.mjs';
import { measureStart } from './measures/start.mjs';
import { measureWorkers } from './measures/workers.mjs';
import { openPostgres, stopServers } from './servers.mjs';

const measures = {
  me: measureMe,
  refresh: measureRefresh,
  login: measureLogin,
  workers: measureWorkers,
  start: measureStart,
};
const say = (line) => process.stdout.write(`${line}\n`);

const chosen = process.argv.slice(2);
const names = chosen.length > 0 ? chosen : Object.keys(measures);
if (names.some((name) => !(name in measures))) {
  say(`npm run bench -- [${Object.keys(measures).join(' | ')}]`);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));
}
const others = watchOthers();
const rows = [];
try {
  move(process.pid, 'rest');
  const { version } = await openPostgres();
  say(
    `Node ${process.version}, Postgres ${version}, ${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB`,
  );
  say(
    cores
      ? `The gateway, or what it is compared with, on core ${cores.gateway}; load and Postgres on core ${cores.rest}.`
      : 'Nothing is pinned to a core here (no taskset, or one core only): expect wider spreads.',
  );
  for (const name of names) {
    say(`measuring ${name} ...`);
    rows.push(...(await measures[name]()));
    await stopServers();
  }
} finally {
  await cleanUp();
}
say(`\n${table(rows)}`);
const share = others();
if (share > 0.1)
  say(`\nOther programs took ${Math.round(share * 100)} % of the machine: measure again when it is quiet.`);
const outside = rows.filter(({ ratio, bounds }) => bounds && (ratio < bounds[0] || ratio > bounds[1]));
for (const { what, bounds } of outside) say(`Not between ${bounds.join(' and ')}: ${what}`);
// Open handles of what has just been ended must not keep the bench.
process.exit(outside.length > 0 ? 1 : 0);

function table(rows) {
  const cells = rows.map((row) =>
    row.note
      ? [row.what, row.note]
      : [
          row.what,
          row.ratio.toFixed(2),
          row.spread ? row.spread.map((each) => each.toFixed(2)).join('-') : '',
          row.ours,
          row.theirs,
          row.against,
          row.cpu ?? '',
        ],
  );
  const head = ['what', 'ratio', 'least-most', 'gateway', 'against', '', 'CPU us each'];
  const ratios = [head, ...cells.filter(({ length }) => length > 2)];
  const widths = head.map((_, column) => Math.max(...ratios.map((row) => row[column].length)));
  const line = (row) =>
    row.length === 2
      ? `${row[0].padEnd(widths[0])}  ${row[1]}`
      : row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd();
  return [head, ...cells].map(line).join('\n');
}

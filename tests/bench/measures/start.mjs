// How long a start takes until the first answer, on the embedded Postgres, and what memory the process takes.
import { median, ms } from '../compare.mjs';
import { load } from '../load.mjs';
import { makeDirectory, memoryOf } from '../machine.mjs';
import { refreshes } from '../requests.mjs';
import { openGateway, startBareRoute, startGateway } from '../servers.mjs';

const rounds = 3;

export async function measureStart() {
  const times = { first: [], later: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    const DATA_DIR = makeDirectory();
    for (const kind of ['first', 'later']) {
      const gateway = await startGateway({ DATA_DIR });
      times[kind].push(gateway.startMs);
      await gateway.stop();
    }
    const bare = await startBareRoute({});
    times.bare.push(bare.startMs);
    await bare.stop();
  }
  const starting = (what, kind) => ({
    what,
    against: 'a bare Fastify process',
    ratio: median(times[kind]) / median(times.bare),
    ours: ms(median(times[kind])),
    theirs: ms(median(times.bare)),
  });
  return [
    starting('first start, with its own Postgres', 'first'),
    starting('later start', 'later'),
    ...(await measureMemory()),
  ];
}

async function measureMemory() {
  const sessions = 1000;
  const connections = 16;
  const bare = await startBareRoute({});
  const gateway = await openGateway(sessions);
  const idle = memoryOf(gateway.pid);
  if (idle === null) return [{ what: 'memory', note: 'skipped: this system does not tell' }];
  const ask = refreshes(sessions, connections);
  await load(gateway.port, 4, { ask, expect: '"SessionTokens"', connections });
  const loaded = memoryOf(gateway.pid);
  const beside = memoryOf(bare.pid);
  const megabytes = (size) => `${Math.round(size)} MB`;
  return [
    ['memory after the start', idle],
    ['memory after 4 s of refreshes', loaded],
  ].map(([what, size]) => ({
    what,
    against: 'a bare Fastify process, idle',
    ratio: size / beside,
    ours: megabytes(size),
    theirs: megabytes(beside),
  }));
}

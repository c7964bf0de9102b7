// Finds who the bearers of one moment speak for: all that come in one turn of the event loop, by one statement.
import type { Config } from '../config.js';
import type { Db } from '../db/client.js';
import { findLiveSessions, type LiveSession } from './sessions.js';

/** Sessions that are asked for together. */
interface Batch {
  ids: Set<string>;
  found: Promise<Map<string, LiveSession>>;
}

const batches = new WeakMap<Db, Batch>();

/** Sessions a statement: beyond that, what is saved no longer shows. */
const most = 200;

/**
 * A live session with its person, asked for each time, so that a revocation takes effect at once. Under load a statement
 * costs the process more than the rows it brings.
 */
export async function findCaller(db: Db, config: Config, sessionId: string): Promise<LiveSession | null> {
  let batch = batches.get(db);
  if (batch === undefined || batch.ids.size >= most) {
    batch = openBatch(db, config);
    batches.set(db, batch);
  }
  batch.ids.add(sessionId);
  return (await batch.found).get(sessionId) ?? null;
}

function openBatch(db: Db, config: Config): Batch {
  const ids = new Set<string>();
  const ask = async () => {
    // Once every socket that has something to say was read.
    await new Promise((resolve) => setImmediate(resolve));
    // Who comes from now on asks anew: the statement does not see what happens after it has begun.
    if (batches.get(db)?.ids === ids) batches.delete(db);
    const live = await findLiveSessions(db, config, [...ids]);
    return new Map(live.map((each) => [each.session.id, each]));
  };
  return { ids, found: ask() };
}

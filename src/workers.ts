// Owns the processes of WEB_CONCURRENCY: starts them, replaces one that dies, sums their metrics, closes them together.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Config } from './config.js';
import { complain } from './explain.js';
import { serveMetrics } from './http/metrics-server.js';

/** Before a worker is replaced, so that one that cannot live costs little. */
const pauseMs = 1_000;

/** Runs the workers until the process is told to stop. Returns the port of the metrics, once a worker listens. */
export async function runWorkers(config: Config): Promise<number> {
  let stage: 'starting' | 'open' | 'closing' = 'starting';
  // Each worker takes SHUTDOWN_SECONDS at most.
  closeWithGrace({ delay: (config.shutdownSeconds + 1) * 1000 }, async () => {
    stage = 'closing';
    await Promise.all(Object.values(cluster.workers ?? {}).map((worker) => worker && close(worker)));
  });
  const registry = new AggregatorRegistry();
  const metricsPort = await serveMetrics(config, () => registry.clusterMetrics());

  cluster.on('exit', async (_worker, code, signal) => {
    // What keeps the first worker from starting would keep the others too; it has said what that is.
    if (stage === 'starting') process.exit(1);
    if (stage === 'closing') return;
    complain(`A worker has ended (${signal ?? `exit code ${code}`}); another one takes its place.`);
    await sleep(pauseMs);
    if (stage === 'open') cluster.fork();
  });
  cluster.fork();
  await once(cluster, 'listening');
  stage = 'open';
  for (let count = 1; count < config.webConcurrency; count += 1) cluster.fork();
  return metricsPort;
}

async function close(worker: Worker): Promise<void> {
  worker.process.kill('SIGTERM');
  const [code] = await once(worker, 'exit');
  if (code > 0) throw new Error('a worker did not close in time');
}

/** Lets the metrics of this worker be part of the sum. */
export function shareMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries([registry]);
  // Made for its listener.
  new AggregatorRegistry();
}

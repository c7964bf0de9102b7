// Owns the processes of WEB_CONCURRENCY: starts them, replaces one that dies, and closes them together.
import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from './config.js';
import { say } from './greeting.js';
import { serveMetrics } from './http/metrics-server.js';

/** A worker that dies sooner than this after its start is not replaced: it would die again. */
const healthyMs = 5_000;

/** Runs the workers until the process is told to stop. */
export async function runWorkers(config: Config): Promise<void> {
  let closing = false;
  const start = () => {
    const begun = Date.now();
    const worker = cluster.fork();
    worker.once('exit', (code, signal) => {
      if (closing) return;
      if (Date.now() - begun < healthyMs) {
        say(`A worker ended right after its start (${signal ?? code}).`);
        process.exit(1);
      }
      say(`A worker ended (${signal ?? code}); another one takes its place.`);
      start();
    });
  };
  for (let count = 0; count < config.webConcurrency; count += 1) start();

  const registry = new AggregatorRegistry();
  await serveMetrics(config.metricsHost, config.metricsPort, () => registry.clusterMetrics());
  closeWithGrace({ delay: (config.shutdownSeconds + 1) * 1000 }, async () => {
    closing = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(
      workers.map((worker) => {
        const gone = new Promise((resolve) => worker.once('exit', resolve));
        worker.process.kill('SIGTERM');
        return gone;
      }),
    );
  });
}

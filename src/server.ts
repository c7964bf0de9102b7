// Owns the process: reads the settings, opens the database, listens, and closes gracefully.
import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.js';
import { type Config, readConfig } from './config.js';
import { type OpenDatabase, openDatabase } from './db/open.js';
import { keepSecretKey } from './dev/secret-key-file.js';
import { complain, describeAddress, explain } from './explain.js';
import { greet, say } from './greeting.js';
import { serveMetrics } from './http/metrics-server.js';
import { makeMetrics } from './metrics.js';
import { runWorkers, shareMetrics } from './workers.js';

try {
  const config = readConfig(process.env, keepSecretKey);
  if (config.webConcurrency > 1 && cluster.isPrimary) {
    greet(config, { metricsPort: await runWorkers(config), firstStart: false });
  } else await serve(config);
} catch (error) {
  complain(explain(error));
  process.exit(1);
}

async function serve(config: Config): Promise<void> {
  const database = await openDatabase(config, say);
  const firstStart = database.embedded?.firstStart ?? false;
  try {
    const metrics = makeMetrics(true);
    const app = await buildApp(config, database.db, { metrics });
    if (cluster.isWorker) shareMetrics(metrics.registry);
    const collect = () => metrics.registry.metrics();
    const metricsPort = cluster.isWorker ? 0 : await serveMetrics(config, collect);
    await listen(app, config);
    closeInTime(app, config, database);
    if (cluster.isPrimary) greet(config, { metricsPort, firstStart });
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<void> {
  const listenTextResolver = (address: string) => `listening at ${address}`;
  await app.listen({ host, port, listenTextResolver }).catch((error) => {
    throw describeAddress(error, host, port, '');
  });
}

function closeInTime(app: FastifyInstance, config: Config, database: OpenDatabase): void {
  // Ctrl-C reaches every process of a terminal at once: workers wait for what their primary says.
  const deaf = cluster.isWorker ? (['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) : [];
  for (const signal of deaf) process.on(signal, () => {});
  const options = { delay: config.shutdownSeconds * 1000, logger: app.log, skip: [...deaf] };
  closeWithGrace(options, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'closing after an error that nothing caught');
    await app.close();
    await database.close();
  });
  database.embedded?.exited.then((error) => {
    if (error === null) return;
    complain(explain(error));
    process.exit(1);
  });
}

// Owns the process: reads the settings, opens the database, listens, and closes gracefully.
import cluster from 'node:cluster';
import closeWithGrace from 'close-with-grace';
import { buildApp } from './app.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { openDatabase } from './db/open.js';
import { keepSecretKey } from './dev/secret-key-file.js';
import { greet, say } from './greeting.js';
import { serveMetrics } from './http/metrics-server.js';
import { makeMetrics } from './metrics.js';
import { runWorkers } from './workers.js';

try {
  const config = readConfig(process.env, keepSecretKey);
  if (config.webConcurrency > 1 && cluster.isPrimary) await runWorkers(config);
  else await serve(config);
} catch (error) {
  say(explain(error));
  process.exit(1);
}

async function serve(config: Config): Promise<void> {
  const begun = performance.now();
  const database = await openDatabase(config, say);
  const metrics = makeMetrics(true);
  const app = await buildApp(config, database.db, { metrics }).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  await app.listen({ host: config.host, port: config.port, listenTextResolver: () => '' });
  // Among several workers the primary adds their metrics up and serves the sum.
  if (cluster.isPrimary)
    await serveMetrics(config.metricsHost, config.metricsPort, () => metrics.registry.metrics());

  closeWithGrace({ delay: config.shutdownSeconds * 1000, logger: app.log }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'closing after an error that nothing caught');
    await app.close();
    await database.close();
  });
  database.embedded?.exited.then((error) => {
    if (error === null) return;
    say(`The embedded Postgres has ended: ${error.message}`);
    process.exit(1);
  });
  if (cluster.isPrimary)
    greet(app, config, database.embedded?.firstStart ?? false, performance.now() - begun);
}

/** What a person at the terminal can do about it; the whole error only where that is not known. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { name, code, message, stack, cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (name === 'EmbeddedPostgresError') return message;
  if (cause instanceof Error) return explain(cause);
  if (code === 'EADDRINUSE')
    return `${message}\nAnother program listens there: set PORT (or METRICS_PORT) to another one.`;
  if (code === '42P01') return 'The database has no tables yet: run `npm run migrate` first.';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `The database of DATABASE_URL does not answer: ${message}`;
  return stack ?? String(error);
}

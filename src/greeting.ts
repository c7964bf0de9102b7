// Owns what a person at the terminal reads: the milestones of a start, and the greeting.
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.js';

/** A line for the person who started the gateway. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Tells where to go, in which mode the gateway is, where its data lies and what production needs. */
export function greet(app: FastifyInstance, config: Config, firstStart: boolean, tookMs: number): void {
  const [address] = app.addresses();
  const port = typeof address === 'object' ? address.port : config.port;
  if (config.nodeEnv === 'production') {
    app.log.info({ host: config.host, port, workers: config.webConcurrency }, 'listening');
    return;
  }
  const base = `http://localhost:${port}`;
  const lines: [string, string][] = [
    ...(config.graphiql ? [['GraphiQL', `${base}/graphiql`] as [string, string]] : []),
    ['GraphQL', `${base}/graphql`],
    ['Health', `${base}/healthz   ${base}/readyz`],
    ['Keys', `${base}/.well-known/jwks.json`],
    ['Metrics', `http://localhost:${config.metricsPort}/metrics`],
    ['Mode', `${config.nodeEnv}, listening on ${config.host}`],
    ['Data', config.databaseUrl ? 'the Postgres of DATABASE_URL' : `embedded Postgres in ${config.dataDir}`],
    ['Rates', config.redisUrl ? 'the Redis of REDIS_URL' : 'counted in this process'],
    ['Production', 'needs DATABASE_URL, REDIS_URL, SECRET_KEY, PUBLIC_URL and TRUST_PROXY (npm run config)'],
  ];
  const table = lines.map(([name, value]) => `  ${name.padEnd(11)} ${value}`).join('\n');
  const ready = firstStart ? 'Darwaza is open for the first time' : 'Darwaza is open';
  say(`\n${ready} (${(tookMs / 1000).toFixed(1)} s).\n\n${table}\n\nCtrl-C closes it.\n`);
}

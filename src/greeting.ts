// Owns what a person at the terminal reads: the milestones of a start, and the greeting.
import { networkInterfaces } from 'node:os';
import type { Config } from './config.js';

/** What is only known once the gateway is open. */
export interface Opening {
  metricsPort: number;
  firstStart: boolean;
}

/** A line for the person who started the gateway. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

type Line = [name: string, value: string];

/** Tells where to go, in which mode the gateway is, where its data lies and what production needs. */
export function greet(config: Config, { metricsPort, firstStart }: Opening): void {
  // There logs are read by machines.
  if (config.nodeEnv === 'production') return;
  const base = `http://localhost:${config.port}`;
  const lines: Line[] = [
    ...(config.graphiql ? [['GraphiQL', `${base}/graphiql`] as Line] : []),
    ['Playground', `${base}/playground`],
    ['Outbox', `${base}/outbox`],
    ['GraphQL', `${base}/graphql`],
    ['Health', `${base}/healthz   ${base}/readyz`],
    ['Keys', `${base}/.well-known/jwks.json`],
    ['Metrics', `http://localhost:${metricsPort}/metrics`],
    ['Mode', `${config.nodeEnv}, listening on ${config.host}`],
    ...localAddresses(config).map((address): Line => ['Network', `http://${address}:${config.port}`]),
    ['Data', config.databaseUrl ? 'the Postgres of DATABASE_URL' : `embedded Postgres in ${config.dataDir}`],
    ['Rates', config.redisUrl ? 'the Redis of REDIS_URL' : 'counted in this process'],
    [
      'Production',
      'needs DATABASE_URL, REDIS_URL, SECRET_KEY, PUBLIC_URL, TRUST_PROXY and SMTP_URL (npm run config)',
    ],
  ];
  const table = lines.map(([name, value]) => `  ${name.padEnd(11)} ${value}`).join('\n');
  const ready = firstStart ? 'Darwaza is open for the first time' : 'Darwaza is open';
  // From the start of the process.
  const seconds = (performance.now() / 1000).toFixed(1);
  say(`\n${ready} (${seconds} s).\n\n${table}\n\nCtrl-C closes it.\n`);
}

/** Where other devices of the network reach the gateway, if it listens for them. */
function localAddresses({ host }: Config): string[] {
  if (host !== '::' && host !== '0.0.0.0') return [];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}

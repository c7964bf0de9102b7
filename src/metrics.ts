// Owns what is counted for operators: every metric by name, in one registry a process.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof makeMetrics>;

/** The metrics of one app; `withProcess` adds Node's own (event loop, memory). */
export function makeMetrics(withProcess: boolean) {
  const registry = new Registry();
  const registers = [registry];
  if (withProcess) collectDefaultMetrics({ register: registry });
  return {
    registry,
    loginEvents: new Counter({
      name: 'darwaza_login_events_total',
      help: 'Login events by kind, method and outcome (success or the code of the failure).',
      labelNames: ['kind', 'method', 'outcome'] as const,
      registers,
    }),
    refreshes: new Counter({
      name: 'darwaza_refreshes_total',
      help: 'Refreshes by outcome.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    passwordHashes: new Counter({
      name: 'darwaza_password_hashes_total',
      help: 'argon2 computations.',
      registers,
    }),
    passwordQueue: new Gauge({
      name: 'darwaza_password_queue',
      help: 'Passwords waiting for a free thread.',
      registers,
    }),
    refusedBearers: new Counter({
      name: 'darwaza_refused_bearers_total',
      help: 'Operations refused with 401, by reason.',
      labelNames: ['reason'] as const,
      registers,
    }),
    refusedRequests: new Counter({
      name: 'darwaza_refused_requests_total',
      help: 'Requests that came to nothing, by the code of their error.',
      labelNames: ['reason'] as const,
      registers,
    }),
    messages: new Counter({
      name: 'darwaza_messages_total',
      help: 'Messages handed over, by channel and outcome (sent or the error code).',
      labelNames: ['channel', 'outcome'] as const,
      registers,
    }),
    refusedMessages: new Counter({
      name: 'darwaza_refused_messages_total',
      help: 'Codes that were not sent for money’s sake, by reason; with OTP_BUDGET=log those of `budget` and `countries` were.',
      labelNames: ['reason'] as const,
      registers,
    }),
    redisFailures: new Counter({
      name: 'darwaza_redis_failures_total',
      help: 'Times that Redis did not answer and rates were counted in process.',
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'darwaza_http_request_seconds',
      help: 'Time to answer, by route and status.',
      labelNames: ['route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
  };
}

// The composition root: builds the whole app from its settings and an open database, without listening.
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { eraseAccounts } from './accounts/erase-accounts.js';
import type { Config } from './config.js';
import type { Tools } from './context.js';
import type { Db } from './db/client.js';
import { isOutage } from './db/pool.js';
import { registerDemoProvider } from './dev/demo-provider.js';
import { registerGraphiql } from './dev/graphiql.js';
import { registerOutbox } from './dev/outbox.js';
import { registerPlayground } from './dev/playground.js';
import { registerGraphql } from './graphql/index.js';
import { registerAppFiles } from './http/app-files.js';
import { registerAppleNotices } from './http/apple-notices.js';
import { registerErrorsPage } from './http/errors-page.js';
import { registerHealth } from './http/health.js';
import { registerLandingPage } from './http/landing-page.js';
import { loggingOptions } from './http/logging.js';
import { registerOauthCallback } from './http/oauth-callback.js';
import { beforeHooks, registerRefusals } from './http/refusals.js';
import { registerSecurityHeaders } from './http/security-headers.js';
import { callbackUrl, registerTwilioCallback } from './http/twilio-callback.js';
import { registerWellKnown } from './http/well-known.js';
import { LocalCounters, SharedCounters } from './limits/rate-counters.js';
import { setUpRates } from './limits/rates.js';
import { openRedis } from './limits/redis.js';
import { openDoors } from './messages/doors.js';
import { Outbox } from './messages/outbox.js';
import { giveUp, sendLeftOver } from './messages/send.js';
import { type Metrics, makeMetrics } from './metrics.js';
import { fallBack, followUp } from './sign-in/otp/send-message.js';
import { loadCeremonies } from './sign-in/passkey/ceremonies.js';
import { PasswordHashing } from './sign-in/password/password-hashing.js';
import { resealGrants, revokeNext } from './sign-in/social/apple-grants.js';
import { openProviders } from './sign-in/social/providers.js';
import { KeyRing } from './signing-keys/key-ring.js';
import { sweep } from './sweep.js';
import { deriveSubkeys } from './tokens/secret-key.js';

/** What a test or the process may bring along. */
export interface Overrides {
  metrics?: Metrics;
  /** Where log lines go instead of standard output. */
  logStream?: { write(line: string): void };
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What requests work with; for tests and commands. */
    tools: Tools;
  }
}

const secondMs = 1000;
/** Messages of others that one process hands over at a time: a provider may take seconds for each. */
const sendingLanes = 4;
const hourMs = 60 * 60 * 1000;

/** Builds the app. `db` stays the caller's to close. */
export async function buildApp(config: Config, db: Db, overrides: Overrides = {}): Promise<FastifyInstance> {
  const metrics = overrides.metrics ?? makeMetrics(false);
  const app = fastify({
    ...loggingOptions(config, overrides.logStream),
    ...beforeHooks,
    trustProxy: ['none', 'fly'].includes(config.trustProxy[0] ?? 'none') ? false : [...config.trustProxy],
    bodyLimit: config.bodyLimitBytes,
    // Slow senders: headers and body within these, or the connection goes.
    requestTimeout: 15_000,
    connectionTimeout: 0,
    // Above what proxies keep a connection, so that they and not we decide when it ends.
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: false },
  });
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) };
    metrics.requestSeconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
  registerSecurityHeaders(app, config);

  const counters = config.redisUrl
    ? new SharedCounters(await openRedis(app, config.redisUrl), (error) => {
        metrics.redisFailures.inc();
        app.log.warn({ err: error }, 'Redis did not answer: rates are counted in process');
      })
    : new LocalCounters();
  const outbox = config.nodeEnv === 'production' ? null : new Outbox();
  const keys = await KeyRing.open(db, config);
  const doors = openDoors(config, outbox, (deliveryId) => callbackUrl(config.publicUrl, deliveryId));
  // Hooks of closing run from the last to the first: what is being sent ends before its door is shut.
  app.addHook('onClose', async () => {
    for (const door of Object.values(doors)) door?.close?.();
  });
  const tools: Tools = {
    config,
    db,
    keys,
    metrics,
    rates: await setUpRates(app, config, counters),
    hashing: new PasswordHashing(config, metrics),
    subkeys: {
      'refresh-token': deriveSubkeys('refresh-token', config.secretKey, config.secretKeyPrevious),
      subject: deriveSubkeys('subject', config.secretKey, config.secretKeyPrevious),
      'one-time-secret': deriveSubkeys('one-time-secret', config.secretKey, config.secretKeyPrevious),
      'restore-token': deriveSubkeys('restore-token', config.secretKey, config.secretKeyPrevious),
      'provider-token': deriveSubkeys('provider-token', config.secretKey, config.secretKeyPrevious),
    },
    doors,
    providers: openProviders(config, app.log),
    log: app.log,
    afterwards: finishBeforeClose(app),
  };
  app.decorate('tools', tools);

  // While it loads nothing else is answered: best before the first request. Development starts without.
  if (config.passkeys && config.nodeEnv === 'production') app.addHook('onListen', loadCeremonies);

  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    // Requests are still taken, so that traffic turns elsewhere before a door is shut in its face.
    if (config.drainSeconds > 0) await sleep(config.drainSeconds * 1000);
  });
  // A connection kept alive after its answer would hold up the close; Fastify sees to those that ask later.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
  registerRefusals(app, tools);
  registerHealth(app, db, () => closing);
  registerWellKnown(app, config, keys);
  registerAppFiles(app, config);
  registerErrorsPage(app);
  registerLandingPage(app, tools);
  await registerTwilioCallback(app, tools);
  await registerOauthCallback(app, tools);
  registerAppleNotices(app, tools);
  if (outbox !== null) registerOutbox(app, tools, outbox);
  if (config.nodeEnv === 'development') await registerDemoProvider(app, config);
  if (config.nodeEnv !== 'production') await registerPlayground(app, config);
  await registerGraphql(app, tools);
  if (config.graphiql) await registerGraphiql(app, config);

  keepUp(app, 'key rotation', KeyRing.intervalSeconds * 1000, () => keys.rotate());
  const untilDone = async (next: (tools: Tools) => Promise<boolean>) => {
    while (!closing && (await next(tools)));
  };
  const inLanes = async (next: (tools: Tools) => Promise<boolean>) => {
    await Promise.all(Array.from({ length: sendingLanes }, () => untilDone(next)));
  };
  const sendNext = async () => {
    const sent = await sendLeftOver(tools);
    if (sent !== null) await followUp(tools, sent);
    return sent !== null;
  };
  const giveUpNext = async () => {
    const late = await giveUp(tools);
    for (const delivery of late) await followUp(tools, delivery);
    return late.length > 0;
  };
  keepUp(app, 'sending what was left behind', secondMs, () => inLanes(sendNext));
  keepUp(app, 'giving up what came too late', secondMs, () => untilDone(giveUpNext));
  // Apart, so that a mail server that says nothing does not hold up codes.
  keepUp(app, 'going over to the other channel', secondMs, () => inLanes(fallBack));
  if (config.applePrivateKey !== undefined)
    keepUp(app, 'revoking grants at Apple', 5 * secondMs, () => inLanes(() => revokeNext(tools)));
  if (config.secretKeyPrevious !== undefined) {
    // At once: after a leak the previous key is taken away as soon as the signing keys are sealed anew.
    app.addHook('onListen', async () => tools.afterwards(resealGrants(tools)));
    // Again and again: until the last replica has the new key, the others seal under the old one.
    keepUp(app, 'sealing grants anew', hourMs, () => resealGrants(tools));
  }
  keepUp(app, 'erasing deleted accounts', 10 * 60 * secondMs, () => eraseAccounts(db, config));
  keepUp(app, 'sweeping', hourMs, () => sweep(db, config));
  return app;
}

/** Work that goes on behind an answer: the app waits for it before it closes, and its failure is logged. */
function finishBeforeClose(app: FastifyInstance): Tools['afterwards'] {
  const going = new Set<Promise<unknown>>();
  app.addHook('onClose', async () => {
    await Promise.all(going);
  });
  return (work) => {
    const settled = work
      .catch((error: Error) =>
        app.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'work behind an answer failed'),
      )
      .finally(() => going.delete(settled));
    going.add(settled);
  };
}

/**
 * Does something again and again for as long as the app lives, and tries again in time after a failure. What goes on
 * failing is logged once: an outage of the database is its own news, not that of everything that waits for it.
 */
function keepUp(app: FastifyInstance, name: string, everyMs: number, work: () => Promise<void>): void {
  let running: Promise<void> | null = null;
  let failing = false;
  const complain = (error: Error) => {
    if (!failing) app.log[isOutage(error) ? 'warn' : 'error']({ err: error }, `${name} failed`);
    failing = true;
  };
  const recover = () => {
    failing = false;
  };
  const timer = setInterval(() => {
    running ??= work()
      .then(recover, complain)
      .finally(() => {
        running = null;
      });
  }, everyMs);
  timer.unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await running;
  });
}

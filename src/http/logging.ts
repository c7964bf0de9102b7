// Owns what stands in a log line: who asked what, under which id, and never a secret, a token or an address.
import { randomUUID } from 'node:crypto';
import type { FastifyRequest, FastifyServerOptions } from 'fastify';
import type { Config } from '../config.js';

/** Fastify's options for logging. A line is one JSON object, so nothing a caller sends can start another. */
export function loggingOptions(
  config: Pick<Config, 'logLevel'>,
  stream?: { write(line: string): void },
): Pick<FastifyServerOptions, 'logger' | 'genReqId' | 'requestIdHeader'> {
  return {
    // Ids are our own: one from outside could be anything.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    logger: {
      level: config.logLevel,
      ...(stream && { stream }),
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: {
        // The route where there is one: links and callbacks carry secrets in their paths.
        req: ({ method, routeOptions, url }: FastifyRequest) => ({
          method,
          path: routeOptions?.url ?? url.split('?', 1)[0],
        }),
        res: ({ statusCode }: { statusCode?: number }) => ({ statusCode: statusCode ?? 0 }),
        err: describeError as (error: Error) => { type: string; message: string; stack: string },
      },
      // Nothing logs these; should a line ever hold one, it is cut here.
      redact: {
        paths: ['authorization', 'password', 'refreshToken', 'accessToken', 'email', 'phone'].flatMap(
          (name) => [name, `*.${name}`, `*.*.${name}`],
        ),
        censor: '[cut]',
      },
    },
  };
}

/** An error without what it quotes: statements carry parameters, and unique violations the value that clashed. */
function describeError(error: Error & { code?: unknown }): object {
  const ours = !('query' in error) && !('severity' in error);
  return {
    type: error.constructor?.name ?? 'Error',
    ...(error.code !== undefined && { code: error.code }),
    ...(ours && { message: error.message }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
    // The first lines of a stack repeat the message.
    stack: error.stack?.slice(error.stack.indexOf('\n    at ') + 1),
  };
}

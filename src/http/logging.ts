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
        // The route, not the path: what was asked for may hold anything.
        req: ({ method, routeOptions }: FastifyRequest) => ({ method, route: routeOptions.url ?? null }),
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

/**
 * An error without what it quotes: statements carry parameters, unique violations the value that clashed, graphql-js
 * the value that is not of its type. Their codes, and where it happened, are enough.
 */
function describeError(error: Error & { code?: unknown }): object {
  const quotes = 'query' in error || 'severity' in error || error.name === 'GraphQLError';
  return {
    type: error.constructor?.name ?? 'Error',
    ...(error.code !== undefined && { code: error.code }),
    ...(!quotes && { message: error.message }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
    stack: framesOf(error),
  };
}

/** A stack begins with the message; only its frames are kept. */
function framesOf({ stack = '', message }: Error): string {
  return stack
    .replace(message, '')
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .join('\n');
}

// Owns the shape of errors[]: lets coded errors through, names the requests at fault, masks and logs everything else.
import { STATUS_CODES } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Config } from '../config.js';
import type { Tools } from '../context.js';
import { isOutage } from '../db/pool.js';
import { badUserInput, unavailable } from '../errors.js';
import type { GraphqlAnswer } from './http.js';
import { mostErrors } from './limits.js';

/** Every `extensions.code` that leaves the gateway, with its status where there is no data to show. */
const statuses = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
} as const;

type ErrorCode = keyof typeof statuses;

/** What went wrong, with what came of it besides: no `data` when nothing was executed. */
interface Failure {
  data?: ExecutionResult['data'] | undefined;
  errors: readonly unknown[];
}

/**
 * Turns what went wrong into an answer. A request that was never executed has no `data` and a status of its own (GraphQL
 * over HTTP); what happened during execution is a 200, but for an operation that could not be run at all.
 */
export function answerErrors(
  { data, errors }: Failure,
  request: FastifyRequest,
  { config, metrics }: Pick<Tools, 'config' | 'metrics'>,
): GraphqlAnswer {
  const told = errors.flatMap(unfold).slice(0, mostErrors);
  const shown = told.map((error) => present(error, request, config));
  const first = shown[0] as GraphQLError;
  const code = first.extensions.code as ErrorCode;
  const couldNotRun =
    data === undefined || (data === null && ['UNAUTHENTICATED', 'UNAVAILABLE'].includes(code));
  if (couldNotRun) metrics.refusedRequests.inc({ reason: code });
  return {
    statusCode: couldNotRun ? (clientStatusOf(errors[0]) ?? statuses[code]) : 200,
    headers: couldNotRun ? headersOf(first) : {},
    body: { ...(data !== undefined && { data }), errors: shown.map((error) => error.toJSON()) },
  };
}

function headersOf({ message, extensions: { code, reason, retryAfterSeconds } }: GraphQLError) {
  return {
    ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': challenge(reason, message) }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  };
}

/** RFC 6750, section 3. */
function challenge(reason: unknown, message: string): string {
  if (reason === 'MISSING') return 'Bearer realm="darwaza"';
  return `Bearer realm="darwaza", error="invalid_token", error_description="${message}"`;
}

/** Mercurius throws what validation finds as one error that holds many. */
function unfold(error: unknown): unknown[] {
  const { code, errors } = (error ?? {}) as { code?: string; errors?: unknown[] };
  return code === 'MER_ERR_GQL_VALIDATION' && errors ? errors : [error];
}

function originOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error;
}

function present(error: unknown, request: FastifyRequest, config: Config): GraphQLError {
  const origin = originOf(error);
  const shown = presentClientError(error, origin, config) ?? presentOurs(error, origin, request);
  if (!(error instanceof GraphQLError) || error === shown) return shown;
  const { nodes = null, source = null, positions = null, path = null } = error;
  return new GraphQLError(shown.message, { nodes, source, positions, path, extensions: shown.extensions });
}

/** Null where it is not the client's fault. */
function presentClientError(error: unknown, origin: unknown, config: Config): GraphQLError | null {
  const inField = error instanceof GraphQLError && error.path !== undefined;
  if (origin instanceof GraphQLError) {
    if (Object.hasOwn(statuses, String(origin.extensions.code))) return origin;
    // Without a code of ours: graphql-js, about the document and the variables, or about what a resolver gave.
    if (!inField) return badUserInput(tidy(error as GraphQLError, origin, config));
    const [argument] = /^Argument "\w+"/.exec(origin.message) ?? [];
    return argument ? badUserInput(`${argument} is not of its type.`) : null;
  }
  const status = clientStatusOf(origin);
  // Within a field a status is somebody else's, that of a server we asked.
  if (status === null || inField) return null;
  const { code, message } = origin as NodeJS.ErrnoException;
  // Fastify's words about a body are fixed; others may quote what was sent.
  return badUserInput(code?.startsWith('FST_ERR_CTP_') ? message : (STATUS_CODES[status] ?? 'Bad Request'));
}

function presentOurs(error: unknown, origin: unknown, { id, log }: FastifyRequest): GraphQLError {
  const path = error instanceof GraphQLError ? error.path?.join('.') : undefined;
  if (origin instanceof Error && isOutage(origin)) {
    log.warn({ err: origin, path }, 'a server does not answer');
    return unavailable();
  }
  log.error({ err: origin, path }, 'unexpected error');
  const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId: id };
  return new GraphQLError('Something went wrong here.', { extensions });
}

/**
 * Values may be secrets: graphql-js quotes the one it refuses, and only the variable and the place are kept. Where
 * the schema is not to be asked for, errors must not spell it out either.
 */
function tidy({ message }: GraphQLError, { message: problem }: GraphQLError, config: Config): string {
  const [variable] = /^Variable "\$\w+"(?= got invalid value)/.exec(message) ?? [];
  const [place = ''] = / at "[\w.[\]]+"$/.exec(message.slice(0, -`; ${problem}`.length)) ?? [];
  const told = variable ? `${variable}${place}: ${withoutValue(problem)}` : withoutValue(problem);
  return config.introspection ? told : told.replace(/ ?Did you mean .*$/s, '');
}

/** By position, not by pattern: what is quoted can hold anything, 30 KB long. */
function withoutValue(problem: string): string {
  const before = (mark: string) => problem.split(mark, 1)[0] ?? '';
  if (problem.startsWith('Syntax Error: ') && problem.includes('String "'))
    return `${before('String "')}String.`;
  if (problem.startsWith('Value '))
    return `The value${problem.slice(problem.lastIndexOf(' does not exist in '))}`;
  if (problem.startsWith('Expected value of type ')) return `${before(', found ')}.`;
  if (before(': ').includes(' cannot represent ')) return `${before(': ')}.`;
  return problem;
}

/** The status that Fastify, or a refusal of ours, gives to a request at fault. */
function clientStatusOf(error: unknown): number | null {
  const { statusCode = 0 } = (originOf(error) ?? {}) as { statusCode?: number };
  return statusCode >= 400 && statusCode < 500 ? statusCode : null;
}

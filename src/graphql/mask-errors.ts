// Owns the shape of errors[]: lets coded errors through, names the requests at fault, masks and logs everything else.
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Context } from '../context.js';
import { badUserInput, unavailable } from '../errors.js';

/** Every `extensions.code` that leaves the gateway. */
type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

const codes: ReadonlySet<unknown> = new Set<ErrorCode>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
]);

/** An answer with errors, as it leaves. */
export interface ErrorAnswer {
  statusCode: number;
  headers: Record<string, string>;
  response: { data?: ExecutionResult['data']; errors: object[] };
}

/**
 * Turns what went wrong into an answer. A request that was never executed has no `data` and a status of 4xx (GraphQL
 * over HTTP); what happened during execution is a 200, but for an operation that could not be run at all.
 */
export function answerErrors(
  execution: { data?: ExecutionResult['data']; errors?: readonly Error[] | undefined },
  context: Context,
): ErrorAnswer {
  const executed = 'data' in execution;
  const errors = (execution.errors ?? []).flatMap(unfold).map((error) => present(error, context));
  const [first] = errors;
  const code = first?.extensions.code;
  const headers: Record<string, string> = {};
  let statusCode = 200;
  if (!execution.data) {
    if (code === 'UNAUTHENTICATED') {
      statusCode = 401;
      headers['www-authenticate'] = challenge(first);
    } else if (code === 'RATE_LIMITED') {
      statusCode = 429;
    } else if (code === 'UNAVAILABLE') {
      statusCode = 503;
      headers['retry-after'] = String(first?.extensions.retryAfterSeconds);
    } else if (!executed) {
      statusCode =
        code === 'BAD_USER_INPUT' ? statusOf(execution.errors?.[0]) : code === 'FORBIDDEN' ? 403 : 500;
    }
  }
  const data = executed ? { data: execution.data ?? null } : {};
  return { statusCode, headers, response: { ...data, errors: errors.map((error) => error.toJSON()) } };
}

/** RFC 6750, section 3. */
function challenge(error: GraphQLError | undefined): string {
  const reason = error?.extensions.reason;
  if (reason === 'MISSING') return 'Bearer realm="darwaza"';
  return `Bearer realm="darwaza", error="invalid_token", error_description="${error?.message}"`;
}

/** Validation comes as one error that holds many. */
function unfold(error: Error): Error[] {
  const inner = originOf(error) as { errors?: unknown };
  return Array.isArray(inner.errors) ? inner.errors.flatMap(unfold) : [error];
}

function originOf(error: Error): Error {
  return error instanceof GraphQLError && error.originalError ? originOf(error.originalError) : error;
}

function present(error: Error, context: Context): GraphQLError {
  const origin = originOf(error);
  if (origin instanceof GraphQLError) {
    if (codes.has(origin.extensions.code)) return locate(origin, error);
    // Without a code of ours and without an origin: graphql-js itself, about the text, the schema or the variables.
    if (!(error instanceof GraphQLError && error.path))
      return locate(badUserInput(tidy(origin.message, context)), error);
  }
  if (isClientError(origin)) return locate(badUserInput(origin.message), error);
  const outage = isOutage(origin);
  context.request.log[outage ? 'warn' : 'error'](
    { err: origin },
    outage ? 'a server does not answer' : 'unexpected error',
  );
  if (outage) return locate(unavailable(), error);
  return locate(
    new GraphQLError('Something went wrong here.', {
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: context.requestId },
    }),
    error,
  );
}

function locate(shown: GraphQLError, where: Error): GraphQLError {
  if (!(where instanceof GraphQLError) || where === shown) return shown;
  const { nodes = null, source = null, positions = null, path = null } = where;
  return new GraphQLError(shown.message, { nodes, source, positions, path, extensions: shown.extensions });
}

/** Where the schema is not to be asked for, errors must not spell it out either. Values may be secrets. */
function tidy(message: string, { config }: Context): string {
  const withoutValue = message
    .replace(/got invalid value .*?(?=(?: at "|; |$))/s, 'got an invalid value')
    .replace(/(cannot represent [^:]*): .*$/s, '$1');
  return config.introspection ? withoutValue : withoutValue.replace(/ ?Did you mean .*$/s, '');
}

function isClientError(error: Error): boolean {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && status >= 400 && status < 500;
}

function statusOf(error: Error | undefined): number {
  const status = error && (originOf(error) as { statusCode?: unknown }).statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 400;
}

/** Whether Postgres is away, shutting down, out of connections or too slow, rather than unhappy with a statement. */
function isOutage(error: Error): boolean {
  const code = String((error as { code?: unknown }).code ?? '');
  if (/^(CONNECT|ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOENT|57P0|57014|08|53)/.test(code))
    return true;
  return error.cause instanceof Error && isOutage(error.cause);
}

// Owns how GraphQL travels: what a request may look like, and the media type of its answer (GraphQL over HTTP).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import { badUserInput } from '../errors.js';

/** A GraphQL request, whichever way it came. */
export interface GraphqlRequest {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}

const json = 'application/json';
const graphqlResponse = 'application/graphql-response+json';

/**
 * Before the body is read: a POST carries JSON and nothing else. A page of a stranger can send forms and plain text
 * from any browser, but JSON only after asking, and nobody is allowed who is not in CORS_ORIGINS.
 * @throws BAD_USER_INPUT, 415
 */
export async function requireJson({ method, headers }: FastifyRequest): Promise<void> {
  if (method !== 'POST' || jsonInUtf8.test(headers['content-type'] ?? '')) return;
  throw badUserInput(`The content type of a POST is ${json}, in UTF-8.`, 415);
}

const jsonInUtf8 = /^application\/json *(?:; *charset=(?:utf-8|"utf-8") *)?$/i;

/**
 * Reads the parameters of a request; members that are null count as absent.
 * @throws BAD_USER_INPUT
 */
export function readRequest(request: FastifyRequest): GraphqlRequest {
  const given = request.method === 'GET' ? readUrl(request.query as object) : request.body;
  if (!isMap(given))
    throw badUserInput('The body is one JSON object: { "query", "variables", "operationName" }.');
  const { query, operationName = null, variables = null, extensions = null } = given;
  if (typeof query !== 'string' || query.trim() === '')
    throw badUserInput('query is missing or not a string.');
  // What is no GraphQL, mercurius would take for a syntax tree in JSON, past the limit on tokens.
  if (looksLikeJson.test(query)) throw badUserInput('query is not GraphQL.');
  if (operationName !== null && typeof operationName !== 'string')
    throw badUserInput('operationName is not a string.');
  if (variables !== null && !isMap(variables)) throw badUserInput('variables is not an object.');
  if (extensions !== null && !isMap(extensions)) throw badUserInput('extensions is not an object.');
  return { query, ...(variables && { variables }), ...(operationName && { operationName }) };
}

const looksLikeJson = /^\s*(?:\{\s*["}]|["[\d-]|(?:true|false|null)\b)/;

/** In a URL, variables and extensions are JSON. */
function readUrl(parameters: object): object {
  const parsed = Object.entries(parameters).map(([name, value]) =>
    name === 'variables' || name === 'extensions' ? [name, parse(name, value)] : [name, value],
  );
  return Object.fromEntries(parsed);
}

function parse(name: string, text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw badUserInput(`${name} is not JSON.`);
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A link that a person follows must not change anything: a GET only asks.
 * @throws BAD_USER_INPUT, 405
 */
export function requirePost({ operation }: OperationDefinitionNode, { method }: FastifyRequest): void {
  if (method === 'POST' || operation === OperationTypeNode.QUERY) return;
  throw badUserInput('Only queries travel by GET.', 405);
}

/** What a request came to. */
export interface GraphqlAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: object;
}

/** Sends an answer in the newer media type when the client ranks it at least as high as plain JSON. */
export function sendAnswer(
  { statusCode, headers, body }: GraphqlAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const accepted = readAccept(request);
  const newer = accepted(graphqlResponse) > 0 && accepted(graphqlResponse) >= accepted(json);
  return reply
    .code(statusCode)
    .headers(headers)
    .type(`${newer ? graphqlResponse : json}; charset=utf-8`)
    .send(JSON.stringify(body));
}

/**
 * Whether a client asks for plain JSON by name and for nothing newer. It cannot tell a 400 of ours from a proxy's, and
 * many throw the body away, so what is wrong with its document is told in a 200 (GraphQL over HTTP, 6.4.1).
 */
export function knowsOnlyJson(request: FastifyRequest): boolean {
  const accepted = readAccept(request);
  return accepted(json) > 0 && accepted(graphqlResponse) === 0;
}

/** The quality that a request's Accept header gives to a media type by name; 0 for none. */
function readAccept({ headers }: FastifyRequest): (type: string) => number {
  const entries = (headers.accept ?? '')
    .toLowerCase()
    .split(',')
    // Trimmed apart: a pattern with blanks on both sides takes 200 ms for a header of 15 KB that is all blanks.
    .map((part) => part.split(';').map((piece) => piece.trim()));
  return (type) => {
    const entry = entries.find(([name]) => name === type);
    return entry ? Number(entry.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1) : 0;
  };
}

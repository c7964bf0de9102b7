// Owns how GraphQL travels: what a request may look like, and the media type of its answer (GraphQL over HTTP).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { badUserInput } from '../errors.js';

const graphqlResponse = 'application/graphql-response+json; charset=utf-8';
const json = 'application/json; charset=utf-8';

/**
 * Checks the parameters of a GraphQL request and tidies them for mercurius.
 * @throws BAD_USER_INPUT
 */
export async function readParameters(request: FastifyRequest): Promise<void> {
  const parameters = request.method === 'GET' ? request.query : request.body;
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw badUserInput('The body is one JSON object: { "query", "variables", "operationName" }.');
  }
  const given = parameters as Record<string, unknown>;
  for (const name of ['query', 'variables', 'operationName', 'extensions']) {
    if (given[name] === null) delete given[name];
  }
  const { query, operationName, variables, extensions } = given;
  if (typeof query !== 'string' || query.trim() === '')
    throw badUserInput('query is missing or not a string.');
  // Mercurius would take a syntax tree in JSON as well, past the limit on tokens.
  if (/^\s*\{\s*"/.test(query)) throw badUserInput('query is not GraphQL.');
  if (operationName !== undefined && typeof operationName !== 'string')
    throw badUserInput('operationName is not a string.');
  if (operationName === '') delete given.operationName;
  for (const [name, value] of Object.entries({ variables, extensions })) {
    if (value === undefined) continue;
    const map = request.method === 'GET' && typeof value === 'string' ? parse(name, value) : value;
    if (typeof map !== 'object' || map === null || Array.isArray(map))
      throw badUserInput(`${name} is not an object.`);
  }
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badUserInput(`${name} is not JSON.`);
  }
}

/**
 * The newer media type when the client ranks it at least as high as plain JSON: clients read errors in answers
 * other than 200 only then.
 */
export function setMediaType(request: FastifyRequest, reply: FastifyReply): void {
  reply.type(acceptsGraphqlResponse(request.headers.accept) ? graphqlResponse : json);
}

function acceptsGraphqlResponse(accept = ''): boolean {
  const quality = (type: string) => {
    const entry = accept
      .toLowerCase()
      .split(',')
      .map((part) => part.trim().split(/\s*;\s*/))
      .find(([name]) => name === type);
    if (entry === undefined) return 0;
    return Number(entry.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  };
  const newer = quality('application/graphql-response+json');
  return newer > 0 && newer >= quality('application/json');
}

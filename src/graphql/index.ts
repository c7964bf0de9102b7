// Puts GraphQL on the app: the schema with its resolvers, and around them the rules of the edge.
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { getOperationAST, NoSchemaIntrospectionCustomRule } from 'graphql';
import mercurius from 'mercurius';
import { makeContext, type Tools } from '../context.js';
import { authenticate } from './authenticate.js';
import { knowsOnlyJson, readRequest, requireJson, requirePost, sendAnswer } from './http.js';
import { boundDocument, boundVariables, mostErrors } from './limits.js';
import { answerErrors } from './mask-errors.js';
import { resolvers } from './resolvers.js';

/** The contract, as text. */
export const sdl = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/** Parsed documents kept, and as many faulty ones: each up to 200 KB at GRAPHQL_MAX_TOKENS, and twice as many at times. */
const mostDocuments = 100;

export async function registerGraphql(app: FastifyInstance, tools: Tools): Promise<void> {
  const { config } = tools;
  await app.register(mercurius, {
    schema: sdl,
    resolvers,
    // Its own would answer HEAD, take other content types, and make texts of the indexes in error paths.
    routes: false,
    graphql: {
      // Lines and columns are counted from the start for every node of every error: 14,000 empty lines cost 60 ms.
      parseOptions: { maxTokens: config.graphqlMaxTokens, noLocation: true },
      validateOptions: { maxErrors: mostErrors },
    },
    validationRules: config.introspection ? [] : [NoSchemaIntrospectionCustomRule],
    cache: mostDocuments,
    // Compiled queries skip the validation of variables in the request that triggers compilation.
    jit: 0,
    // Its own would log what was sent.
    errorFormatter: (execution) => ({ statusCode: 200, response: execution }),
  });
  app.graphql.addHook('preValidation', async (_schema, document) => boundDocument(document, config));
  app.graphql.addHook('preExecution', async (schema, document, context) => {
    const operation = getOperationAST(document, context.operationName);
    // With none by that name, or several and no name, execution comes to nothing and says why.
    if (!operation) return;
    requirePost(operation, context.request);
    await authenticate(schema, document, operation, context);
  });

  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    exposeHeadRoute: false,
    preParsing: requireJson,
    handler: async (request, reply) => {
      const { query, variables, operationName } = readRequest(request);
      if (variables) boundVariables(variables);
      const context = makeContext(tools, request, operationName);
      const { data, errors } = await app
        .graphql(query, context, variables, operationName)
        .catch((error: Error) => ({ data: undefined, errors: [error] }));
      if (!errors) return sendAnswer({ statusCode: 200, headers: {}, body: { data } }, request, reply);
      const answer = answerErrors({ data, errors }, request, tools);
      const statusCode = answer.statusCode === 400 && knowsOnlyJson(request) ? 200 : answer.statusCode;
      return sendAnswer({ ...answer, statusCode }, request, reply);
    },
  });
}

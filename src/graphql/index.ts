// Puts GraphQL on the app: the schema with its resolvers, and around them the rules of the edge.
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { getOperationAST, NoSchemaIntrospectionCustomRule } from 'graphql';
import mercurius from 'mercurius';
import { type Context, makeContext, type Tools } from '../context.js';
import { authenticate } from './authenticate.js';
import { readParameters, setMediaType } from './http.js';
import { boundDocument } from './limits.js';
import { answerErrors } from './mask-errors.js';
import { resolvers } from './resolvers.js';

/** The contract, as text. */
export const sdl = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');

/** Parsed documents kept, each up to GRAPHQL_MAX_TOKENS. */
const mostDocuments = 256;

export async function registerGraphql(app: FastifyInstance, tools: Tools): Promise<void> {
  const { config } = tools;
  const answer = (execution: Parameters<typeof answerErrors>[0], context: Context, reply: FastifyReply) => {
    const { statusCode, headers, response } = answerErrors(execution, context);
    reply.headers(headers);
    return { statusCode, response };
  };

  await app.register(mercurius, {
    schema: sdl,
    resolvers,
    path: '/graphql',
    context: (request, reply) => makeContext(tools, request, reply),
    graphql: { parseOptions: { maxTokens: config.graphqlMaxTokens } },
    validationRules: config.introspection ? [] : [NoSchemaIntrospectionCustomRule],
    cache: mostDocuments,
    // Compiled queries skip the validation of variables in the request that triggers compilation.
    jit: 0,
    ide: false,
    graphiql: false,
    allowBatchedQueries: false,
    csrfPrevention: true,
    additionalRouteOptions: {
      bodyLimit: config.bodyLimitBytes,
      preValidation: async (request, reply) => {
        setMediaType(request, reply);
        reply.header('cache-control', 'no-store');
        await readParameters(request);
      },
    },
    errorFormatter: (execution, context) => {
      const { reply } = context as unknown as { reply: FastifyReply };
      return answer(execution, context as unknown as Context, reply) as never;
    },
    errorHandler: async (error, request, reply) => {
      setMediaType(request, reply);
      const context = makeContext(tools, request, reply);
      const { statusCode, response } = answer({ errors: [error as Error] }, context, reply);
      await reply.code(statusCode).send(response);
    },
  });

  app.graphql.addHook('preValidation', async (_schema, document) => boundDocument(document, config));
  app.graphql.addHook('preExecution', async (schema, document, context) => {
    const parameters = (context.request.method === 'GET' ? context.request.query : context.request.body) as {
      operationName?: string;
    };
    const operation = getOperationAST(document, parameters.operationName);
    // With none by that name, or several and no name, execution comes to nothing and says why.
    if (operation) await authenticate(schema, document, operation, context);
  });
}

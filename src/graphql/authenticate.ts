// Holds the 401 rule: an operation with a field marked @authenticated runs with a good bearer or not at all.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Caller, Context } from '../context.js';
import { type BearerProblem, unauthenticated } from '../errors.js';
import { findLiveSession } from '../sessions/sessions.js';

/** Documents are kept by the parse cache, so each operation is looked through once. */
const known = new WeakMap<OperationDefinitionNode, boolean>();

/**
 * Before execution: finds out who asks, if the operation needs to know. Sign-in, refresh and logout never look at
 * the bearer: apps attach an old one by habit, and refusing it would send them round in circles.
 * @throws UNAUTHENTICATED with its reason
 */
export async function authenticate(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  context: Context,
): Promise<void> {
  const needsBearer = known.get(operation) ?? selectsProtected(schema, document, operation);
  known.set(operation, needsBearer);
  if (!needsBearer) return;
  const caller = await readBearer(context);
  if (typeof caller === 'string') {
    context.metrics.refusedBearers.inc({ reason: caller });
    throw unauthenticated(caller);
  }
  context.caller = caller;
  context.currentSessionId = caller.session.id;
}

async function readBearer({ request, keys, db, config }: Context): Promise<Caller | BearerProblem> {
  const { authorization } = request.headers;
  if (authorization === undefined) return 'MISSING';
  const [, token] = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization) ?? [];
  if (token === undefined) return 'TOKEN_INVALID';
  const verified = await keys.verify(token);
  if (verified === 'expired') return 'TOKEN_EXPIRED';
  if (verified === 'invalid') return 'TOKEN_INVALID';
  return (await findLiveSession(db, config, verified.sid)) ?? 'SESSION_REVOKED';
}

/** Every field at the root, whatever @skip and @include will make of it. */
function selectsProtected(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): boolean {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const selects = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return isProtected(fields[selection.name.value]);
      if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet);
      const fragment = fragments.get(selection.name.value);
      // Once is enough: spread again and again within each other, fragments would take for ever.
      fragments.delete(selection.name.value);
      return fragment !== undefined && selects(fragment.selectionSet);
    });
  return selects(operation.selectionSet);
}

function isProtected(field: GraphQLField<unknown, unknown> | undefined): boolean {
  return field?.astNode?.directives?.some((directive) => directive.name.value === 'authenticated') ?? false;
}

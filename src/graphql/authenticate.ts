// Holds the 401 rule: an operation with a field marked @authenticated runs with a good bearer or not at all.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from '../context.js';
import { unauthenticated } from '../errors.js';
import { readBearer } from '../sessions/read-bearer.js';

/** Documents are kept by the parse cache, so each is looked through once. */
const protectedOperations = new WeakMap<DocumentNode, Map<string, boolean>>();

/**
 * Before execution: finds out who asks, if the operation needs to know. Sign-in, refresh and logout never look at
 * the bearer: apps attach an old one by habit, and refusing it would send them round in circles.
 * @throws UNAUTHENTICATED with its reason
 */
export async function authenticate(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  context: Context,
): Promise<void> {
  if (!needsBearer(schema, document, operationName)) return;
  const caller = await readBearer(context);
  if (typeof caller === 'string') {
    context.metrics.refusedBearers.inc({ reason: caller });
    throw unauthenticated(caller);
  }
  context.caller = caller;
  context.currentSessionId = caller.session.id;
}

function needsBearer(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): boolean {
  const known = protectedOperations.get(document) ?? new Map<string, boolean>();
  protectedOperations.set(document, known);
  const name = operationName ?? '';
  const answer = known.get(name) ?? selectsProtected(schema, document, operationName);
  known.set(name, answer);
  return answer;
}

function selectsProtected(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): boolean {
  const operation = getOperationAST(document, operationName);
  const fields = operation && schema.getRootType(operation.operation)?.getFields();
  if (!fields) return false;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  // Validation has refused fragments that go round in circles.
  const selects = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return isProtected(fields[selection.name.value]);
      if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet);
      const fragment = fragments.get(selection.name.value);
      return fragment !== undefined && selects(fragment.selectionSet);
    });
  return selects(operation.selectionSet);
}

function isProtected(field: GraphQLField<unknown, unknown> | undefined): boolean {
  return field?.astNode?.directives?.some((directive) => directive.name.value === 'authenticated') ?? false;
}

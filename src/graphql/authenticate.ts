// Holds the rules of the bearer: an operation with a field marked @authenticated or @operator runs with a good one or not at all.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from '../context.js';
import { forbidden, unauthenticated } from '../errors.js';
import { isOperator } from '../operators/is-operator.js';
import { readBearer } from '../sessions/read-bearer.js';

/** What a field can ask of the bearer. */
type Mark = 'authenticated' | 'operator';

/** Documents are kept by the parse cache, so each operation is looked through once. */
const known = new WeakMap<OperationDefinitionNode, ReadonlySet<Mark>>();

/**
 * Before execution: finds out who asks, if the operation needs to know. Sign-in, refresh and logout never look at
 * the bearer: apps attach an old one by habit, and refusing it would send them round in circles.
 * @throws FORBIDDEN, or UNAUTHENTICATED with its reason
 */
export async function authenticate(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  context: Context,
): Promise<void> {
  const marks = known.get(operation) ?? findMarks(schema, document, operation);
  known.set(operation, marks);
  if (marks.has('operator') && !isOperator(context)) {
    context.metrics.refusedRequests.inc({ reason: 'operator' });
    throw forbidden('This is for the operators, with their own bearer.');
  }
  if (!marks.has('authenticated')) return;
  const caller = await readBearer(context);
  if (typeof caller === 'string') {
    context.metrics.refusedBearers.inc({ reason: caller });
    throw unauthenticated(caller);
  }
  context.caller = caller;
  context.currentSessionId = caller.session.id;
}

/** The marks of every field at the root, whatever @skip and @include will make of it. */
function findMarks(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ReadonlySet<Mark> {
  const fields = schema.getRootType(operation.operation)?.getFields() ?? {};
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const marksIn = ({ selections }: SelectionSetNode): Mark[] =>
    selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return marksOf(fields[selection.name.value]);
      if (selection.kind === Kind.INLINE_FRAGMENT) return marksIn(selection.selectionSet);
      const fragment = fragments.get(selection.name.value);
      // Once is enough: spread again and again within each other, fragments would take for ever.
      fragments.delete(selection.name.value);
      return fragment === undefined ? [] : marksIn(fragment.selectionSet);
    });
  return new Set(marksIn(operation.selectionSet));
}

function marksOf(field: GraphQLField<unknown, unknown> | undefined): Mark[] {
  const names = field?.astNode?.directives?.map((directive) => directive.name.value) ?? [];
  return names.filter((name) => name === 'authenticated' || name === 'operator');
}

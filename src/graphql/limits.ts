// Bounds what one document may ask, before it is validated: the costly rules of validation never see a bomb.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { Config } from '../config.js';
import { badUserInput } from '../errors.js';

export type DocumentLimits = Pick<Config, 'graphqlMaxDepth' | 'graphqlMaxAliases' | 'graphqlMaxDirectives'>;

/**
 * Selections in one document that repeat a name of their own selection: `__typename` in each member of a union is
 * one. Validation compares each with each, and their selections with each other.
 */
const mostRepeats = 20;

/** Fragments in one document. Validation compares each with each, whether or not they meet. */
const mostFragments = 20;

/** Errors that are told of one request; validation gives up after as many. */
export const mostErrors = 10;

/** Members and items of all variables together; the largest input has about twenty. Each error quotes them all. */
const mostValues = 200;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/**
 * Refuses a document that asks too much.
 * @throws BAD_USER_INPUT
 */
export function boundDocument(document: DocumentNode, limits: DocumentLimits): void {
  countNodes(document, limits);
  const fragments: Fragments = new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  if (fragments.size > mostFragments)
    throw badUserInput(`A document has at most ${mostFragments} fragments.`);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    // Validation lets it pass; execution would have run into it.
    if (definition.operation === OperationTypeNode.SUBSCRIPTION)
      throw badUserInput('There is nothing to subscribe to.');
    if (depthOf(definition.selectionSet, fragments) > limits.graphqlMaxDepth) {
      throw badUserInput(`An operation is at most ${limits.graphqlMaxDepth} levels deep.`);
    }
    // Limits are counted where a credential is checked; this only keeps an operation to one story.
    if (
      definition.operation === OperationTypeNode.MUTATION &&
      countFields(definition.selectionSet, fragments) > 1
    )
      throw badUserInput('A mutation has one root field.');
  }
}

/**
 * Refuses variables that hold too much.
 * @throws BAD_USER_INPUT
 */
export function boundVariables(variables: object): void {
  const within: unknown[] = [variables];
  // The list grows while it is gone through.
  for (const value of within) {
    if (typeof value !== 'object' || value === null) continue;
    const members = Object.values(value);
    if (within.length + members.length > mostValues)
      throw badUserInput(`Variables hold at most ${mostValues} values.`);
    within.push(...members);
  }
}

function countNodes(document: DocumentNode, { graphqlMaxAliases, graphqlMaxDirectives }: DocumentLimits) {
  let aliases = 0;
  let directives = 0;
  let repeats = 0;
  visit(document, {
    Field: ({ alias }) => {
      if (alias && ++aliases > graphqlMaxAliases)
        throw badUserInput(`A document has at most ${graphqlMaxAliases} aliases.`);
    },
    Directive: () => {
      if (++directives > graphqlMaxDirectives)
        throw badUserInput(`A document has at most ${graphqlMaxDirectives} directives.`);
    },
    SelectionSet: (selectionSet, _key, parent) => {
      // An inline fragment's belong to the selection around it.
      if (parent && 'kind' in parent && parent.kind === Kind.INLINE_FRAGMENT) return;
      repeats += countRepeats(selectionSet, new Set());
      if (repeats > mostRepeats) throw badUserInput('Too many fields stand several times in one selection.');
    },
  });
}

function countRepeats({ selections }: SelectionSetNode, seen: Set<string>): number {
  let repeats = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      repeats += countRepeats(selection.selectionSet, seen);
      continue;
    }
    const name =
      selection.kind === Kind.FIELD
        ? (selection.alias ?? selection.name).value
        : `...${selection.name.value}`;
    if (seen.has(name)) repeats += 1;
    seen.add(name);
  }
  return repeats;
}

/** Levels of fields, fragments followed. */
function depthOf(root: SelectionSetNode, fragments: Fragments): number {
  const depths = new Map<string, number>();
  const ofFragment = (name: string): number => {
    // Zero stands while it is being measured: a circle ends here, and validation names it.
    if (!depths.has(name)) {
      depths.set(name, 0);
      const fragment = fragments.get(name);
      if (fragment) depths.set(name, of(fragment.selectionSet));
    }
    return depths.get(name) ?? 0;
  };
  const of = ({ selections }: SelectionSetNode): number =>
    selections.reduce((deepest, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return Math.max(deepest, ofFragment(selection.name.value));
      if (selection.kind === Kind.INLINE_FRAGMENT) return Math.max(deepest, of(selection.selectionSet));
      // Introspection has a rule of its own, by graphql-js, and is deeper by nature.
      if (selection.name.value.startsWith('__')) return deepest;
      return Math.max(deepest, 1 + (selection.selectionSet ? of(selection.selectionSet) : 0));
    }, 0);
  return of(root);
}

/** Fields at the root, fragments followed, each once. */
function countFields(root: SelectionSetNode, fragments: Fragments): number {
  const counted = new Set<string>();
  const of = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1;
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + of(selection.selectionSet);
      const name = selection.name.value;
      const fragment = counted.has(name) ? undefined : fragments.get(name);
      counted.add(name);
      return sum + (fragment ? of(fragment.selectionSet) : 0);
    }, 0);
  return of(root);
}

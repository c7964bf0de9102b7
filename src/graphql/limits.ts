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

/** How often one name may stand in one selection set; beyond, validation compares each with each. */
const mostRepeats = 5;

/**
 * Refuses a document that asks too much.
 * @throws BAD_USER_INPUT
 */
export function boundDocument(document: DocumentNode, limits: DocumentLimits): void {
  let aliases = 0;
  let directives = 0;
  visit(document, {
    Field: ({ alias }) => {
      if (alias && ++aliases > limits.graphqlMaxAliases) {
        throw badUserInput(`A document has at most ${limits.graphqlMaxAliases} aliases.`);
      }
    },
    Directive: () => {
      if (++directives > limits.graphqlMaxDirectives) {
        throw badUserInput(`A document has at most ${limits.graphqlMaxDirectives} directives.`);
      }
    },
    SelectionSet: refuseRepeats,
  });

  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, rootFields } = measure(definition.selectionSet, fragments);
    if (depth > limits.graphqlMaxDepth) {
      throw badUserInput(`An operation is at most ${limits.graphqlMaxDepth} levels deep.`);
    }
    // Limits are counted where a credential is checked; this only keeps an operation to one story.
    if (definition.operation === OperationTypeNode.MUTATION && rootFields > 1) {
      throw badUserInput('A mutation has one root field.');
    }
  }
}

function refuseRepeats({ selections }: SelectionSetNode): void {
  const seen = new Map<string, number>();
  for (const selection of selections) {
    if (selection.kind === Kind.INLINE_FRAGMENT) continue;
    const name =
      selection.kind === Kind.FIELD
        ? (selection.alias ?? selection.name).value
        : `...${selection.name.value}`;
    const count = (seen.get(name) ?? 0) + 1;
    if (count > mostRepeats) throw badUserInput('A field stands too often in one selection.');
    seen.set(name, count);
  }
}

/** Depth and number of root fields of an operation, its fragments followed; each fragment is measured once. */
function measure(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
  const depths = new Map<string, number>();
  const fragmentDepth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // Stands while it is being measured: a circle ends here, and validation names it.
    depths.set(name, 0);
    const fragment = fragments.get(name);
    const depth = fragment ? depthOf(fragment.selectionSet) : 0;
    depths.set(name, depth);
    return depth;
  };
  const depthOf = ({ selections }: SelectionSetNode): number => {
    let deepest = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        deepest = Math.max(deepest, fragmentDepth(selection.name.value));
      else if (selection.kind === Kind.INLINE_FRAGMENT)
        deepest = Math.max(deepest, depthOf(selection.selectionSet));
      // Introspection has a rule of its own, by graphql-js, and is deeper by nature.
      else if (!selection.name.value.startsWith('__')) {
        deepest = Math.max(deepest, 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0));
      }
    }
    return deepest;
  };

  const counted = new Set<string>();
  const countFields = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) return sum + 1;
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + countFields(selection.selectionSet);
      const name = selection.name.value;
      if (counted.has(name)) return sum;
      counted.add(name);
      const fragment = fragments.get(name);
      return sum + (fragment ? countFields(fragment.selectionSet) : 0);
    }, 0);
  return { depth: depthOf(root), rootFields: countFields(root) };
}

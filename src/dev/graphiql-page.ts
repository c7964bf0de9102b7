// The script of the GraphiQL page: opens the examples, carries the tokens along and says so. Runs in the browser.
import { examples, writeVariables } from './examples.js';
import { type Answer, begin, forget, type Known, learn, type Memory, refill } from './graphiql-memory.js';

/** The little that is used of the browser builds, which come without types. */
interface Editor {
  getValue(): string;
  setValue(text: string): void;
  setOption(name: 'lineWrapping', value: boolean): void;
}
interface EditorContext {
  tabs: readonly { id: string }[];
  activeTabIndex: number;
  queryEditor: Editor | null;
  variableEditor: Editor | null;
}
type Component = (props: never) => unknown;
declare const React: {
  createElement(component: Component, props?: object | null, ...children: unknown[]): unknown;
  useEffect(effect: () => void, dependencies: readonly unknown[]): void;
  useRef<T>(first: T): { current: T };
  useSyncExternalStore<T>(subscribe: (tell: () => void) => () => void, read: () => T): T;
};
declare const ReactDOM: { createRoot(element: Element): { render(node: unknown): void } };
declare const GraphiQL: Component & { Logo: Component; React: { useEditorContext(): EditorContext } };

const { createElement, useEffect, useRef, useSyncExternalStore } = React;

let memory: Memory = begin(document.documentElement.dataset.codes === 'sent');
const listeners = new Set<() => void>();

function remember(next: Memory): void {
  memory = next;
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

/** Sends a request, with the access token unless the headers editor brings another, and learns from the answer. */
async function ask(
  request: { query: string; variables?: unknown; operationName?: string },
  { headers = {} }: { headers?: Record<string, string> } = {},
): Promise<unknown> {
  const own = new Headers({
    accept: 'application/graphql-response+json, application/json;q=0.9',
    'content-type': 'application/json',
    'apollographql-client-name': 'GraphiQL',
  });
  if (memory.signedIn) own.set('authorization', `Bearer ${memory.signedIn.accessToken}`);
  for (const [name, value] of Object.entries(headers)) own.set(name, value);
  // Right after a change of tabs GraphiQL still names the operation of the tab before.
  const { operationName = '', ...rest } = request;
  const named = new RegExp(`\\s${operationName}\\b`).test(request.query);
  const response = await fetch('graphql', {
    method: 'POST',
    headers: own,
    body: JSON.stringify(named ? request : rest),
    cache: 'no-store',
    credentials: 'omit',
  });
  const answer = (await response.json()) as Answer;
  remember(learn(memory, request.variables, answer));
  return answer;
}

/** Keeps the variables of the open example up to date with what has been learnt since they were filled in. */
function KeepFilled(): null {
  const { tabs, activeTabIndex, variableEditor } = GraphiQL.React.useEditorContext();
  const { known } = useSyncExternalStore(subscribe, () => memory);
  // The tabs that the page opened with are the examples, whatever becomes of their order.
  const filled = useRef<Map<string, Known> | null>(null);
  filled.current ??= new Map(tabs.map(({ id }) => [id, known]));
  const open = tabs[activeTabIndex]?.id ?? '';
  useEffect(() => {
    const before = filled.current?.get(open);
    if (!variableEditor || !before) return;
    const text = variableEditor.getValue();
    const fresh = refill(text, before, known);
    if (fresh !== text) variableEditor.setValue(fresh);
    filled.current?.set(open, known);
  }, [open, known, variableEditor]);
  return null;
}

/** Wraps long lines, as the answer does: comments are read whole, and tokens seen whole. */
function WrapLines(): null {
  const { queryEditor, variableEditor } = GraphiQL.React.useEditorContext();
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor]) editor?.setOption('lineWrapping', true);
  }, [queryEditor, variableEditor]);
  return null;
}

/** Variables hold passwords: GraphiQL's storage ends with the page. */
function makeStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
    removeItem: (name: string) => void items.delete(name),
    clear: () => items.clear(),
    get length() {
      return items.size;
    },
  };
}

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Says whose access token goes along, and whether it still does any good. */
function showState(): void {
  const { signedIn } = memory;
  const minutes = signedIn?.expiresAt ? Math.ceil((signedIn.expiresAt - Date.now()) / 60_000) : null;
  const refused = signedIn?.refused ?? (minutes !== null && minutes <= 0 ? 'TOKEN_EXPIRED' : null);
  const state = signedIn === null ? 'out' : refused ? 'refused' : 'in';
  const token = {
    out: 'run SignUp or LogIn',
    in: `access token attached${minutes === null ? '' : `, ${minutes} min left`}`,
    refused: `access token refused (${refused}), run ${refused === 'TOKEN_EXPIRED' ? 'Refresh' : 'LogIn'}`,
  }[state];
  const person = signedIn ? `Signed in as ${signedIn.who ?? 'somebody'}` : 'Not signed in';
  const line = find('state');
  line.dataset.state = state;
  // Set only when it changes, for screen readers announce it.
  if (line.textContent !== `${person} · ${token}`) line.textContent = `${person} · ${token}`;
  find('forget').hidden = signedIn === null;
}

const storage = makeStorage();
const defaultTabs = examples.map((example) => ({
  query: example.query,
  variables: writeVariables(example, memory.known),
}));

find('forget').addEventListener('click', () => remember(forget(memory)));
// Everything is in the memory of the page, so a reload is the whole of it.
find('reset').addEventListener('click', () => location.reload());
subscribe(showState);
setInterval(showState, 10_000);
showState();

ReactDOM.createRoot(find('graphiql')).render(
  createElement(
    GraphiQL,
    {
      fetcher: ask,
      defaultTabs,
      // The first of the default tabs shows its variables only if they are given once more.
      variables: defaultTabs[0]?.variables,
      defaultEditorToolsVisibility: 'variables',
      shouldPersistHeaders: false,
      storage,
      // Where the schema is not to be asked for, there is none to show.
      ...(document.documentElement.dataset.introspection === 'off' && { schema: null }),
    },
    createElement(GraphiQL.Logo, { children: null }),
    createElement(KeepFilled),
    createElement(WrapLines),
  ),
);

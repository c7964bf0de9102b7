// The hook behind from-dist.mjs, for Node's module loader.
const root = new URL('../', import.meta.url).href;

export async function resolve(specifier, context, nextResolve) {
  const isOurs = specifier.startsWith('.') && context.parentURL?.startsWith(`${root}tests/`);
  const url = isOurs ? new URL(specifier, context.parentURL).href : '';
  if (!url.startsWith(`${root}src/`)) return nextResolve(specifier, context);
  return { url: url.replace(`${root}src/`, `${root}dist/`), format: 'module', shortCircuit: true };
}

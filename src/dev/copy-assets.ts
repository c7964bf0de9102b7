// Copies GraphiQL's browser files from their packages into the build, so that a production image can do without those packages.
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const target = new URL('./assets/', import.meta.url);
mkdirSync(target, { recursive: true });
for (const [name, packageName, file] of [
  ['react.js', 'react', 'umd/react.production.min.js'],
  ['react-dom.js', 'react-dom', 'umd/react-dom.production.min.js'],
  ['graphiql.js', 'graphiql', 'graphiql.min.js'],
  ['graphiql.css', 'graphiql', 'graphiql.min.css'],
] as const) {
  copyFileSync(join(dirname(require.resolve(`${packageName}/package.json`)), file), new URL(name, target));
}

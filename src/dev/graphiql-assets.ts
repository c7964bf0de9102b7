// Owns which files the GraphiQL page is made of and where they are: its own scripts, and the browser builds of packages.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A browser build: what it is called here, its package, and the file in it. */
export interface BrowserBuild {
  name: string;
  packageName: string;
  file: string;
}

export const browserBuilds: readonly BrowserBuild[] = [
  { name: 'react.js', packageName: 'react', file: 'umd/react.production.min.js' },
  { name: 'react-dom.js', packageName: 'react-dom', file: 'umd/react-dom.production.min.js' },
  { name: 'graphiql.js', packageName: 'graphiql', file: 'graphiql.min.js' },
  { name: 'graphiql.css', packageName: 'graphiql', file: 'graphiql.min.css' },
];

const ownScripts = ['graphiql-page.js', 'graphiql-memory.js', 'examples.js'];

/** What the compiler made, also when this runs from the sources: browsers read no TypeScript. */
const compiled = new URL('../../dist/dev/', import.meta.url);

/** Where `npm run build` copies the browser builds, so that a production image does without their packages. */
export const copies = new URL('assets/', compiled);

const require = createRequire(import.meta.url);

/** Where a file of an installed package is. */
export function findInPackage(packageName: string, file: string): URL {
  return pathToFileURL(join(dirname(require.resolve(`${packageName}/package.json`)), file));
}

/** The files of the page, under one name that changes when any of them does. */
export interface Assets {
  build: string;
  files: ReadonlyMap<string, Buffer>;
}

/**
 * Finds the files at once and reads them when the page is first opened.
 * @throws where one is missing, so that a gateway that promises the page does not start without it
 */
export function findAssets(): () => Promise<Assets> {
  const places = new Map(ownScripts.map((name) => [name, new URL(name, compiled)]));
  for (const { name, packageName, file } of browserBuilds) {
    const copy = new URL(name, copies);
    places.set(name, existsSync(copy) ? copy : findInPackage(packageName, file));
  }
  for (const [name, place] of places) {
    if (!existsSync(place)) throw new Error(`${name} of GraphiQL is not in this build: npm run build`);
  }
  let assets: Promise<Assets> | undefined;
  return () => {
    assets ??= readAssets(places);
    return assets;
  };
}

async function readAssets(places: ReadonlyMap<string, URL>): Promise<Assets> {
  const files = new Map<string, Buffer>();
  const hash = createHash('sha256');
  for (const [name, place] of places) {
    // The source maps are not served; a browser's developer tools would complain.
    const text = (await readFile(place, 'utf8')).replace(/^\/\/# sourceMappingURL=.*\n?/gm, '');
    hash.update(`${name}\n${text}\n`);
    files.set(name, Buffer.from(text));
  }
  return { build: hash.digest('base64url').slice(0, 16), files };
}

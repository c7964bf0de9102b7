// Copies GraphiQL's browser builds into ours, with their licences, so that a production image does without the packages.
import { copyFileSync, mkdirSync } from 'node:fs';
import { browserBuilds, copies, findInPackage } from './graphiql-assets.js';

mkdirSync(copies, { recursive: true });
for (const { name, packageName, file } of browserBuilds) {
  copyFileSync(findInPackage(packageName, file), new URL(name, copies));
  copyFileSync(findInPackage(packageName, 'LICENSE'), new URL(`${packageName}.LICENSE`, copies));
}

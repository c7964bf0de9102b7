// Writes schema.generated.ts, the types of schema.graphql; `--check` only tells whether they are up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as resolvers from '@graphql-codegen/typescript-resolvers';
import { buildSchema, parse } from 'graphql';

const root = new URL('../../', import.meta.url);
const target = new URL('src/graphql/schema.generated.ts', root);
const sdl = readFileSync(new URL('schema.graphql', root), 'utf8');

const types = await codegen({
  filename: target.pathname,
  schema: parse(sdl),
  schemaAst: buildSchema(sdl),
  documents: [],
  pluginMap: { typescript, resolvers },
  plugins: [{ typescript: {} }, { resolvers: {} }],
  config: {
    enumsAsTypes: true,
    // A field without its resolver is a type error.
    avoidOptionals: { query: true, mutation: true },
    useTypeImports: true,
    emitLegacyCommonJSImports: false,
    scalars: { ID: 'string', DateTime: 'Date' },
    inputMaybeValue: 'T | null | undefined',
    resolversNonOptionalTypename: { unionMember: true },
    contextType: '../context.js#Context',
    // What resolvers of these types are given: our rows, not the shape that goes out.
    mappers: {
      User: '../users/users.js#Person',
      Session: '../sessions/sessions.table.js#SessionRow',
      SessionTokens: '../sessions/issue-tokens.js#IssuedTokens',
      LoginEvent: '../users/login-events.table.js#LoginEventRow',
      Passkey: '../sign-in/passkey/passkeys.js#PasskeyRow',
      Identity: '../sign-in/social/identities.js#IdentityRow',
      PasswordChanged: '../sign-in/password/change-password.js#ChangedPassword',
    },
  },
});
const text = `// Generated from schema.graphql by \`npm run generate\`.\n${types}`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('src/graphql/schema.generated.ts is out of date: npm run generate\n');
    process.exitCode = 1;
  }
} else writeFileSync(target, text);

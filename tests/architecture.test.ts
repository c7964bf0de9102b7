import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import t from 'tap';
import ts from 'typescript';

const root = new URL('../', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const list = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending) && !path.includes('node_modules'))
    .map((path) => join(folder, path));

/** An import of one file by another: both by their paths under src, or a package by its name. */
interface Import {
  from: string;
  to: string;
  isPackage: boolean;
  onlyTypes: boolean;
}

const sources = list('src', '.ts').map((path) => ({ path: path.slice('src/'.length), text: read(path) }));
const imports = sources.flatMap(({ path, text }) => importsOf(path, text));

function importsOf(from: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, onlyTypes: boolean) => {
    const isPackage = !specifier.startsWith('.');
    const to = isPackage
      ? specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/')
      : normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts');
    found.push({ from, to, isPackage, onlyTypes });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      const onlyTypes =
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (!node.importClause?.name &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.every(({ isTypeOnly }) => isTypeOnly));
      add((node.moduleSpecifier as ts.StringLiteral).text, onlyTypes);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add((node.moduleSpecifier as ts.StringLiteral).text, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteral(specifier)) add(specifier.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.Latest, true));
  return found;
}

/** The room a file stands in: a folder, each sign-in method its own, or the file itself at the top. */
function roomOf(path: string): string {
  const [folder = '', next, more] = path.split('/');
  if (next === undefined) return folder.replace(/\.ts$/, '');
  return folder === 'sign-in' && more !== undefined ? `sign-in/${next}` : folder;
}

/** From the roof to the ground: a room knows those on lower floors, never those above or beside it. */
const floors: RegExp[] = [
  /^(server|commands)$/,
  /^workers$/,
  /^app$/,
  /^(http|dev|sweep)$/,
  /^graphql$/,
  /^(accounts|sign-in|operators)$/,
  /^sign-in\/[\w-]+$/,
  /^mailbox-proofs$/,
  /^mailbox-proofs$/,
  /^sessions$/,
  /^users$/,
  /^(signing-keys|limits|messages)$/,
  /^(db|tokens)$/,
  /^(metrics|explain|greeting)$/,
  /^config$/,
];
const floorOf = (room: string) => floors.findIndex((names) => names.test(room));

/** What stands outside the floors, with who may not know it. */
const everywhere: Record<string, RegExp> = {
  'context.ts': /^(db|tokens|config)$/,
  'errors.ts': /^(db|tokens|config)$/,
  'graphql/schema.generated.ts': /^(db|tokens|config)$/,
};
/** Files that bring together what lies above them. */
const gathering = ['context.ts', 'db/tables.ts', 'graphql/schema.generated.ts'];

t.test('a room knows only rooms below it, and no sign-in method another one', async (t) => {
  for (const { from, to, isPackage } of imports) {
    if (isPackage || roomOf(from) === roomOf(to) || gathering.includes(from)) continue;
    const [here, there] = [roomOf(from), roomOf(to)];
    const closedTo = everywhere[to];
    if (closedTo) {
      t.notMatch(here, closedTo, `${from} may not know ${to}`);
      continue;
    }
    if (from in everywhere) continue;
    t.ok(floorOf(here) >= 0, `${here} has a floor`);
    t.ok(floorOf(there) > floorOf(here), `${from} (${here}) may not know ${to} (${there})`);
  }
});

t.test('the words of failure know nothing but the codes', async (t) => {
  const known = imports.filter(({ from, isPackage }) => from === 'errors.ts' && !isPackage);
  t.strictSame(
    known.map(({ to }) => to),
    ['graphql/schema.generated.ts'],
  );
});

/** A file that makes statements: it lies beside the table it owns. */
const isRepository = (path: string) =>
  sources.some((other) => other.path === path.replace(/\.ts$/, '.table.ts')) || path.endsWith('.table.ts');

/** Every package, and behind which door it is used. */
const doors: Record<string, (path: string) => boolean> = {
  jose: (path) => /^(tokens|sign-in\/social)\/|^dev\/demo-provider\.ts/.test(path),
  '@node-rs/argon2': (path) => path === 'sign-in/password/password-hashing.ts',
  '@zxcvbn-ts/core': (path) => path.startsWith('sign-in/password/'),
  '@zxcvbn-ts/language-common': (path) => path.startsWith('sign-in/password/'),
  '@simplewebauthn/server': (path) => path.startsWith('sign-in/passkey/'),
  'openid-client': (path) => path.startsWith('sign-in/social/'),
  'libphonenumber-js': (path) => /^(users|messages|sign-in\/otp)\//.test(path),
  twilio: (path) => path.startsWith('messages/'),
  nodemailer: (path) => path.startsWith('messages/'),
  postgres: (path) => path.startsWith('db/'),
  'drizzle-orm': (path) => path.startsWith('db/') || isRepository(path),
  mercurius: (path) => path.startsWith('graphql/'),
  graphql: (path) => /^(errors\.ts|graphql\/|http\/errors-page\.ts)/.test(path),
  fastify: (path) => /^(app|server|context)\.ts|^(graphql|limits|http|dev)\//.test(path),
  ioredis: (path) => path.startsWith('limits/'),
  helmet: (path) => path === 'http/security-headers.ts',
  'prom-client': (path) => /^(metrics|workers)\.ts/.test(path),
  zod: (path) => path === 'config.ts',
  'close-with-grace': (path) => /^(server|workers)\.ts/.test(path),
};
const doorOf = (name: string) => {
  if (name.startsWith('@fastify/'))
    return (path: string) => /^(app\.ts|(graphql|limits|http|dev)\/)/.test(path);
  if (name.startsWith('@graphql-codegen/')) return (path: string) => path === 'graphql/generate.ts';
  return doors[name];
};

t.test('each package has one door', async (t) => {
  const { dependencies } = JSON.parse(read('package.json'));
  for (const { from, to } of imports.filter(({ isPackage, to }) => isPackage && !to.startsWith('node:'))) {
    const door = doorOf(to);
    t.ok(door, `${to} has a door`);
    t.ok(door?.(from), `${to} is not for ${from}`);
    // What only writes the types, or draws the development pages, is not carried to production.
    if (!/^(graphql\/generate\.ts|dev\/)/.test(from)) t.ok(dependencies[to], `${to} is a dependency`);
  }
});

t.test('the app alone makes a server, everyone else knows its type', async (t) => {
  for (const { from, to, onlyTypes } of imports) {
    if (to === 'fastify') t.equal(onlyTypes, from !== 'app.ts', from);
  }
});

t.test('generated types are imported as types', async (t) => {
  const users = imports.filter(({ to }) => to === 'graphql/schema.generated.ts');
  t.ok(users.length > 10);
  for (const { from, onlyTypes } of users) t.ok(onlyTypes, from);
});

/** Where the environment is looked at, and what for. */
const environment: Record<string, RegExp> = {
  'config.ts': /^\/\/ .*process\.env/,
  'server.ts': /readConfig\(process\.env, /,
  'commands/keys.ts': /readConfig\(process\.env, /,
  'commands/migrate.ts': /readConfig\(process\.env, /,
  // libuv reads it before any line of ours runs.
  'sign-in/password/password-hashing.ts': /process\.env\.UV_THREADPOOL_SIZE/,
  // What programs that are started here inherit.
  'db/embedded-binaries.ts': /const \{ PATH, [\w, ]+ \} = process\.env;/,
  'db/embedded-lock.ts': /\{ \.\.\.process\.env, LC_ALL: 'C'/,
};

t.test('settings come from config.ts, and the environment from nowhere else', async (t) => {
  for (const { path, text } of sources) {
    for (const line of text.split('\n').filter((line) => line.includes('process.env'))) {
      t.match(line, environment[path] ?? /^$/, `${path}: ${line.trim()}`);
    }
  }
});

t.test('every file begins with a sentence that says what it is for', async (t) => {
  const helpers = [...list('tests', '.ts'), ...list('tests', '.mjs')].filter(
    (path) => !/\.test\.ts$|\/(bench|soak)\//.test(path),
  );
  for (const path of [...list('src', '.ts'), ...helpers]) {
    const [first = ''] = read(path).split('\n');
    t.match(first, /^\/\/ [A-Za-z].{10,}[.]$/, path);
  }
});

t.test('files and what they offer are named for what they do', async (t) => {
  for (const { path, text } of sources) {
    t.match(path, /^([a-z\d]+(-[a-z\d]+)*\/)*[a-z\d]+(-[a-z\d]+)*(\.table|\.generated)?\.ts$/);
    t.notMatch(basename(path), /(service|manager|helper|util|impl)s?\./, path);
    const offered = text.matchAll(
      /^export (?:default )?(?:async )?(?:abstract )?(?:function|class|const|interface|type) (\w+)/gm,
    );
    for (const [, name = ''] of path.endsWith('.generated.ts') ? [] : offered) {
      t.notMatch(
        name,
        /(Service|Manager|Helper|Util|Impl)s?$|^(handle|process|manage|util)[A-Z]/,
        `${path}: ${name}`,
      );
    }
  }
});

const schema = buildSchema(read('schema.graphql'));
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

t.test('each mutation has a file of its own, by its name, in the room of its feature', async (t) => {
  for (const { name } of mutations) {
    const homes = sources.filter(({ path }) => basename(path) === `${kebab(name)}.ts`);
    t.equal(homes.length, 1, name);
    t.match(homes[0]?.path, /^(sessions|users|accounts|sign-in)\//, name);
    t.match(
      homes[0]?.text,
      new RegExp(`^export const ${name}: MutationResolvers\\['${name}'\\] = `, 'm'),
      name,
    );
    t.match(homes[0]?.text, new RegExp(`^// ${name}: `), `${name}: the first line begins with its name`);
  }
});

t.test('each query and mutation is exercised by a test', async (t) => {
  // What asks for tests is among them; helper.ts lists every operation there is.
  const tests = list('tests', '.ts')
    .filter((path) => !['architecture.test.ts', 'helper.ts'].includes(basename(path)))
    .map(read)
    .join('\n');
  for (const { name } of [...mutations, ...Object.values(schema.getQueryType()?.getFields() ?? {})]) {
    // Not t.match: it would print every test there is.
    const isAsked = new RegExp(`operations\\.${name}\\b|[{\\s]${name}\\s*[({]|'${name}'`).test(tests);
    t.ok(isAsked, name);
  }
});

t.test('everything in the schema is described', async (t) => {
  const described = (what: { description?: string | null | undefined }, name: string) =>
    t.match(what.description ?? '', /^\S[\s\S]*[.:`]$/, `${name} is described in a sentence`);
  for (const type of types) {
    described(type, type.name);
    for (const part of partsOf(type)) {
      described(part, `${type.name}.${part.name}`);
      for (const argument of part.args ?? [])
        described(argument, `${type.name}.${part.name}(${argument.name})`);
    }
  }
  for (const directive of schema.getDirectives().filter((each) => !isSpecifiedDirective(each))) {
    described(directive, `@${directive.name}`);
    for (const argument of directive.args) described(argument, `@${directive.name}(${argument.name})`);
  }
});

type Part = {
  name: string;
  description?: string | null | undefined;
  args?: GraphQLField<unknown, unknown>['args'];
};

function partsOf(type: GraphQLNamedType): Part[] {
  if (isObjectType(type) || isInputObjectType(type)) return Object.values(type.getFields()) as Part[];
  return isEnumType(type) ? [...type.getValues()] : [];
}

t.test('mutations keep to the forms that clients rely on', async (t) => {
  for (const { name, type, args } of mutations) {
    const capital = name.charAt(0).toUpperCase() + name.slice(1);
    const input = args.find((argument) => argument.name === 'input');
    if (input) t.equal(String(input.type), `${capital}Input!`, name);
    if (name === 'logout') {
      t.equal(String(type), 'Boolean!');
      continue;
    }
    t.match(String(type), /^\w+Result!$/, `${name} comes to a result`);
    const result = schema.getType(String(type).slice(0, -1));
    t.ok(isUnionType(result), name);
    const members = isUnionType(result) ? result.getTypes().map((member) => member.name) : [];
    t.equal(members.at(-1), 'AuthError', `${name} can fail as data`);
    if (String(type) !== 'SignInResult!')
      t.strictSame([String(type), members.length], [`${capital}Result!`, 2]);
  }
  t.strictSame(
    (schema.getType('SignInResult') as unknown as { getTypes(): GraphQLNamedType[] })
      .getTypes()
      .map(({ name }) => name),
    ['SessionTokens', 'EmailProofRequired', 'SecondFactorRequired', 'AuthError'],
  );
});

t.test('only what can be asked at the root is marked as needing a bearer', async (t) => {
  // The 401 rule looks at the root of an operation and nowhere else.
  for (const type of types.filter(isObjectType)) {
    if (type === schema.getQueryType() || type === schema.getMutationType()) continue;
    for (const { name, astNode } of Object.values(type.getFields())) {
      t.strictSame(astNode?.directives ?? [], [], `${type.name}.${name}`);
    }
  }
});

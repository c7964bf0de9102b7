import { defaultFieldResolver, type GraphQLError, isIntrospectionType, isObjectType, parse } from 'graphql';
import t, { type Test } from 'tap';
import { boundDocument, boundVariables } from '../../src/graphql/limits.js';
import { build, type Gateway, operations, signUp } from '../helper.js';

// As in production, where nobody is shown what the schema holds.
const gateway = await build(t, { INTROSPECTION: 'false' });
const resolved = countResolvers(gateway);

/** Counts the calls of every resolver, those that only read a property included. */
function countResolvers({ app }: Gateway): { calls: number } {
  const counted = { calls: 0 };
  for (const type of Object.values(app.graphql.schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const resolve = field.resolve ?? defaultFieldResolver;
      field.resolve = (...of) => {
        counted.calls += 1;
        return resolve(...of);
      };
    }
  }
  return counted;
}

const repeat = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');
const nest = (count: number, open: string, inside: string, close: string) =>
  open.repeat(count) + inside + close.repeat(count);

/** Sends a document, with variables as JSON text: some are deeper than JSON.stringify goes. */
const send = (query: string, variables = 'null', to = gateway) =>
  to.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json' },
    payload: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  });

async function refuses(
  t: Test,
  title: string,
  query: string,
  variables?: string,
  to = gateway,
  status = 400,
) {
  const before = resolved.calls;
  const response = await send(query, variables, to);
  const { data, errors } = response.json();
  t.equal(response.statusCode, status, title);
  t.equal(data, undefined, title);
  t.ok(errors.length > 0 && errors.length <= 10, `${title}: a few errors`);
  for (const { extensions } of errors) t.equal(extensions.code, 'BAD_USER_INPUT', title);
  t.equal(resolved.calls, before, `${title}: no resolver ran`);
}

/** What a document costs in CPU, the best of a few. */
async function costOf(query: string, variables?: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3; time += 1) {
    // A blank more each time, so that neither the document nor its errors are known already.
    const fresh = ' '.repeat(time + 1) + query;
    const before = process.cpuUsage();
    await send(fresh, variables);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

/** Documents that cost a lot where nothing bounds them. */
const corpus: Record<string, [query: string, variables?: string]> = {
  '50 levels': [nest(50, '{ a ', '', '}')],
  'more levels than tokens': [nest(400, '{ a ', '', '}')],
  '12 levels through fragments': [
    `{ ...A } fragment A on Query { ${nest(6, 'a { ', '...B', '}')} } fragment B on Query { ${nest(6, 'a { ', 'b', '}')} }`,
  ],
  '1,000 aliases': [`{ ${repeat(1000, (i) => `a${i}: authMethods { method }`)} }`],
  '11 aliases': [`{ ${repeat(11, (i) => `a${i}: authMethods { method }`)} }`],
  '11 aliases in fragments': [
    `{ ...A ... { a: authMethods { method } } } fragment A on Query { ${repeat(10, (i) => `a${i}: authMethods { method }`)} }`,
  ],
  '1,000 fields at the root': [`{ ${repeat(1000, () => 'authMethods { method }')} }`],
  '6,500 overlapping fields': [`{ ${repeat(6500, () => 'me')} }`],
  'overlapping fields in inline fragments': [`{ ${repeat(140, () => '... { authMethods { method } }')} }`],
  'overlapping fields, level by level': [
    `{ ${repeat(5, () => `sessions { ${repeat(5, () => `device { ${repeat(5, () => 'id')} }`)} }`)} }`,
  ],
  'many fragments side by side': [
    `{ ${repeat(70, (i) => `...F${i}`)} } ${repeat(70, (i) => `fragment F${i} on Query { authMethods { method } }`)}`,
  ],
  'an exponential fragment bomb': [
    `{ ...F0 } ${repeat(45, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} ...F${i + 1} }`)} fragment F45 on Query { authMethods { method } }`,
  ],
  'fragments in a circle': [
    '{ ...A } fragment A on Query { ...B } fragment B on Query { authMethods { method } ...A }',
  ],
  'a fragment within itself': ['{ ...A } fragment A on Query { ...A }'],
  'fragments in all circles': [
    `{ ...F0 } ${repeat(19, (i) => `fragment F${i} on Query { ${repeat(19, (j) => `...F${j}`)} }`)}`,
  ],
  'mutations in a circle of fragments': [
    'mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A }',
  ],
  'unused fragments': [
    `{ authMethods { method } } ${repeat(100, (i) => `fragment F${i} on Query { __typename }`)}`,
  ],
  '30,000 directives': [`{ authMethods ${'@a'.repeat(15000)} { method } }`],
  '11 directives': [
    `{ ${repeat(11, (i) => `... @include(if: true) { ${i === 0 ? 'authMethods { method }' : ''} __typename }`)} }`,
  ],
  'many operations': [repeat(150, (i) => `query Q${i} { authMethods { method } }`)],
  'many operations over fragments': [
    `${repeat(90, (i) => `query Q${i} { ...F0 }`)} ${repeat(25, (i) => `fragment F${i} on Query { ...F${i + 1} }`)} fragment F25 on Query { __typename }`,
  ],
  'a long list of arguments': [
    `{ loginEvents(${repeat(300, (i) => `a${i}: 1`)}) { pageInfo { endCursor } } }`,
  ],
  'the same argument again and again': [
    `{ loginEvents(${repeat(300, () => 'first: 1')}) { pageInfo { endCursor } } }`,
  ],
  'a long list in an argument': [`{ loginEvents(first: [${'1 '.repeat(900)}]) { pageInfo { endCursor } } }`],
  'a deep list in an argument': [
    `{ loginEvents(first: ${nest(480, '[', '1', ']')}) { pageInfo { endCursor } } }`,
  ],
  'a list deeper than the parser': [
    `{ loginEvents(first: ${nest(15000, '[', '1', ']')}) { pageInfo { endCursor } } }`,
  ],
  'a deep object in an argument': [
    `mutation { login(input: ${nest(240, '{email:', '1', '}')}) { __typename } }`,
  ],
  'an object of many fields': [
    `mutation { login(input: {${repeat(300, (i) => `f${i}: 1`)}}) { __typename } }`,
  ],
  'many unknown variables': [`query(${repeat(240, (i) => `$v${i}: T${i}`)}) { authMethods { method } }`],
  'many unused variables': [`query(${repeat(240, (i) => `$v${i}: Int`)}) { authMethods { method } }`],
  'many unknown fields': [`{ ${repeat(900, (i) => `f${i}`)} }`],
  'long unknown names': [`{ ${repeat(30, (i) => `f${i}${'x'.repeat(1000)}`)} }`],
  'errors below 14,000 empty lines': [`{${'\n'.repeat(14000)}${repeat(400, (i) => `a${i}`)} }`],
  'a circle below 14,000 empty lines': [
    `${'\n'.repeat(14000)} { ...F0 } ${repeat(20, (i) => `fragment F${i} on Query { ...F${(i + 1) % 20} }`)}`,
  ],
  'a long string': [`{ loginEvents(first: "${'x'.repeat(31000)}") { pageInfo { endCursor } } }`],
  'a block string of many lines': [
    `{ loginEvents(first: """${'\n  x'.repeat(5500)}""") { pageInfo { endCursor } } }`,
  ],
  'unicode escapes': [`{ loginEvents(first: "${'\\u0041'.repeat(4000)}") { pageInfo { endCursor } } }`],
  'surrogates in escapes': [
    `{ loginEvents(first: "${'\\u{1F600}'.repeat(2500)}\\u{D83D}") { pageInfo { endCursor } } }`,
  ],
  'a number of 30,000 digits': [`{ loginEvents(first: ${'9'.repeat(30000)}) { pageInfo { endCursor } } }`],
  'comments and nothing else': ['#\n'.repeat(10000)],
  'commas and nothing else': [','.repeat(30000)],
  'deep introspection': [`{ __schema { types { ${nest(20, 'fields { type { ', 'name', '} }')} } } }`],
  'wide introspection': [
    `{ __schema { types { ${repeat(15, (i) => `... { f${i}: fields { name args { name } } }`)} } } }`,
  ],
  'deep variables': [
    'query($v: Int!) { loginEvents(first: $v) { pageInfo { endCursor } } }',
    `{"v":${nest(15000, '[', '', ']')}}`,
  ],
  'deep objects in variables': [operations.login, `{"input":${nest(3000, '{"email":', '1', '}')}}`],
  'wide variables': [
    operations.login,
    JSON.stringify({ input: Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`f${i}`, 1])) }),
  ],
  'a value full of what its own error says': [
    operations.signup,
    JSON.stringify({ input: { email: ['Value x cannot represent '.repeat(1200)], password: 'b' } }),
  ],
  'an enum full of what its own error says': [
    operations.signup,
    JSON.stringify({
      input: { email: 'a', password: 'b', device: { platform: 'Value cannot represent '.repeat(1200) } },
    }),
  ],
  'a syntax tree instead of a text': [
    '{"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","selectionSet":{"kind":"SelectionSet","selections":[]}}]}',
  ],
  'a syntax tree behind blanks': [' \n\t {\n "kind": "Document", "definitions": [] }'],
  'an empty object': ['{}'],
  'a list in JSON': ['[{"kind":"Document"}]'],
  'a text in JSON': ['"{ __typename }"'],
  'a number': ['1'],
  'a negative number': ['-1'],
  null: ['null'],
  true: [' true '],
};

t.test('a corpus of costly documents is refused before anything runs, each for little work', async (t) => {
  for (const [title, [query, variables]] of Object.entries(corpus)) await refuses(t, title, query, variables);

  const plain = await costOf('{ authMethods { method } }');
  let worst = { title: '', cost: 0 };
  for (const [title, [query, variables]] of Object.entries(corpus)) {
    const cost = await costOf(query, variables);
    if (cost > worst.cost) worst = { title, cost };
    t.ok(cost < Math.max(50, 40 * plain), `${title}: ${cost.toFixed(1)} ms, plain ${plain.toFixed(1)} ms`);
  }
  t.comment(`worst: ${worst.title}, ${worst.cost.toFixed(1)} ms`);
});

/** What costs most of what is allowed: all fragments, all repeats, nearly all tokens, no error to stop at. */
const allowed: Record<string, string> = (() => {
  const fields =
    'me { id name email emailVerified createdAt } sessions { id current method network createdAt device { id name platform model } lastUsedAt expiresAt } authMethods { method passwordPolicy { minLength maxLength minScore } }';
  return {
    'fragments side by side': `{ ${repeat(20, (i) => `...F${i}`)} } ${repeat(20, (i) => `fragment F${i} on Query { ${fields} }`)}`,
    'fragments in a chain': `{ ...F0 } ${repeat(19, (i) => `fragment F${i} on Query { ${fields} ...F${i + 1} }`)} fragment F19 on Query { ${fields} }`,
    'fragments within fragments': `{ sessions { device { ...F0 } } } ${repeat(19, (i) => `fragment F${i} on Device { id name platform model osVersion appVersion ${repeat(2, (j) => (i + j < 19 ? `...F${i + j + 1}` : ''))} }`)} fragment F19 on Device { id name }`,
    repeats: `{ ${repeat(21, () => 'sessions { id current method network createdAt device { id name platform model osVersion appVersion } lastUsedAt expiresAt }')} }`,
    'repeats on every level': `{ ${repeat(3, () => `loginEvents { ${repeat(2, () => `edges { ${repeat(2, () => 'node { id kind device { id name } }')} }`)} }`)} }`,
  };
})();

t.test('what is allowed at most is validated for little work', async (t) => {
  const { accessToken } = await signUp(gateway);
  for (const [title, query] of Object.entries(allowed)) {
    const { status, errors } = await gateway.graphql(query, {}, { token: accessToken });
    t.equal(status, 200, title);
    t.equal(errors, undefined, title);
    // A blank more each time, so that none is known already.
    let best = Number.POSITIVE_INFINITY;
    for (let blanks = 1; blanks < 6; blanks += 1) {
      const before = process.cpuUsage();
      t.equal((await send(query + ' '.repeat(blanks))).statusCode, 401, title);
      const { user, system } = process.cpuUsage(before);
      best = Math.min(best, (user + system) / 1000);
    }
    t.ok(best < 50, `${title}: ${best.toFixed(1)} ms`);
  }
});

t.test('caps have defaults, and hold up to the last one that is allowed', async (t) => {
  t.match(gateway.config, {
    graphqlMaxTokens: 1000,
    graphqlMaxDepth: 10,
    graphqlMaxAliases: 10,
    graphqlMaxDirectives: 10,
    bodyLimitBytes: 32768,
  });
  const limits = { graphqlMaxDepth: 3, graphqlMaxAliases: 2, graphqlMaxDirectives: 2 };
  const cases: [within: string, beyond: string][] = [
    ['{ a { b { c } } }', '{ a { b { c { d } } } }'],
    [
      '{ a { ... { b { ...C } } } } fragment C on X { c }',
      '{ a { ...B } } fragment B on X { b { c { d } } }',
    ],
    ['query A { a } query B { a { b { c } } }', 'query A { a } query B { a { b { c { d } } } }'],
    ['{ a { b { c __schema { x { y { z } } } } } }', '{ a { b { c { __typename d } } } }'],
    ['{ x: a y: a }', '{ x: a y: a z: a }'],
    ['{ x: a { y: a } }', '{ x: a { y: a } ... { z: a } }'],
    ['{ a ...F } fragment F on X { x: a y: b }', '{ x: a ...F } fragment F on X { y: a z: b }'],
    ['query @x { a @y }', 'query @x { a @y ... @z { b } }'],
    ['query($v: Int @x) { ...F @y }', 'query($v: Int @x) { ...F @y } fragment F on X @z { a }'],
    [repeat(20, (i) => `fragment F${i} on X { a }`), repeat(21, (i) => `fragment F${i} on X { a }`)],
    [`{ ${repeat(21, () => 'a')} }`, `{ ${repeat(22, () => 'a')} }`],
    [
      `{ a { ${repeat(11, () => 'b')} } c { ${repeat(11, () => 'b')} } }`,
      `{ ${repeat(22, () => '... { a }')} }`,
    ],
    [`{ ${repeat(21, () => '...F')} }`, `{ ${repeat(22, () => '...F')} }`],
  ];
  const refusalOf = (text: string) => {
    try {
      return boundDocument(parse(text), limits);
    } catch (error) {
      return (error as GraphQLError).extensions.code;
    }
  };
  for (const [within, beyond] of cases) {
    t.equal(refusalOf(within), undefined, within.slice(0, 80));
    t.equal(refusalOf(beyond), 'BAD_USER_INPUT', beyond.slice(0, 80));
  }
});

t.test('variables hold up to 200 values, however deep', async (t) => {
  const refusalOf = (variables: object) => {
    try {
      return boundVariables(variables);
    } catch (error) {
      return (error as GraphQLError).extensions.code;
    }
  };
  const items = (count: number) => Array.from({ length: count }, (_, index) => index);
  for (const [within, beyond] of [
    [{ a: items(198) }, { a: items(199) }],
    [
      { a: items(97), b: { c: items(97), d: 1 } },
      { a: items(98), b: { c: items(98), d: 1 } },
    ],
    [
      Object.fromEntries(items(199).map((i) => [i, null])),
      Object.fromEntries(items(200).map((i) => [i, null])),
    ],
  ] as [object, object][]) {
    t.equal(refusalOf(within), undefined);
    t.equal(refusalOf(beyond), 'BAD_USER_INPUT');
  }
});

t.test('caps are settings', async (t) => {
  const tight = await build(t, {
    GRAPHQL_MAX_TOKENS: '100',
    GRAPHQL_MAX_DEPTH: '3',
    GRAPHQL_MAX_ALIASES: '1',
    GRAPHQL_MAX_DIRECTIVES: '1',
    BODY_LIMIT_BYTES: '2048',
  });
  const plain = '{ authMethods { method } }';
  t.equal((await tight.graphql(plain)).status, 200);
  for (const [title, query] of Object.entries({
    tokens: `{ authMethods { method } ${repeat(15, () => '... { ... { __typename } }')} }`,
    depth: '{ loginEvents { edges { node { device { id } } } } }',
    aliases: '{ a: authMethods { method } b: authMethods { method } }',
    directives: '{ authMethods @skip(if: false) { method @skip(if: false) } }',
    body: `${plain} #${'x'.repeat(2048)}`,
  })) {
    t.ok([200, 401].includes((await gateway.graphql(query)).status), `${title}: allowed by default`);
    await refuses(t, title, query, undefined, tight, title === 'body' ? 413 : 400);
  }
});

t.test('a body that is too large is a coded refusal, whether or not it says how large it is', async (t) => {
  const bytes = (length: number) => {
    const [head, tail] = ['{"query":"{ authMethods { method } } #', '"}'];
    return head + 'x'.repeat(length - head.length - tail.length) + tail;
  };
  const url = `${await gateway.app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
  for (const inChunks of [false, true]) {
    const post = (text: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: inChunks ? new Blob([text]).stream() : text,
        ...(inChunks && { duplex: 'half' }),
      } as RequestInit);
    t.equal((await post(bytes(32768))).status, 200);
    const refused = await post(bytes(32769));
    t.equal(refused.status, 413);
    t.match(await refused.json(), { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    t.equal(refused.headers.get('content-type'), 'application/json; charset=utf-8');
  }
});

t.test('a mutation has one root field, in whatever spelling', async (t) => {
  const logout = 'logout(input: { refreshToken: "x" })';
  const refused = {
    twice: `mutation { ${logout} ${logout} }`,
    'with an alias': `mutation { ${logout} b: ${logout} }`,
    'of two names': `mutation { ${logout} login(input: { email: "a", password: "b" }) { __typename } }`,
    'in an inline fragment': `mutation { ${logout} ... { b: ${logout} } }`,
    'in inline fragments': `mutation { ... { a: ${logout} } ... on Mutation { b: ${logout} } }`,
    'in a fragment': `mutation { ${logout} ...F } fragment F on Mutation { b: ${logout} }`,
    'in two fragments': `mutation { ...F ...G } fragment F on Mutation { a: ${logout} } fragment G on Mutation { b: ${logout} }`,
    'in a fragment of a fragment': `mutation { ...F } fragment F on Mutation { ...G a: ${logout} } fragment G on Mutation { b: ${logout} }`,
    'in one fragment': `mutation { ...F } fragment F on Mutation { a: ${logout} b: ${logout} }`,
    skipped: `mutation { ${logout} b: ${logout} @skip(if: true) }`,
    'not included': `mutation { ${logout} ... @include(if: false) { b: ${logout} } }`,
    'with its type': `mutation { __typename ${logout} }`,
    'in an operation that is not asked for': `mutation A { ${logout} } mutation B { a: ${logout} b: ${logout} }`,
    'five hundred times': `mutation { ${repeat(500, (i) => `m${i}: ${logout}`)} }`,
  };
  for (const [title, query] of Object.entries(refused)) await refuses(t, title, query);

  const before = resolved.calls;
  for (const query of [
    `mutation { ${logout} }`,
    `mutation { renamed: ${logout} }`,
    `mutation { ... { ...F } } fragment F on Mutation { ${logout} }`,
    `mutation { ...F ...F } fragment F on Mutation { ${logout} }`,
  ]) {
    const { status, data } = await gateway.graphql(query);
    t.equal(status, 200);
    t.strictSame(Object.values(data), [true]);
  }
  t.equal(resolved.calls - before, 4);
});

t.test('requests in a list are refused', async (t) => {
  const before = resolved.calls;
  const request = { query: '{ authMethods { method } }' };
  for (const payload of [[request], [request, request], []]) {
    const response = await gateway.inject({ method: 'POST', url: '/graphql', payload });
    t.equal(response.statusCode, 400);
    t.match(response.json(), { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  }
  t.equal(resolved.calls, before);
});

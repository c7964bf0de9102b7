import {
  type GraphQLArgument,
  type GraphQLInputType,
  getNamedType,
  isInputObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import t, { type Test } from 'tap';
import { type Answer, build, operations, signUp } from '../helper.js';

const gateway = await build(t, { INTROSPECTION: 'true' });
const person = await signUp(gateway);

function isRefused(t: Test, { status, headers, data, errors }: Answer, reason: string, title: string) {
  t.equal(status, 401, title);
  t.equal(data, undefined, `${title}: nothing ran`);
  t.equal(errors?.length, 1, title);
  t.match(errors, [{ extensions: { code: 'UNAUTHENTICATED', reason } }], title);
  const challenge = String(headers['www-authenticate']);
  // RFC 6750, section 3.1: no error where no token was sent.
  if (reason === 'MISSING') t.equal(challenge, 'Bearer realm="darwaza"', title);
  else
    t.match(challenge, /^Bearer realm="darwaza", error="invalid_token", error_description="[^"]+"$/, title);
}

/** Every way to spell a field that needs a bearer. */
const spellings: Record<string, [query: string, variables?: object, operationName?: string]> = {
  plainly: ['{ me { id } }'],
  'with an alias': ['{ authMethods: me { id } }'],
  'in an inline fragment': ['{ ... { me { id } } }'],
  'in an inline fragment of its type': ['{ ... on Query { ... { me { id } } } }'],
  'in a fragment': ['{ ...F } fragment F on Query { me { id } }'],
  'in a fragment of a fragment': ['{ ...F } fragment F on Query { ...G } fragment G on Query { me { id } }'],
  'after a fragment that was there before': [
    '{ ...F ...F ...G } fragment F on Query { authMethods { method } } fragment G on Query { ...F me { id } }',
  ],
  'beside a public field': ['{ authMethods { method } me { id } }'],
  'beside introspection': ['{ __schema { queryType { name } } me { id } }'],
  'beside its type': ['{ __typename me { id } }'],
  skipped: ['{ authMethods { method } me @skip(if: true) { id } }'],
  'skipped by a variable': ['query($no: Boolean!) { me @skip(if: $no) { id } }', { no: true }],
  'not included': ['{ ... @include(if: false) { me { id } } authMethods { method } }'],
  'as one of several operations': [
    'query Open { authMethods { method } } query Mine { me { id } }',
    {},
    'Mine',
  ],
  'as a mutation': ['mutation { logoutEverywhere { __typename } }'],
  'as a mutation in a fragment': [
    'mutation { ...F } fragment F on Mutation { revokeSession(input: { id: "x" }) { __typename } }',
  ],
  'as a subselection of nothing else': ['{ loginEvents { pageInfo { endCursor } } }'],
};

const ask = async (
  [query, variables = {}, operationName]: [string, object?, string?],
  authorization?: string,
): Promise<Answer> => {
  const response = await gateway.inject({
    method: 'POST',
    url: '/graphql',
    headers: authorization === undefined ? {} : { authorization },
    payload: { query, variables, operationName },
  });
  const { data, errors } = response.json();
  return { status: response.statusCode, headers: response.headers, data, errors, body: response.body };
};

t.test('a field that needs a bearer needs it in every spelling, and then gets it', async (t) => {
  const protectedFields = { plain: 0, all: 0 };
  for (const [title, asked] of Object.entries(spellings)) {
    protectedFields.all += 1;
    isRefused(t, await ask(asked), 'MISSING', title);
    // Refused again when the document is known.
    isRefused(t, await ask(asked), 'MISSING', title);
    isRefused(t, await ask(asked, 'Bearer not.a.token'), 'TOKEN_INVALID', title);
    if (title.startsWith('as a mutation')) continue;
    const { status, errors } = await ask(asked, `Bearer ${person.accessToken}`);
    t.equal(status, 200, title);
    t.equal(errors, undefined, title);
  }
  t.equal(protectedFields.all, 17);
});

t.test('an operation that needs none runs without, though another one of its document does', async (t) => {
  const two = 'query Open { authMethods { method } } query Mine { me { id } }';
  t.match((await ask([two, {}, 'Open'])).data, {
    authMethods: [
      { method: 'OTP_WHATSAPP' },
      { method: 'OTP_SMS' },
      { method: 'PASSKEY' },
      { method: 'MAGIC_LINK' },
      { method: 'PASSWORD' },
    ],
  });
  isRefused(t, await ask([two, {}, 'Mine']), 'MISSING', 'the other one');
  t.equal((await ask([two, {}, 'Open'])).status, 200);
});

/** What a field asks for at the least, with an x in every place. */
function writeArguments(args: readonly GraphQLArgument[]): string {
  const needed = args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${writeValue(type)}`);
  return needed.length > 0 ? `(${needed.join(', ')})` : '';
}

function writeValue(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return '"x"';
  const fields = Object.values(named.getFields());
  const needed = named.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  return `{ ${needed.map((field) => `${field.name}: ${writeValue(field.type)}`).join(', ')} }`;
}

t.test('every field marked in the schema is refused, and no other', async (t) => {
  const { schema } = gateway.app.graphql;
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}).map((field) => ({
      field,
      operation: type === schema.getQueryType() ? 'query' : 'mutation',
    })),
  );
  for (const { field, operation } of fields) {
    const marks = field.astNode?.directives?.map(({ name }) => name.value) ?? [];
    const selection = field.name === 'logout' ? '' : '{ __typename }';
    const answer = await ask([`${operation} { ${field.name}${writeArguments(field.args)} ${selection} }`]);
    if (marks.includes('authenticated')) isRefused(t, answer, 'MISSING', field.name);
    else t.equal(answer.status, marks.includes('operator') ? 403 : 200, field.name);
  }
});

t.test('whatever is no good bearer is a 401 with its reason, never a 500', async (t) => {
  const { accessToken } = person;
  const [head, body, signature] = accessToken.split('.');
  const bad = [
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'Bearer null',
    'Bearer undefined',
    'Basic dXNlcjpwYXNz',
    accessToken,
    `Bearer${accessToken}`,
    `Token ${accessToken}`,
    `Bearer ${accessToken}, Bearer ${accessToken}`,
    `Bearer ${accessToken} ${accessToken}`,
    `Bearer ${accessToken}=`,
    `Bearer "${accessToken}"`,
    `Bearer\t${accessToken}x`,
    `Bearer ${head}.${body}`,
    `Bearer ${head}.${body}.`,
    `Bearer ${head}..${signature}`,
    `Bearer ${head}.${body}.${signature}.${signature}.x`,
    `Bearer ${person.refreshToken}`,
    'Bearer e30.e30.e30',
    `Bearer ${'a.'.repeat(2000)}a`,
    `Bearer ${'%00'.repeat(50)}`,
    `Bearer ${'é'.repeat(10)}`,
  ];
  for (const authorization of bad) {
    const answer = await ask(['{ me { id } }'], authorization);
    isRefused(t, answer, 'TOKEN_INVALID', JSON.stringify(authorization.slice(0, 40)));
  }
  for (const good of [`bearer ${accessToken}`, `BEARER ${accessToken}`, `Bearer   ${accessToken}`]) {
    t.equal((await ask(['{ me { id } }'], good)).status, 200);
  }
  t.equal(gateway.log.filter((line) => JSON.parse(line).level >= 50).length, 0);
});

t.test('sign-ins, refresh, logout and public fields ignore a bad bearer', async (t) => {
  const { email, password } = await signUp(gateway);
  for (const authorization of ['Bearer old.old.old', 'nonsense', '']) {
    const headers = { authorization };
    const login = await gateway.graphql(operations.login, { input: { email, password } }, { headers });
    t.equal(login.data.login.__typename, 'SessionTokens');
    const { refreshToken } = login.data.login;
    const refresh = await gateway.graphql(
      operations.refreshSession,
      { input: { refreshToken } },
      { headers },
    );
    t.equal(refresh.data.refreshSession.__typename, 'SessionTokens');
    const logout = await gateway.graphql(operations.logout, { input: { refreshToken } }, { headers });
    t.equal(logout.data.logout, true);
    t.equal((await gateway.graphql('{ authMethods { method } }', {}, { headers })).status, 200);
    await signUp(gateway, {}, { headers });
  }
});

t.test('refusals are counted by their reason', async (t) => {
  const count = async () =>
    (await gateway.app.tools.metrics.refusedBearers.get()).values.find(
      ({ labels }) => labels.reason === 'MISSING',
    )?.value ?? 0;
  const before = await count();
  await ask(['{ me { id } }']);
  t.equal(await count(), before + 1);
});

t.test('fragments that spread each other again and again are looked through in no time', async (t) => {
  const chain = Array.from(
    { length: 18 },
    (_, i) => `fragment F${i} on Query { ... { ...F${i + 1} } ... { __typename ...F${i + 1} } }`,
  ).join(' ');
  const begun = process.cpuUsage();
  const query = `{ ...F0 } ${chain} fragment F18 on Query { authMethods { method } }`;
  t.equal((await ask([query])).status, 200);
  // Followed each time they are spread it would be 2^18 ways.
  const { user, system } = process.cpuUsage(begun);
  t.ok((user + system) / 1000 < 30);
});

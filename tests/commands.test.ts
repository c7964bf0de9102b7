import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { describeVariables } from '../src/config.js';
import { operations } from './helper.js';
import { makeDatabase, makeDataDir, runScript, signUpAt, startGateway } from './process.js';

const migrate = ['dist/commands/migrate.js'];
const config = ['dist/commands/config.js'];
const keys = (...args: string[]) => ['dist/commands/keys.js', ...args];

t.test('migrate lays the tables, twice and by two at a time, and the gateway starts on them', async (t) => {
  const settings = { ...(await makeDatabase(t, 'empty')), DATA_DIR: await makeDataDir(t) };
  const both = await Promise.all([runScript(migrate, settings), runScript(migrate, settings)]);
  for (const { code, stderr } of [...both, await runScript(migrate, settings)]) {
    t.equal(code, 0);
    t.equal(stderr, '');
  }
  const gateway = await startGateway(t, settings);
  t.equal((await fetch(`${gateway.url}/readyz`)).status, 200);
});

t.test('the gateway runs as a role that may not change tables, which another one lays', async (t) => {
  const { DATABASE_URL = '', ...database } = await makeDatabase(t, 'empty');
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  const ask = `import postgres from 'postgres'; const sql = postgres(process.env.DATABASE_URL, { onnotice() {} });
    await sql.unsafe(process.env.STATEMENTS).simple(); await sql.end();`;
  const administer = (STATEMENTS: string) =>
    runScript(['--input-type=module', '-e', ask], { ...database, DATABASE_URL, STATEMENTS });
  t.equal((await administer(`create role ${role} login password 'pass'`)).code, 0);
  t.teardown(() => administer(`drop owned by ${role}; drop role ${role}`));
  const asRole = DATABASE_URL.startsWith('postgres:///')
    ? { ...database, DATABASE_URL, PGUSER: role }
    : { DATABASE_URL: DATABASE_URL.replace(/\/\/[^@]*@/, `//${role}:pass@`) };
  const settings = { ...asRole, DATA_DIR: await makeDataDir(t) };

  const forbidden = await runScript(migrate, settings);
  t.equal(forbidden.code, 1);
  t.match(forbidden.stderr, /^The database of DATABASE_URL refuses: .* \(42501\)$/m);

  const owner = { ...settings, ...database, MIGRATION_DATABASE_URL: DATABASE_URL };
  t.equal((await runScript(migrate, owner)).code, 0);
  await administer(`grant select, insert, update, delete on all tables in schema public to ${role}`);
  const gateway = await startGateway(t, settings);
  t.ok((await signUpAt(gateway)).accessToken);
  await gateway.stop();
});

t.test('migrate tells in plain words what is wrong', async (t) => {
  const DATABASE_URL = 'postgres://someone:s3cret-pass@127.0.0.1:1/darwaza';
  const away = await runScript(migrate, { DATABASE_URL, DATA_DIR: await makeDataDir(t) });
  t.equal(away.code, 1);
  t.match(away.stderr, /^The database of DATABASE_URL does not answer: .*\n$/);
  t.notMatch(away.stderr, 's3cret-pass');

  const unset = await runScript(migrate, { NODE_ENV: 'production' });
  t.equal(unset.code, 1);
  t.match(unset.stderr, 'DATABASE_URL is needed in production');
  t.notMatch(unset.stderr, /^ {4}at /m);
});

t.test(
  'keys and migrate work beside a gateway that runs on the embedded Postgres, and without it',
  async (t) => {
    const settings = { DATA_DIR: await makeDataDir(t), JWKS_MAX_AGE_SECONDS: '10' };
    const gateway = await startGateway(t, settings);
    const { accessToken } = await signUpAt(gateway);
    const published = await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json();

    t.equal((await runScript(migrate, settings)).code, 0);
    const listed = await runScript(keys('list'), settings);
    t.equal(listed.code, 0);
    t.same(statesIn(listed.stdout), ['active', 'next']);
    for (const { kid } of (published as { keys: { kid: string }[] }).keys) t.match(listed.stdout, kid);
    t.equal((await runScript(keys(), settings)).stdout, listed.stdout, 'list is what is done unless told');

    const early = await runScript(keys('rotate'), settings);
    t.equal(early.code, 1, 'nobody can know the next key yet');
    t.same(statesIn(early.stdout), ['active', 'next']);

    const dropped = await runScript(keys('rotate', '--now'), settings);
    t.equal(dropped.code, 0);
    t.same(statesIn(dropped.stdout), ['active', 'next']);
    t.notMatch(dropped.stdout, kidOf(accessToken), 'the key that has signed is gone');
    t.equal(
      (await gateway.graphql(operations.me, {}, accessToken)).status,
      200,
      'the gateway was not disturbed',
    );

    t.equal((await gateway.stop()).code, 0);
    t.same((await runScript(keys('list'), settings)).stdout.split('\n')[0], dropped.stdout.split('\n')[0]);
  },
);

t.test('keys explains itself to whoever asks for something else', async (t) => {
  for (const args of [['nonsense'], ['list', '--now'], ['rotate', '--force']]) {
    const { code, stdout, stderr } = await runScript(keys(...args), {});
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, 'npm run keys -- rotate --now');
  }
});

t.test('config tells of every variable, in words and as the table of the README', async (t) => {
  const words = (await runScript(config, {})).stdout;
  const { code, stdout: markdown } = await runScript([...config, '--markdown'], {});
  t.equal(code, 0);
  for (const { name, secret } of describeVariables()) {
    t.match(
      words,
      new RegExp(`^  ${name}${secret ? '  \\(secret\\)' : ''}\n      \\S.*\n      default: \\S`, 'm'),
    );
    t.match(
      markdown,
      new RegExp(`^\\| \`${name}\`${secret ? ' \\(secret\\)' : ''} \\| [^|]+ \\| [^|]+ \\|$`, 'm'),
    );
  }
  t.ok((await readFile('README.md', 'utf8')).includes(`<!-- config -->\n${markdown}<!-- /config -->`));
  t.equal((await runScript([...config, '--check'], {})).code, 0);
});

function statesIn(list: string): string[] {
  return [...list.matchAll(/^\S+ +ES256 +(\w+) +since /gm)].map(([, state = '']) => state);
}

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

import { randomUUID } from 'node:crypto';
import t from 'tap';
import { build, goodPassword, operations, randomNetwork, type Sending, signUp } from '../../helper.js';
import {
  hashesOf,
  inParallel,
  logIn,
  onlySomePass,
  outcomeOf,
  roomy,
  rowsOf,
  spelledOut,
  tally,
} from './guessing.js';

const gateway = await build(t);

const signup = (input: object, sending: Sending = { from: randomNetwork() }, on = gateway) =>
  on.graphql(operations.signup, { input }, sending);
const anybody = () => ({ email: `${randomUUID()}@example.com`, password: goodPassword });

t.test('signup makes an account and signs it in', async (t) => {
  const device = { id: 'd-1', name: 'Asha’s Pixel', platform: 'ANDROID', model: 'Pixel 9' };
  const input = { email: 'Asha@EXAMPLE.com', password: goodPassword, name: '  Asha  ', device };
  const { status, data, headers } = await signup(input, { from: '10.1.2.3' });
  t.equal(status, 200);
  t.equal(headers['cache-control'], 'no-store');
  t.match(data.signup, {
    __typename: 'SessionTokens',
    accessToken: /^[\w-]+\.[\w-]+\.[\w-]+$/,
    refreshToken: /^dwr_[\w-]+$/,
    accessTokenExpiresIn: Number,
    tokenType: 'Bearer',
    user: { name: 'Asha', email: 'asha@example.com', emailVerified: false },
    session: { current: true, method: 'PASSWORD', network: '10.1.2.3', device },
  });
  const me = await gateway.graphql(operations.me, {}, { token: data.signup.accessToken });
  t.same(me.data.me, data.signup.user);
  const login = await logIn(gateway, { email: 'asha@example.com', password: goodPassword });
  t.equal(outcomeOf(login), 'SessionTokens');
});

t.test('a password is kept as an argon2id hash of 19 MiB and two passes, and nowhere as it is', async (t) => {
  const { user, password } = await signUp(gateway, { password: 'violet-ladder-73-canyon' });
  const [stored] = await gateway.sql`
    select hash from passwords join credentials on id = credential_id where user_id = ${user.id}`;
  t.match(stored?.hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  const other = await signUp(gateway, { password });
  const [second] = await gateway.sql`
    select hash from passwords join credentials on id = credential_id where user_id = ${other.user.id}`;
  t.not(second?.hash, stored?.hash, 'the same password of two people has two hashes');
  t.notOk(gateway.log.some((line) => line.includes(password)));
});

t.test('what cannot be an account is refused by its code, and nothing is made or counted', async (t) => {
  const gateway = await build(t, { SIGNUPS_PER_HOUR: '1' });
  const refused: [string, object][] = [
    ['EMAIL_INVALID', { email: 'asha' }],
    ['EMAIL_INVALID', { email: 'asha@example.com,eve@example.net' }],
    ['EMAIL_INVALID', { email: 'asha＠example.com' }],
    ['NAME_INVALID', { name: '' }],
    ['NAME_INVALID', { name: ' \t ' }],
    ['NAME_INVALID', { name: 'a'.repeat(101) }],
    ['NAME_INVALID', { name: 'Asha\u0000' }],
    ['NAME_INVALID', { name: 'Asha\u202egnp.exe' }],
    ['NAME_INVALID', { name: '\u200b\ufeff\u3164' }],
    ['NAME_INVALID', { name: '\ud800' }],
    ['DEVICE_INVALID', { device: { id: '' } }],
    ['DEVICE_INVALID', { device: { model: 'x'.repeat(101) } }],
    ['PASSWORD_TOO_SHORT', { password: 'x7!kQ2z' }],
    ['PASSWORD_TOO_LONG', { password: 'kettle'.repeat(43) }],
    ['PASSWORD_TOO_COMMON', { password: 'password1' }],
    ['PASSWORD_TOO_WEAK', { password: 'asha.berg1', email: 'asha.berg@example.com' }],
    ['PASSWORD_NOT_TEXT', { password: `${goodPassword}\ud83d` }],
  ];
  for (const [code, input] of refused) {
    const answer = await signup({ ...anybody(), ...input }, {}, gateway);
    t.equal(answer.status, 200);
    t.equal(outcomeOf(answer), code, spelledOut(input));
  }
  t.same(await rowsOf(gateway, 'users', 'credentials', 'passwords', 'sessions', 'login_events'), {
    users: 0,
    credentials: 0,
    passwords: 0,
    sessions: 0,
    login_events: 0,
  });
  t.equal(await hashesOf(gateway), 0);
  t.equal(outcomeOf(await signup(anybody(), {}, gateway)), 'SessionTokens');
});

t.test('a request that is no signup at all is the developer’s mistake', async (t) => {
  const password = 'crimson-anchor-58-meadow';
  for (const input of [
    { email: 'a@example.com' },
    { email: 'a@example.com', password: null },
    { email: 'a@example.com', password: [password, 1] },
    { email: 'a@example.com', password, device: { platform: 'PHONE' } },
    { email: 'a@example.com', password, userId: randomUUID(), emailVerified: true },
  ]) {
    const { status, errors, data, body } = await signup(input);
    t.equal(status, 400);
    t.equal(data, undefined);
    t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }]);
    t.notOk(body.includes(password), 'the password does not come back');
  }
});

t.test('an address has one account, however it is spelled and however often a signup is sent', async (t) => {
  const { email, password } = await signUp(gateway, { email: 'ravi@example.com' });
  const users = await rowsOf(gateway, 'users');
  for (const spelling of [email, 'RAVI@Example.COM', ' ravi@example.com\t', 'ravi@ｅxample.com']) {
    const answer = await signup({ email: spelling, password: 'crimson-anchor-58-meadow' });
    t.equal(outcomeOf(answer), 'EMAIL_TAKEN', spelledOut(spelling));
    t.notOk(answer.data.signup.accessToken);
  }
  t.same(await rowsOf(gateway, 'users'), users);
  t.equal(
    outcomeOf(await logIn(gateway, { email, password })),
    'SessionTokens',
    'the password is still theirs',
  );
});

t.test('fifty signups of one address at once make one account', async (t) => {
  const gateway = await build(t, roomy);
  const input = { email: 'rush@example.com', password: goodPassword };
  const answers = await inParallel(50, () => signup(input, { from: randomNetwork() }, gateway));
  t.same(tally(answers), { SessionTokens: 1, EMAIL_TAKEN: 49 });
  t.same(await rowsOf(gateway, 'users', 'credentials', 'passwords', 'sessions', 'login_events'), {
    users: 1,
    credentials: 2,
    passwords: 1,
    sessions: 1,
    login_events: 1,
  });
});

t.test('ten signups an hour from one network, exact when they come at once', async (t) => {
  const gateway = await build(t, roomy);
  const answers = await inParallel(30, () => signup(anybody(), { from: '10.7.7.7' }, gateway));
  onlySomePass(t, answers, 10, 'SessionTokens');
  t.equal(await hashesOf(gateway), 10);
  const waits = answers.map(({ data }) => data?.signup.retryAfterSeconds ?? 3600);
  t.ok(Math.min(...waits) > 3500 && Math.max(...waits) <= 3600, 'told when the hour is over');
  t.equal(outcomeOf(await signup(anybody(), { from: '10.7.7.8' }, gateway)), 'SessionTokens', 'others go on');
});

t.test('choosing a password costs no signup, asking for taken addresses does', async (t) => {
  const gateway = await build(t, { SIGNUPS_PER_HOUR: '3' });
  const from = '10.8.8.8';
  const weak = await inParallel(20, () => signup({ ...anybody(), password: 'password1' }, { from }, gateway));
  t.ok(tally(weak).PASSWORD_TOO_COMMON);
  for (let choice = 0; choice < 10; choice++) {
    const answer = await signup({ ...anybody(), password: 'password1' }, { from }, gateway);
    t.equal(outcomeOf(answer), 'PASSWORD_TOO_COMMON');
  }
  const mine = anybody();
  t.equal(outcomeOf(await signup(mine, { from }, gateway)), 'SessionTokens');
  t.equal(outcomeOf(await signup(mine, { from }, gateway)), 'EMAIL_TAKEN');
  t.equal(outcomeOf(await signup(mine, { from }, gateway)), 'EMAIL_TAKEN');
  t.equal(outcomeOf(await signup(mine, { from }, gateway)), 'TOO_MANY_ATTEMPTS');
});

t.test('a signup that fails half-way leaves nothing behind, no place in the rate either', async (t) => {
  const gateway = await build(t, { SIGNUPS_PER_HOUR: '1' });
  await gateway.sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no events today'; end $$;
    create trigger refuse before insert on login_events execute function refuse();`);
  const input = anybody();
  const { errors, data } = await signup(input, {}, gateway);
  t.equal(data, null);
  t.match(errors, [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  t.same(await rowsOf(gateway, 'users', 'credentials', 'passwords', 'sessions'), {
    users: 0,
    credentials: 0,
    passwords: 0,
    sessions: 0,
  });
  await gateway.sql`drop trigger refuse on login_events`;
  t.equal(outcomeOf(await signup(input, {}, gateway)), 'SessionTokens', 'and may be repeated');
});

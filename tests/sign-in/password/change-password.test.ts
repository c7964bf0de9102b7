import t from 'tap';
import {
  build,
  type Gateway,
  goodPassword,
  operations,
  randomNetwork,
  type SignedIn,
  signUp,
} from '../../helper.js';
import {
  changePassword,
  guess,
  hashesOf,
  inParallel,
  logIn,
  onlySomePass,
  outcomeOf,
  roomy,
} from './guessing.js';

const gateway = await build(t, roomy);
const newPassword = 'crimson-anchor-58-meadow';

const liveSessions = async ({ sql }: Gateway, { user }: SignedIn) =>
  (await sql`select id from sessions where user_id = ${user.id} and revoked_at is null`).map(({ id }) => id);

t.test('changePassword puts the new password in place of the old and ends all other sessions', async (t) => {
  const device = { id: 'phone', name: 'Asha’s Pixel' };
  const person = await signUp(gateway, { device });
  const others = [await logIn(gateway, person), await logIn(gateway, person)].map(({ data }) => data.login);
  const answer = await changePassword(gateway, person.accessToken, person.password, newPassword);
  t.equal(answer.status, 200);
  t.match(answer.data.changePassword, { __typename: 'PasswordChanged', user: { id: person.user.id } });
  t.same(
    answer.data.changePassword.revokedSessionIds.toSorted(),
    others.map(({ session }) => session.id).toSorted(),
  );

  t.equal(outcomeOf(await logIn(gateway, person)), 'INVALID_CREDENTIALS');
  t.equal(outcomeOf(await logIn(gateway, { ...person, password: newPassword })), 'SessionTokens');
  for (const { accessToken, refreshToken } of others) {
    const { status, errors } = await gateway.graphql(operations.me, {}, { token: accessToken });
    t.match({ status, errors }, { status: 401, errors: [{ extensions: { reason: 'SESSION_REVOKED' } }] });
    const refresh = await gateway.graphql(operations.refreshSession, { input: { refreshToken } });
    t.equal(outcomeOf(refresh), 'SESSION_REVOKED');
  }
  const { refreshToken } = person;
  const { data } = await gateway.graphql(operations.loginEvents, { first: 5 }, { token: person.accessToken });
  const refresh = await gateway.graphql(operations.refreshSession, { input: { refreshToken } });
  t.equal(outcomeOf(refresh), 'SessionTokens', 'the session that asked goes on');
  const events = data.loginEvents.edges.map(({ node }: { node: object }) => node);
  t.match(events[4], {
    kind: 'PASSWORD_CHANGE',
    method: 'PASSWORD',
    failure: null,
    sessionId: person.session.id,
  });
  t.match(events[4].device, { name: device.name });
  t.match(events.slice(2, 4), [{ kind: 'REVOCATION' }, { kind: 'REVOCATION' }]);

  const [stored] = await gateway.sql`
    select hash from passwords join credentials on id = credential_id where user_id = ${person.user.id}`;
  t.match(stored?.hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

t.test('the same change sent again finds the old password wrong', async (t) => {
  const person = await signUp(gateway);
  const change = () => changePassword(gateway, person.accessToken, person.password, newPassword);
  t.same([outcomeOf(await change()), outcomeOf(await change())], ['PasswordChanged', 'INVALID_CREDENTIALS']);
});

t.test('a new password has to be a good one, and nothing is checked or counted before it is', async (t) => {
  const gateway = await build(t, roomy);
  const person = await signUp(gateway, { email: 'ravi.menon@example.com', name: 'Ravi Menon' });
  const before = await hashesOf(gateway);
  for (const [code, password] of [
    ['PASSWORD_TOO_SHORT', 'x7!kQ2z'],
    ['PASSWORD_TOO_LONG', 'kettle'.repeat(43)],
    ['PASSWORD_TOO_COMMON', 'password1'],
    ['PASSWORD_TOO_WEAK', 'ravi.menon1'],
    ['PASSWORD_NOT_TEXT', `${newPassword}\udc00`],
  ] as const) {
    const answer = await changePassword(gateway, person.accessToken, 'not-the-password', password);
    t.equal(outcomeOf(answer), code);
  }
  t.equal(await hashesOf(gateway), before);
  t.same([...(await gateway.sql`select 1 from attempts`)], []);
});

t.test('without a bearer, or with one whose session was ended, it is a 401', async (t) => {
  const person = await signUp(gateway);
  const input = { currentPassword: person.password, newPassword };
  const { status, errors } = await gateway.graphql(operations.changePassword, { input });
  t.match({ status, errors }, { status: 401, errors: [{ extensions: { reason: 'MISSING' } }] });
  await gateway.graphql(operations.logout, { input: { refreshToken: person.refreshToken } });
  const ended = await changePassword(gateway, person.accessToken, person.password, newPassword);
  t.match(ended, { status: 401, errors: [{ extensions: { reason: 'SESSION_REVOKED' } }] });
  t.equal(outcomeOf(await logIn(gateway, person)), 'SessionTokens');
});

t.test('a wrong current password counts, by the session that asks', async (t) => {
  const gateway = await build(t, { ...roomy, PASSWORD_ATTEMPTS: '4' });
  const person = await signUp(gateway);
  const from = randomNetwork();
  const before = await hashesOf(gateway);
  const answers = await inParallel(50, () =>
    changePassword(gateway, person.accessToken, 'not-the-password', newPassword, { from }),
  );
  onlySomePass(t, answers, 4);
  t.equal(await hashesOf(gateway), before + 4);
  const right = await changePassword(gateway, person.accessToken, person.password, newPassword, { from });
  t.equal(right.data.changePassword.code, 'TOO_MANY_ATTEMPTS');
  t.ok(right.data.changePassword.retryAfterSeconds > 800);
  const { data, ...login } = await logIn(gateway, person, { from });
  t.equal(outcomeOf({ data, ...login }), 'SessionTokens', 'nobody is shut out by it');

  await inParallel(20, () => guess(gateway, person, { from }));
  t.equal(outcomeOf(await logIn(gateway, person, { from })), 'TOO_MANY_ATTEMPTS');
  const other = await changePassword(gateway, data.login.accessToken, person.password, newPassword, { from });
  t.equal(outcomeOf(other), 'PasswordChanged', 'nor can a stranger shut out a session');
});

t.test('a right current password gives its try back', async (t) => {
  const gateway = await build(t, { ...roomy, PASSWORD_ATTEMPTS: '2' });
  const { accessToken } = await signUp(gateway);
  let current = goodPassword;
  for (let i = 0; i < 4; i++) {
    const next = `${newPassword}-${i}`;
    t.equal(outcomeOf(await changePassword(gateway, accessToken, current, next)), 'PasswordChanged');
    current = next;
  }
});

t.test('of two changes at once one wins, and its session is the only one left', async (t) => {
  for (let round = 0; round < 3; round++) {
    const person = await signUp(gateway);
    const { data } = await logIn(gateway, person);
    const sessions = [person.session.id, data.login.session.id];
    const choices = [`${newPassword}-one`, `${newPassword}-two`];
    const answers = await inParallel(2, (i) =>
      changePassword(
        gateway,
        [person.accessToken, data.login.accessToken][i] ?? '',
        person.password,
        choices[i] ?? '',
      ),
    );
    const winner = answers.findIndex((answer) => outcomeOf(answer) === 'PasswordChanged');
    const loser = outcomeOf(answers[1 - winner] as (typeof answers)[0]);
    // A loser that comes late finds its session ended, or is not even let in.
    t.match(loser, /^INVALID_CREDENTIALS$|SESSION_REVOKED/);
    t.same(await liveSessions(gateway, person), [sessions[winner]]);
    const logins = await inParallel(2, (i) =>
      logIn(gateway, { email: person.email, password: choices[i] ?? '' }, { from: randomNetwork() }),
    );
    t.equal(outcomeOf(logins[winner] as (typeof logins)[0]), 'SessionTokens');
    t.equal(outcomeOf(logins[1 - winner] as (typeof logins)[0]), 'INVALID_CREDENTIALS');
  }
});

t.test('no login with the old password outlives the change beside which it ran', async (t) => {
  const other = await build(t, roomy, gateway);
  for (let round = 0; round < 4; round++) {
    const person = await signUp(gateway);
    const logins: Promise<unknown>[] = [];
    let changed = false;
    const change = changePassword(gateway, person.accessToken, person.password, newPassword).finally(() => {
      changed = true;
    });
    while (!changed) {
      const on = logins.length % 2 ? gateway : other;
      logins.push(logIn(on, person, { from: randomNetwork() }));
      await Promise.race([logins[Math.max(0, logins.length - 6)], change]);
    }
    t.equal(outcomeOf(await change), 'PasswordChanged');
    await Promise.all(logins);
    t.same(await liveSessions(gateway, person), [person.session.id], `beside ${logins.length} logins`);
  }
});

t.test('a login whose password is changed while it is being checked is refused, on record', async (t) => {
  const gateway = await build(t, roomy);
  const other = await build(t, roomy, gateway);
  const person = await signUp(gateway);
  const { hashing } = gateway.app.tools;
  const verify = hashing.verify.bind(hashing);
  hashing.verify = async (...words) => {
    const right = await verify(...words);
    await changePassword(other, person.accessToken, person.password, newPassword);
    return right;
  };
  const login = await logIn(gateway, person);
  t.equal(outcomeOf(login), 'INVALID_CREDENTIALS');
  t.same(await liveSessions(gateway, person), [person.session.id]);
  const events = await gateway.sql`select kind, failure from login_events order by id`;
  t.same(
    [...events],
    [
      { kind: 'SIGN_UP', failure: null },
      { kind: 'PASSWORD_CHANGE', failure: null },
      { kind: 'SIGN_IN', failure: 'INVALID_CREDENTIALS' },
    ],
  );
});

t.test('a session that is ended while its change is being checked changes nothing', async (t) => {
  const gateway = await build(t, roomy);
  const person = await signUp(gateway);
  const { data } = await logIn(gateway, person);
  const { hashing } = gateway.app.tools;
  const hash = hashing.hash.bind(hashing);
  hashing.hash = async (password) => {
    const input = { id: data.login.session.id };
    await gateway.graphql(operations.revokeSession, { input }, { token: person.accessToken });
    return hash(password);
  };
  const change = await changePassword(gateway, data.login.accessToken, person.password, newPassword);
  t.equal(outcomeOf(change), 'SESSION_REVOKED');
  t.same(await liveSessions(gateway, person), [person.session.id]);
  t.equal(outcomeOf(await logIn(gateway, person)), 'SessionTokens', 'the password is the old one');
});

t.test('a password at an old cost can be changed beside logins that renew it', async (t) => {
  const person = await signUp(gateway);
  const changes = async () => {
    const [row] = await gateway.sql`
      select changed_at::text from passwords join credentials on id = credential_id where user_id = ${person.user.id}`;
    return row?.changed_at;
  };
  const before = await changes();
  const { hashing } = gateway.app.tools;
  const hash = hashing.hash.bind(hashing);
  t.teardown(() => {
    hashing.hash = hash;
  });
  hashing.hash = async (password) => {
    // As a login renews it: another hash of the same password.
    await gateway.sql`update passwords set hash = ${await hash(person.password)} where credential_id = (
      select id from credentials where user_id = ${person.user.id} and kind = 'password')`;
    return hash(password);
  };
  const change = await changePassword(gateway, person.accessToken, person.password, newPassword);
  t.equal(outcomeOf(change), 'PasswordChanged');
  t.not(await changes(), before);
});

t.test('the password and the other sessions change together or not at all', async (t) => {
  const gateway = await build(t, roomy);
  const person = await signUp(gateway);
  const { data } = await logIn(gateway, person);
  await gateway.sql.unsafe(`
    create function refuse() returns trigger language plpgsql as $$ begin raise 'no events today'; end $$;
    create trigger refuse before insert on login_events for each row
      when (new.kind = 'REVOCATION') execute function refuse();`);
  const { errors } = await changePassword(gateway, person.accessToken, person.password, newPassword);
  t.match(errors, [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  t.same(
    (await liveSessions(gateway, person)).toSorted(),
    [person.session.id, data.login.session.id].toSorted(),
  );
  t.equal(outcomeOf(await logIn(gateway, person)), 'SessionTokens');
});

import { randomUUID } from 'node:crypto';
import t from 'tap';
import { age, otherThan, randomPhone, sendOtp, verifyOtp } from '../../codes.js';
import { build, operations, randomNetwork, signUp } from '../../helper.js';
import { Twilio } from '../../twilio-stand-in.js';

const twilio = await Twilio.open(t);
// A loaded machine is not what these are about.
const settings = { ...twilio.settings, DATABASE_POOL: '15' };
const gateway = await build(t, settings);
const replica = await build(t, settings, gateway);
const { sql } = gateway;

/** Asks for a code and reads it off the phone. */
async function begin(phone = randomPhone(), input: { channel?: string; device?: object } = {}) {
  const { challengeId } = await sendOtp(gateway, { phone, ...input });
  return { phone, challengeId, code: twilio.to(phone).at(-1)?.code ?? '' };
}

const eventsOf = (userId: string) =>
  sql`select kind, method, failure, device, network from login_events where user_id = ${userId} order by id`;

t.test('the first code of a number makes an account, the next one finds it', async (t) => {
  const phone = randomPhone();
  const first = await verifyOtp(gateway, await begin(phone));
  t.match(first, { __typename: 'SessionTokens', user: { email: null } });
  const second = await verifyOtp(replica, await begin(phone));
  t.equal(second.user.id, first.user.id);
  t.not(second.session.id, first.session.id);
  t.match(await eventsOf(first.user.id), [
    { kind: 'SIGN_UP', method: 'OTP_WHATSAPP', failure: null },
    { kind: 'SIGN_IN', method: 'OTP_WHATSAPP', failure: null },
  ]);
  const { data } = await gateway.graphql(operations.me, {}, { token: second.accessToken });
  t.equal(data.me.id, first.user.id);
});

t.test('the session tells the channel, the device and RFC 8176’s words', async (t) => {
  const amrOf = ({ accessToken }: { accessToken: string }) =>
    JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()).amr;
  const device = { id: randomUUID(), name: 'Asha’s Pixel', platform: 'ANDROID', appVersion: '2.1' };
  const whatsapp = await verifyOtp(gateway, await begin(randomPhone(), { device }));
  t.match(whatsapp.session, { method: 'OTP_WHATSAPP', device });
  t.same(amrOf(whatsapp), ['otp']);
  const sms = await verifyOtp(gateway, await begin(randomPhone(), { channel: 'SMS' }));
  t.match(sms.session, { method: 'OTP_SMS' });
  t.same(amrOf(sms), ['otp', 'sms']);
  t.match(await eventsOf(sms.user.id), [{ kind: 'SIGN_UP', method: 'OTP_SMS', network: /^10\./ }]);
});

t.test('a code is read as people type it, in their own digits', async (t) => {
  const ways: ((code: string) => string)[] = [
    (code) => `${code.slice(0, 3)} ${code.slice(3)}`,
    (code) => ` ${code.slice(0, 3)}-${code.slice(3)}\n`,
    (code) => code.replace(/\d/g, (digit) => String.fromCharCode(0x966 + Number(digit))),
    (code) => code.replace(/\d/g, (digit) => String.fromCharCode(0x6f0 + Number(digit))),
  ];
  for (const way of ways) {
    const { challengeId, code } = await begin();
    t.match(
      await verifyOtp(gateway, { challengeId, code: way(code) }),
      { __typename: 'SessionTokens' },
      way(code),
    );
  }
});

t.test('a wrong code is refused, with an event that names nobody', async (t) => {
  const { challengeId, code } = await begin();
  const from = randomNetwork();
  const wrong = await verifyOtp(gateway, { challengeId, code: otherThan(code) }, { from });
  t.match(wrong, { __typename: 'AuthError', code: 'INVALID_CREDENTIALS' });
  t.match(await sql`select kind, user_id, method, failure from login_events where network = ${from}`, [
    { kind: 'SIGN_IN', user_id: null, method: 'OTP_WHATSAPP', failure: 'INVALID_CREDENTIALS' },
  ]);
  for (const odd of ['', '12345', '1234567', 'abcdef', code.slice(1), '\u0000']) {
    const { challengeId: another } = await begin();
    t.match(await verifyOtp(gateway, { challengeId: another, code: odd }), { code: 'INVALID_CREDENTIALS' });
  }
});

t.test('a code is good once, for its own challenge, for ten minutes', async (t) => {
  const [a, b] = [await begin(), await begin()];
  if (a.code !== b.code)
    t.match(await verifyOtp(gateway, { challengeId: b.challengeId, code: a.code }), {
      code: 'INVALID_CREDENTIALS',
    });
  t.match(await verifyOtp(gateway, a), { __typename: 'SessionTokens' });
  t.match(await verifyOtp(gateway, a), { code: 'CHALLENGE_GONE' }, 'replayed');
  t.match(await verifyOtp(replica, a), { code: 'CHALLENGE_GONE' }, 'replayed at another replica');
  await age(gateway, b.challengeId, 601);
  t.match(await verifyOtp(gateway, b), { code: 'CHALLENGE_GONE' }, 'lapsed');
  const late = await begin();
  await age(gateway, late.challengeId, 590);
  t.match(await verifyOtp(gateway, late), { __typename: 'SessionTokens' }, 'just in time');
  for (const challengeId of [randomUUID(), 'nonsense', '', `${a.challengeId}'--`]) {
    t.match(await verifyOtp(gateway, { challengeId, code: a.code }), { code: 'CHALLENGE_GONE' });
  }
});

t.test('50 right codes at once, at two replicas, start one session', async (t) => {
  const { phone, challengeId, code } = await begin();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => verifyOtp(n % 2 ? gateway : replica, { challengeId, code })),
  );
  t.equal(answers.filter(({ __typename }) => __typename === 'SessionTokens').length, 1);
  const [row] = await sql`select count(*)::int as sessions from sessions join credentials using (user_id)
    where identifier = ${phone}`;
  t.equal(row?.sessions, 1);
});

t.test('two challenges of a new number proved at once make one account', async (t) => {
  const phone = randomPhone();
  const begun = [];
  for (let device = 0; device < 3; device += 1) {
    begun.push(await begin(phone, { device: { id: randomUUID() } }));
  }
  const answers = await Promise.all(begun.map((one, n) => verifyOtp(n % 2 ? gateway : replica, one)));
  t.ok(answers.every(({ __typename }) => __typename === 'SessionTokens'));
  t.equal(new Set(answers.map(({ user }) => user.id)).size, 1);
});

t.test('50 wrong codes at once count five, and then the right one is refused as well', async (t) => {
  const { phone, challengeId, code } = await begin();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      verifyOtp(n % 2 ? gateway : replica, { challengeId, code: otherThan(code) }),
    ),
  );
  const count = (failure: string) => answers.filter((answer) => answer.code === failure).length;
  t.equal(count('INVALID_CREDENTIALS'), 5);
  t.equal(count('TOO_MANY_ATTEMPTS'), 45);
  const [row] = await sql`select attempts from otp_challenges where id = ${challengeId}`;
  t.equal(row?.attempts, 5);
  t.match(await verifyOtp(gateway, { challengeId, code }), { code: 'TOO_MANY_ATTEMPTS' });
  // Only the five that were looked at count for the day: three more challenges have theirs.
  for (const challenge of [2, 3]) {
    const next = await begin(phone);
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const answer = await verifyOtp(gateway, { ...next, code: otherThan(next.code) });
      t.equal(answer.code, 'INVALID_CREDENTIALS', `challenge ${challenge}`);
    }
  }
});

t.test(
  'a flood of guesses at a challenge without tries takes none from the others of its phone',
  async (t) => {
    const strict = await build(t, { ...settings, OTP_ATTEMPTS_PER_DAY: '6' }, gateway);
    const phone = randomPhone();
    const spent = await begin(phone, { device: { id: randomUUID() } });
    for (let wrong = 0; wrong < 5; wrong += 1)
      await verifyOtp(strict, { ...spent, code: otherThan(spent.code) });
    for (let round = 0; round < 2; round += 1) {
      const owner = await begin(phone, { device: { id: randomUUID() } });
      const flood = Array.from({ length: 50 }, () => verifyOtp(strict, spent));
      t.match(await verifyOtp(strict, owner), { __typename: 'SessionTokens' });
      for (const { code } of await Promise.all(flood)) t.equal(code, 'TOO_MANY_ATTEMPTS');
    }
  },
);

t.test('20 wrong codes a phone a day, over all challenges: a fresh one is no fresh budget', async (t) => {
  const wide = await build(t, { ...twilio.settings, OTP_SENDS_PER_PHONE: '100' }, gateway);
  const phone = randomPhone();
  const start = async () => {
    const { challengeId } = await sendOtp(wide, { phone });
    return { challengeId, code: twilio.to(phone).at(-1)?.code ?? '' };
  };
  let looked = 0;
  for (let challenge = 0; challenge < 6; challenge += 1) {
    const { challengeId, code } = await start();
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const { code: failure } = await verifyOtp(wide, { challengeId, code: otherThan(code) });
      looked += failure === 'INVALID_CREDENTIALS' ? 1 : 0;
    }
  }
  t.equal(looked, 20);
  const right = await start();
  const refused = await verifyOtp(wide, right);
  t.match(refused, { code: 'TOO_MANY_ATTEMPTS' });
  t.ok((refused.retryAfterSeconds ?? 0) > 23 * 3600);
  // Nothing but the day's end helps: the counter stands in the database.
  await sql`update attempts set resets_at = now() - interval '1 second' where bucket like 'otp-day:%'`;
  t.match(await verifyOtp(wide, right), { __typename: 'SessionTokens' });
});

t.test('what strangers guess leaves the tries of a device that has signed in before', async (t) => {
  const wide = await build(t, { ...settings, OTP_SENDS_PER_PHONE: '100' }, gateway);
  const phone = randomPhone();
  const [mine, tablet, stranger] = [{ id: randomUUID() }, { id: randomUUID() }, { id: randomUUID() }];
  const start = async (device?: object) => {
    const { challengeId } = await sendOtp(wide, { phone, ...(device && { device }) });
    return { challengeId, code: twilio.to(phone).at(-1)?.code ?? '' };
  };
  /** Guesses until the day is over; how many were looked at. */
  const guess = async (device?: object) => {
    let looked = 0;
    for (let challenge = 0; challenge < 5; challenge += 1) {
      const { challengeId, code } = await start(device);
      for (let wrong = 0; wrong < 5; wrong += 1) {
        const { code: failure } = await verifyOtp(wide, { challengeId, code: otherThan(code) });
        looked += failure === 'INVALID_CREDENTIALS' ? 1 : 0;
      }
    }
    return looked;
  };
  for (const device of [mine, tablet]) {
    t.match(await verifyOtp(wide, await start(device)), { __typename: 'SessionTokens' });
  }
  t.equal(await guess(stranger), 20);
  for (const device of [undefined, stranger, { id: randomUUID() }])
    t.match(await verifyOtp(wide, await start(device)), { code: 'TOO_MANY_ATTEMPTS' }, 'closed to strangers');
  t.match(await verifyOtp(wide, await start(mine)), { __typename: 'SessionTokens' }, 'open to the owner');

  t.equal(await guess(mine), 20, 'who has the device guesses no more either');
  const refused = await verifyOtp(wide, await start(mine));
  t.match(refused, { code: 'TOO_MANY_ATTEMPTS' });
  t.ok((refused.retryAfterSeconds ?? 0) > 23 * 3600);
  t.match(await verifyOtp(wide, await start(tablet)), { code: 'TOO_MANY_ATTEMPTS' }, 'by no other name');
});

t.test('a device is known by a sign-in after the number was proved, and for that number alone', async (t) => {
  const strict = await build(t, { ...settings, OTP_ATTEMPTS_PER_DAY: '1' }, gateway);
  const strangerIn = async (device: object, phone: string) => {
    const { challengeId, code } = await begin(phone, { device });
    t.match(await verifyOtp(strict, { challengeId, code: otherThan(code) }), { code: 'INVALID_CREDENTIALS' });
    const next = await begin(phone);
    return (await verifyOtp(strict, { ...next, code: otherThan(next.code) })).code === 'TOO_MANY_ATTEMPTS';
  };
  // Somebody signs up, claims a number that is not theirs, and its owner proves it.
  const device = { id: randomUUID() };
  const squatter = await signUp(gateway, { device });
  const phone = randomPhone();
  await sql`insert into credentials (user_id, kind, identifier) values (${squatter.user.id}, 'phone', ${phone})`;
  const owner = { id: randomUUID() };
  t.match(await verifyOtp(gateway, await begin(phone, { device: owner })), {
    __typename: 'SessionTokens',
    user: { id: squatter.user.id },
  });
  t.ok(await strangerIn(device, phone), 'the squatter’s device is counted with strangers');
  t.ok(await strangerIn(owner, randomPhone()), 'the owner’s device at another number likewise');
});

t.test('right codes use up nothing, however often somebody signs in', async (t) => {
  const wide = await build(t, { ...twilio.settings, OTP_ATTEMPTS_PER_DAY: '2' }, gateway);
  const phone = randomPhone();
  for (let time = 1; time <= 4; time += 1) {
    const { challengeId } = await sendOtp(wide, { phone });
    const code = twilio.to(phone).at(-1)?.code ?? '';
    // A double tap: the second finds the challenge gone, and costs nothing either.
    const answers = await Promise.all([1, 2].map(() => verifyOtp(wide, { challengeId, code })));
    t.equal(answers.filter(({ __typename }) => __typename === 'SessionTokens').length, 1, `time ${time}`);
  }
});

t.test('fifty aliases in one request buy nothing', async (t) => {
  const { challengeId, code } = await begin();
  const fields = Array.from(
    { length: 50 },
    (_, n) =>
      `a${n}: verifyOtp(input: { challengeId: "${challengeId}", code: "${String(n).padStart(6, '0')}" }) { __typename }`,
  );
  const { data, errors } = await gateway.graphql(
    `mutation { ${fields.join('\n')} }`,
    {},
    { from: randomNetwork() },
  );
  t.notOk(data);
  t.match(errors, [{ extensions: { code: 'BAD_USER_INPUT' } }]);
  t.match(await verifyOtp(gateway, { challengeId, code }), { __typename: 'SessionTokens' });
});

t.test('a disabled account is told so only after the proof, and gets no session', async (t) => {
  const first = await begin();
  const { user } = await verifyOtp(gateway, first);
  await sql`update users set disabled_at = now() where id = ${user.id}`;
  const again = await begin(first.phone);
  t.match(await verifyOtp(gateway, { ...again, code: otherThan(again.code) }), {
    code: 'INVALID_CREDENTIALS',
  });
  t.match(await verifyOtp(gateway, again), { code: 'ACCOUNT_DISABLED' });
  t.match(await verifyOtp(gateway, again), { code: 'CHALLENGE_GONE' }, 'the proof is spent');
  t.match((await eventsOf(user.id)).at(-1), { kind: 'SIGN_IN', failure: 'ACCOUNT_DISABLED' });
  const [row] = await sql`select count(*)::int as accounts, count(disabled_at)::int as disabled
    from users join credentials on credentials.user_id = users.id where identifier = ${first.phone}`;
  t.match(row, { accounts: 1, disabled: 1 });
});

t.test('a number that an account only claims goes to whoever proves it', async (t) => {
  // Claimed on an account that has another proof: the claim is released, the account stays its owner's.
  const owner = await signUp(gateway);
  await sql`update credentials set proved_at = now() where user_id = ${owner.user.id}`;
  const claimed = randomPhone();
  await sql`insert into credentials (user_id, kind, identifier) values (${owner.user.id}, 'phone', ${claimed})`;
  const holder = await verifyOtp(gateway, await begin(claimed));
  t.not(holder.user.id, owner.user.id);
  t.match((await gateway.graphql(operations.me, {}, { token: owner.accessToken })).data, {
    me: { id: owner.user.id },
  });

  // Claimed on an account that nobody has proved: it is the holder's now, without what was put there before.
  const squatter = await signUp(gateway, { name: 'Squatter' });
  await sql`update credentials set proved_at = null where user_id = ${squatter.user.id}`;
  const taken = randomPhone();
  await sql`insert into credentials (user_id, kind, identifier) values (${squatter.user.id}, 'phone', ${taken})`;
  const rightful = await verifyOtp(gateway, await begin(taken));
  t.match(rightful, { __typename: 'SessionTokens', user: { name: null, email: null } });
  t.match((await gateway.graphql(operations.me, {}, { token: squatter.accessToken })).status, 401);
  const { email, password } = squatter;
  t.match((await gateway.graphql(operations.login, { input: { email, password } })).data.login, {
    code: 'INVALID_CREDENTIALS',
  });
});

t.test(
  'a reviewer’s number takes its fixed code until its last day, marked, and never a message',
  async (t) => {
    const [reviewer, other] = [randomPhone(), randomPhone()];
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const withCodes = { ...settings, TEST_OTPS: `${reviewer}:424242` };
    const open = await build(t, { ...withCodes, TEST_OTPS_UNTIL: day(0) }, gateway);
    const { challengeId } = await sendOtp(open, { phone: reviewer });
    t.match(await verifyOtp(open, { challengeId, code: '424241' }), { code: 'INVALID_CREDENTIALS' });
    const signedIn = await verifyOtp(open, { challengeId, code: '424 242' });
    t.match(signedIn, { __typename: 'SessionTokens', session: { method: 'OTP_TEST' } });
    t.match(await eventsOf(signedIn.user.id), [{ kind: 'SIGN_UP', method: 'OTP_TEST' }]);
    t.equal(twilio.to(reviewer).length, 0);
    const [row] =
      await sql`select count(*)::int as deliveries from deliveries where challenge_id = ${challengeId}`;
    t.equal(row?.deliveries, 0);
    const normal = await sendOtp(open, { phone: other });
    t.match(await verifyOtp(open, { challengeId: normal.challengeId, code: '424242' }), {
      code: 'INVALID_CREDENTIALS',
    });

    const over = await build(t, { ...withCodes, TEST_OTPS_UNTIL: day(-1) }, gateway);
    const late = await sendOtp(over, { phone: reviewer });
    const { code } = await twilio.arrival(reviewer);
    if (code !== '424242')
      t.match(await verifyOtp(over, { challengeId: late.challengeId, code: '424242' }), {
        code: 'INVALID_CREDENTIALS',
      });
    t.match(await verifyOtp(over, { challengeId: late.challengeId, code }), {
      __typename: 'SessionTokens',
      session: { method: 'OTP_WHATSAPP' },
    });
  },
);

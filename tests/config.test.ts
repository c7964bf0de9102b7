import { generateKeyPairSync, randomBytes } from 'node:crypto';
import t from 'tap';
import { type Config, ConfigError, describeVariables, readConfig } from '../src/config.js';

const made = randomBytes(32);
const read = (environment: Record<string, string | undefined>) => readConfig(environment, () => made);
/** The names of the variables that an environment is refused for, one a problem. */
const refused = (environment: Record<string, string>): string[] => {
  try {
    read(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map((line) => line.split(/[ .]/)[0] ?? '');
  }
};
const secretKey = randomBytes(32).toString('base64url');
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://user:s3cret-pass@db.internal/darwaza',
  REDIS_URL: 'rediss://:s3cret-pass@redis.internal:6379',
  SECRET_KEY: secretKey,
  PUBLIC_URL: 'https://auth.example.com/',
  TRUST_PROXY: 'fly',
  SIGNUP_EMAIL_PROOF: 'false',
};

const acme = { name: 'acme', issuer: 'https://id.acme.com', clientId: 'darwaza' };
const applePem = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

t.test('nothing set: a gateway for one’s own machine', async (t) => {
  const config = read({});
  t.match(config, {
    nodeEnv: 'development',
    host: '127.0.0.1',
    port: 4000,
    publicUrl: 'http://localhost:4000',
    metricsHost: '127.0.0.1',
    logLevel: 'warn',
    introspection: true,
    graphiql: true,
    drainSeconds: 0,
    webConcurrency: 1,
  });
  t.equal(config.databaseUrl, undefined);
  t.same(config.secretKey, made);
  t.equal(read({ PORT: '4100' }).publicUrl, 'http://localhost:4100');
  t.equal(read({ DEV_LAN: '1' }).host, '::');
  t.equal(read({ DEV_LAN: '1' }).metricsHost, '127.0.0.1');
});

t.test('production: open to the network, closed to the curious', async (t) => {
  const config = readConfig(production, () => t.fail('production makes no key of its own') as never);
  t.match(config, {
    host: '::',
    metricsHost: '::',
    logLevel: 'info',
    introspection: false,
    graphiql: false,
    drainSeconds: 3,
    publicUrl: 'https://auth.example.com',
    trustProxy: ['fly'],
  });
  t.same(config.secretKey, Buffer.from(secretKey, 'base64url'));
  t.match(read({ ...production, GRAPHIQL: 'true', LOG_LEVEL: 'warn', HOST: '0.0.0.0' }), {
    graphiql: true,
    introspection: false,
    logLevel: 'warn',
    host: '0.0.0.0',
  });
});

t.test('every limit has the default that is documented', async (t) => {
  const config: Config = read({});
  const documented = {
    databasePool: 10,
    databaseTimeoutMs: 1500,
    shutdownSeconds: 25,
    accessTokenMinutes: 15,
    keyRotationDays: 30,
    jwksMaxAgeSeconds: 300,
    sessionIdleDays: 30,
    sessionAbsoluteDays: 180,
    sessionsPerUser: 20,
    refreshGraceSeconds: 60,
    passwordMinLength: 8,
    passwordMaxLength: 256,
    passwordMinScore: 2,
    passwordQueueSeconds: 2,
    passwordAttempts: 10,
    passwordAttemptsPerDay: 100,
    passwordAttemptsPerNetwork: 300,
    signupsPerHour: 10,
    requestsPerMinute: 1200,
    graphqlMaxTokens: 1000,
    graphqlMaxDepth: 10,
    graphqlMaxAliases: 10,
    graphqlMaxDirectives: 10,
    bodyLimitBytes: 32_768,
    loginEventsDays: 400,
    otpFallbackAfter: 8,
    magicLinksPerMailbox: 3,
    magicLinksPerNetwork: 10,
    magicLinkAttempts: 5,
    magicLinkAttemptsPerDay: 20,
    otpSendsPerPhone: 3,
    otpSendsPerNetwork: 10,
    otpSendsPerPrefix: 60,
    otpCountriesPerNetwork: 3,
    otpAttempts: 5,
    otpAttemptsPerDay: 20,
    otpSpendPerDay: 1000,
    passkeysPerUser: 20,
    challengesPerMinute: 600,
  };
  t.match(config, documented);
  for (const { name, meaning, fallback } of describeVariables()) {
    t.match(meaning, /^\S.*[.)]$/, `${name} is explained in a sentence`);
    t.notMatch(`${meaning}${fallback}`, /[|\n]/, 'fit for a row of a table');
    const value = documented[camel(name) as keyof typeof documented];
    if (value !== undefined) t.equal(fallback, `\`${value}\``, name);
  }
});

t.test('production lists all that is missing at once', async (t) => {
  const missing = ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'PUBLIC_URL', 'TRUST_PROXY', 'SMTP_URL'];
  t.same(refused({ NODE_ENV: 'production' }), missing);
  t.same(refused({ ...production, REDIS_URL: '', TRUST_PROXY: '' }), ['REDIS_URL', 'TRUST_PROXY']);
  t.same(refused({ NODE_ENV: 'production', PORT: 'x' }), ['PORT', ...missing], 'beside what is wrong');
  for (const name of missing) t.notOk(refused({ ...production, NODE_ENV: 'development', [name]: '' }).length);
});

/** SHA-256 of a certificate, as keytool prints it. */
const fingerprint = Array(32).fill('A9').join(':');

t.test('a value that cannot be meant is refused by name', async (t) => {
  const wrong: Record<string, string[]> = {
    NODE_ENV: ['prod', 'PRODUCTION'],
    PORT: ['x', '0', '65536', '-1', '4000.5', '4000 ', '0x10'],
    PUBLIC_URL: [
      ...['auth.example.com', 'ftp://a', 'https://a/?b', 'https://a/#b', 'https://user@a'],
      ...['HTTP://a', ' http://a', 'https:/a', 'https:\\\\a', 'https://a ', 'https://a\nb'],
    ],
    DATABASE_URL: ['mysql://a/b', 'a/b'],
    MIGRATION_DATABASE_URL: ['mysql://a/b'],
    DATABASE_POOL: ['0', '201', 'many'],
    DATABASE_PREPARE: ['maybe'],
    DATABASE_TIMEOUT_MS: ['99', '60001'],
    REDIS_URL: ['http://a', 'localhost:6379'],
    SECRET_KEY: [
      'short',
      `${secretKey}A`,
      secretKey.slice(1),
      '='.repeat(43),
      'A'.repeat(43),
      'abc'.repeat(15).slice(2),
    ],
    SECRET_KEY_PREVIOUS: ['short', 'A'.repeat(43)],
    TRUST_PROXY: [
      'all',
      'none,fly',
      '10.0.0.0/33',
      '10.0.0.0/',
      'fd00::/129',
      '10.0.0.0/8/8',
      'localhost',
      ',',
    ],
    WEB_CONCURRENCY: ['0', '65', 'auto'],
    LOG_LEVEL: ['loud'],
    METRICS_PORT: ['65536', '-1'],
    SHUTDOWN_SECONDS: ['0', '301'],
    DRAIN_SECONDS: ['-1', '61'],
    CORS_ORIGINS: ['https://a.b/', 'a.b', '*', 'https://a.b/path', 'null'],
    INTROSPECTION: ['2'],
    GRAPHIQL: ['perhaps'],
    DEV_LAN: ['lan'],
    TOKEN_AUDIENCE: [',', ' , '],
    APP_CLIENT_IDS: [','],
    TOKEN_ALGORITHM: ['RS256', 'none', 'HS256'],
    ACCESS_TOKEN_MINUTES: ['14', '61'],
    KEY_ROTATION_DAYS: ['0', '366'],
    JWKS_MAX_AGE_SECONDS: ['9', '86401'],
    SESSION_IDLE_DAYS: ['0', '366'],
    SESSION_ABSOLUTE_DAYS: ['0', '731'],
    SESSIONS_PER_USER: ['0', '1001'],
    REFRESH_GRACE_SECONDS: ['-1', '601'],
    PASSWORD_MIN_LENGTH: ['7', '65'],
    PASSWORD_MAX_LENGTH: ['63', '1025'],
    PASSWORD_MIN_SCORE: ['-1', '5'],
    PASSWORD_HASHES_AT_ONCE: ['0', '65'],
    PASSWORD_QUEUE_SECONDS: ['0', '31'],
    PASSWORD_ATTEMPTS: ['0', '1001'],
    PASSWORD_ATTEMPTS_PER_DAY: ['0', '10001'],
    PASSWORD_ATTEMPTS_PER_NETWORK: ['0', '100001'],
    SIGNUPS_PER_HOUR: ['0', '100001'],
    REQUESTS_PER_MINUTE: ['0', '10000001'],
    GRAPHQL_MAX_TOKENS: ['99', '100001'],
    GRAPHQL_MAX_DEPTH: ['2', '101'],
    GRAPHQL_MAX_ALIASES: ['-1', '1001'],
    GRAPHQL_MAX_DIRECTIVES: ['-1', '1001'],
    BODY_LIMIT_BYTES: ['1023', '1048577'],
    LOGIN_EVENTS_DAYS: ['0', '3651'],
    APP_NAME: ['two\nlines', 'x'.repeat(41)],
    APP_LINKS: ['javascript://acme', 'myapp://'],
    IOS_APPS: ['com.acme.app', 'abcde12345.com.acme.app', 'ABCDE12345', 'ABCDE12345.com.acme.*'],
    ANDROID_APPS: [
      'com.acme.app',
      `acme=${fingerprint}`,
      `com.acme.app=${fingerprint.slice(3)}`,
      `com.acme.app=${fingerprint}:AA`,
      `com.acme.app=${fingerprint.replaceAll(':', '')}`,
      `com.acme.app=${fingerprint},com.acme.app`,
    ],
    PASSKEYS: ['perhaps'],
    PASSKEY_RP_ID: [
      'https://acme.com',
      'acme.com:8443',
      'acme.com/',
      'Acme.com',
      'acme.com.',
      '.acme.com',
      '-acme.com',
      '*',
    ],
    PASSKEYS_PER_USER: ['0', '101'],
    CHALLENGES_PER_MINUTE: ['0', '1000001'],
    CHANGE_PASSWORD_URL: ['acme.com/password', 'javascript:alert(1)'],
    SMTP_URL: ['http://mail.acme.com', 'mail.acme.com'],
    MAIL_FROM: ['a@acme.com\nBcc: b@acme.com'],
    TWILIO_ACCOUNT_SID: ['AC123', 'SK'.padEnd(34, '0')],
    TWILIO_AUTH_TOKEN: ['short'],
    TWILIO_API_URL: ['ftp://api.twilio.com'],
    TWILIO_SMS_FROM: ['98765'.repeat(5), '+12'],
    TWILIO_WHATSAPP_FROM: ['Acme', '+12'],
    TWILIO_WHATSAPP_CONTENT: ['HX123', 'en=HX123', 'fr=HX'.padEnd(37, '0')],
    ANDROID_SMS_HASH: ['short', 'x'.repeat(12)],
    OTP_COUNTRIES: [',', 'India', 'in'],
    OTP_FALLBACK_AFTER: ['4', '121'],
    OTP_PRICES: ['0.3', 'SMS:IN', 'MAIL:IN=1'],
    OTP_CURRENCY: ['rupees', 'inr'],
    TEST_OTPS: ['+919999900001', '+919999900001:12345', '9999900001:123456'],
    TEST_OTPS_UNTIL: ['soon', '31.01.2027'],
    SIGNUP_EMAIL_PROOF: ['perhaps'],
    DELETE_UNDO_DAYS: ['-1', '366', '1.5', 'never'],
    OPERATOR_TOKEN: ['x'.repeat(31), `${'x'.repeat(31)} y`],
    MAGIC_LINKS_PER_MAILBOX: ['0', '101'],
    MAGIC_LINKS_PER_NETWORK: ['0', '100001'],
    MAGIC_LINK_ATTEMPTS: ['0', '21'],
    MAGIC_LINK_ATTEMPTS_PER_DAY: ['0', '1001'],
    OTP_SENDS_PER_PHONE: ['0', '101'],
    OTP_SENDS_PER_NETWORK: ['0', '100001'],
    OTP_SENDS_PER_PREFIX: ['0', '1000001'],
    OTP_COUNTRIES_PER_NETWORK: ['0', '251'],
    OTP_ATTEMPTS: ['0', '21'],
    OTP_ATTEMPTS_PER_DAY: ['0', '1001'],
    OTP_BUDGET: ['strict'],
    OTP_SPEND_PER_DAY: ['-1', '100000001'],
    GOOGLE_CLIENT_IDS: [',', ' , '],
    GOOGLE_ISSUER: ['accounts.google.com', 'https://a/?b', 'https://a#b', 'https://user@a', 'file:///a'],
    APPLE_CLIENT_IDS: [','],
    APPLE_ISSUER: ['appleid.apple.com'],
    APPLE_TEAM_ID: ['short', 'abcde12345', 'ABCDE123456'],
    APPLE_KEY_ID: ['short', 'key1234567'],
    APPLE_PRIVATE_KEY: [
      'AuthKey_KEY1234567.p8',
      applePem('P-384'),
      applePem('P-256').replace(/\n.{10}/, '\n'),
      applePem('P-256').replaceAll('PRIVATE', 'PUBLIC'),
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    ],
    FIREBASE_PROJECT_ID: ['Acme', 'acme/other', 'a', '../acme-project', `a${'b'.repeat(30)}`],
    FIREBASE_ISSUER: ['securetoken.google.com', 'https://securetoken.google.com/'],
    OIDC_PROVIDERS: [
      'acme=https://id.acme.com',
      '{}',
      'null',
      JSON.stringify([{ ...acme, name: 'google' }]),
      JSON.stringify([{ ...acme, name: 'Acme' }]),
      JSON.stringify([{ ...acme, name: 'a/b' }]),
      JSON.stringify([{ ...acme, issuer: 'id.acme.com' }]),
      JSON.stringify([{ ...acme, issuer: 'https://id.acme.com?x' }]),
      JSON.stringify([{ ...acme, clientId: '' }]),
      JSON.stringify([{ ...acme, clientId: undefined }]),
      JSON.stringify([{ ...acme, clientSecret: '' }]),
      JSON.stringify([{ ...acme, vouchesForEmail: 'true' }]),
      JSON.stringify([{ ...acme, vouchesForMail: true }]),
      JSON.stringify([acme, { ...acme, issuer: 'https://other.acme.com' }]),
      JSON.stringify([acme, { ...acme, name: 'other' }]),
    ],
  };
  // What is only asked for together with something else comes with it.
  const mail = { SMTP_URL: 'smtp://mail.acme.com', MAIL_FROM: 'hello@acme.com' };
  const twilio = {
    TWILIO_ACCOUNT_SID: 'AC'.padEnd(34, '0'),
    TWILIO_AUTH_TOKEN: 'x'.repeat(32),
    TWILIO_SMS_FROM: '+14155550100',
    TWILIO_WHATSAPP_FROM: '+14155550100',
    TWILIO_WHATSAPP_CONTENT: `en=${'HX'.padEnd(34, '0')}`,
  };
  const testCodes = { TEST_OTPS: '+919999900001:123456', TEST_OTPS_UNTIL: '2027-01-31' };
  const appleKey = {
    APPLE_TEAM_ID: 'ABCDE12345',
    APPLE_KEY_ID: 'KEY1234567',
    APPLE_PRIVATE_KEY: applePem('P-256'),
  };
  const companions = [mail, twilio, testCodes, appleKey] as Record<string, string>[];
  const companyOf = (name: string) => companions.find((group) => name in group) ?? {};
  for (const group of companions) t.same(refused(group), [], 'together they are good');
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      t.same([...new Set(refused({ ...companyOf(name), [name]: value }))], [name], `${name}=${value}`);
    }
  }
  const all = Object.fromEntries(Object.entries(wrong).map(([name, [value = '']]) => [name, value]));
  t.same(new Set(refused(all)), new Set(Object.keys(wrong)), 'all at once');

  // Anything goes for these: they are names.
  const free = [
    ...['HOST', 'DATA_DIR', 'METRICS_HOST', 'PASSWORD_FORBIDDEN_WORDS'],
    ...['GOOGLE_CLIENT_SECRET', 'APPLE_SERVICES_ID'],
  ];
  const known = describeVariables().map(({ name }) => name);
  t.same(new Set([...Object.keys(wrong), ...free]), new Set(known), 'no variable is left out here');
});

t.test('settings that contradict each other are refused', async (t) => {
  t.same(refused({ ...production, PUBLIC_URL: 'http://auth.example.com' }), ['PUBLIC_URL']);
  t.same(refused({ ...production, DEV_LAN: '1' }), ['DEV_LAN']);
  t.same(refused({ ...production, SECRET_KEY_PREVIOUS: secretKey }), ['SECRET_KEY_PREVIOUS']);
  t.same(refused({ ...production, SHUTDOWN_SECONDS: '3' }), ['SHUTDOWN_SECONDS']);
  t.same(refused({ WEB_CONCURRENCY: '2' }), ['WEB_CONCURRENCY']);
  t.same(refused({ WEB_CONCURRENCY: '2', DATABASE_URL: production.DATABASE_URL }), ['WEB_CONCURRENCY']);
  t.same(refused({ ...production, WEB_CONCURRENCY: '2' }), []);
  const google = JSON.stringify([{ name: 'acme', issuer: 'https://accounts.google.com', clientId: 'x' }]);
  t.same(refused({ GOOGLE_CLIENT_IDS: 'server', OIDC_PROVIDERS: google }), ['OIDC_PROVIDERS']);
  t.same(refused({ OIDC_PROVIDERS: google }), []);
});

t.test('settings that need each other are refused alone', async (t) => {
  const sid = { TWILIO_ACCOUNT_SID: 'AC'.padEnd(34, '0') };
  t.same(refused({ SMTP_URL: 'smtp://mail.acme.com' }), ['MAIL_FROM']);
  t.same(refused(sid), ['TWILIO_AUTH_TOKEN', 'TWILIO_SMS_FROM']);
  t.same(refused({ TEST_OTPS: '+919999900001:123456' }), ['TEST_OTPS_UNTIL']);
  t.same(refused({ ...production, SIGNUP_EMAIL_PROOF: '' }), ['SMTP_URL']);
  t.same(refused({ GOOGLE_CLIENT_SECRET: 'x' }), ['GOOGLE_CLIENT_IDS']);
  t.same(refused({ APPLE_SERVICES_ID: 'com.acme.web' }), ['APPLE_PRIVATE_KEY']);
  t.same(refused({ APPLE_PRIVATE_KEY: applePem('P-256') }), ['APPLE_TEAM_ID,']);
  t.same(refused({ APPLE_TEAM_ID: 'ABCDE12345', APPLE_KEY_ID: 'KEY1234567' }), ['APPLE_PRIVATE_KEY']);
});

t.test('providers are taken as they are configured, and in production over https alone', async (t) => {
  const pem = applePem('P-256');
  const apple = { APPLE_TEAM_ID: 'ABCDE12345', APPLE_KEY_ID: 'KEY1234567' };
  const inOneLine = pem.replaceAll('\n', '\\n');
  t.equal(read({ ...apple, APPLE_PRIVATE_KEY: inOneLine }).applePrivateKey, pem, 'line ends as \\n');
  t.same(read({ GOOGLE_CLIENT_IDS: 'server, android' }).googleClientIds, ['server', 'android']);
  t.same(read({ OIDC_PROVIDERS: JSON.stringify([acme]) }).oidcProviders, [
    { ...acme, vouchesForEmail: false },
  ]);
  t.match(read({}), { googleClientIds: undefined, appleClientIds: undefined, oidcProviders: [] });

  const elsewhere = (issuer: string) => JSON.stringify([{ ...acme, issuer }]);
  const plain = 'http://id.acme.internal';
  t.same(refused({ ...production, OIDC_PROVIDERS: elsewhere(plain) }), ['OIDC_PROVIDERS']);
  for (const name of ['GOOGLE_ISSUER', 'APPLE_ISSUER', 'FIREBASE_ISSUER']) {
    t.same(refused({ ...production, [name]: plain }), [name]);
  }
  t.same(refused({ OIDC_PROVIDERS: elsewhere(plain) }), [], 'outside production');
  for (const good of ['http://127.0.0.1:4000', 'http://[::1]:4000', 'https://acme.eu.auth0.com/']) {
    t.same(refused({ ...production, OIDC_PROVIDERS: elsewhere(good) }), [], good);
  }
});

t.test('in production there is no emulator of Firebase, whose tokens nobody signs', async (t) => {
  const emulator = { FIREBASE_PROJECT_ID: 'acme-project', FIREBASE_AUTH_EMULATOR_HOST: 'localhost:9099' };
  t.same(refused({ ...production, ...emulator }), ['FIREBASE_AUTH_EMULATOR_HOST']);
  t.same(refused({ ...production, ...emulator, FIREBASE_AUTH_EMULATOR_HOST: '' }), []);
  t.same(refused(emulator), []);
});

t.test('what is good is taken', async (t) => {
  t.same(read({ TRUST_PROXY: '10.0.0.0/8, fd00::/8,192.0.2.1' }).trustProxy, [
    '10.0.0.0/8',
    'fd00::/8',
    '192.0.2.1',
  ]);
  t.same(read({ CORS_ORIGINS: 'https://a.b, http://localhost:5173' }).corsOrigins, [
    'https://a.b',
    'http://localhost:5173',
  ]);
  for (const yes of ['true', '1', 'yes', 'on']) t.equal(read({ DEV_LAN: yes }).devLan, true, yes);
  for (const no of ['false', '0', 'no', 'off']) t.equal(read({ GRAPHIQL: no }).graphiql, false, no);
  const url = 'postgres://user:p%40ss@[::1]:5433/auth?sslmode=require';
  t.equal(read({ DATABASE_URL: url }).databaseUrl, url);
  t.equal(read({ PUBLIC_URL: 'https://acme.com/auth//' }).publicUrl, 'https://acme.com/auth');
  t.equal(read({ PUBLIC_URL: 'https://auth.acme.com:8443/auth' }).passkeyRpId, 'auth.acme.com');
  t.equal(read({ PASSKEY_RP_ID: 'acme.com' }).passkeyRpId, 'acme.com');
  t.same(read({ IOS_APPS: 'ABCDE12345.com.acme.app, ABCDE12345.com.acme.beta' }).iosApps, [
    'ABCDE12345.com.acme.app',
    'ABCDE12345.com.acme.beta',
  ]);
  const apps = `com.acme.app=${fingerprint},com.acme.app=${fingerprint.replaceAll('A9', '0F')}`;
  t.match(read({ ANDROID_APPS: apps }).androidApps, [
    { packageName: 'com.acme.app', fingerprint },
    { packageName: 'com.acme.app', fingerprint: /^0F:0F/ },
  ]);
});

t.test('an empty variable counts as unset, an unknown one as none of ours', async (t) => {
  const empty = Object.fromEntries(describeVariables().map(({ name }) => [name, '']));
  t.same(read(empty), read({}));
  t.same(read({ PATH: '/bin', NO_SUCH_SETTING: 'x', constructor: 'x', toString: 'x' }), read({}));
});

t.test('no message repeats a secret', async (t) => {
  const secrets = describeVariables().filter(({ secret }) => secret);
  t.same(
    secrets.map(({ name }) => name),
    [
      'DATABASE_URL',
      'MIGRATION_DATABASE_URL',
      'REDIS_URL',
      'SECRET_KEY',
      'SECRET_KEY_PREVIOUS',
      'GOOGLE_CLIENT_SECRET',
      'APPLE_PRIVATE_KEY',
      'OIDC_PROVIDERS',
      'SMTP_URL',
      'TWILIO_AUTH_TOKEN',
      'TEST_OTPS',
      'OPERATOR_TOKEN',
    ],
  );
  for (const { name } of secrets) {
    t.throws(() => read({ [name]: 'wrong-s3cret' }), ConfigError);
    try {
      read({ [name]: 'wrong-s3cret' });
    } catch (error) {
      t.notMatch((error as Error).message, 's3cret', name);
    }
  }
});

function camel(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

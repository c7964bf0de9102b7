// Owns every setting: the only reader of process.env, one schema, every problem told at once.
import { createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';

interface Meta {
  group: string;
  meaning: string;
  secret?: true;
  /** What stands in the table where the default is not one plain value. */
  shown?: string;
}

const about = z.registry<Meta>();

const flag = z.stringbool({ error: 'is neither true nor false' });
const oneOf = <const Names extends readonly [string, ...string[]]>(...names: Names) =>
  z.enum(names, { error: `is none of ${names.join(', ')}` });
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, 'is not a whole number')
    .transform(Number)
    .refine((n) => n >= least && n <= most, `is not between ${least} and ${most}`);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const makeKey = `node -p "crypto.randomBytes(32).toString('base64url')"`;
const secretKey = z
  .string()
  .regex(/^[\w-]{43}$/, `is not 32 bytes in base64url (43 characters): ${makeKey}`)
  .transform((text) => Buffer.from(text, 'base64url'))
  // Of 32 random bytes about 30 differ; fewer than 16 do so once in 10^15 keys. A sample key is no key.
  .refine((key) => new Set(key).size >= 16, 'is not random');
const url = (...protocols: string[]) =>
  z.string().refine(
    (text) => {
      const parsed = tryUrl(text);
      return parsed !== null && protocols.includes(parsed.protocol);
    },
    `is not a URL of ${protocols.map((p) => `${p}//`).join(' or ')}`,
  );

function tryUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/** `none`, `fly` or a list of networks in CIDR notation, checked address by address. */
const trustProxy = list.superRefine((items, check) => {
  if (items.length === 1 && (items[0] === 'none' || items[0] === 'fly')) return;
  for (const item of items) {
    const [address = '', prefix, extra] = item.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    const plain = extra === undefined && (prefix === undefined || (/^\d+$/.test(prefix) && +prefix <= most));
    if (isIP(address) === 0 || !plain) {
      check.addIssue({
        code: 'custom',
        message: `is neither none, fly nor networks like 10.0.0.0/8: ${item}`,
      });
    }
  }
  if (items.length === 0) check.addIssue({ code: 'custom', message: 'is empty' });
});

const origin = list.refine(
  (items) => items.every((item) => tryUrl(item)?.origin === item),
  'is not a list of origins like https://app.acme.com',
);

/**
 * Universal links and custom schemes. A scheme is a reversed domain (RFC 8252, section 7.1), which rules out
 * `javascript:` and every other scheme that browsers act upon themselves.
 */
const appLinks = list.superRefine((items, check) => {
  for (const item of items) {
    const universal = tryUrl(item)?.protocol === 'https:' && !/[?#@]/.test(item);
    if (universal || /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:\/\/([\w.-]+\/)*$/i.test(item)) continue;
    check.addIssue({
      code: 'custom',
      message: `is neither like https://auth.acme.com/m nor like com.acme.app://: ${item}`,
    });
  }
});

/** `WHATSAPP:IN=0.12,SMS:IN=0.30`: what a message costs by channel and country. */
const prices = list.transform((items, check) => {
  const table: Record<string, number> = {};
  for (const item of items) {
    const [, key, price] = /^((?:WHATSAPP|SMS):[A-Z]{2})=(\d+(?:\.\d+)?)$/.exec(item) ?? [];
    if (key === undefined) check.addIssue({ code: 'custom', message: `is not like SMS:IN=0.30: ${item}` });
    else table[key] = Number(price);
  }
  return table;
});

/** `+919999900001:123456`: numbers with a fixed code. */
const testOtps = list.transform((items, check) => {
  const codes: Record<string, string> = {};
  for (const item of items) {
    const [, phone, code] = /^(\+\d{8,15}):(\d{6})$/.exec(item) ?? [];
    if (phone === undefined || code === undefined) {
      check.addIssue({ code: 'custom', message: 'is not like +919999900001:123456' });
    } else codes[phone] = code;
  }
  return codes;
});

/** `TEAMID.com.acme.app` */
const iosApps = list.refine(
  (items) => items.every((item) => /^[A-Z\d]{10}(\.[A-Za-z\d-]+)+$/.test(item)),
  'is not a list like ABCDE12345.com.acme.app',
);

/** `com.acme.app=AA:BB:...`: an app and the SHA-256 fingerprint of a certificate that signs it. */
const androidApps = list.transform((items, check) =>
  items.flatMap((item) => {
    const [, packageName, fingerprint] =
      /^([A-Za-z]\w*(?:\.\w+)+)=((?:[\dA-F]{2}:){31}[\dA-F]{2})$/.exec(item) ?? [];
    if (packageName !== undefined && fingerprint !== undefined) return [{ packageName, fingerprint }];
    check.addIssue({ code: 'custom', message: `is not like com.acme.app=AA:BB:... (32 bytes): ${item}` });
    return [];
  }),
);

/** Character by character what the provider calls itself: some end in a slash (OpenID Connect Discovery, section 4.1). */
const issuer = url('https:', 'http:').refine(
  (text) => !/[?#@]/.test(text),
  'has a query, a fragment or a user in it',
);

/** Whether what a provider publishes could be changed on its way here. */
function isOpenToOthers(issuer: string): boolean {
  const { hostname, protocol } = new URL(issuer);
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Apple's keys are for ES256; a file of another kind would fail at the first sign-in only. */
function isP256Key(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

/** Providers beside Google, Apple and Firebase. */
const oidcProviders = z
  .string()
  .transform((text, check) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      check.addIssue({ code: 'custom', message: 'is not JSON' });
      return [];
    }
  })
  .pipe(
    z.array(
      z.strictObject({
        /** In addresses and in `startSocialSignIn`. */
        name: z
          .string()
          .regex(/^[a-z][a-z\d-]{0,30}$/, 'has a name that is not like acme')
          .refine(
            (name) => !['google', 'apple', 'firebase'].includes(name),
            'has the name of another provider',
          ),
        issuer,
        clientId: z.string().min(1),
        clientSecret: z.string().min(1).optional(),
        /** Whether an `email_verified` of this provider is believed: then it can bring people to the accounts of their mailboxes. */
        vouchesForEmail: z.boolean().default(false),
      }),
      { error: 'is not a list of { name, issuer, clientId, clientSecret, vouchesForEmail }' },
    ),
  )
  .refine(
    (items) => new Set(items.map(({ name }) => name)).size === items.length,
    'has two providers of one name',
  )
  .refine(
    (items) => new Set(items.map((item) => item.issuer)).size === items.length,
    'has two providers of one issuer',
  );

/** A list that is either absent or names somebody: with an empty audience every app's tokens would do. */
const clientIds = list.refine((items) => items.length > 0, 'is empty');

const variables = {
  NODE_ENV: oneOf('development', 'production', 'test').default('development').register(about, {
    group: 'Gateway',
    meaning:
      '`production` hides introspection, GraphiQL and the development pages, and insists on real servers.',
  }),
  HOST: z.string().min(1).optional().register(about, {
    group: 'Gateway',
    meaning: 'Address to listen on.',
    shown: '`127.0.0.1`; in production `::`',
  }),
  PORT: whole(1, 65535).prefault('4000').register(about, { group: 'Gateway', meaning: 'Port to listen on.' }),
  PUBLIC_URL: url('https:', 'http:')
    // It is used as it is written, also to tell whether people come by HTTPS; a parser of URLs would put it right.
    .refine((text) => /^https?:\/\/[^\s\\]+$/.test(text), 'is not spelled like https://auth.acme.com')
    // Paths are appended to it, and RFC 8414 allows an issuer neither query nor fragment.
    .refine((text) => !/[?#@]/.test(text), 'has a query, a fragment or a user in it')
    .optional()
    .register(about, {
      group: 'Gateway',
      meaning: 'Where the world reaches the gateway; the `iss` of tokens and the base of every link.',
      shown: '`http://localhost:<PORT>`; needed in production',
    }),
  DATA_DIR: z.string().min(1).default('./.data').register(about, {
    group: 'Gateway',
    meaning: 'Where the embedded Postgres and the development key live.',
  }),
  DATABASE_URL: url('postgres:', 'postgresql:').optional().register(about, {
    group: 'Gateway',
    meaning: 'PostgreSQL 15 or later.',
    secret: true,
    shown: 'embedded Postgres; needed in production',
  }),
  MIGRATION_DATABASE_URL: url('postgres:', 'postgresql:').optional().register(about, {
    group: 'Gateway',
    meaning:
      'For `npm run migrate` alone: past a pooler, or as a role that may change tables where that of `DATABASE_URL` may not.',
    secret: true,
    shown: 'that of `DATABASE_URL`',
  }),
  DATABASE_POOL: whole(1, 200)
    .prefault('10')
    .register(about, { group: 'Gateway', meaning: 'Connections to Postgres of one process.' }),
  DATABASE_PREPARE: flag.prefault('true').register(about, {
    group: 'Gateway',
    meaning: '`false` behind a pooler in transaction mode; three times the cost a statement.',
  }),
  DATABASE_TIMEOUT_MS: whole(100, 60_000).prefault('1500').register(about, {
    group: 'Gateway',
    meaning:
      'How long a statement or a connection attempt may take (`statement_timeout`); a server silent for longer counts as away.',
  }),
  REDIS_URL: url('redis:', 'rediss:').optional().register(about, {
    group: 'Gateway',
    meaning: 'Redis for the rates per network; it holds nothing that may not be lost.',
    secret: true,
    shown: 'counters in process; needed in production',
  }),
  SECRET_KEY: secretKey.optional().register(about, {
    group: 'Gateway',
    meaning: `32 random bytes in base64url (\`${makeKey}\`); every other secret is derived from it or encrypted under it.`,
    secret: true,
    shown: 'made once and kept in `DATA_DIR`; needed in production',
  }),
  SECRET_KEY_PREVIOUS: secretKey.optional().register(about, {
    group: 'Gateway',
    meaning: 'The key before, still accepted, while `SECRET_KEY` is being replaced.',
    secret: true,
  }),
  TRUST_PROXY: trustProxy.prefault('none').register(about, {
    group: 'Gateway',
    meaning:
      'Who may say where a request came from: `none` takes the socket, `fly` reads `Fly-Client-IP`, a list of networks (`10.0.0.0/8,fd00::/8`) trusts their `X-Forwarded-For`.',
    shown: '`none`; needed in production',
  }),
  WEB_CONCURRENCY: whole(1, 64).prefault('1').register(about, {
    group: 'Gateway',
    meaning: 'Processes that share the port; more than one needs `DATABASE_URL` and `REDIS_URL`.',
  }),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').optional().register(about, {
    group: 'Gateway',
    meaning: 'Least level to log.',
    shown: '`warn`; in production `info`',
  }),
  METRICS_HOST: z.string().min(1).optional().register(about, {
    group: 'Gateway',
    meaning: 'Address of the metrics listener.',
    shown: '`127.0.0.1`; in production `::`',
  }),
  METRICS_PORT: whole(0, 65535).prefault('9091').register(about, {
    group: 'Gateway',
    meaning:
      'Port of `/metrics` (Prometheus), apart from the public one. In development another one if it is taken.',
  }),
  SHUTDOWN_SECONDS: whole(1, 300).prefault('25').register(about, {
    group: 'Gateway',
    meaning:
      'How long a shutdown may take after SIGTERM, requests in flight included; below the platform’s kill time-out.',
  }),
  DRAIN_SECONDS: whole(0, 60).optional().register(about, {
    group: 'Gateway',
    meaning:
      'How long after SIGTERM requests are still taken while `/readyz` already says no, so that traffic turns elsewhere first.',
    shown: '`0`; in production `3`',
  }),
  CORS_ORIGINS: origin.prefault('').register(about, {
    group: 'Gateway',
    meaning: 'Web origins that may call the gateway from a browser, exact, separated by commas.',
    shown: 'none',
  }),
  INTROSPECTION: flag.optional().register(about, {
    group: 'Gateway',
    meaning: 'Whether the schema can be asked for, with suggestions in errors.',
    shown: '`true`; in production `false`',
  }),
  GRAPHIQL: flag.optional().register(about, {
    group: 'Gateway',
    meaning: 'Whether `/graphiql` is served.',
    shown: '`true`; in production `false`',
  }),
  DEV_LAN: flag.prefault('false').register(about, {
    group: 'Gateway',
    meaning: 'Development only: listen on every address and show the development pages to the local network.',
  }),

  TOKEN_AUDIENCE: list
    .refine((items) => items.length > 0, 'is empty')
    .prefault('app')
    .register(about, { group: 'Tokens', meaning: 'The `aud` of access tokens, separated by commas.' }),
  APP_CLIENT_IDS: list
    .refine((items) => items.length > 0, 'is empty')
    .prefault('app')
    .register(about, {
      group: 'Tokens',
      meaning:
        'Names of the apps, for `client_id`: the one in the `apollographql-client-name` header if it is listed, else the first.',
    }),
  TOKEN_ALGORITHM: oneOf('ES256', 'EdDSA').default('ES256').register(about, {
    group: 'Tokens',
    meaning: 'How access tokens are signed. A change takes effect by rotation.',
  }),
  ACCESS_TOKEN_MINUTES: whole(15, 60)
    .prefault('15')
    .register(about, { group: 'Tokens', meaning: 'Life of an access token.' }),
  KEY_ROTATION_DAYS: whole(1, 365)
    .prefault('30')
    .register(about, { group: 'Tokens', meaning: 'How long a key signs before the next one takes over.' }),
  JWKS_MAX_AGE_SECONDS: whole(10, 86_400).prefault('300').register(about, {
    group: 'Tokens',
    meaning:
      'How long others may cache the key set. A new key is published at least twice as long before it signs.',
  }),
  SESSION_IDLE_DAYS: whole(1, 365)
    .prefault('30')
    .register(about, { group: 'Tokens', meaning: 'A session that is not refreshed for so long ends.' }),
  SESSION_ABSOLUTE_DAYS: whole(1, 730)
    .prefault('180')
    .register(about, { group: 'Tokens', meaning: 'A session ends after so long, however busy.' }),
  SESSIONS_PER_USER: whole(1, 1000).prefault('20').register(about, {
    group: 'Tokens',
    meaning: 'Live sessions of one person; a further sign-in ends the one unused for longest.',
  }),
  REFRESH_GRACE_SECONDS: whole(0, 600).prefault('60').register(about, {
    group: 'Tokens',
    meaning: 'How long a spent refresh token still gives its successor to parallel or repeated refreshes.',
  }),

  APP_NAME: z
    .string()
    // It stands in subjects and texts.
    .regex(/^[^\p{Cc}]{1,40}$/u, 'is not 1 to 40 characters on one line')
    .default('Darwaza')
    .register(about, {
      group: 'Messages',
      meaning: 'What the app is called in mails, codes and pages.',
    }),
  APP_LINKS: appLinks.prefault('').register(about, {
    group: 'Apps',
    meaning:
      'Where an app may be opened, and sent back to from the browser, exact: a universal link and a custom scheme (a reversed domain), `https://auth.acme.com/m,com.acme.app://`.',
    shown: 'none',
  }),
  IOS_APPS: iosApps.prefault('').register(about, {
    group: 'Apps',
    meaning: 'iOS apps that open links and hold passkeys: `ABCDE12345.com.acme.app`.',
    shown: 'none',
  }),
  ANDROID_APPS: androidApps.prefault('').register(about, {
    group: 'Apps',
    meaning:
      'Android apps likewise, with the SHA-256 fingerprint of the certificate that signs them: `com.acme.app=AA:BB:...`; an app may stand there twice.',
    shown: 'none',
  }),
  PASSKEYS: flag
    .prefault('true')
    .register(about, { group: 'Sign-in', meaning: 'Whether there are passkeys.' }),
  PASSKEY_RP_ID: z
    .string()
    .regex(/^(?!-)[a-z\d-]+(\.[a-z\d-]+)*$/, 'is not a host')
    .optional()
    .register(about, {
      group: 'Sign-in',
      meaning:
        'The relying party’s id (WebAuthn): a host whose passkeys these are, best the domain above all your apps. Never change it: passkeys are bound to it.',
      shown: 'the host of `PUBLIC_URL`',
    }),
  CHANGE_PASSWORD_URL: url('https:', 'http:').optional().register(about, {
    group: 'Sign-in',
    meaning:
      'Your page or app link for a new password: password managers find it by `/.well-known/change-password`.',
  }),
  GOOGLE_CLIENT_IDS: clientIds.optional().register(about, {
    group: 'Sign-in',
    meaning:
      'Client ids at Google whose ID tokens are taken: that of the server (web) first, which `startSocialSignIn` uses, then those of the apps.',
  }),
  GOOGLE_CLIENT_SECRET: z.string().min(1).optional().register(about, {
    group: 'Sign-in',
    meaning: 'Secret of the first of them; with it `startSocialSignIn` knows `google`.',
    secret: true,
  }),
  GOOGLE_ISSUER: issuer
    .default('https://accounts.google.com')
    .register(about, { group: 'Sign-in', meaning: 'Where Google is; another place only for tests.' }),
  APPLE_CLIENT_IDS: clientIds.optional().register(about, {
    group: 'Sign-in',
    meaning: 'Bundle ids whose identity tokens are taken.',
  }),
  APPLE_SERVICES_ID: z.string().min(1).optional().register(about, {
    group: 'Sign-in',
    meaning: 'Services id for the web; with it and a key `startSocialSignIn` knows `apple`.',
  }),
  APPLE_TEAM_ID: z
    .string()
    .regex(/^[A-Z\d]{10}$/, 'is not a team id (10 characters)')
    .optional()
    .register(about, {
      group: 'Sign-in',
      meaning: 'Team of the key by which Apple knows the gateway; without a key grants are not revoked.',
    }),
  APPLE_KEY_ID: z
    .string()
    .regex(/^[A-Z\d]{10}$/, 'is not a key id (10 characters)')
    .optional()
    .register(about, { group: 'Sign-in', meaning: 'Name of the key.' }),
  APPLE_PRIVATE_KEY: z
    .string()
    .transform((text) => text.replaceAll('\\n', '\n'))
    .refine(isP256Key, 'is not a .p8 file, a private key for ES256')
    .optional()
    .register(about, {
      group: 'Sign-in',
      meaning: 'The key: the contents of the `.p8` file, line ends as they are or written `\\n`.',
      secret: true,
    }),
  APPLE_ISSUER: issuer
    .default('https://appleid.apple.com')
    .register(about, { group: 'Sign-in', meaning: 'Where Apple is; another place only for tests.' }),
  FIREBASE_PROJECT_ID: z
    .string()
    .regex(/^[a-z][a-z\d-]{4,29}$/, 'is not a project id')
    .optional()
    .register(about, {
      group: 'Sign-in',
      meaning: 'Firebase project whose ID tokens are taken.',
    }),
  FIREBASE_ISSUER: issuer
    .refine((text) => !text.endsWith('/'), 'has a slash at its end')
    .default('https://securetoken.google.com')
    .register(about, {
      group: 'Sign-in',
      meaning: 'Where Firebase is, without the project; another place only for tests.',
    }),
  OIDC_PROVIDERS: oidcProviders.prefault('[]').register(about, {
    group: 'Sign-in',
    meaning:
      'Further OpenID providers, as JSON: `[{"name":"acme","issuer":"https://id.acme.com","clientId":"...","clientSecret":"..."}]`, with `"vouchesForEmail":true` for one whose `email_verified` may be believed.',
    secret: true,
    shown: 'none; in development a stand-in, `demo`',
  }),
  DELETE_UNDO_DAYS: whole(0, 365).prefault('14').register(about, {
    group: 'Sign-in',
    meaning: 'How long a deleted account can be taken back before it is erased; `0` erases at once.',
  }),
  SMTP_URL: url('smtp:', 'smtps:').optional().register(about, {
    group: 'Messages',
    meaning:
      'Mail server, with user and password. Outside production the development outbox takes its place.',
    secret: true,
  }),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]{1,200}$/, 'is not one line')
    .optional()
    .register(about, {
      group: 'Messages',
      meaning: 'Sender of mails: `Acme <hello@acme.com>`. Needed with `SMTP_URL`.',
    }),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[\da-f]{32}$/, 'is not an account SID (AC and 32 hex digits)')
    .optional()
    .register(about, {
      group: 'Messages',
      meaning:
        'Twilio account for WhatsApp and SMS. Outside production the development outbox takes its place.',
    }),
  TWILIO_AUTH_TOKEN: z.string().min(16).optional().register(about, {
    group: 'Messages',
    meaning: 'Its auth token, which also checks the signatures of callbacks.',
    secret: true,
  }),
  TWILIO_API_URL: url('https:', 'http:')
    .default('https://api.twilio.com')
    .register(about, { group: 'Messages', meaning: 'Where Twilio’s API is; another place only for tests.' }),
  TWILIO_SMS_FROM: z
    .string()
    .regex(
      /^(MG[\da-f]{32}|\+\d{8,15}|[A-Za-z0-9 ]{3,11})$/,
      'is not a messaging service, a number or a sender id',
    )
    .optional()
    .register(about, {
      group: 'Messages',
      meaning: 'Sender of SMS: a messaging service (`MG...`), a number or a sender id.',
    }),
  TWILIO_WHATSAPP_FROM: z
    .string()
    .regex(/^(MG[\da-f]{32}|\+\d{8,15})$/, 'is not a messaging service or a number')
    .optional()
    .register(about, {
      group: 'Messages',
      meaning: 'Sender of WhatsApp messages: a messaging service or a number.',
    }),
  TWILIO_WHATSAPP_CONTENT: list
    .refine(
      (items) => items.every((item) => /^(en|hi)=HX[\da-f]{32}$/.test(item)),
      'is not like en=HX...,hi=HX...',
    )
    .prefault('')
    .register(about, {
      group: 'Messages',
      meaning: 'The approved authentication templates by language: `en=HX...,hi=HX...`.',
      shown: 'none',
    }),
  ANDROID_SMS_HASH: z
    .string()
    .regex(/^[A-Za-z0-9+/]{11}$/, 'is not 11 characters of base64')
    .optional()
    .register(about, {
      group: 'Messages',
      meaning: 'The app’s SMS Retriever hash: last word of SMS to Android.',
    }),
  OTP_COUNTRIES: list
    .refine(
      (items) => items.length > 0 && items.every((item) => /^[A-Z]{2}$/.test(item)),
      'is not a list like IN,AE',
    )
    .prefault('IN')
    .register(about, {
      group: 'Messages',
      meaning: 'Countries whose mobile numbers get codes, ISO 3166-1 alpha-2.',
    }),
  // Above the send time-out of 3 s: what may still be on its way is not followed.
  OTP_FALLBACK_AFTER: whole(5, 120).prefault('8').register(about, {
    group: 'Messages',
    meaning: 'Seconds without word of a WhatsApp message after which the same code goes by SMS.',
  }),
  OTP_PRICES: prices.prefault('WHATSAPP:IN=0.12,SMS:IN=0.30').register(about, {
    group: 'Messages',
    meaning: 'What a message costs by channel and country, until the provider tells.',
    shown: '`WHATSAPP:IN=0.12,SMS:IN=0.30`',
  }),
  OTP_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'is not an ISO 4217 code')
    .default('INR')
    .register(about, { group: 'Messages', meaning: 'Currency of `OTP_PRICES` and `OTP_SPEND_PER_DAY`.' }),
  TEST_OTPS: testOtps.prefault('').register(about, {
    group: 'Messages',
    meaning:
      'Numbers with a fixed code, for store reviewers: `+919999900001:123456`. No message is sent to them.',
    secret: true,
    shown: 'none',
  }),
  TEST_OTPS_UNTIL: z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/, 'is not a day like 2027-01-31')
    .optional()
    .register(about, { group: 'Messages', meaning: 'Last day (UTC) of `TEST_OTPS`. Needed with them.' }),
  SIGNUP_EMAIL_PROOF: flag.optional().register(about, {
    group: 'Messages',
    meaning:
      'Whether `signup` proves the mailbox first. Off, it answers at once and tells that an address is taken.',
    shown: '`false`; in production `true`',
  }),
  OPERATOR_TOKEN: z
    .string()
    .min(32, 'has fewer than 32 characters')
    // What a bearer can be made of (RFC 6750, section 2.1): another one would never be right.
    .regex(/^[\w.~+/-]+=*$/, 'has characters other than A-Z a-z 0-9 - . _ ~ + /')
    .optional()
    .register(about, {
      group: 'Gateway',
      meaning: 'Bearer of `loginStats` and `deliveryStats`; without it they are closed.',
      secret: true,
    }),

  PASSWORD_MIN_LENGTH: whole(8, 64).prefault('8').register(about, {
    group: 'Passwords',
    meaning:
      'Fewest characters of a new password (code points). NIST asks for 15 where it is the only factor.',
  }),
  PASSWORD_MAX_LENGTH: whole(64, 1024)
    .prefault('256')
    .register(about, { group: 'Passwords', meaning: 'Most characters of a new password (code points).' }),
  PASSWORD_MIN_SCORE: whole(0, 4).prefault('2').register(about, {
    group: 'Passwords',
    meaning: 'Least strength of a new password on zxcvbn’s scale of 0 to 4.',
  }),
  PASSWORD_FORBIDDEN_WORDS: list.prefault('').register(about, {
    group: 'Passwords',
    meaning: 'Words that make a password weak here: the names of the company and its products.',
    shown: 'none',
  }),
  PASSWORD_HASHES_AT_ONCE: whole(1, 64).optional().register(about, {
    group: 'Passwords',
    meaning: 'argon2 hashes computed at a time, all processes together.',
    shown: 'the lesser of cores and `UV_THREADPOOL_SIZE` - 2',
  }),
  PASSWORD_QUEUE_SECONDS: whole(1, 30).prefault('2').register(about, {
    group: 'Passwords',
    meaning: 'A login that would wait longer for its hash is told to come back later.',
  }),

  PASSWORD_ATTEMPTS: whole(1, 1000).prefault('10').register(about, {
    group: 'Limits',
    meaning: 'Wrong passwords for one account from one network (or one known device) in 15 minutes.',
  }),
  PASSWORD_ATTEMPTS_PER_DAY: whole(1, 10_000).prefault('100').register(about, {
    group: 'Limits',
    meaning: 'Wrong passwords for one account from all unknown devices in a day.',
  }),
  PASSWORD_ATTEMPTS_PER_NETWORK: whole(1, 100_000).prefault('300').register(about, {
    group: 'Limits',
    meaning:
      'Wrong passwords from one network, known devices aside, for any account in 15 minutes. Carriers put thousands of phones behind one address.',
  }),
  SIGNUPS_PER_HOUR: whole(1, 100_000)
    .prefault('10')
    .register(about, { group: 'Limits', meaning: 'Signups from one network in an hour.' }),
  MAGIC_LINKS_PER_MAILBOX: whole(1, 100).prefault('3').register(about, {
    group: 'Limits',
    meaning:
      'Mails with a link to one mailbox in an hour, from all strangers together and from each device known there; a proved link gives its mail back.',
  }),
  MAGIC_LINKS_PER_NETWORK: whole(1, 100_000).prefault('10').register(about, {
    group: 'Limits',
    meaning: 'Mails with a link asked for from one network in an hour; proved ones given back.',
  }),
  MAGIC_LINK_ATTEMPTS: whole(1, 20)
    .prefault('5')
    .register(about, { group: 'Limits', meaning: 'Wrong typed codes for one link.' }),
  MAGIC_LINK_ATTEMPTS_PER_DAY: whole(1, 1000).prefault('20').register(about, {
    group: 'Limits',
    meaning: 'Wrong typed codes for one mailbox in a day, over all links, counted likewise.',
  }),
  OTP_SENDS_PER_PHONE: whole(1, 100).prefault('3').register(about, {
    group: 'Limits',
    meaning:
      'Codes to one phone in an hour, for all strangers together and for its known devices together; a proved code gives its sends back.',
  }),
  OTP_SENDS_PER_NETWORK: whole(1, 100_000).prefault('10').register(about, {
    group: 'Limits',
    meaning:
      'Codes asked for from one network in an hour; proved ones given back. Carriers put thousands of phones behind one address.',
  }),
  OTP_SENDS_PER_PREFIX: whole(1, 1_000_000).prefault('60').register(about, {
    group: 'Limits',
    meaning:
      'Unproved codes to numbers that differ only in their last four digits, in an hour, known devices aside.',
  }),
  OTP_COUNTRIES_PER_NETWORK: whole(1, 250).prefault('3').register(about, {
    group: 'Limits',
    meaning: 'Countries to which one network sends codes in a day; for a further one see `OTP_BUDGET`.',
  }),
  OTP_ATTEMPTS: whole(1, 20)
    .prefault('5')
    .register(about, { group: 'Limits', meaning: 'Codes tried for one challenge.' }),
  OTP_ATTEMPTS_PER_DAY: whole(1, 1000).prefault('20').register(about, {
    group: 'Limits',
    meaning: 'Wrong codes for one phone in a day, over all challenges, counted likewise.',
  }),
  OTP_BUDGET: z.enum(['log', 'enforce']).default('log').register(about, {
    group: 'Limits',
    meaning:
      'Whether codes that look like pumping are only logged, or not sent: those beyond `OTP_COUNTRIES_PER_NETWORK`, and unproved ones of a country in a day beyond the larger of 20, 30 % of its best day in two weeks and 30 % of the last 24 hours’ proved ones.',
  }),
  OTP_SPEND_PER_DAY: whole(0, 100_000_000).prefault('1000').register(about, {
    group: 'Limits',
    meaning: 'What codes may cost in a day, in `OTP_CURRENCY`; beyond, none is sent.',
  }),
  PASSKEYS_PER_USER: whole(1, 100)
    .prefault('20')
    .register(about, { group: 'Limits', meaning: 'Passkeys of one person.' }),
  CHALLENGES_PER_MINUTE: whole(1, 1_000_000).prefault('600').register(about, {
    group: 'Limits',
    meaning:
      'Passkey challenges, nonces and sign-ins in the browser begun from one network in a minute. Carriers put thousands of phones behind one address.',
  }),
  REQUESTS_PER_MINUTE: whole(1, 10_000_000).prefault('1200').register(about, {
    group: 'Limits',
    meaning: 'HTTP requests from one network in a minute, answered with 429 beyond.',
  }),
  GRAPHQL_MAX_TOKENS: whole(100, 100_000)
    .prefault('1000')
    .register(about, { group: 'Limits', meaning: 'Lexical tokens in one GraphQL document.' }),
  GRAPHQL_MAX_DEPTH: whole(3, 100)
    .prefault('10')
    .register(about, { group: 'Limits', meaning: 'Levels of nesting in one operation, fragments followed.' }),
  GRAPHQL_MAX_ALIASES: whole(0, 1000)
    .prefault('10')
    .register(about, { group: 'Limits', meaning: 'Aliases in one document.' }),
  GRAPHQL_MAX_DIRECTIVES: whole(0, 1000)
    .prefault('10')
    .register(about, { group: 'Limits', meaning: 'Directives in one document.' }),
  BODY_LIMIT_BYTES: whole(1024, 1_048_576)
    .prefault('32768')
    .register(about, { group: 'Limits', meaning: 'Size of a request body.' }),
  LOGIN_EVENTS_DAYS: whole(1, 3650)
    .prefault('400')
    .register(about, { group: 'Limits', meaning: 'How long login events are kept.' }),
};

type Variables = typeof variables;
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<S>;
type Settings = { readonly [Name in keyof Variables as Camel<Name>]: z.output<Variables[Name]> };
type Filled =
  | 'host'
  | 'publicUrl'
  | 'logLevel'
  | 'metricsHost'
  | 'drainSeconds'
  | 'introspection'
  | 'graphiql'
  | 'signupEmailProof'
  | 'passkeyRpId';

/** Every setting under its variable's name in camel case, defaults filled in: `ACCESS_TOKEN_MINUTES` is `accessTokenMinutes`. */
export type Config = Omit<Settings, Filled | 'secretKey'> & {
  readonly [Name in Filled]-?: NonNullable<Settings[Name]>;
} & { readonly secretKey: Buffer };

/** The provider that development brings along, so that the code flow can be tried with nothing configured. */
export function demoProvider(publicUrl: string): Config['oidcProviders'][number] {
  return { name: 'demo', issuer: `${publicUrl}/dev/provider`, clientId: 'darwaza', vouchesForEmail: true };
}

/** Everything that is wrong with the environment, one line a problem. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    const lines = problems.map((problem) => `  ${problem}`).join('\n');
    super(`The gateway cannot run with these settings:\n${lines}\n\`npm run config\` explains each of them.`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const neededInProduction = ['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'PUBLIC_URL', 'TRUST_PROXY'] as const;

/**
 * Reads the settings from an environment. An empty variable counts as not set.
 * Without SECRET_KEY (outside production only) `makeSecretKey` supplies the key.
 * @throws {ConfigError} naming every problem at once
 */
export function readConfig(
  environment: Record<string, string | undefined>,
  makeSecretKey: (dataDir: string) => Buffer,
): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => Object.hasOwn(variables, name) && value !== undefined && value !== '',
    ),
  );
  const parsed = z.object(variables).safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);

  const production = given.NODE_ENV === 'production';
  if (production) {
    for (const name of neededInProduction) {
      if (given[name] === undefined) {
        const meta = about.get(variables[name]);
        problems.push(`${name} is needed in production: ${meta?.meaning ?? ''}`);
      }
    }
    if (given.PUBLIC_URL?.startsWith('http:')) problems.push('PUBLIC_URL must be https:// in production');
    if (flag.safeParse(given.DEV_LAN).data) problems.push('DEV_LAN is for development only');
  }
  if (+(given.WEB_CONCURRENCY ?? 1) > 1 && !(given.DATABASE_URL && given.REDIS_URL)) {
    problems.push(
      'WEB_CONCURRENCY above 1 needs DATABASE_URL and REDIS_URL: one process cannot see the counts of another',
    );
  }
  const together = (names: readonly string[], why: string) => {
    const missing = names.filter((name) => given[name] === undefined);
    if (missing.length > 0 && missing.length < names.length)
      problems.push(`${missing.join(', ')} missing: ${why}`);
  };
  together(['SMTP_URL', 'MAIL_FROM'], 'mails need both a server and a sender');
  together(['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'], 'Twilio needs both');
  together(['TEST_OTPS', 'TEST_OTPS_UNTIL'], 'test codes need an end');
  together(
    ['TWILIO_WHATSAPP_FROM', 'TWILIO_WHATSAPP_CONTENT'],
    'WhatsApp needs a sender and an approved template',
  );
  together(['APPLE_TEAM_ID', 'APPLE_KEY_ID', 'APPLE_PRIVATE_KEY'], 'the key needs its name and its team');
  if (given.APPLE_SERVICES_ID !== undefined && given.APPLE_PRIVATE_KEY === undefined) {
    problems.push('APPLE_PRIVATE_KEY missing: the web flow of Apple needs a key');
  }
  if (given.GOOGLE_CLIENT_SECRET !== undefined && given.GOOGLE_CLIENT_IDS === undefined) {
    problems.push('GOOGLE_CLIENT_IDS missing: the secret belongs to the first of them');
  }
  if (production && parsed.success) {
    const { APPLE_ISSUER, FIREBASE_ISSUER, GOOGLE_ISSUER, OIDC_PROVIDERS } = parsed.data;
    const issuers = {
      ...{ GOOGLE_ISSUER, APPLE_ISSUER, FIREBASE_ISSUER },
      ...Object.fromEntries(OIDC_PROVIDERS.map(({ name, issuer }) => [`OIDC_PROVIDERS (${name})`, issuer])),
    };
    for (const [name, issuer] of Object.entries(issuers)) {
      if (isOpenToOthers(issuer)) problems.push(`${name} must be https:// in production`);
    }
  }
  const taken = [
    ...(parsed.data?.GOOGLE_CLIENT_IDS ? [parsed.data.GOOGLE_ISSUER] : []),
    ...(parsed.data?.APPLE_CLIENT_IDS || parsed.data?.APPLE_SERVICES_ID ? [parsed.data.APPLE_ISSUER] : []),
  ];
  if (parsed.data?.OIDC_PROVIDERS.some((provider) => taken.includes(provider.issuer)))
    problems.push('OIDC_PROVIDERS has the issuer of Google or Apple: an identity belongs to one provider');
  // With it Firebase's own kits take unsigned tokens; here it has no effect, and whoever sets it expects one.
  if (production && environment.FIREBASE_AUTH_EMULATOR_HOST) {
    problems.push('FIREBASE_AUTH_EMULATOR_HOST is for development only: the emulator signs nothing');
  }
  if (given.TWILIO_ACCOUNT_SID !== undefined && given.TWILIO_SMS_FROM === undefined) {
    problems.push('TWILIO_SMS_FROM missing: a code that WhatsApp does not deliver goes by SMS');
  }
  if (production && flag.safeParse(given.SIGNUP_EMAIL_PROOF).data !== false && given.SMTP_URL === undefined) {
    problems.push(
      'SMTP_URL missing: a signup proves its mailbox; set SIGNUP_EMAIL_PROOF=false to do without',
    );
  }
  if (given.SECRET_KEY !== undefined && given.SECRET_KEY === given.SECRET_KEY_PREVIOUS) {
    problems.push('SECRET_KEY_PREVIOUS is the same as SECRET_KEY');
  }
  const drainSeconds = parsed.data?.DRAIN_SECONDS ?? (production ? 3 : 0);
  if (parsed.success && drainSeconds >= parsed.data.SHUTDOWN_SECONDS) {
    problems.push(`SHUTDOWN_SECONDS must be above DRAIN_SECONDS (${drainSeconds})`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const settings = Object.fromEntries(
    Object.entries(parsed.data).map(([name, value]) => [camel(name), value]),
  ) as unknown as Settings;
  const open = production || settings.devLan ? '::' : '127.0.0.1';
  const publicUrl = (settings.publicUrl ?? `http://localhost:${settings.port}`).replace(/\/+$/, '');
  return {
    ...settings,
    host: settings.host ?? open,
    metricsHost: settings.metricsHost ?? (production ? '::' : '127.0.0.1'),
    publicUrl,
    oidcProviders:
      settings.nodeEnv === 'development' && given.OIDC_PROVIDERS === undefined
        ? [demoProvider(publicUrl)]
        : settings.oidcProviders,
    passkeyRpId: settings.passkeyRpId ?? new URL(publicUrl).hostname,
    logLevel: settings.logLevel ?? (production ? 'info' : 'warn'),
    drainSeconds,
    introspection: settings.introspection ?? !production,
    graphiql: settings.graphiql ?? !production,
    signupEmailProof: settings.signupEmailProof ?? production,
    secretKey: settings.secretKey ?? makeSecretKey(settings.dataDir),
  };
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** One variable as people read about it. */
export interface VariableDescription extends Meta {
  name: string;
  fallback: string;
}

/** Every variable with its group, meaning and default, for `npm run config` and the README. */
export function describeVariables(): VariableDescription[] {
  return Object.entries(variables).map(([name, schema]) => {
    const meta = about.get(schema) as Meta;
    const parsed = schema.safeParse(undefined);
    const plain = parsed.success && parsed.data !== undefined ? `\`${parsed.data}\`` : 'none';
    return { ...meta, name, fallback: meta.shown ?? plain };
  });
}

// The script of the playground: plays an app, card by card, and shows what it sends. Runs in the browser.

/** A result of a mutation, as far as the page looks at it. */
interface Result {
  __typename: string;
  code?: string;
  message?: string;
  methods?: string[];
  restoreToken?: string;
  accessToken?: string;
  refreshToken?: string;
  offerPasskey?: boolean;
  user?: Person;
  [field: string]: unknown;
}

interface Person {
  email: string | null;
  phone: string | null;
  name: string | null;
}

const tokens = `__typename
    ... on SessionTokens {
      accessToken refreshToken offerPasskey
      user { name email phone }
      session { method }
    }
    ... on AuthError { code message methods restoreToken }`;
const failure = '... on AuthError { code message methods }';

/** What an app knows at run time: in memory alone, as the tokens of an app on the web should be. */
const app: { accessToken: string | null; refreshToken: string | null; restoreToken: string | null } = {
  accessToken: null,
  refreshToken: null,
  restoreToken: null,
};
const device = { id: `playground-${random(12)}`, name: 'Playground', platform: 'WEB' };

/** A card: what it is about, and the place where its last request is shown. */
interface Card {
  section: HTMLElement;
  ask(field: string, type: string | null, selection: string, input?: object): Promise<Result>;
  act(label: string, work: () => Promise<unknown>, first?: boolean): HTMLButtonElement;
  row(...children: HTMLElement[]): void;
}

function card(title: string, about: string): Card {
  const outcome = make('p', { class: 'outcome', role: 'status' });
  const sent = make('pre');
  const came = make('pre');
  const wire = make('details', {}, make('summary', {}, 'GraphQL'), sent, came);
  wire.hidden = true;
  const section = make('section', {}, make('h2', {}, title), make('p', {}, about), outcome, wire);
  const tell = (kind: 'good' | 'bad', text: string) => {
    outcome.dataset.kind = kind;
    outcome.textContent = text;
  };
  const self: Card = {
    section,
    row: (...children) => outcome.before(make('div', { class: 'row' }, ...children)),
    async ask(field, type, selection, input) {
      const query = type
        ? `mutation ($input: ${type}!) {\n  ${field}(input: $input) {\n    ${selection}\n  }\n}`
        : `mutation {\n  ${field} {\n    ${selection}\n  }\n}`;
      // Once: who folds it away wants it folded.
      if (wire.hidden) wire.open = true;
      wire.hidden = false;
      sent.textContent = input ? `${query}\n\n${show({ input })}` : query;
      came.textContent = '…';
      const answer = await send(query, input);
      came.textContent = show(answer);
      const result = answer.data?.[field];
      if (!result) throw new Error(answer.errors?.[0]?.message ?? 'the gateway did not answer');
      if (result.__typename === 'SessionTokens') signIn(result);
      if (result.restoreToken) app.restoreToken = result.restoreToken;
      if (result.code) throw new Error(`${result.code}: ${result.message}${proveHint(result)}`);
      tell('good', describe(result));
      return result;
    },
    act(label, work, first = false) {
      const button = make('button', { type: 'button', ...(first && { class: 'first' }) }, label);
      button.addEventListener('click', async () => {
        button.disabled = true;
        outcome.textContent = '';
        await work().catch((error: Error) => tell('bad', error.message));
        button.disabled = false;
        draw();
      });
      return button;
    },
  };
  return self;
}

/** As JSON to read: of a token or a signature the beginning says enough. */
function show(value: object): string {
  const shorten = (_: string, part: unknown) =>
    typeof part === 'string' && part.length > 100 ? `${part.slice(0, 60)}…` : part;
  return JSON.stringify(value, shorten, 2);
}

function proveHint({ code, methods }: Result): string {
  return code === 'FRESH_PROOF_REQUIRED' ? ` (${methods?.join(', ')}: prove it in the first card)` : '';
}

function describe({ __typename, user, ...rest }: Result): string {
  if (user) return `Signed in as ${nameOf(user)}.`;
  const plain = Object.entries(rest).find(([, value]) => typeof value === 'string' && value.length < 60);
  return plain ? `${__typename}: ${plain[0]} ${plain[1]}` : `${__typename}.`;
}

function nameOf({ email, phone, name }: Person): string {
  return email ?? phone ?? name ?? 'somebody without a name';
}

interface Answer {
  data?: Record<string, Result> | null;
  errors?: { message: string; extensions?: { code?: string; reason?: string } }[];
}

async function send(query: string, input?: object): Promise<Answer> {
  const response = await fetch('graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      'apollographql-client-name': 'playground',
      ...(app.accessToken && { authorization: `Bearer ${app.accessToken}` }),
    },
    body: JSON.stringify({ query, ...(input && { variables: { input } }) }),
    credentials: 'omit',
  });
  const answer = (await response.json()) as Answer;
  if (response.status === 401) signOut();
  return answer;
}

function signIn({ accessToken, refreshToken, user }: Result): void {
  app.accessToken = accessToken ?? null;
  app.refreshToken = refreshToken ?? null;
  app.restoreToken = null;
  const state = find('state');
  state.dataset.state = 'in';
  state.textContent = user ? nameOf(user) : 'signed in';
}

function signOut(): void {
  app.accessToken = null;
  app.refreshToken = null;
  const state = find('state');
  delete state.dataset.state;
  state.textContent = 'signed out';
}

/** Shows what goes only with, or only without, a session. */
function draw(): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-when]')) {
    const { when } = element.dataset;
    const shown = { in: app.accessToken, out: !app.accessToken, deleted: app.restoreToken }[when ?? ''];
    element.hidden = !shown;
  }
}

function when<Part extends HTMLElement>(state: 'in' | 'out' | 'deleted', part: Part): Part {
  part.dataset.when = state;
  return part;
}

// --------------------------------------------------------------------------------------------------------- cards

/** The browser's half of a sign-in by passkey. */
async function getPasskey(options: unknown): Promise<string> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(String(options)));
  return JSON.stringify(await navigator.credentials.get({ publicKey }));
}

/** The browser's half of a registration. */
async function createPasskey(options: unknown): Promise<string> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(String(options)));
  return JSON.stringify(await navigator.credentials.create({ publicKey }));
}

const started =
  '__typename ... on PasskeyCreationStarted { challengeId options } ... on AuthError { code message methods }';

function sessionCard(): HTMLElement {
  const self = card(
    'Your session',
    'Whatever way you came in, you hold the same tokens, in the memory of this page.',
  );
  const password = field('Password', '', 'password');
  self.row(
    when('out', make('span', {}, 'Nobody is signed in. Choose a card.')),
    when(
      'in',
      self.act('Refresh', () =>
        self.ask('refreshSession', 'RefreshSessionInput', tokens, {
          refreshToken: app.refreshToken,
          idempotencyKey: crypto.randomUUID(),
        }),
      ),
    ),
    when(
      'in',
      self.act('Log out', async () => {
        await send('mutation ($input: LogoutInput!) { logout(input: $input) }', {
          refreshToken: app.refreshToken,
        });
        signOut();
      }),
    ),
    when(
      'in',
      self.act('Delete account', async () => {
        await self.ask('deleteAccount', null, `__typename ... on AccountDeleted { eraseAt } ${failure}`);
        signOut();
      }),
    ),
    when(
      'deleted',
      self.act('Restore account', () =>
        self.ask('restoreAccount', 'RestoreAccountInput', tokens, { restoreToken: app.restoreToken, device }),
      ),
    ),
  );
  const prove = when('in', make('div', { class: 'row' }));
  prove.append(
    password.label,
    self.act('Prove by password', () =>
      self.ask('reauthenticate', 'ReauthenticateInput', tokens, { password: password.value() }),
    ),
    self.act('Prove by passkey', async () => {
      const { challengeId, options } = await self.ask(
        'startPasskeySignIn',
        null,
        `__typename ... on PasskeySignInStarted { challengeId options } ${failure}`,
      );
      const response = await getPasskey(options);
      await self.ask('reauthenticate', 'ReauthenticateInput', tokens, { passkey: { challengeId, response } });
    }),
  );
  self.row(prove);
  return self.section;
}

function passkeyCard(): HTMLElement {
  const self = card('Passkey', 'No address, no password: the device asks for a finger, a face or a PIN.');
  const name = field('Name', 'Asha');
  self.row(
    self.act(
      'Sign in',
      async () => {
        const { challengeId, options } = await self.ask(
          'startPasskeySignIn',
          null,
          `__typename ... on PasskeySignInStarted { challengeId options } ${failure}`,
        );
        const response = await getPasskey(options);
        await self.ask('verifyPasskey', 'VerifyPasskeyInput', tokens, { challengeId, response, device });
      },
      true,
    ),
    when(
      'in',
      self.act('Add one to this account', async () => {
        const { challengeId, options } = await self.ask('startPasskeyRegistration', null, started);
        const response = await createPasskey(options);
        await self.ask(
          'finishPasskeyRegistration',
          'FinishPasskeyRegistrationInput',
          `__typename ... on PasskeyRegistered { passkey { id name backedUp } } ${failure}`,
          { challengeId, response },
        );
      }),
    ),
  );
  self.row(
    name.label,
    self.act('Make an account with one', async () => {
      const { challengeId, options } = await self.ask(
        'startPasskeySignup',
        'StartPasskeySignupInput',
        started,
        {
          name: name.value(),
        },
      );
      const response = await createPasskey(options);
      await self.ask('finishPasskeySignup', 'FinishPasskeySignupInput', tokens, {
        challengeId,
        response,
        device,
      });
    }),
  );
  return self.section;
}

/** What has to outlive the way to the provider and back. */
const verifierKey = 'codeVerifier';

function providerCard(providers: string[]): HTMLElement {
  const self = card(
    'An account elsewhere',
    providers.includes('demo')
      ? 'The code flow with PKCE, here at a stand-in that the gateway brings along: there you may be anybody.'
      : 'The code flow with PKCE, in the browser.',
  );
  const begin = async (provider: string) => {
    const codeVerifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier));
    const { authorizationUrl } = await self.ask(
      'startSocialSignIn',
      'StartSocialSignInInput',
      `__typename ... on SocialSignInStarted { authorizationUrl expiresAt } ${failure}`,
      {
        provider,
        redirectUri: `${location.origin}${location.pathname}`,
        codeChallenge: base64url(new Uint8Array(hash)),
      },
    );
    sessionStorage.setItem(verifierKey, codeVerifier);
    location.assign(String(authorizationUrl));
  };
  self.row(...providers.map((provider) => self.act(`Sign in with ${provider}`, () => begin(provider), true)));
  const back = new URLSearchParams(location.search);
  const codeVerifier = sessionStorage.getItem(verifierKey);
  if (back.has('code') && codeVerifier !== null) {
    const code = back.get('code');
    const finish = self.act('Finish', () =>
      self.ask('finishSocialSignIn', 'FinishSocialSignInInput', tokens, { code, codeVerifier, device }),
    );
    finish.click();
  } else if (back.has('code')) {
    // Begun elsewhere, in GraphiQL for one: who began it has the verifier.
    self.section.querySelector('.outcome')?.append(`The code for finishSocialSignIn: ${back.get('code')}`);
  } else if (back.has('error')) {
    self.section.querySelector('.outcome')?.append(`The provider said: ${back.get('error')}`);
  }
  sessionStorage.removeItem(verifierKey);
  history.replaceState(null, '', location.pathname);
  return self.section;
}

function passwordCard(): HTMLElement {
  const self = card('E-mail and password', 'The way everybody knows.');
  const email = field('E-mail', `asha-${random(5)}@example.com`, 'email');
  const password = field('Password', 'orange-kettle-42-window');
  const input = () => ({ email: email.value(), password: password.value(), device });
  self.row(email.label, password.label);
  self.row(
    self.act('Sign up', () => self.ask('signup', 'SignupInput', tokens, input()), true),
    self.act('Log in', () => self.ask('login', 'LoginInput', tokens, input())),
  );
  return self.section;
}

function magicLinkCard(): HTMLElement {
  const self = card(
    'Magic link',
    'A mail with half of the proof; the other half stays here. The mail is in the outbox.',
  );
  const email = field('E-mail', `ravi-${random(5)}@example.com`, 'email');
  const code = field('The 8 characters behind the link', '');
  let request: Result | null = null;
  self.row(
    email.label,
    self.act(
      'Send a link',
      async () => {
        request = await self.ask(
          'requestMagicLink',
          'RequestMagicLinkInput',
          `__typename ... on MagicLinkRequested { requestId deviceSecret expiresAt } ${failure}`,
          { email: email.value(), device },
        );
      },
      true,
    ),
  );
  self.row(
    code.label,
    self.act('Sign in', () =>
      self.ask('verifyMagicLink', 'VerifyMagicLinkInput', tokens, {
        requestId: request?.requestId ?? '',
        deviceSecret: request?.deviceSecret ?? '',
        code: code.value(),
      }),
    ),
  );
  return self.section;
}

function otpCard(): HTMLElement {
  const self = card(
    'One-time code',
    'Over WhatsApp, then SMS if that does not arrive. Both wait in the outbox.',
  );
  const phone = field('Mobile number', `+9199999${random(5, '0123456789')}`, 'tel');
  const code = field('The 6 digits', '');
  let challengeId: unknown = '';
  self.row(
    phone.label,
    self.act(
      'Send a code',
      async () => {
        ({ challengeId } = await self.ask(
          'sendOtp',
          'SendOtpInput',
          `__typename ... on OtpSent { challengeId expiresAt resendAt } ${failure}`,
          { phone: phone.value(), channel: 'AUTO', device },
        ));
      },
      true,
    ),
  );
  self.row(
    code.label,
    self.act('Sign in', () =>
      self.ask('verifyOtp', 'VerifyOtpInput', tokens, { challengeId, code: code.value() }),
    ),
  );
  return self.section;
}

function nativeCard(): HTMLElement {
  const self = card(
    'Google, Apple and Firebase in an app',
    'An app asks for a nonce, gives it to the kit of the platform, and sends the ID token: signInWithGoogle, signInWithApple, signInWithFirebase. A web page has no such kit.',
  );
  self.row(
    self.act('Make a nonce', () =>
      self.ask('createNonce', null, `__typename ... on Nonce { nonce expiresAt } ${failure}`),
    ),
  );
  return self.section;
}

// --------------------------------------------------------------------------------------------------------- pieces

function field(name: string, value: string, type = 'text') {
  const input = make('input', { type, value, autocomplete: 'off', spellcheck: 'false' });
  return { label: make('label', {}, name, input), value: () => input.value.trim() };
}

/** Text is only ever put in as text. */
function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

function random(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz'): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('');
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

// Passkeys and addresses to come back to are bound to the name under which the gateway knows itself.
const { origin } = document.documentElement.dataset;
if (origin !== undefined && origin !== location.origin && origin.startsWith('http://localhost'))
  location.replace(`${origin}${location.pathname}`);

const { data } = await send('{ authMethods { method provider } }');
const methods = (data?.authMethods ?? []) as unknown as { method: string; provider: string | null }[];
const has = (prefix: string) => methods.some(({ method }) => method.startsWith(prefix));
const providers = methods.flatMap(({ provider }) => (provider === null ? [] : [provider]));
const column = (...cards: HTMLElement[]) => make('div', { class: 'column' }, ...cards);
find('cards').append(
  column(
    sessionCard(),
    ...(has('PASSKEY') ? [passkeyCard()] : []),
    ...(providers.length > 0 ? [providerCard(providers)] : []),
    nativeCard(),
  ),
  column(...(has('OTP') ? [otpCard()] : []), ...(has('MAGIC_LINK') ? [magicLinkCard()] : []), passwordCard()),
);
draw();

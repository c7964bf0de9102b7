// The script of the outbox page: shows every message as it arrives, and plays the carrier. Runs in the browser.
import type { ShownMessage } from './outbox.js';

const channelNames = { EMAIL: 'Mail', WHATSAPP: 'WhatsApp', SMS: 'SMS' } as const;

/** What a carrier has to say on each channel. */
const plays = {
  EMAIL: [],
  WHATSAPP: ['delivered', 'undelivered 63024'],
  SMS: ['delivered', 'failed 30007'],
} as const;

/** Those on the page, each with how to bring its status up to date. */
const shown = new Map<string, (message: ShownMessage) => void>();
const list = find('messages');

async function refresh(): Promise<void> {
  const response = await fetch('outbox.json', { cache: 'no-store', credentials: 'omit' });
  if (!response.ok) throw new Error(`outbox.json answered ${response.status}`);
  const messages = (await response.json()) as ShownMessage[];
  const arrived = messages.filter(({ id }) => !shown.has(id));
  for (const message of arrived.toReversed()) list.prepend(show(message, message === arrived[0]));
  for (const message of messages) shown.get(message.id)?.(message);
  find('empty').hidden = list.childElementCount > 0;
  const count = list.childElementCount;
  say('live', `live · ${count} ${count === 1 ? 'message' : 'messages'}`);
}

function show(message: ShownMessage, newest: boolean): HTMLElement {
  const { id, to, channel, sentAt, subject, text, html, code, link } = message;
  const sent = new Date(sentAt);
  const status = make('b');
  const buttons = plays[channel].map((play) => make('button', { type: 'button' }, play));
  for (const button of buttons) {
    button.addEventListener('click', () => void playNews(id, button));
  }
  const seconds = document.documentElement.dataset.fallbackAfter;
  const hint = make(
    'small',
    {},
    `With AUTO, the same code follows by SMS if this fails, or after ${seconds} s without word.`,
  );
  const playing = make('span', { class: 'play' }, 'play', ...buttons);
  shown.set(id, ({ status: now, errorCode }) => {
    status.dataset.status = now;
    status.textContent = `${now.toLowerCase()}${errorCode ? ` (${errorCode})` : ''}`;
    // What has arrived stays arrived, and what has failed may still arrive.
    buttons.forEach((button, index) => {
      button.hidden = now === 'FAILED' && index > 0;
    });
    playing.hidden = now === 'DELIVERED' || buttons.length === 0;
    hint.hidden = now !== 'SENT' || channel !== 'WHATSAPP';
  });

  const item = make(
    'li',
    { 'data-id': id },
    make(
      'div',
      { class: 'head' },
      make('span', { class: 'channel', 'data-channel': channel }, channelNames[channel]),
      make('span', { class: 'to' }, to),
      make('time', { datetime: sentAt, title: sent.toLocaleString() }, sent.toLocaleTimeString()),
    ),
  );
  if (subject !== null) item.append(make('h2', { class: 'subject' }, subject));
  if (code !== null) item.append(take(make('span', { class: 'code' }, code), copyButton('Copy code', code)));
  // An address of the gateway; never a script.
  if (link !== null && /^https?:/.test(link)) {
    const open = make(
      'a',
      { class: 'button first', href: link, target: '_blank', rel: 'noopener' },
      'Open link',
    );
    item.append(take(open, copyButton('Copy link', link)));
  }
  if (html === null) item.append(make('pre', {}, text));
  else
    item.append(
      frame(html, newest),
      fold('Plain text', () => make('pre', {}, text)),
    );
  item.append(make('div', { class: 'status' }, status, playing, hint));
  return item;
}

/** The HTML of a mail, without scripts, forms, or a way out of its frame: links are opened by the button. */
function frame(html: string, open: boolean): HTMLElement {
  const folded = fold('Mail', () => {
    const element = make('iframe', { sandbox: '', title: 'The mail as HTML' });
    element.srcdoc = `${html}<style>a { pointer-events: none }</style>`;
    return element;
  });
  folded.open = open;
  return folded;
}

/** Something that is made when it is first looked at. */
function fold(summary: string, fill: () => HTMLElement): HTMLDetailsElement {
  const element = make('details', {}, make('summary', {}, summary));
  element.addEventListener('toggle', () => element.append(fill()), { once: true });
  return element;
}

function take(...children: HTMLElement[]): HTMLElement {
  return make('div', { class: 'take' }, ...children);
}

function copyButton(label: string, text: string): HTMLButtonElement {
  const button = make('button', { type: 'button' }, label);
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text)) ? 'Copied' : 'Not copied';
    setTimeout(() => {
      button.textContent = label;
    }, 1500);
  });
  return button;
}

/** By the clipboard, which a page that came over plain HTTP from another machine does not have; else the old way. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make('textarea', { readonly: '' }, text);
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

async function playNews(id: string, button: HTMLButtonElement): Promise<void> {
  const response = await fetch(`outbox/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ play: button.textContent }),
    credentials: 'omit',
  });
  if (!response.ok) say('away', `not played: ${response.status}`);
}

/** Text is only ever put in as text: it is what strangers wrote. */
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

function say(state: 'live' | 'away', text: string): void {
  const line = find('state');
  line.dataset.state = state;
  if (line.textContent !== text) line.textContent = text;
}

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

let refreshing = Promise.resolve();
const events = new EventSource('outbox/events');
// One after the other, so that no message is put in twice.
events.onmessage = () => {
  refreshing = refreshing.then(refresh).catch(() => say('away', 'the gateway does not answer'));
};
events.onerror = () => say('away', 'the gateway does not answer');

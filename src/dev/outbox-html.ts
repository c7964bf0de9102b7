// Owns the outbox page's markup and look, and the policy under which a browser runs it.
import type { Tools } from '../context.js';
import type { DeliveryChannel } from '../graphql/schema.generated.js';
import type { Outbox } from '../messages/outbox.js';
import { escapeHtml } from '../messages/templates.js';
import { icon } from './graphiql-html.js';

/** The frames with the mails inherit it: they need their inline styles, and get nothing else. */
export const outboxPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const style = `
  :root { color-scheme: light dark; --line: light-dark(hsl(219 28% 88%), hsl(219 29% 24%)); --quiet: light-dark(hsl(219 15% 42%), hsl(219 20% 66%)); --accent: light-dark(#8f3d18, #f2b08d) }
  * { box-sizing: border-box }
  body { margin: 0; font: 15px/1.5 Roboto, system-ui, sans-serif; color: light-dark(hsl(219 28% 20%), hsl(219 29% 88%)); background: light-dark(hsl(219 28% 97%), hsl(219 29% 10%)) }
  a { color: inherit }
  header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 9px 16px; background: light-dark(#fff, hsl(219 29% 14%)); border-bottom: 1px solid var(--line) }
  header h1 { display: flex; align-items: center; gap: 8px; margin: 0; font-size: 16px; font-weight: 600; color: var(--accent) }
  header svg { width: 22px; height: 22px }
  nav { display: flex; gap: 14px; flex: 1; font-size: 14px }
  nav a { text-decoration: none } nav a:hover { text-decoration: underline }
  #state { font-size: 14px; color: var(--quiet) }
  #state::before { content: ''; display: inline-block; width: 8px; height: 8px; margin-right: 8px; border-radius: 50%; background: light-dark(#a9b0bd, #69748a) }
  #state[data-state=live]::before { background: #2f9e5b } #state[data-state=away]::before { background: #d1432f }
  main { max-width: 760px; margin: 0 auto; padding: 16px }
  .notes { margin: 0 0 16px; padding: 0; list-style: none; font-size: 14px; color: var(--quiet) } .notes li + li { margin-top: 4px }
  code { font: .92em ui-monospace, Menlo, monospace }
  #empty { padding: 48px 16px; text-align: center; color: var(--quiet); border: 1px dashed var(--line); border-radius: 12px }
  #messages { display: grid; gap: 12px; margin: 0; padding: 0; list-style: none }
  #messages > li { min-width: 0; padding: 14px 16px; background: light-dark(#fff, hsl(219 29% 14%)); border: 1px solid var(--line); border-radius: 12px }
  .head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; font-size: 14px }
  .channel { padding: 1px 9px; border-radius: 99px; font-size: 12px; font-weight: 600; color: #fff; background: #57606f }
  .channel[data-channel=WHATSAPP] { background: #11724f } .channel[data-channel=EMAIL] { background: #8f3d18 } .channel[data-channel=SMS] { background: #2c5aa8 }
  .to { overflow-wrap: anywhere; font-weight: 500 }
  .head time { margin-left: auto; color: var(--quiet); font-variant-numeric: tabular-nums }
  .status { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px; margin-top: 12px; font-size: 13px; color: var(--quiet) }
  .status b { margin-right: auto; font-weight: 600 } .status b[data-status=DELIVERED] { color: light-dark(#1d7a45, #6fd39a) } .status b[data-status=FAILED] { color: light-dark(#b3321f, #ff9d8c) }
  .status small { flex: 1 0 100%; font-size: 13px } .play { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px } [hidden] { display: none !important }
  .subject { margin: 10px 0 0; font-size: 16px; font-weight: 600; overflow-wrap: anywhere }
  .take { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-top: 10px }
  .code { font: 600 28px/1.2 ui-monospace, Menlo, monospace; letter-spacing: .1em }
  pre { margin: 10px 0 0; padding: 10px 12px; font: 13px/1.5 ui-monospace, Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: light-dark(hsl(219 28% 97%), hsl(219 29% 10%)); border-radius: 8px }
  button, .button { display: inline-block; padding: 4px 12px; border: 1px solid light-dark(hsl(219 28% 78%), hsl(219 29% 36%)); border-radius: 8px; font: inherit; font-size: 14px; color: inherit; background: none; text-decoration: none; cursor: pointer }
  button:hover, .button:hover { border-color: currentcolor }
  .first { color: #fff; background: light-dark(#8f3d18, #a54a20); border-color: transparent }
  details { margin-top: 10px } summary { font-size: 14px; color: var(--quiet); cursor: pointer }
  iframe { display: block; width: 100%; height: 380px; margin-top: 8px; border: 1px solid var(--line); border-radius: 8px; background: #fff }
  @media (max-width: 560px) {
    main { padding: 12px } header { padding: 9px 12px }
    .to { flex: 1 0 100%; order: 1 } iframe { height: 440px }
    .take .button, .take button { padding: 7px 14px } .status button { padding: 6px 11px }
  }
`;

const names: Readonly<Record<DeliveryChannel, string>> = { EMAIL: 'Mail', WHATSAPP: 'WhatsApp', SMS: 'SMS' };

/** What the page has to say before any message: which channels end here, and which do not. */
function writeNotes({ config, doors }: Pick<Tools, 'config' | 'doors'>, outbox: Outbox): string[] {
  const channels = Object.keys(names) as DeliveryChannel[];
  const list = (some: DeliveryChannel[]) =>
    new Intl.ListFormat('en').format(some.map((channel) => names[channel]));
  const kept = channels.filter((channel) => doors[channel] === outbox);
  const off = channels.filter((channel) => doors[channel] === null);
  const sent = channels.filter((channel) => !kept.includes(channel) && !off.includes(channel));
  const providers = sent.map((channel) => (channel === 'EMAIL' ? '<code>SMTP_URL</code>' : 'Twilio'));
  const notes = [];
  if (kept.length > 0) {
    notes.push(
      `${list(kept)}: kept here instead of sent, until the gateway stops. Tests of apps read <a href="outbox.json">outbox.json</a>.`,
    );
  }
  if (sent.length > 0) {
    notes.push(
      `<b>${list(sent)}: really sent</b>, by ${[...new Set(providers)].join(' and ')}, and not shown here.`,
    );
  }
  if (off.length > 0) notes.push(`${list(off)}: off.`);
  if (config.webConcurrency > 1) {
    notes.push('Each process of <code>WEB_CONCURRENCY</code> keeps its own messages, and shows only those.');
  }
  return notes;
}

export function renderOutbox(tools: Pick<Tools, 'config' | 'doors'>, outbox: Outbox): string {
  const { config } = tools;
  const notes = writeNotes(tools, outbox).map((note) => `<li>${note}</li>`);
  return `<!doctype html>
<html lang="en" data-fallback-after="${config.otpFallbackAfter}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(config.appName)} · Outbox</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${style}</style>
<header>
  <h1>${icon} Outbox</h1>
  <nav aria-label="Pages of the gateway">${config.graphiql ? '<a href="graphiql">GraphiQL</a>' : ''}<a href="playground">Playground</a><a href="errors">Error codes</a></nav>
  <div id="state" role="status">connecting</div>
</header>
<main>
  <ul class="notes">${notes.join('')}</ul>
  <p id="empty" hidden>No message yet. Run RequestMagicLink or SendOtp${config.graphiql ? ' in <a href="graphiql">GraphiQL</a>' : ''}.</p>
  <ol id="messages"></ol>
  <noscript>The outbox needs JavaScript.</noscript>
</main>
<script src="outbox/page.js" type="module"></script>
</html>
`;
}

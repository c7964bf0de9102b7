// Owns the playground's markup and look, and the policy under which a browser runs it.
import type { Config } from '../config.js';
import { escapeHtml } from '../messages/templates.js';
import { icon } from './graphiql-html.js';

export const playgroundPolicy = [
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
  :root { color-scheme: light dark; --line: light-dark(hsl(219 28% 88%), hsl(219 29% 24%)); --quiet: light-dark(hsl(219 15% 42%), hsl(219 20% 66%)); --accent: light-dark(#8f3d18, #f2b08d); --card: light-dark(#fff, hsl(219 29% 14%)) }
  * { box-sizing: border-box }
  body { margin: 0; font: 15px/1.5 Roboto, system-ui, sans-serif; color: light-dark(hsl(219 28% 20%), hsl(219 29% 88%)); background: light-dark(hsl(219 28% 97%), hsl(219 29% 10%)) }
  a { color: inherit } [hidden] { display: none !important }
  header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 9px 16px; background: var(--card); border-bottom: 1px solid var(--line) }
  header h1 { display: flex; align-items: center; gap: 8px; margin: 0; font-size: 16px; font-weight: 600; color: var(--accent) } header svg { width: 22px; height: 22px }
  nav { display: flex; gap: 14px; flex: 1; font-size: 14px } nav a { text-decoration: none } nav a:hover { text-decoration: underline }
  #state { font-size: 14px; color: var(--quiet) } #state::before { content: ''; display: inline-block; width: 8px; height: 8px; margin-right: 8px; border-radius: 50%; background: light-dark(#a9b0bd, #69748a) } #state[data-state=in]::before { background: #2f9e5b }
  main { max-width: 1180px; margin: 0 auto; padding: 16px; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; gap: 14px }
  .column { display: grid; gap: 14px }
  section { min-width: 0; padding: 16px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 12px }
  h2 { margin: 0; font-size: 16px } section > p { margin: 2px 0 10px; font-size: 14px; color: var(--quiet) }
  .row { display: flex; flex-wrap: wrap; align-items: end; gap: 8px; margin-top: 8px }
  label { flex: 1 1 9rem; font-size: 12.5px; color: var(--quiet) }
  input { display: block; width: 100%; padding: 6px 9px; font: inherit; font-size: 14px; color: inherit; background: light-dark(hsl(219 28% 98%), hsl(219 29% 10%)); border: 1px solid var(--line); border-radius: 8px }
  button { padding: 6px 13px; font: inherit; font-size: 14px; color: inherit; background: none; border: 1px solid light-dark(hsl(219 28% 78%), hsl(219 29% 36%)); border-radius: 8px; cursor: pointer }
  button:hover { border-color: currentcolor } button.first { color: #fff; background: light-dark(#8f3d18, #a54a20); border-color: transparent } button:disabled { opacity: .55; cursor: default }
  button:focus-visible, input:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
  .outcome { margin: 10px 0 0; font-size: 14px; overflow-wrap: anywhere } .outcome[data-kind=good] { color: light-dark(#1d7a45, #6fd39a) } .outcome[data-kind=bad] { color: light-dark(#b3321f, #ff9d8c) }
  details { margin-top: 10px; font-size: 13px } summary { color: var(--quiet); cursor: pointer }
  pre { margin: 6px 0 0; padding: 9px 11px; max-height: 260px; overflow: auto; font: 12px/1.5 ui-monospace, Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere; background: light-dark(hsl(219 28% 97%), hsl(219 29% 10%)); border-radius: 8px }
  @media (max-width: 820px) { main { grid-template-columns: minmax(0, 1fr); padding: 12px } button { padding: 8px 14px } }
`;

export function renderPlayground({ appName, graphiql, publicUrl }: Config): string {
  return `<!doctype html>
<html lang="en" data-origin="${escapeHtml(new URL(publicUrl).origin)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(appName)} · Playground</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${style}</style>
<header>
  <h1>${icon} Playground</h1>
  <nav aria-label="Pages of the gateway">${graphiql ? '<a href="graphiql">GraphiQL</a>' : ''}<a href="outbox" target="_blank">Outbox</a><a href="errors">Error codes</a></nav>
  <div id="state" role="status">signed out</div>
</header>
<main id="cards"><noscript>The playground needs JavaScript.</noscript></main>
<script src="playground/page.js" type="module"></script>
</html>
`;
}

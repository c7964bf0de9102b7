// Owns the GraphiQL page's markup and look, and the policy under which a browser runs it.
import type { Config } from '../config.js';

/** Inline styles are what CodeMirror measures with; everything else comes from files of ours. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A door, ajar. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#b4532a" d="M6 29V13a10 10 0 0 1 20 0v16z"/><path fill="#fbf3e6" d="M10 29V13a6 6 0 0 1 12 0v16z"/><path fill="#7c3417" d="M10 29V13a6 6 0 0 1 6-6l1 3v22z"/><circle cx="14.6" cy="20" r="1.1" fill="#fbf3e6"/></svg>`;

const style = `
  html, body { height: 100%; margin: 0 }
  body { display: flex; flex-direction: column; font: 14px/1.4 Roboto, system-ui, sans-serif; color-scheme: light dark }
  body.graphiql-light { color-scheme: light }
  body.graphiql-dark { color-scheme: dark }

  #bar {
    display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 7px 16px;
    color: light-dark(hsl(219 28% 32%), hsl(219 29% 78%)); background: light-dark(#fff, hsl(219 29% 14%));
    border-bottom: 1px solid light-dark(hsl(219 28% 90%), hsl(219 29% 24%));
  }
  #bar h1 { display: flex; align-items: center; gap: 8px; margin: 0; font-size: 16px; font-weight: 600; color: light-dark(#8f3d18, #f2b08d) }
  #bar h1 svg { width: 22px; height: 22px }
  #bar nav { display: flex; gap: 14px }
  #bar a { color: inherit; text-decoration: none }
  #bar a:hover { text-decoration: underline }
  #state { flex: 1; text-align: right }
  #state::before { content: ''; display: inline-block; width: 8px; height: 8px; margin-right: 8px; border-radius: 50%; background: light-dark(#a9b0bd, #69748a) }
  #state[data-state=in]::before { background: #2f9e5b }
  #state[data-state=refused]::before { background: #d1432f }
  #bar button {
    padding: 2px 10px; border: 1px solid light-dark(hsl(219 28% 82%), hsl(219 29% 34%)); border-radius: 6px;
    font: inherit; color: inherit; background: none; cursor: pointer;
  }
  #bar button:hover { border-color: currentcolor }

  #graphiql { flex: 1; min-height: 0 }
  .graphiql-container { --color-primary: 17, 71%, 40%; --font-size-body: 14px }
  body.graphiql-dark .graphiql-container { --color-primary: 20, 85%, 62% }
  @media (prefers-color-scheme: dark) { body:not(.graphiql-light) .graphiql-container { --color-primary: 20, 85%, 62% } }
  .graphiql-tabs { gap: 4px }
  .graphiql-tab .graphiql-tab-button { font-size: 13px; padding-right: 24px }

  @media (max-width: 1000px) {
    #bar nav { flex: 1 }
    #state { flex: 1 0 100%; order: 1; text-align: left }
  }
  @media (max-width: 640px) {
    #state { order: 0 }
    .graphiql-container { --sidebar-width: 44px }
    .graphiql-container .graphiql-sessions { margin: 8px 8px 8px 0 }
    /* The question above its answer, as there is no room beside it. */
    .graphiql-container #graphiql-session { flex-direction: column; min-height: 0 }
    .graphiql-container .graphiql-editors { flex: 3 !important; min-height: 0 }
    .graphiql-container .graphiql-response { flex: 2 !important; min-height: 0 }
    .graphiql-horizontal-drag-bar { display: none }
  }
`;

/** `assets` is where the page's files are, relative to it: a proxy may put a prefix before both. */
export function renderPage(
  assets: string,
  {
    introspection,
    nodeEnv,
    twilioAccountSid,
  }: Pick<Config, 'introspection' | 'nodeEnv' | 'twilioAccountSid'>,
): string {
  return `<!doctype html>
<html lang="en" data-introspection="${introspection ? 'on' : 'off'}" data-codes="${twilioAccountSid ? 'sent' : 'kept'}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Darwaza · GraphiQL</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<link rel="stylesheet" href="${assets}/graphiql.css">
<style>${style}</style>
<header id="bar">
  <h1>${icon} Darwaza</h1>
  <nav aria-label="Pages of the gateway">${nodeEnv === 'production' ? '' : '\n    <a href="playground" target="_blank">Playground</a>\n    <a href="outbox" target="_blank">Outbox</a>'}
    <a href="errors" target="_blank">Error codes</a>
    <a href=".well-known/jwks.json" target="_blank">Keys</a>
    <a href="healthz" target="_blank">Health</a>${introspection ? '' : '\n    <span>No schema to read: INTROSPECTION is off</span>'}
  </nav>
  <div id="state" role="status"></div>
  <button id="forget" type="button" hidden title="Drop the tokens that this page holds">Forget</button>
  <button id="reset" type="button" title="Put every tab back and begin with a new person">Reset examples</button>
</header>
<main id="graphiql"><noscript>GraphiQL needs JavaScript.</noscript></main>
<script src="${assets}/react.js" defer></script>
<script src="${assets}/react-dom.js" defer></script>
<script src="${assets}/graphiql.js" defer></script>
<script src="${assets}/graphiql-page.js" type="module"></script>
</html>
`;
}

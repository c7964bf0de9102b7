// Owns the page behind the link of a mail: it opens the app, or shows what to type on the device that asked, and consumes nothing.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Tools } from '../context.js';
import { isUuid } from '../limits/asker.js';
import { escapeHtml } from '../messages/templates.js';
import { deriveTypedCode, isHalf } from '../tokens/one-time-secret.js';
import { findOpenMailboxProof } from './mailbox-proofs.js';

/**
 * GET /m/<request>.<mail half>, as often and by whomever it is fetched: mail scanners open links and run their
 * scripts. Nothing on the page posts anything, and without the device's half the mail's half is worth nothing.
 */
export function registerLandingPage(app: FastifyInstance, tools: Tools): void {
  const { config, db, subkeys } = tools;
  const script = openApp;
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

  app.get<{ Params: { link: string } }>('/m/:link', async (request, reply) => {
    const [id = '', mailSecret = ''] = request.params.link.split('.');
    const secrets = subkeys['one-time-secret'];
    reply
      .header('content-security-policy', policy)
      .header('cache-control', 'no-store')
      .header('x-robots-tag', 'noindex')
      .type('text/html; charset=utf-8');
    const known = isUuid(id) && isHalf(secrets, 'mail-half', id, mailSecret);
    const proof = known ? await findOpenMailboxProof(db, id) : null;
    if (proof === null) return reply.code(410).send(page(config.appName, gone));
    const schemes = config.appLinks.filter((link) => !/^https?:/i.test(link));
    const query = `requestId=${id}&secret=${mailSecret}`;
    const target = schemes[0] === undefined ? null : `${schemes[0]}magic-link?${query}`;
    const code = deriveTypedCode(secrets, id);
    return page(config.appName, invite(proof.device?.name, code, target), target === null ? '' : script);
  });
}

/** Only where it can be the right device: elsewhere the scheme is unknown, and a browser would complain. */
const openApp = `
const link = document.getElementById('open');
if (link && /iPhone|iPad|Android/.test(navigator.userAgent)) location.href = link.href;`;

const gone = `<h1>This link is used up</h1>
<p>It works once, for ten minutes, and only until a newer one is asked for. Ask for another one in the app.</p>`;

function invite(device: string | undefined, code: string, target: string | null): string {
  const asker = device === undefined ? 'the device that asked' : `<b>${escapeHtml(device)}</b>`;
  const open =
    target === null ? '' : `<p><a id="open" class="button" href="${escapeHtml(target)}">Open the app</a></p>`;
  return `<h1>Almost there</h1>${open}
<p>Reading this on another device? Type these characters on ${asker}:</p>
<p class="code" aria-label="${[...code].join(' ')}">${code.slice(0, 4)}<span> </span>${code.slice(4)}</p>
<p class="small">Only if you asked for it yourself. Nobody from us will ever ask you for these characters.</p>`;
}

function page(app: string, body: string, script = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(app)}</title>
<style>
  :root { color-scheme: light dark }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 17px/1.6 system-ui, sans-serif; color: #1c1b1a; background: #f6f4f0 }
  main { box-sizing: border-box; width: min(26rem, 100% - 2rem); padding: 2rem; background: #fff; border-radius: 16px; box-shadow: 0 1px 3px #0002 }
  header { font-weight: 600; color: #1f4d3a; margin-bottom: 1rem } h1 { font-size: 1.4rem; margin: 0 0 1rem }
  .button { display: block; padding: .8rem; border-radius: 10px; background: #1f4d3a; color: #fff; text-align: center; text-decoration: none; font-weight: 600 }
  .code { font: 600 1.9rem/1.3 ui-monospace, monospace; letter-spacing: .12em; text-align: center; margin: 1rem 0 } .small { color: #5b5854; font-size: .9rem }
  @media (prefers-color-scheme: dark) { body { color: #eceae6; background: #151413 } main { background: #201f1d } header { color: #8fd1b3 } .small { color: #a5a19b } }
</style></head>
<body><main><header>${escapeHtml(app)}</header>${body}</main>${script && `<script>${script}</script>`}</body></html>`;
}

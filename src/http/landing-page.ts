// Owns the page behind the link of a mail: it opens the app, or shows what to type on the device that asked, and consumes nothing.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';
import type { Tools } from '../context.js';
import { findOpenMailboxProof } from '../mailbox-proofs/mailbox-proofs.js';
import { secretMinutes } from '../messages/compose.js';
import { escapeHtml, type Locale, readLocale, showDevice } from '../messages/templates.js';
import { deriveTypedCode, isHalf } from '../tokens/one-time-secret.js';
import { isUuid } from '../users/asker.js';
import { nameOf } from '../users/device.js';

/**
 * GET /m/<request>.<mail half>, as often and by whomever it is fetched: mail scanners open links and run their
 * scripts. Nothing on the page posts anything, and without the device's half the mail's half is worth nothing.
 */
export function registerLandingPage(app: FastifyInstance, { config, db, subkeys }: Tools): void {
  const secrets = subkeys['one-time-secret'];
  // Every path below /m by any method: what was mangled on its way must not stand in the log as an unknown route.
  app.all<{ Params: { '*': string } }>('/m/*', async (request, reply) => {
    const locale = readLocale(request.headers['accept-language']?.split(/[,;]/, 1)[0]);
    reply
      .header('content-security-policy', policy)
      .header('cache-control', 'no-store')
      .header('x-robots-tag', 'noindex')
      .type('text/html; charset=utf-8');
    const [id = '', mailHalf = '', ...more] = request.params['*'].split('.');
    const known = more.length === 0 && isUuid(id) && isHalf(secrets, 'mail-half', id, mailHalf);
    const proof = known ? await findOpenMailboxProof(db, id) : null;
    if (proof === null) return reply.code(410).send(gone(config.appName, locale));
    return invite(config.appName, locale, {
      device: showDevice(nameOf(proof.device)),
      code: deriveTypedCode(secrets, id),
      target: targetOf(config, id, mailHalf),
    });
  });
}

/**
 * Where the app is opened, with the request's id and the mail's half and nothing else: by its custom scheme, else by a
 * universal link of another host, because one of this host does not leave a page of this host.
 */
function targetOf({ appLinks, publicUrl }: Config, id: string, mailHalf: string): string | null {
  const isUniversal = (link: string) => /^https:/i.test(link);
  const scheme = appLinks.find((link) => !isUniversal(link));
  if (scheme !== undefined) return `${scheme}magic-link?requestId=${id}&secret=${mailHalf}`;
  const { host } = new URL(publicUrl);
  const elsewhere = appLinks.find((link) => isUniversal(link) && new URL(link).host !== host);
  return elsewhere === undefined ? null : `${elsewhere.replace(/\/+$/, '')}/${id}.${mailHalf}`;
}

/** Only a scheme, and only where it can be the right device: elsewhere it is unknown, and a browser would complain. */
const script = `
const link = document.getElementById('open');
const touch = /iPhone|iPad|Android/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
if (link && link.protocol !== 'https:' && touch) addEventListener('load', () => { location.href = link.href });`;

const scriptHash = createHash('sha256').update(script).digest('base64');
const policy = `default-src 'none'; script-src 'sha256-${scriptHash}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const words = {
  en: {
    title: 'Almost there',
    open: 'Open the app',
    type: (device: string | null) =>
      device === null ? 'Type this on the device that asked:' : `Type this on ${device}:`,
    elsewhere: 'Are you on another device?',
    warning: 'Only if you asked for it yourself. Nobody from us will ever ask you for these characters.',
    goneTitle: 'This link is used up',
    gone: `It works once, within ${secretMinutes} minutes, and only until the same device asks for a newer one. Ask for another one in the app.`,
  },
  hi: {
    title: 'बस एक कदम और',
    open: 'ऐप खोलें',
    type: (device: string | null) =>
      device === null ? 'जिस डिवाइस ने माँगा, उस पर यह टाइप करें:' : `${device} पर यह टाइप करें:`,
    elsewhere: 'क्या आप किसी और डिवाइस पर हैं?',
    warning: 'केवल तभी, जब आपने ख़ुद माँगा हो। हमारी ओर से कोई भी आपसे ये अक्षर कभी नहीं पूछेगा।',
    goneTitle: 'यह लिंक अब काम का नहीं',
    gone: `यह एक ही बार, ${secretMinutes} मिनट के भीतर, और उसी डिवाइस के नया लिंक माँगने तक काम करता है। ऐप में दूसरा लिंक माँगें।`,
  },
} as const;

interface Invitation {
  /** The device that asked, where it has a name to show. */
  device: string | null;
  code: string;
  /** What opens the app; null: nothing can from here. */
  target: string | null;
}

function invite(app: string, locale: Locale, { device, code, target }: Invitation): string {
  const say = words[locale];
  const name = device && `<b>${escapeHtml(device)}</b>`;
  const open = target && `<a id="open" class="button" href="${escapeHtml(target)}">${say.open}</a>`;
  const body = `<h1>${say.title}</h1>${open ?? ''}
<p>${target === null ? '' : `${say.elsewhere} `}${say.type(name)}</p>
<p class="code" aria-label="${[...code].join(' ')}"><span>${code.slice(0, 4)}</span> <span>${code.slice(4)}</span></p>
<p class="small">${say.warning}</p>
<script>${script}</script>`;
  return page(app, locale, body);
}

function gone(app: string, locale: Locale): string {
  const say = words[locale];
  return page(app, locale, `<h1>${say.goneTitle}</h1><p>${say.gone}</p>`);
}

function page(app: string, locale: Locale, body: string): string {
  return `<!doctype html>
<html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(app)}</title>
<style>
  :root { color-scheme: light dark; --ink: #1c1b1a; --soft: #5b5854; --ground: #f6f4f0; --card: #fff; --well: #f1efe9; --brand: #1f4d3a; --on-brand: #fff }
  @media (prefers-color-scheme: dark) { :root { --ink: #eceae6; --soft: #aaa6a0; --ground: #151413; --card: #201f1d; --well: #2b2a27; --brand: #8fd1b3; --on-brand: #10241b } }
  body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; font: 17px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--ground) }
  main { box-sizing: border-box; width: min(26rem, 100% - 2rem); margin: 1rem 0; padding: 1.75rem; background: var(--card); border-radius: 16px; box-shadow: 0 1px 3px #0002; overflow-wrap: anywhere }
  header { font-weight: 600; color: var(--brand) } h1 { font-size: 1.45rem; line-height: 1.25; margin: .75rem 0 1.1rem } p { margin: 1.1rem 0 0 }
  .button { display: block; padding: .85rem; border-radius: 10px; background: var(--brand); color: var(--on-brand); text-align: center; text-decoration: none; font-weight: 600 }
  .button:focus-visible { outline: 3px solid var(--soft); outline-offset: 2px }
  .code { display: flex; flex-wrap: wrap; justify-content: center; gap: 0 .6em; margin: .8rem 0; padding: .7rem .4rem; border-radius: 10px; background: var(--well); font: 600 1.75rem/1.3 ui-monospace, Menlo, Consolas, monospace; letter-spacing: .1em }
  .code span { margin-right: -.1em } .small { color: var(--soft); font-size: .9rem }
  @media (pointer: fine) { main { display: flex; flex-direction: column } h1, .code { margin-bottom: 0 } .button { order: 1; margin-top: 1.25rem; padding: .7rem; background: none; color: var(--brand); border: 1px solid } }
</style></head>
<body><main><header>${escapeHtml(app)}</header>${body}</main></body></html>`;
}

// Owns /errors: the page behind every `docUrl`, drawn from the descriptions in the schema.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { buildSchema, type GraphQLEnumType } from 'graphql';
import { sdl } from '../graphql/index.js';

export function registerErrorsPage(app: FastifyInstance): void {
  const page = renderErrors();
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'`;
  app.get('/errors', async (_request, reply) => {
    reply.headers({ 'content-security-policy': policy, 'cache-control': 'public, max-age=3600' });
    reply.type('text/html; charset=utf-8');
    return page;
  });
}

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #1c1b1a; background: #fdfcfa }
  dt { margin-top: 1.4rem; font: 600 1rem ui-monospace, monospace } dt a { color: inherit; text-decoration: none }
  dt:target { background: #ffe9a8 } dd { margin: .2rem 0 0 } code { font-family: ui-monospace, monospace }
  @media (prefers-color-scheme: dark) { body { color: #eceae6; background: #1b1a18 } dt:target { background: #5a4a10 } }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

function renderErrors(): string {
  const codes = (buildSchema(sdl).getType('AuthErrorCode') as GraphQLEnumType).getValues();
  const entries = codes.map(
    ({ name, description }) =>
      `<dt id="${name}"><a href="#${name}">${name}</a></dt><dd>${render(description ?? '')}</dd>`,
  );
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Error codes</title>
<style>${style}</style>
<h1>Error codes</h1>
<p>What an <code>AuthError</code> can say. Decide by the code; messages may change.</p>
<dl>${entries.join('\n')}</dl></html>`;
}

function render(text: string): string {
  return text
    .replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign)
    .replace(/`([^`]+)`/g, '<code>$1</code>');
}

// Owns the address to which providers send the browser back: it hands the app a code of ours, and never a token.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Tools } from '../context.js';
import { takeCallback } from '../sign-in/social/take-callback.js';
import { fieldsOf, takeForms } from './form-body.js';

export async function registerOauthCallback(app: FastifyInstance, tools: Tools): Promise<void> {
  if (tools.providers.all.every(({ client }) => client === null)) return;
  const answer = async (provider: string, response: URLSearchParams, reply: FastifyReply) => {
    reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    const target = await takeCallback(tools, provider, response);
    // 303 (RFC 9110, section 15.4.4): what comes after a form is fetched, not posted.
    if (target !== null) return reply.redirect(target, 303);
    reply.code(410).type('text/plain; charset=utf-8');
    return reply.send('This sign-in is used up or has lapsed. Begin anew in the app.\n');
  };
  await app.register(async (scope) => {
    takeForms(scope);
    // HEAD would use the answer up, and its sender see nothing of it.
    const get = { exposeHeadRoute: false };
    scope.get<{ Params: { provider: string } }>('/oauth/callback/:provider', get, (request, reply) =>
      answer(request.params.provider, new URL(request.url, 'http://gateway').searchParams, reply),
    );
    // Apple posts a form.
    scope.post<{ Params: { provider: string } }>('/oauth/callback/:provider', (request, reply) =>
      answer(request.params.provider, fieldsOf(request), reply),
    );
  });
}

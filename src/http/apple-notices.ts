// Owns the address at which Apple tells what became of its accounts: verified, acted upon once, answered at once.
import type { FastifyInstance } from 'fastify';
import type { Tools } from '../context.js';
import { takeAppleNotice } from '../sign-in/social/take-notice.js';

/** To be entered at Apple as the server-to-server notification endpoint. */
export function registerAppleNotices(app: FastifyInstance, tools: Tools): void {
  if (tools.providers.byMethod('APPLE') === null) return;
  app.post<{ Body: { payload?: unknown } | null }>('/webhooks/apple', async (request, reply) => {
    const payload = request.body?.payload;
    const taken = typeof payload === 'string' && (await takeAppleNotice(tools, payload));
    if (taken) return reply.code(200).send();
    tools.metrics.refusedRequests.inc({ reason: 'apple-signature' });
    return reply.code(403).type('text/plain; charset=utf-8').send('the notice is not Apple’s\n');
  });
}

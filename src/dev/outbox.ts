// Owns /outbox and /outbox.json: the messages that development keeps instead of sending, for people and for tests of apps.
import { readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Tools } from '../context.js';
import { badUserInput } from '../errors.js';
import type { DeliveryChannel, DeliveryStatus } from '../graphql/schema.generated.js';
import { findDeliveries, findDelivery, type Progress } from '../messages/deliveries.js';
import type { Outbox } from '../messages/outbox.js';
import { hearOf } from '../sign-in/otp/send-message.js';
import { normaliseEmail } from '../users/email-address.js';
import { admitNeighbours } from './loopback.js';
import { outboxPolicy, renderOutbox } from './outbox-html.js';

/** A message as /outbox.json shows it. */
export interface ShownMessage {
  id: string;
  to: string;
  channel: DeliveryChannel;
  sentAt: string;
  subject: string | null;
  text: string;
  html: string | null;
  /** What a person would type. */
  code: string | null;
  /** What a person would tap. */
  link: string | null;
  status: DeliveryStatus;
  errorCode: string | null;
}

/** What a carrier may have to say, by the words on the buttons. */
const news: Readonly<Record<string, Progress>> = {
  delivered: { status: 'DELIVERED' },
  'undelivered 63024': { status: 'FAILED', errorCode: '63024' },
  'failed 30007': { status: 'FAILED', errorCode: '30007' },
};

/** Not called in production, where there is no outbox. */
export function registerOutbox(app: FastifyInstance, tools: Tools, outbox: Outbox): void {
  const { config, db } = tools;
  // Who waits for a message is not to hold up the close.
  app.addHook('preClose', async () => outbox.close());

  app.register(async (pages) => {
    pages.addHook('onRequest', admitNeighbours(config));
    pages.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });

    pages.get('/outbox', async (_request, reply) => {
      reply.header('content-security-policy', outboxPolicy).type('text/html; charset=utf-8');
      return renderOutbox(tools, outbox);
    });

    pages.get('/outbox/page.js', async (_request, reply) => {
      // What the compiler made, also when this runs from the sources: browsers read no TypeScript.
      const script = await readFile(new URL('../../dist/dev/outbox-page.js', import.meta.url), 'utf8');
      return reply
        .type('text/javascript; charset=utf-8')
        .send(script.replace(/^\/\/# sourceMappingURL=.*\n?/m, ''));
    });

    // Server-sent events: one at once, and one at each change.
    pages.get('/outbox/events', async (_request, reply) => {
      const events = new PassThrough();
      const tell = () => void events.write('data: changed\n\n');
      events.once(
        'close',
        outbox.watch(tell, () => events.end()),
      );
      events.write('retry: 1000\n');
      tell();
      return reply.type('text/event-stream').send(events);
    });

    pages.get('/outbox.json', async (request, reply) => {
      const question = readQuestion(request.query as Record<string, unknown>);
      if (typeof question === 'string') return reply.code(400).send({ errors: [badUserInput(question)] });
      const end = Date.now() + question.waitMs;
      let kept = outbox.list(question);
      while (kept.length === 0 && Date.now() < end && !outbox.closed) {
        await outbox.change(end - Date.now());
        kept = outbox.list(question);
      }
      const rows = await findDeliveries(
        db,
        kept.map(({ deliveryId }) => deliveryId),
      );
      const deliveries = new Map(rows.map((row) => [row.id, row]));
      return kept.map(({ deliveryId, to, channel, sentAt, content }): ShownMessage => {
        const { status = 'SENT', errorCode = null } = deliveries.get(deliveryId) ?? {};
        const { subject = null, text, html = null, code = null, link = null } = content;
        return {
          id: deliveryId,
          to,
          channel,
          sentAt: sentAt.toISOString(),
          subject,
          text,
          html,
          code,
          link,
          // It is kept, so it was handed over, though its row may not say so yet.
          status: status === 'QUEUED' || status === 'SENDING' ? 'SENT' : status,
          errorCode,
        };
      });
    });

    // Plays the carrier: from here on it is the way of a real callback.
    pages.post<{ Params: { id: string } }>('/outbox/:id', async (request, reply) => {
      const { play } = (request.body ?? {}) as { play?: unknown };
      if (typeof play !== 'string' || !Object.hasOwn(news, play)) {
        const words = Object.keys(news).join(', ');
        return reply.code(400).send({ errors: [badUserInput(`play is one of: ${words}`)] });
      }
      const kept = outbox.list().find(({ deliveryId }) => deliveryId === request.params.id);
      const delivery = kept && kept.channel !== 'EMAIL' ? await findDelivery(db, kept.deliveryId) : null;
      if (delivery === null) {
        return reply.code(404).send({ errors: [badUserInput('no such SMS or WhatsApp message is kept')] });
      }
      await hearOf(tools, delivery, news[play] as Progress);
      outbox.tellChange();
      return reply.code(204).send();
    });
  });
}

/** What /outbox.json is asked for. */
interface Question {
  to?: string;
  after?: Date;
  waitMs: number;
}

const mostWaitSeconds = 30;

/** The question, or what is wrong with it. */
function readQuestion({ to, after, wait, ...others }: Record<string, unknown>): Question | string {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `${unknown} is none of to, after and wait`;
  const question: Question = { waitMs: 0 };
  if (to !== undefined) {
    const recipient = readRecipient(to);
    if (recipient === null) return 'to is neither one e-mail address nor a phone number like +919876543210';
    question.to = recipient;
  }
  if (after !== undefined) {
    if (typeof after !== 'string' || !moment.test(after) || Number.isNaN(Date.parse(after)))
      return 'after is not a moment like 2026-11-22T09:30:00.000Z';
    question.after = new Date(after);
  }
  if (wait !== undefined) {
    if (typeof wait !== 'string' || !/^\d{1,2}$/.test(wait) || Number(wait) > mostWaitSeconds)
      return `wait is not a number of seconds from 0 to ${mostWaitSeconds}`;
    question.waitMs = Number(wait) * 1000;
  }
  return question;
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** An address in its canonical form, or a number; in URLs a plus sign that nobody has encoded is a blank. */
function readRecipient(to: unknown): string | null {
  if (typeof to !== 'string') return null;
  const [, digits] = /^[ +]?(\d{8,15})$/.exec(to) ?? [];
  return digits === undefined ? normaliseEmail(to) : `+${digits}`;
}

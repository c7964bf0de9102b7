// The development outbox: keeps messages instead of sending them, for a person to read and for tests to wait on.
import { EventEmitter, once } from 'node:events';
import type { Door, Outgoing } from './channel.js';

/** A message that was kept. */
export interface KeptMessage extends Outgoing {
  sentAt: Date;
  providerId: string;
}

/** Messages that are kept; older ones go. */
const mostKept = 200;

/** One for the whole process, and never in production. */
export class Outbox implements Door {
  readonly #kept: KeptMessage[] = [];
  readonly #arrivals = new EventEmitter().setMaxListeners(0);

  async send(message: Outgoing) {
    const providerId = `outbox-${message.deliveryId}`;
    this.#kept.unshift({ ...message, providerId, sentAt: new Date() });
    this.#kept.length = Math.min(this.#kept.length, mostKept);
    this.#arrivals.emit('message');
    return { ok: true as const, providerId };
  }

  /** Newest first, to one recipient if named, after a moment if named. */
  list({ to, after }: { to?: string | undefined; after?: Date | undefined } = {}): KeptMessage[] {
    return this.#kept.filter(
      (message) => (to === undefined || message.to === to) && (after === undefined || message.sentAt > after),
    );
  }

  /** The next arrival, or the end of the wait. */
  async arrival(waitMs: number): Promise<void> {
    await once(this.#arrivals, 'message', { signal: AbortSignal.timeout(waitMs) }).catch(() => {});
  }
}

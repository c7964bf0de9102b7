// The development outbox: keeps messages instead of sending them, for a person to read and for tests to wait on.
import { EventEmitter, once } from 'node:events';
import type { Door, Outgoing } from './channel.js';

/** A message that was kept. */
export interface KeptMessage extends Outgoing {
  /** No two messages have the same. */
  sentAt: Date;
}

/** Messages that are kept; older ones go. */
const mostKept = 200;

/** One for the whole process, and never in production. */
export class Outbox implements Door {
  #kept: readonly KeptMessage[] = [];
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #closing = new AbortController();

  async send(message: Outgoing) {
    // Who has seen one message and asks for those after it is to miss none of the same millisecond.
    const last = this.#kept[0]?.sentAt.getTime() ?? 0;
    const sentAt = new Date(Math.max(Date.now(), last + 1));
    this.#kept = [{ ...message, sentAt }, ...this.#kept].slice(0, mostKept);
    this.tellChange();
    return { ok: true as const, providerId: `outbox-${message.deliveryId}` };
  }

  /** Newest first, to one recipient if named, after a moment if named. */
  list({ to, after }: { to?: string | undefined; after?: Date | undefined } = {}): KeptMessage[] {
    return this.#kept.filter(
      (message) => (to === undefined || message.to === to) && (after === undefined || message.sentAt > after),
    );
  }

  /** Waits for the next change, at most so long, and no longer than the outbox is open. */
  async change(waitMs: number): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(waitMs), this.#closing.signal]);
    await once(this.#changes, 'change', { signal }).catch(() => {});
  }

  /** Calls `tell` at every arrival and other change, and `end` when the outbox closes. Returns how to stop it. */
  watch(tell: () => void, end: () => void): () => void {
    this.#changes.on('change', tell).once('end', end);
    return () => this.#changes.off('change', tell).off('end', end);
  }

  /** To be called when the delivery of a kept message has moved on. */
  tellChange(): void {
    this.#changes.emit('change');
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Lets go of everybody who waits. */
  close(): void {
    this.#closing.abort();
    this.#changes.emit('end');
  }
}

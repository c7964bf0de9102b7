// Owns the interface between messages and their channels: a door sends what it is given and never decides.
import type { DeliveryChannel } from '../graphql/schema.generated.js';

/** A composed message. */
export interface Content {
  /** Plain text: the whole of an SMS, the plain part of a mail. */
  text: string;
  /** Mails only. */
  subject?: string;
  html?: string;
  /** WhatsApp only: the approved template's one variable. */
  code?: string;
  locale: 'en' | 'hi';
  /** For the development outbox: what a person would pick out of it. */
  link?: string;
}

/** A message on its way out. */
export interface Outgoing {
  deliveryId: string;
  channel: DeliveryChannel;
  to: string;
  content: Content;
  /** Seconds after which it is of no use any more. */
  lifetimeSeconds: number;
}

/** What a door has to say. `final`: not to be tried again, because it would be of no use or it may have gone out. */
export type Handed = { ok: true; providerId: string } | { ok: false; errorCode: string; final: boolean };

/** A way out. */
export interface Door {
  send(message: Outgoing): Promise<Handed>;
  close?(): void;
}

/** The ways out that are open; null: not configured. */
export type Doors = Readonly<Record<DeliveryChannel, Door | null>>;

/** How long a channel may take to accept a message. */
export const sendTimeoutMs = 3_000;

/** The error of a door that said nothing in time: the message may have gone out all the same. */
export const timedOut = 'TIMEOUT';

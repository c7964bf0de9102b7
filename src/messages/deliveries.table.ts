// Owns the table of deliveries: one row a message, from the transaction of its challenge to the carrier's last word.
import { sql } from 'drizzle-orm';
import { index, jsonb, numeric, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { DeliveryChannel, DeliveryStatus } from '../graphql/schema.generated.js';

/** What a message is about; each has its texts in templates.ts. */
export type Template = 'otp' | 'magic_link' | 'email_proof' | 'address_taken';

/** What a text fills in, besides the secrets, which are derived from the challenge when it is sent. */
export interface MessageValues {
  /** The device that asked, as it calls itself. */
  device?: string;
  /** Chooses the text that the phone can fill in by itself. */
  platform?: string;
}

export const deliveries = pgTable(
  'deliveries',
  {
    /** Also the Message-ID of a mail. */
    id: uuid().primaryKey().defaultRandom(),
    challengeId: uuid('challenge_id').notNull(),
    template: text().$type<Template>().notNull(),
    channel: text().$type<DeliveryChannel>().notNull(),
    /** An address or an E.164 number; emptied when the row is kept for its count alone. */
    recipient: text(),
    /** ISO 3166-1 alpha-2 of a phone. */
    country: text(),
    locale: text({ enum: ['en', 'hi'] }).notNull(),
    values: jsonb().$type<MessageValues>().notNull().default({}),
    status: text().$type<DeliveryStatus>().notNull().default('QUEUED'),
    /** The message's name at Twilio, or the answer of the mail server. */
    providerId: text('provider_id'),
    errorCode: text('error_code'),
    /** The configured price, then the provider's own. */
    price: numeric({ precision: 12, scale: 5, mode: 'number' }).notNull().default(0),
    currency: text().notNull().default('INR'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    /** Past this it is not sent any more. */
    sendBefore: timestamp('send_before', { withTimezone: true }).notNull(),
    /** When it was last taken for sending. */
    takenAt: timestamp('taken_at', { withTimezone: true }),
    /** When the other channel takes over unless this one has delivered; null: never, or done. */
    fallbackAt: timestamp('fallback_at', { withTimezone: true }),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index('deliveries_challenge').on(table.challengeId),
    uniqueIndex('deliveries_provider').on(table.providerId),
    index('deliveries_unsent').on(table.createdAt).where(sql`${table.status} in ('QUEUED', 'SENDING')`),
    index('deliveries_fallback').on(table.fallbackAt).where(sql`${table.fallbackAt} is not null`),
    index('deliveries_day').on(table.createdAt),
    index('deliveries_named').on(table.createdAt).where(sql`${table.recipient} is not null`),
  ],
);

export type DeliveryRow = typeof deliveries.$inferSelect;

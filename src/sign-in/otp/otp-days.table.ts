// Owns the table of daily figures by which pumping is noticed.
import { date, integer, numeric, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';

/** What codes came to in a country on a day (UTC), kept longer than the challenges themselves. */
export const otpDays = pgTable(
  'otp_days',
  {
    /** `*`: all countries together, for the spend. */
    country: text().notNull(),
    day: date({ mode: 'string' }).notNull(),
    /** Challenges with a message; a repeated or other message for the same one counts no more. */
    sent: integer().notNull().default(0),
    verified: integer().notNull().default(0),
    /** In the currency of OTP_PRICES. */
    spent: numeric({ precision: 12, scale: 5, mode: 'number' }).notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.country, table.day] })],
);

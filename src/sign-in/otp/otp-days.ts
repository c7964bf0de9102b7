// Owns the money side of codes: what was sent, proved and spent by day and country, and when that smells of pumping.
import { sql } from 'drizzle-orm';
import type { Config } from '../../config.js';
import type { Db } from '../../db/client.js';
import { otpDays } from './otp-days.table.js';

const today = sql`(now() at time zone 'UTC')::date`;

/** What a message by this channel costs in this country, by configuration. */
export function priceOf(
  config: Pick<Config, 'otpPrices'>,
  channel: 'WHATSAPP' | 'SMS',
  country: string,
): number {
  return config.otpPrices[`${channel}:${country}`] ?? 0;
}

/** The row of a day on which all countries draw: its update makes parallel spenders count each other. */
const purse = '*';

/**
 * Counts a message before it is sent, and with the first one its challenge. The last statement but one of its
 * transaction, because others wait for its end.
 * @returns false when the day's spend is at its cap, with nothing counted
 */
export async function spendOnMessage(
  tx: Db,
  config: Pick<Config, 'otpSpendPerDay'>,
  country: string,
  price: number,
  isFirst: boolean,
): Promise<boolean> {
  const counted = await tx.execute(sql`
    with paid as (
      insert into ${otpDays} as day (country, day, spent)
      select ${purse}, ${today}, ${price}::numeric where ${price}::numeric <= ${config.otpSpendPerDay}::numeric
      on conflict (country, day) do update set spent = day.spent + excluded.spent
      where day.spent + excluded.spent <= ${config.otpSpendPerDay}::numeric
      returning true)
    insert into ${otpDays} as day (country, day, sent, spent)
    select ${country}, ${today}, ${isFirst ? 1 : 0}::int, ${price}::numeric from paid
    on conflict (country, day) do update set sent = day.sent + excluded.sent, spent = day.spent + excluded.spent
    returning country`);
  return counted.length > 0;
}

/**
 * Takes back what a message was to cost that was not sent, and the challenges that it was to begin: an outage does not
 * use up the day.
 */
export async function giveBackSpend(
  db: Db,
  country: string,
  price: number,
  challenges: 0 | 1,
): Promise<void> {
  // The purse first, as above: two statements never wait for each other.
  const held = sql`(select country, day from ${otpDays} where country in (${purse}, ${country}) and day = ${today}
    order by country for update)`;
  await db.execute(sql`
    with held as ${held}
    update ${otpDays} as day set spent = greatest(day.spent - ${price}::numeric, 0),
      sent = greatest(day.sent - ${challenges}::int, 0)
    from held where day.country = held.country and day.day = held.day`);
}

/** Counts a challenge that was proved. */
export async function countVerified(tx: Db, country: string): Promise<void> {
  await tx.execute(sql`
    insert into ${otpDays} as day (country, day, verified) values (${country}, ${today}, 1)
    on conflict (country, day) do update set verified = day.verified + 1`);
}

/** Below this a country's unproved codes of a day mean nothing. */
const floor = 20;
const share = 0.3;

/**
 * Whether a country has more unproved codes today than its own past explains: the larger of 20, 30 % of the best day
 * in two weeks and 30 % of what was proved today and yesterday.
 */
export async function isOverBudget(db: Db, country: string): Promise<boolean> {
  const [figures] = await db.execute<{ unproved: number; best: number; recent: number }>(sql`
    select
      coalesce(sum(greatest(sent - verified, 0)) filter (where day = ${today}), 0)::int as unproved,
      coalesce(max(verified), 0)::int as best,
      coalesce(sum(verified) filter (where day >= ${today} - 1), 0)::int as recent
    from ${otpDays} where country = ${country} and day > ${today} - 15`);
  if (figures === undefined) return false;
  return figures.unproved >= Math.max(floor, share * figures.best, share * figures.recent);
}

/** Removes figures older than the budget looks back, and the deliveries' own counts go on. */
export async function sweepOtpDays(db: Db, most: number): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${otpDays} where (country, day) in (
      select country, day from ${otpDays} where day < ${today} - 60 limit ${most})
    returning country`);
  return gone.length;
}

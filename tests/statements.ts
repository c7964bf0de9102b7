// Listens to what a gateway asks of its database.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from './helper.js';

type Unsafe = (text: string, ...rest: unknown[]) => unknown;
interface Client {
  unsafe: Unsafe;
  begin: (story: (tx: { unsafe: Unsafe }) => unknown) => unknown;
}

/**
 * Every statement that the gateway sends from now on, within transactions and outside. What it looks for by itself, such
 * as messages that were left behind, comes whenever its time comes and is left out.
 */
export function watchStatements({ app }: Gateway): string[] {
  const { client } = (app.tools.db as unknown as { session: { client: Client } }).session;
  const { begin, unsafe } = client;
  const statements: string[] = [];
  const watch =
    (run: Unsafe): Unsafe =>
    (text, ...rest) => {
      if (!/skip locked/.test(text)) statements.push(text);
      return run(text, ...rest);
    };
  client.unsafe = watch(unsafe);
  client.begin = (story) => begin((tx) => story({ unsafe: watch(tx.unsafe) }));
  return statements;
}

/**
 * Until so many statements in the gateway's database wait for the lock of another. Never asked within a transaction: there
 * Postgres knows no connection that was made after the first look.
 */
export async function untilSomebodyWaits({ sql }: Pick<Gateway, 'sql'>, count = 1): Promise<void> {
  const waiting = () => sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  while ((await waiting()).length < count) await sleep(5);
}

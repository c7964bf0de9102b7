// Removes what has lapsed, in small batches, so that no table grows with time.
import type { Config } from './config.js';
import type { Db } from './db/client.js';
import { sweepAttempts } from './limits/attempts.js';
import { sweepMailboxProofs } from './mailbox-proofs/mailbox-proofs.js';
import { sweepDeliveries, sweepRecipients } from './messages/deliveries.js';
import { sweepSessions } from './sessions/sessions.js';
import { sweepOtpDays } from './sign-in/otp/otp-budget.js';
import { sweepOtpChallenges } from './sign-in/otp/otp-challenges.js';
import { sweepLoginEvents } from './users/login-events.js';

/** Rows a statement: short enough that nobody waits behind it. */
const batch = 1_000;

/** Sweeps every table until nothing lapsed is left. Replicas may do so at the same time. */
export async function sweep(db: Db, config: Config): Promise<void> {
  const brooms = [
    () => sweepAttempts(db, batch),
    () => sweepSessions(db, config, batch),
    () => sweepMailboxProofs(db, batch),
    () => sweepOtpChallenges(db, batch),
    () => sweepOtpDays(db, batch),
    () => sweepRecipients(db, batch),
    () => sweepDeliveries(db, config.loginEventsDays, batch),
    () => sweepLoginEvents(db, config.loginEventsDays, batch),
  ];
  for (const broom of brooms) {
    while ((await broom()) === batch);
  }
}

// Removes what has lapsed, in small batches, so that no table grows with time.
import type { Config } from './config.js';
import type { Db } from './db/client.js';
import { sweepAttempts } from './limits/attempts.js';
import { sweepMailboxProofs } from './mailbox-proofs/mailbox-proofs.js';
import { sweepDeliveries, sweepRecipients } from './messages/deliveries.js';
import { sweepSessions } from './sessions/sessions.js';
import { sweepOtpChallenges } from './sign-in/otp/otp-challenges.js';
import { sweepOtpDays } from './sign-in/otp/otp-days.js';
import { sweepPasskeyChallenges } from './sign-in/passkey/passkey-challenges.js';
import { sweepNonces } from './sign-in/social/nonces.js';
import { sweepNotices } from './sign-in/social/notices.js';
import { sweepRevocations } from './sign-in/social/revocations.js';
import { sweepSocialSignIns } from './sign-in/social/social-sign-ins.js';
import { sweepLoginEvents } from './users/login-events.js';

/** Rows a statement: short enough that nobody waits behind it. */
const batch = 1_000;

/**
 * Sweeps every table until nothing lapsed is left, the others too when one cannot be swept. Replicas may do so at
 * the same time.
 */
export async function sweep(db: Db, config: Config): Promise<void> {
  const brooms = [
    () => inBatches(() => sweepAttempts(db, batch)),
    () => inBatches(() => sweepMailboxProofs(db, batch)),
    () => inBatches(() => sweepOtpChallenges(db, batch)),
    () => inBatches(() => sweepOtpDays(db, batch)),
    () => inBatches(() => sweepPasskeyChallenges(db, batch)),
    () => inBatches(() => sweepNonces(db, batch)),
    () => inBatches(() => sweepSocialSignIns(db, batch)),
    () => inBatches(() => sweepRevocations(db, batch)),
    () => inBatches(() => sweepNotices(db, batch)),
    () => inBatches(() => sweepRecipients(db, batch)),
    () => inBatches(() => sweepDeliveries(db, config.loginEventsDays, batch)),
    () => inBatches(() => sweepLoginEvents(db, config.loginEventsDays, batch)),
    () => sweepSessions(db, config),
  ];
  const failures: unknown[] = [];
  for (const broom of brooms) await broom().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function inBatches(sweepBatch: () => Promise<number>): Promise<void> {
  while ((await sweepBatch()) === batch);
}

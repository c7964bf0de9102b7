// Lists every table, for the migrations that drizzle-kit writes.
export { attempts } from '../limits/attempts.table.js';
export { mailboxProofs } from '../mailbox-proofs/mailbox-proofs.table.js';
export { deliveries } from '../messages/deliveries.table.js';
export { sessions } from '../sessions/sessions.table.js';
export { otpChallenges } from '../sign-in/otp/otp-challenges.table.js';
export { otpDays } from '../sign-in/otp/otp-days.table.js';
export { passwords } from '../sign-in/password/passwords.table.js';
export { signingKeys } from '../signing-keys/signing-keys.table.js';
export { credentials } from '../users/credentials.table.js';
export { loginEvents } from '../users/login-events.table.js';
export { users } from '../users/users.table.js';

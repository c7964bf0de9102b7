// Owns what can be wrong with a database server of the settings, in words for the person who starts the gateway.

/** Why the database is of no use; the message is for the person who starts the gateway. */
export class DatabaseServerError extends Error {
  override readonly name = 'DatabaseServerError';
}

/** The tables are missing or older than this gateway. */
export function refuseUnmigrated(): DatabaseServerError {
  return new DatabaseServerError(
    'The database of DATABASE_URL is not at the newest migration. Run `npm run migrate`.',
  );
}

export function refuseOldServer(): DatabaseServerError {
  return new DatabaseServerError('The database server is too old: PostgreSQL 15 or later is needed.');
}

/** Puts what postgres.js threw into words. Nothing of the URL in `variable` is repeated: there is a password in it. */
export function describeFailure(error: unknown, variable: string): unknown {
  // Drizzle wraps it.
  const origin = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message, errors = [] } = origin as NodeJS.ErrnoException & { errors?: Error[] };
  if (code === undefined) return error;
  // Postgres's own codes: no such schema, no such table.
  if (code === '3F000' || code === '42P01') return refuseUnmigrated();
  const refused = /^[0-9A-Z]{5}$/.test(code);
  // Where a name has several addresses, each of them fails by itself, and the whole has no message.
  const reason = message || errors.map((each) => each.message).join(', ');
  return new DatabaseServerError(
    `The database of ${variable} ${refused ? 'refuses' : 'does not answer'}: ${reason} (${code})`,
  );
}

// Owns what can keep the embedded Postgres from running, in words for the person who starts the gateway.

export type EmbeddedPostgresErrorCode =
  | 'PLATFORM_UNSUPPORTED'
  | 'ROOT_REFUSED'
  | 'DATA_DIR_IN_USE'
  | 'DATA_MISMATCH'
  | 'INITDB_FAILED'
  | 'NOT_READY'
  | 'ENDED';

/** Why there is no embedded Postgres. The code is stable; the message is for the person who starts the gateway. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
  ) {
    super(message);
  }
}

const wayOut = 'set DATABASE_URL to use a PostgreSQL server of your own';

export function refusePlatform(why: string): EmbeddedPostgresError {
  const here = `${process.platform}-${process.arch}`;
  return new EmbeddedPostgresError(
    'PLATFORM_UNSUPPORTED',
    `The embedded Postgres does not run on this ${here}. ${why}\nThe way out: ${wayOut}.`,
  );
}

export function refuseRoot(why: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'ROOT_REFUSED',
    `Postgres refuses to run as root, ${why}. Run the gateway as another user, or ${wayOut}.`,
  );
}

export function refuseSecond(home: string, pid: number | null): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'DATA_DIR_IN_USE',
    `Another gateway${pid === null ? '' : ` (pid ${pid})`} is using ${home}. ` +
      `Stop it, give this one another DATA_DIR, or, to run several on one database, ${wayOut}.`,
  );
}

export function refuseVersion(data: string, found: string, major: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'DATA_MISMATCH',
    `${data} was made by PostgreSQL ${found} and this gateway carries ${major}. Dump it with the gateway ` +
      `that made it and restore it here, choose another DATA_DIR, or ${wayOut}.`,
  );
}

export function refuseFiles(data: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'DATA_MISMATCH',
    `${data} holds files but no Postgres data. Move them away, choose another DATA_DIR, or ${wayOut}.`,
  );
}

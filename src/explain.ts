// Owns what is said when the gateway cannot start or a command cannot be done: what is wrong, and what to do about it.

/** An address of the settings at which nothing can listen; the message says what to do. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

/** Errors whose message was written for the person at the terminal. */
const plainSpoken = ['ConfigError', 'EmbeddedPostgresError', 'DatabaseServerError', 'AddressError'];

/** In words; the whole error only where it is none that can be put right. */
export function explain(error: unknown): string {
  const { name, code, path, message, stack } = error as NodeJS.ErrnoException;
  if (plainSpoken.includes(name)) return message;
  if (code === 'SECRET_KEY_MISMATCH') {
    return `The signing keys in the database were sealed under another SECRET_KEY. Set the one that was used so far, or, to replace it, set that one as SECRET_KEY_PREVIOUS. (Without SECRET_KEY it lies in DATA_DIR/secret.key.)`;
  }
  if (path !== undefined && /^(EACCES|EPERM|EROFS|ENOTDIR|EEXIST|ENOSPC|EDQUOT)$/.test(code ?? '')) {
    return `${path} cannot be written (${code}). Set DATA_DIR to a directory that this user may write to.`;
  }
  return stack ?? String(error);
}

/** Puts into words why nothing can listen where HOST and PORT, or those of the metrics, say. */
export function describeAddress(
  error: unknown,
  host: string,
  port: number,
  prefix: '' | 'METRICS_',
): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new AddressError(`Port ${port} is taken by another program. Set ${prefix}PORT to a free one.`);
    case 'EACCES':
      return new AddressError(
        `This user may not listen on port ${port}. Set ${prefix}PORT to one above 1023.`,
      );
    case 'EAFNOSUPPORT':
      return new AddressError(`This machine has no IPv6. Set ${prefix}HOST=0.0.0.0.`);
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AddressError(`${host} is no address of this machine. Set ${prefix}HOST to one that is.`);
    default:
      return error;
  }
}

/** Runs what was asked for at the terminal; what goes wrong is told in words, and the exit code is 1. */
export async function runCommand(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    complain(explain(error));
    process.exitCode = 1;
  }
}

/** A line for the person at the terminal, where errors go. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

// Keeps the SECRET_KEY of a development gateway in its data directory, so that tokens outlive a restart.
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The key of a data directory, made on first use. Two processes that make it at once end with the same one. */
export function keepSecretKey(dataDir: string): Buffer {
  const file = join(dataDir, 'secret.key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return read(file) ?? make(file);
}

function make(file: string): Buffer {
  // Written aside and put in place whole and on the disk: what it seals is in the database for good.
  const aside = `${file}.${process.pid}`;
  try {
    const key = `${randomBytes(32).toString('base64url')}\n`;
    writeFileSync(aside, key, { mode: 0o600, flush: true });
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return read(file) as Buffer;
}

function read(file: string): Buffer | null {
  try {
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url');
    if (key.length === 32) return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
  throw new Error(`${file} does not hold a key of 32 bytes`);
}

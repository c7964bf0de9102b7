// Tells when a closed account is erased.
import type { Config } from '../config.js';

/** The end of the time in which the owner may take the account back. */
export function erasureOf(deletedAt: Date, { deleteUndoDays }: Config): Date {
  return new Date(deletedAt.getTime() + deleteUndoDays * 24 * 60 * 60 * 1000);
}

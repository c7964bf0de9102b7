// The part of the resolver map that ends accounts and takes them back.
import { deleteAccount } from './delete-account.js';
import { restoreAccount } from './restore-account.js';

export const accountMutations = { deleteAccount, restoreAccount };

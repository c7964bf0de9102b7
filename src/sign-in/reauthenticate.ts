// reauthenticate: one more proof of who is signed in, by any way in, for a session whose proof is fresh.
import { type Context, callerOf } from '../context.js';
import type { Db } from '../db/client.js';
import { type AuthFailure, fail, isFailure } from '../errors.js';
import type {
  MutationResolvers,
  ReauthenticateInput,
  SignInMethod,
  VerifyMagicLinkInput,
  VerifyOtpInput,
} from '../graphql/schema.generated.js';
import { checkProof } from '../mailbox-proofs/check-proof.js';
import { consumeMailboxProof } from '../mailbox-proofs/mailbox-proofs.js';
import { freshSeconds } from '../sessions/fresh-proof.js';
import { issueTokens } from '../sessions/issue-tokens.js';
import { renewProof } from '../sessions/sessions.js';
import { recordLoginEvent } from '../users/login-events.js';
import { findHolder, lockPerson } from '../users/users.js';
import { checkOtp, spendOtp } from './otp/check-otp.js';
import { checkPasskey, spendPasskey } from './passkey/check-passkey.js';
import { provePassword } from './password/prove-password.js';
import {
  type CheckedIdentity,
  checkApple,
  checkFirebase,
  checkGoogle,
  checkSocial,
} from './social/check-identity.js';
import { findIdentity } from './social/identities.js';

/** A proof that was found good, and is not used up yet. */
interface Proof {
  method: SignInMethod;
  /** RFC 8176. */
  amr: string[];
  /** Uses it up: whom it proves, or why it proves nobody. */
  redeem(tx: Db): Promise<string | null | AuthFailure>;
  /** What is to be done once the session has its proof. */
  settle?(): Promise<void>;
}

export const reauthenticate: MutationResolvers['reauthenticate'] = async (_, { input }, context) => {
  const { config, db, network } = context;
  const { person, session } = callerOf(context);
  const refuse = async (failure: AuthFailure, method?: SignInMethod) => {
    await recordLoginEvent(context, db, {
      kind: 'REAUTHENTICATION',
      userId: person.id,
      sessionId: session.id,
      device: session.device,
      failure: failure.code,
      ...(method && { method }),
    });
    return failure;
  };
  const proof = await check(context, input);
  if ('code' in proof) return refuse(proof);

  const renewed = await db.transaction(async (tx) => {
    // Before the person: whoever signs in by the same mailbox or phone at this moment locks them in this order.
    const proved = await proof.redeem(tx);
    if (!(await lockPerson(tx, person.id))) return fail('SESSION_REVOKED');
    if (proved !== null && typeof proved === 'object') return proved;
    if (proved !== person.id) return fail('INVALID_CREDENTIALS');
    const amr = [...new Set([...session.amr, ...proof.amr])];
    const row = await renewProof(tx, config, { id: session.id, amr, network });
    if (row === null) return fail('SESSION_REVOKED');
    await recordLoginEvent(context, tx, {
      kind: 'REAUTHENTICATION',
      method: proof.method,
      userId: person.id,
      sessionId: session.id,
      device: session.device,
    });
    return row;
  });
  if (isFailure(renewed)) return refuse(renewed, proof.method);
  await proof.settle?.();
  return issueTokens(context, renewed, person);
};

async function check(context: Context, input: ReauthenticateInput): Promise<Proof | AuthFailure> {
  const { person, session } = callerOf(context);
  if (input.password != null) {
    const failure = await provePassword(context, person.id, session.id, input.password);
    return failure ?? { method: 'PASSWORD', amr: ['pwd'], redeem: async () => person.id };
  }
  if (input.otp) return otpProof(context, input.otp);
  if (input.magicLink) return magicLinkProof(context, input.magicLink);
  if (input.passkey) {
    const checked = await checkPasskey(context, input.passkey);
    if ('failure' in checked) return checked.failure;
    // Before it is spent: one person's lock is not taken under another's.
    if (checked.passkey.userId !== person.id) return fail('INVALID_CREDENTIALS');
    const redeem = async (tx: Db) => (await spendPasskey(tx, checked)) ?? person.id;
    return { method: 'PASSKEY', amr: checked.amr, redeem };
  }
  if (input.google) return identityProof(await checkGoogle(context, input.google));
  if (input.apple) return identityProof(await checkApple(context, input.apple));
  if (input.social) return identityProof(await checkSocial(context, input.social));
  if (input.firebase) {
    const checked = await checkFirebase(context, input.firebase);
    // Its tokens are renewed without the person; when the person was there last stands in them.
    const isStale = !('code' in checked) && (checked.claims.authTime ?? 0) < Date.now() / 1000 - freshSeconds;
    return isStale ? fail('INVALID_CREDENTIALS') : identityProof(checked);
  }
  throw new Error('@oneOf let an empty proof through');
}

async function otpProof(context: Context, input: VerifyOtpInput): Promise<Proof | AuthFailure> {
  const checked = await checkOtp(context, input);
  if ('code' in checked) return checked;
  const { amr, method } = checked;
  const redeem = async (tx: Db) =>
    (await spendOtp(tx, checked)) ? holderOf(tx, 'phone', checked.challenge.phone) : fail('CHALLENGE_GONE');
  return { method, amr, redeem, settle: checked.giveBack };
}

async function magicLinkProof(context: Context, input: VerifyMagicLinkInput): Promise<Proof | AuthFailure> {
  const checked = await checkProof(context, 'sign_in', input);
  if ('code' in checked) return checked;
  const { id, email } = checked.request;
  const redeem = async (tx: Db) =>
    (await consumeMailboxProof(tx, id)) ? holderOf(tx, 'mailbox', email) : fail('CHALLENGE_GONE');
  return { method: 'MAGIC_LINK', amr: ['otp'], redeem, settle: checked.giveBack };
}

/** Whose it is by proof: an address that somebody merely claims proves nobody. */
async function holderOf(tx: Db, kind: 'mailbox' | 'phone', identifier: string): Promise<string | null> {
  const holder = await findHolder(tx, kind, identifier);
  return holder?.provedAt ? holder.userId : null;
}

function identityProof(checked: CheckedIdentity | AuthFailure): Proof | AuthFailure {
  if ('code' in checked) return checked;
  const { claims, consume, provider } = checked;
  let id: string | null = null;
  const redeem = async (tx: Db) => {
    if (!(await consume(tx))) return fail('CHALLENGE_GONE');
    const identity = await findIdentity(tx, claims);
    id = identity?.id ?? null;
    return identity?.userId ?? null;
  };
  // Who is about to delete the account comes by here: Apple's code, if the app sends it, still gives what revokes the grant.
  const settle = async () => {
    if (id !== null) await checked.settle(id);
  };
  return { method: provider.method, amr: ['fed'], redeem, settle };
}

// Owns the judgement of a new password: long enough, not a known one, and not guessed from what is known of the person.
import type { MatchExtended, ZxcvbnFactory } from '@zxcvbn-ts/core';
import type { Config } from '../../config.js';

export interface PasswordPolicy {
  /** In code points, as is `maxLength` (NIST SP 800-63B-4 §3.1.1.2). */
  minLength: number;
  maxLength: number;
  /** On zxcvbn's scale: 2 is more than 10^6 guesses. At 3 no password of 8 characters passes, however random. */
  minScore: number;
  /** The names of the product and its makers, as anybody would try them. */
  forbiddenWords: readonly string[];
}

export type PasswordFlaw = {
  code:
    | 'PASSWORD_NOT_TEXT'
    | 'PASSWORD_TOO_SHORT'
    | 'PASSWORD_TOO_LONG'
    | 'PASSWORD_TOO_COMMON'
    | 'PASSWORD_TOO_WEAK';
  message: string;
};

/**
 * Code units that are scored. zxcvbn's work grows faster than the square of the length: as it comes, hostile input
 * costs it 20 ms at 32 and 500 ms at 256.
 */
const SCORED_LENGTH = 32;

/** Spellings tried to see through `p4$$w0rd`: 12 find nearly all that zxcvbn's 100 find, for an eighth of the time. */
const LEET_SPELLINGS = 12;

/** Shorter words are left to zxcvbn: cut out, they would hit random characters too often. */
const CUT_FROM_LENGTH = 4;

/** As long as the longest word of the lists: zxcvbn compares every part of a password up to its longest word. */
const ESTIMATED_TO_LENGTH = 20;

/** What is read of one personal text, so that a name of 30 KB is no work. */
const PERSONAL_LENGTH = 254;

/**
 * Names the one thing to tell a person about the password they chose, or null when it may be used.
 *
 * There are no composition rules, and the length is that of the password exactly as it was received, as it will be
 * hashed: no trim, no normalisation, no truncation (NIST SP 800-63B-4 §3.1.1.2). A lone surrogate is refused because
 * UTF-8 makes every one of them U+FFFD: two different passwords would open the same account. NUL is a
 * character like any other.
 *
 * What is *scored* is less than the password: its plain spelling, without the person's own words, of what repeats
 * itself one turn, and of what is still long the 32 most varied code units. That is sound, because each of these is
 * a function of the password: whoever guesses the password has guessed it too, so a strong part proves a strong
 * whole. And it is fair: every part of a long random password is random.
 *
 * The first call loads the word lists.
 *
 * @example
 * await findPasswordFlaw('Password1', policy, {}) // { code: 'PASSWORD_TOO_COMMON', message: ... }
 */
export async function findPasswordFlaw(
  password: string,
  policy: PasswordPolicy,
  personal: { email?: string; name?: string },
): Promise<PasswordFlaw | null> {
  // A code point is at most two code units: what cannot fit need not be counted.
  const length = password.length > 2 * policy.maxLength ? Number.POSITIVE_INFINITY : [...password].length;
  if (length < policy.minLength) {
    return { code: 'PASSWORD_TOO_SHORT', message: `Use at least ${policy.minLength} characters.` };
  }
  if (length > policy.maxLength) {
    return { code: 'PASSWORD_TOO_LONG', message: `Use at most ${policy.maxLength} characters.` };
  }
  if (/\p{Surrogate}/u.test(password)) {
    return {
      code: 'PASSWORD_NOT_TEXT',
      message: 'This password holds half a character and cannot be stored safely.',
    };
  }

  const { common, estimator } = await loadGuesser();
  const spelled = spellPlainly(password);
  if (common.has(spelled)) {
    return {
      code: 'PASSWORD_TOO_COMMON',
      message: 'This is one of the passwords that are tried first. Choose one that only you would think of.',
    };
  }
  const { email = '', name = '' } = personal;
  // In parts it goes without the top-level domain: `com` is nobody's own word.
  const texts = [email.replace(/\.[^.]*$/, ''), email.replace(/@.*/s, ''), name, ...policy.forbiddenWords];
  const words = listOwnWords(texts);
  const estimated = words.filter((word) => word.length <= ESTIMATED_TO_LENGTH);
  if (isWeak(estimator, cutOut([spellPlainly(email), ...words], spelled), estimated, policy.minScore)) {
    return {
      code: 'PASSWORD_TOO_WEAK',
      message:
        'This password would soon be guessed. Add a word or two, and do not build it on your name, your address or the name of this service.',
    };
  }
  return null;
}

/**
 * How a guesser would spell it. NFC makes equivalent texts equal; a compatibility form would make letters of nothing:
 * U+FDFA becomes 18 of them, and eight U+FDFA a long passphrase.
 */
function spellPlainly(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Each text whole, without its punctuation, and its runs of letters and of digits: the longest first. */
function listOwnWords(texts: readonly string[]): string[] {
  const words = new Set<string>();
  for (const text of texts) {
    const whole = spellPlainly(text.slice(0, PERSONAL_LENGTH)).trim();
    const runs = whole.match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? [];
    for (const word of [whole, runs.join(''), ...runs]) if (word.length > 1) words.add(word);
  }
  return [...words].sort((one, other) => other.length - one.length);
}

function cutOut(words: readonly string[], text: string): string {
  const cut = words.filter((word) => word.length >= CUT_FROM_LENGTH);
  return cut.reduce((rest, word) => rest.replaceAll(word, ''), text);
}

function isWeak(estimator: ZxcvbnFactory, text: string, words: string[], minScore: number): boolean {
  const { score, sequence } = estimator.check(cutMostVaried(text), words);
  if (score < minScore) return true;
  // zxcvbn counts each part of a password as a choice: Anna + Berg + 1987! has too many to be weak.
  const rest = leaveOutTheObvious(sequence, words);
  return (
    rest.length < sequence.length &&
    estimator.check(rest.map((part) => part.token).join(''), words).score < minScore
  );
}

/** What fits is scored whole; of what repeats itself one turn, and of the rest the part with the most different units. */
function cutMostVaried(text: string): string {
  if (text.length <= SCORED_LENGTH) return text;
  for (let period = 1; period <= SCORED_LENGTH; period++) {
    if (text.startsWith(text.slice(period))) return text.slice(0, period);
  }
  let mostVaried = '';
  for (let start = 0; start < text.length; start += SCORED_LENGTH / 4) {
    const part = text.slice(start, start + SCORED_LENGTH);
    if (new Set(part).size > new Set(mostVaried).size) mostVaried = part;
  }
  return mostVaried;
}

/** Without the person's own words, and without a listed word that only digits and marks decorate: Summer2024! */
function leaveOutTheObvious(
  sequence: readonly MatchExtended[],
  words: readonly string[],
): readonly MatchExtended[] {
  const isListed = (part: MatchExtended) =>
    part.dictionaryName === 'passwords' && /\p{L}{4}/u.test(part.matchedWord);
  const foreign = sequence.filter((part) => !words.includes(part.matchedWord));
  const decoration = foreign.filter((part) => !isListed(part));
  const listed = new Set(foreign.filter(isListed).map((part) => part.matchedWord));
  return listed.size === 1 && !decoration.some((part) => /\p{L}/u.test(part.token)) ? decoration : foreign;
}

interface Guesser {
  common: ReadonlySet<string>;
  estimator: ZxcvbnFactory;
}

let guesser: Promise<Guesser> | undefined;

/** On first use, because a gateway starts faster without 57,000 words; then kept. */
function loadGuesser(): Promise<Guesser> {
  guesser ??= Promise.all([import('@zxcvbn-ts/core'), import('@zxcvbn-ts/language-common')]).then(
    ([{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }]) => {
      const passwords = dictionary['passwords-common'];
      // zxcvbn knows dice words by this very name; by the name they come with it ranks them by the alphabet.
      const dictionaries = { passwords, diceware: dictionary['diceware-common'] };
      return {
        common: new Set(passwords),
        estimator: new ZxcvbnFactory({
          dictionary: dictionaries,
          graphs: adjacencyGraphs,
          l33tMaxSubstitutions: LEET_SPELLINGS,
        }),
      };
    },
  );
  return guesser;
}

/** The policy of these settings. */
export function policyOf(config: Config): PasswordPolicy {
  return {
    minLength: config.passwordMinLength,
    maxLength: config.passwordMaxLength,
    minScore: config.passwordMinScore,
    forbiddenWords: config.passwordForbiddenWords,
  };
}

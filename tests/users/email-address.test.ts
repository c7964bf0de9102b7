// Proves which typed addresses are accepted, what they become, and that refusing one is cheap.
import t from 'tap';
import { maskEmail, normaliseEmail } from '../../src/users/email-address.js';

const local64 = 'a'.repeat(64);
const label63 = 'b'.repeat(63);
/** 254 octets with a local part of `a`, so that one more is too many. */
const domain252 = `${label63}.${label63}.${label63}.${'c'.repeat(56)}.com`;

type Case = readonly [title: string, typed: string, canonical: string | null];

const accepted: readonly Case[] = [
  ['a plain address', 'anna@example.com', 'anna@example.com'],
  ['capitals in the domain', 'anna@EXAMPLE.Com', 'anna@example.com'],
  ['capitals in the local part', 'Anna.BERG@example.com', 'anna.berg@example.com'],
  ['outer spaces', '  anna@example.com ', 'anna@example.com'],
  ['outer tabs', '\tanna@example.com\t', 'anna@example.com'],
  ['dots, which are kept', 'a.n.n.a@gmail.com', 'a.n.n.a@gmail.com'],
  ['a plus tag, which is kept', 'anna+shop@gmail.com', 'anna+shop@gmail.com'],
  ['an apostrophe', "o'brien@example.ie", "o'brien@example.ie"],
  ['all other dot-atom characters', "#$&'*+/=^?_`{|}~-@example.com", "#$&'*+/=^?_`{|}~-@example.com"],
  ['digits alone', '12345@qq.com', '12345@qq.com'],
  ['one letter on each side', 'a@b.c', 'a@b.c'],
  ['a label of digits', 'anna@163.com', 'anna@163.com'],
  ['a domain of many labels', 'anna@a.b.c.d.e.example', 'anna@a.b.c.d.e.example'],
  ['hyphens inside a label', 'anna@my-own--mail.example', 'anna@my-own--mail.example'],
  ['a local part of 64 octets', `${local64}@example.com`, `${local64}@example.com`],
  ['a label of 63 octets', `anna@${label63}.com`, `anna@${label63}.com`],
  ['254 octets altogether', `a@${domain252}`, `a@${domain252}`],
  ['an umlaut domain', 'anna@bücher.de', 'anna@xn--bcher-kva.de'],
  ['an umlaut domain in capitals', 'anna@BÜCHER.de', 'anna@xn--bcher-kva.de'],
  ['an umlaut domain in decomposed letters', 'anna@bu\u0308cher.de', 'anna@xn--bcher-kva.de'],
  ['the same domain as an A-label', 'anna@xn--bcher-kva.de', 'anna@xn--bcher-kva.de'],
  ['an A-label in capitals', 'anna@XN--BCHER-KVA.DE', 'anna@xn--bcher-kva.de'],
  ['a sharp s, which IDNA2008 keeps', 'anna@straße.de', 'anna@xn--strae-oqa.de'],
  ['a final sigma in capitals, as DNS maps it', 'anna@ΟΔΟΣ.gr', 'anna@xn--pxavbq.gr'],
  ['a Chinese domain', 'anna@例子.中国', 'anna@xn--fsqu00a.xn--fiqs8s'],
  ['an Arabic domain', 'anna@مثال.إختبار', 'anna@xn--mgbh0fb.xn--kgbechtv'],
  ['a Devanagari domain', 'anna@उदाहरण.परीक्षा', 'anna@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g'],
  ['a full-width domain', 'anna@ｅｘａｍｐｌｅ.com', 'anna@example.com'],
  ['an ideographic full stop', 'anna@example。com', 'anna@example.com'],
  ['a full-width full stop', 'anna@example．com', 'anna@example.com'],
];

const refused: readonly Case[] = [
  ['nothing', '', null],
  ['blanks alone', ' \t ', null],
  ['no at sign', 'anna.example.com', null],
  ['no local part', '@example.com', null],
  ['no domain', 'anna@', null],
  ['an at sign alone', '@', null],
  ['two at signs', 'anna@evil.com@example.com', null],
  ['two adjacent at signs', 'anna@@example.com', null],
  ['a full-width at sign', 'anna＠example.com', null],
  ['a full-width at sign in the domain', 'anna@evil.com＠example.com', null],
  ['a full-width at sign in the local part', 'anna＠evil.com@example.com', null],
  ['a small at sign in the domain', 'anna@evil.com﹫example.com', null],
  ['two addresses with a comma', 'anna@example.com,eve@example.net', null],
  ['two addresses with a semicolon', 'anna@example.com;eve@example.net', null],
  ['two addresses with a space', 'anna@example.com eve@example.net', null],
  ['a comma in the local part', 'anna,eve@example.com', null],
  ['a quoted local part', '"anna"@example.com', null],
  ['a quoted local part that hides an address', '"eve@evil.com,"@example.com', null],
  ['an escaped at sign', 'anna\\@evil.com@example.com', null],
  ['a comment before', '(hello)anna@example.com', null],
  ['a comment after', 'anna@example.com(hello)', null],
  ['a comment between', 'anna(eve@evil.com)@example.com', null],
  ['a display name', 'Anna <anna@example.com>', null],
  ['angle brackets', '<anna@example.com>', null],
  ['a mailto link', 'mailto:anna@example.com', null],
  ['an encoded word', '=?utf-8?q?eve=40evil.com?=@example.com', null],
  ['an encoded at sign in the local part', 'anna%40evil.com@example.com', null],
  ['a doubly encoded at sign', 'anna%2540evil.com@example.com', null],
  ['an encoded at sign instead of a plain one', 'anna%40example.com', null],
  ['the percent hack', 'anna%evil.com@example.com', null],
  ['a bang path', 'evil.com!anna@example.com', null],
  ['a percent escape in the domain', 'anna@ex%61mple.com', null],
  ['a percent-escaped line break in the domain', 'anna@example.com%0d%0aBcc:eve', null],
  ['a line feed behind', 'anna@example.com\n', null],
  ['a carriage return and line feed in front', '\r\nanna@example.com', null],
  ['a header behind a line break', 'anna@example.com\r\nBcc: eve@evil.com', null],
  ['a line feed in the local part', 'an\nna@example.com', null],
  ['a line feed in the domain', 'anna@exam\nple.com', null],
  ['a tab in the domain', 'anna@exam\tple.com', null],
  ['a NUL in the local part', 'an\0na@example.com', null],
  ['a NUL in the domain', 'anna@example.com\0.evil.com', null],
  ['a DEL', 'anna\u007f@example.com', null],
  ['a C1 control character', 'anna@exa\u0085mple.com', null],
  ['a space in the local part', 'an na@example.com', null],
  ['a space before the at sign', 'anna @example.com', null],
  ['a no-break space outside', 'anna@example.com\u00a0', null],
  ['an ideographic space outside', '\u3000anna@example.com', null],
  ['a byte order mark in front', '\ufeffanna@example.com', null],
  ['a zero-width space in the local part', 'an\u200bna@example.com', null],
  ['a zero-width space in the domain', 'anna@exam\u200bple.com', null],
  ['a soft hyphen in the domain', 'anna@exam\u00adple.com', null],
  ['a word joiner in the domain', 'anna@exam\u2060ple.com', null],
  ['a zero-width joiner in the domain', 'anna@exam\u200dple.com', null],
  ['a variation selector in the domain', 'anna@exam\ufe0fple.com', null],
  ['a combining grapheme joiner in the domain', 'anna@exam\u034fple.com', null],
  ['a Hangul filler in the domain', 'anna@exam\u3164ple.com', null],
  ['a right-to-left override', 'anna@\u202eelpmaxe.com', null],
  ['a right-to-left override in the local part', '\u202eanna@example.com', null],
  ['a lone surrogate in the local part', 'an\ud800na@example.com', null],
  ['a lone surrogate in the domain', 'anna@exam\udc00ple.com', null],
  ['a local part beyond ASCII', 'jörg@example.com', null],
  ['a full-width local part', 'ａｎｎａ@example.com', null],
  ['a Cyrillic letter in the local part', 'аnna@example.com', null],
  ['a Kelvin sign, whose lower case is k', '\u212aim@example.com', null],
  ['a leading dot', '.anna@example.com', null],
  ['a trailing dot in the local part', 'anna.@example.com', null],
  ['two dots in the local part', 'an..na@example.com', null],
  ['a local part of 65 octets', `${local64}a@example.com`, null],
  ['255 octets altogether', `aa@${domain252}`, null],
  ['255 octets only after the A-label', `a@é${domain252.slice(1)}`, null],
  ['a label of 64 octets', `anna@${label63}b.com`, null],
  ['no dot in the domain', 'anna@localhost', null],
  ['a leading dot in the domain', 'anna@.example.com', null],
  ['a trailing dot in the domain', 'anna@example.com.', null],
  ['two dots in the domain', 'anna@example..com', null],
  ['an ideographic trailing dot', 'anna@example.com。', null],
  ['a leading hyphen in a label', 'anna@-example.com', null],
  ['a trailing hyphen in a label', 'anna@example-.com', null],
  ['an underscore in the domain', 'anna@ex_ample.com', null],
  ['a numeric top level', 'anna@example.123', null],
  ['an IPv4 address', 'anna@127.0.0.1', null],
  ['an IPv4 address that a URL parser would rewrite', 'anna@0x7f.1', null],
  ['an IPv4 address in full-width digits', 'anna@１２７.０.０.１', null],
  ['an IPv4 literal', 'anna@[127.0.0.1]', null],
  ['an IPv6 literal', 'anna@[IPv6:::1]', null],
  ['a port', 'anna@example.com:25', null],
  ['a path that a URL parser would cut off', 'anna@evil.com/example.com', null],
  ['a backslash', 'anna@evil.com\\example.com', null],
  ['a query', 'anna@evil.com?example.com', null],
  ['a fragment', 'anna@evil.com#example.com', null],
  ['an account-of sign, which NFKC makes a/c', 'anna@evil.com℀example.com', null],
  ['an A-label that decodes to nothing', 'anna@xn--.com', null],
  ['a broken A-label', 'anna@xn--zzzzzz999.com', null],
  ['an A-label that decodes to ASCII', 'anna@xn--example-.com', null],
  ['a symbol in the domain', 'anna@☃.net', null],
  ['a label that begins with a combining mark', 'anna@\u0301example.com', null],
];

t.test('what is one plain address has one canonical form, and what is not has none', async (t) => {
  for (const [title, typed, canonical] of [...accepted, ...refused])
    t.equal(normaliseEmail(typed), canonical, title);
});

t.test('a canonical address is its own canonical form', async (t) => {
  for (const [title, , canonical] of accepted) t.equal(normaliseEmail(canonical ?? ''), canonical, title);
});

t.test('whatever comes in, what comes out is stable, plain and within the limits', async (t) => {
  const plain = ['a', 'Z', '7', '.', '-', '+', '_', 'anna', 'xn--', 'kva', 'example.com', ' '];
  const odd = [
    '@',
    '%',
    '!',
    '=?',
    '"',
    ',',
    '\t',
    '\r\n',
    '\0',
    '(',
    '<',
    '[',
    '/',
    ':',
    '\u200b',
    '\ud800',
    '\u3164',
  ];
  const foreign = [
    '＠',
    '。',
    '．',
    'Ａ',
    'é',
    'e\u0301',
    'ß',
    'ẞ',
    'Σ',
    'ς',
    'İ',
    'ﬀ',
    'K',
    '½',
    '٣',
    'मि',
    '例',
    '한',
    '𠀀',
  ];
  const next = randomNumbers(2026);
  const typeFrom = (pieces: string[]) =>
    Array.from({ length: next() * 6 }, () => pieces[Math.floor(next() * pieces.length)]).join('');
  const wrong: string[] = [];
  let addresses = 0;
  for (let round = 0; round < 30_000; round++) {
    // Half of the rounds are nearly addresses; the others are anything.
    const typed =
      round % 2 === 0
        ? `${typeFrom(plain)}@${typeFrom([...plain, ...foreign])}.example`
        : typeFrom([...plain, ...odd, ...foreign, '@example.com']);
    const address = normaliseEmail(typed);
    if (address === null) continue;
    addresses++;
    const isPlain = /^[!-?A-~]{1,64}@[a-z0-9.-]+$/.test(address) && address.length <= 254;
    if (!isPlain || address !== address.toLowerCase() || normaliseEmail(address) !== address) {
      wrong.push(JSON.stringify([typed, address]));
    }
  }
  t.strictSame(wrong, []);
  t.ok(addresses > 1_000, 'enough of them are addresses to say something');
});

t.test('of a hostile input nothing but the length is looked at', async (t) => {
  const inputs = [' ', 'a.', 'a@', 'é', '\ufdfa', '\t@'].map((piece) => piece.repeat(100_000 / piece.length));
  // `test`, `match` and `replace` all go through `exec`: none of it may be reached.
  const { normalize } = String.prototype;
  const { exec } = RegExp.prototype;
  let work = 0;
  let refusals = Number.NaN;
  String.prototype.normalize = function (this: string, form?: string) {
    work++;
    return normalize.call(this, form);
  };
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    work++;
    return exec.call(this, text);
  };
  const answers: (string | null)[] = [];
  try {
    for (const input of inputs) answers.push(normaliseEmail(input));
    refusals = work;
    normaliseEmail('anna@example.com');
  } finally {
    String.prototype.normalize = normalize;
    RegExp.prototype.exec = exec;
  }
  t.strictSame(new Set(answers), new Set([null]));
  t.equal(refusals, 0);
  t.ok(work > 0, 'the count sees the work that an address costs');
});

t.test('a masked address shows its owner enough and a stranger little', async (t) => {
  const masks = [
    ['anna@example.com', 'a***@e***.com'],
    ['a@b.c', 'a***@b***.c'],
    ['anna.berg+news@mail.example.co.uk', 'a***@m***.uk'],
    ['anna@xn--bcher-kva.de', 'a***@x***.de'],
    ['Anna@Example.COM', 'a***@e***.com'],
    ['anna', '***'],
    ['', '***'],
    ['anna@example.com\r\nlevel=error', '***'],
  ] as const;
  for (const [address, mask] of masks) t.equal(maskEmail(address), mask);
});

/** Mulberry32: the same numbers in every run, so that a failure can be looked at. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// Owns what an e-mail address is: the one canonical form a person's typing can have, or none.
import { domainToASCII } from 'node:url';

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.3: a path is 256 octets, two of them its angle brackets. */
const MAX_LOCAL_PART = 64;
const MAX_ADDRESS = 254;

/** A little more than an address needs, for outer blanks; what is longer is not even looked at. */
const MAX_INPUT = 320;

/** A dot-atom (RFC 5321 §4.1.2) without `!` and `%`, which some relays still read as a route to elsewhere. */
const LOCAL_PART = /^[\w#$&'*+/=?^`{|}~-]+(?:\.[\w#$&'*+/=?^`{|}~-]+)*$/;

/**
 * What IDNA2008 builds labels of (RFC 5892 §2.1), and the ideographic full stop. `domainToASCII` is a URL parser:
 * it decodes `%41`, cuts at `/` and drops tabs and invisible characters, so it may not see anything else.
 */
const DOMAIN_AS_TYPED = /^(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}.。-])+$/u;

/** RFC 1123 §2.1 and RFC 3696 §2: LDH labels, at least two, the last one not a number. */
const HOST_NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Turns what a person typed into the canonical address, or refuses it with `null`. Look-ups, the unique index and
 * the envelope all take this value, and nothing changes it afterwards.
 *
 * - Outer spaces and tabs go; any other blank or control character is refused, wherever it stands.
 * - The domain is put in NFKC and lower case and turned into A-labels (UTS #46, RFC 5891), then validated.
 * - The local part is lower-cased and otherwise left alone: dots and `+tags` stay. RFC 5321 §2.4 calls it
 *   case-sensitive and in the same breath discourages making use of that; without this deviation one person would
 *   have two accounts, or a stranger the second.
 * - A local part outside ASCII (SMTPUTF8, RFC 6531) is refused, and not put in NFKC either. It reaches only servers
 *   that speak the extension, it has no canonical form that all of them agree on, and compatibility mapping
 *   would turn `ａｎｎａ` or a full-width `＠` into an address that the person did not type.
 * - Quoted strings, comments, display names, lists, address literals, encoded words (RFC 2047) and the routes
 *   `a%b@c` and `c!a@b` are refused: what mail software makes of them is not one plain address.
 *
 * @example
 * normaliseEmail(' Anna.Berg+news@BÜCHER.example ') // 'anna.berg+news@xn--bcher-kva.example'
 * normaliseEmail('anna@example.com,eve@example.net') // null
 */
export function normaliseEmail(input: string): string | null {
  if (input.length > MAX_INPUT) return null;
  const typed = input.replace(/^[ \t]+|[ \t]+$/g, '');
  const at = typed.indexOf('@');
  const localPart = typed.slice(0, Math.max(at, 0));
  if (localPart.length > MAX_LOCAL_PART || !LOCAL_PART.test(localPart) || localPart.includes('=?'))
    return null;

  const domainAsTyped = typed.slice(at + 1).normalize('NFKC');
  if (!DOMAIN_AS_TYPED.test(domainAsTyped)) return null;
  // UTS #46 does the lower case: `toLowerCase` would make the last sigma of ΟΔΟΣ another letter than DNS does.
  const domain = domainToASCII(domainAsTyped);
  const address = `${localPart.toLowerCase()}@${domain}`;
  return HOST_NAME.test(domain) && address.length <= MAX_ADDRESS ? address : null;
}

/**
 * Shortens a canonical address for log lines and messages: enough for its owner to recognise, too little to
 * write to. What is no address becomes `***`, so nothing foreign gets into a log line by this door.
 *
 * @example
 * maskEmail('anna@example.com') // 'a***@e***.com'
 */
export function maskEmail(address: string): string {
  const canonical = normaliseEmail(address);
  if (canonical === null) return '***';
  const domain = canonical.slice(canonical.indexOf('@') + 1);
  return `${canonical.charAt(0)}***@${domain.charAt(0)}***${domain.slice(domain.lastIndexOf('.'))}`;
}

// Owns every text that is sent, in English and Hindi. India's DLT registers SMS texts letter by letter: change none alone.
import type { Content } from './channel.js';

export type Locale = 'en' | 'hi';

/** The language of a BCP 47 tag, as far as it is spoken here. */
export function readLocale(tag: string | null | undefined): Locale {
  return tag?.toLowerCase().split(/[-_]/)[0] === 'hi' ? 'hi' : 'en';
}

/** What the code's text depends on. */
export interface OtpText {
  app: string;
  code: string;
  locale: Locale;
  /** Chooses the form that the phone can fill in by itself. */
  platform: string | undefined;
  /** The host that iOS binds the code to. */
  host: string;
  /** The app's hash, by which Android hands the code to it. */
  androidHash: string | undefined;
}

/**
 * The text of an SMS. iOS reads the last line `@host #code`; Android's SMS Retriever wants the app's hash as the
 * last word and 140 bytes at the most, which is 70 letters as soon as one of them is beyond GSM 7-bit, as all Hindi
 * is: where the name of the app is too long for it, the second sentence goes.
 */
export function composeOtp({ app, code, locale, platform, host, androidHash }: OtpText): Content {
  const [line, warning] = {
    en: [`${code} is your ${app} code.`, ' Never share it.'],
    hi: [`${app} कोड: ${code}.`, ' किसी को न बताएं।'],
  }[locale] as [string, string];
  const full = line + warning;
  if (platform === 'IOS') return { text: `${full}\n\n@${host} #${code}`, code, locale };
  if (platform !== 'ANDROID' || androidHash === undefined) return { text: full, code, locale };
  const withHash = `${full}\n${androidHash}`;
  return { text: smsBytes(withHash) <= 140 ? withHash : `${line}\n${androidHash}`, code, locale };
}

/** A text in an SMS: a byte a letter at the most in GSM 7-bit, two in UCS-2. */
function smsBytes(text: string): number {
  return /^[\n\x20-\x5a_a-z]*$/.test(text) ? text.length : text.length * 2;
}

/** What a mail with a link depends on. */
export interface LinkText {
  app: string;
  link: string;
  locale: Locale;
  /** What the device that asked calls itself. */
  device: string | undefined;
  minutes: number;
}

const words = {
  en: {
    signIn: (app: string) => `Sign in to ${app}`,
    confirm: (app: string) => `Confirm your address for ${app}`,
    asked: (device: string | null) => (device ? `Asked for by “${device}”.` : 'Asked for by your device.'),
    open: 'Open it on the device that asked; anywhere else it shows a code to type there.',
    ends: (minutes: number) => `It works once, within ${minutes} minutes.`,
    ignore: 'You did not ask? Then ignore this mail: without your device the link is worth nothing.',
    takenSubject: (app: string) => `You already have an account at ${app}`,
    taken:
      'Somebody, perhaps you, tried to sign up with this address. It has an account already: sign in instead.',
    takenIgnore: 'It was not you? Then there is nothing to do: no account was made or changed.',
  },
  hi: {
    signIn: (app: string) => `${app} में साइन इन करें`,
    confirm: (app: string) => `${app} के लिए अपना पता पक्का करें`,
    asked: (device: string | null) => (device ? `“${device}” ने माँगा है।` : 'आपके डिवाइस ने माँगा है।'),
    open: 'इसे उसी डिवाइस पर खोलें जिसने माँगा; कहीं और खोलने पर वहाँ टाइप करने के लिए एक कोड दिखेगा।',
    ends: (minutes: number) => `यह ${minutes} मिनट तक, एक ही बार काम करता है।`,
    ignore: 'आपने नहीं माँगा? तो इस मेल को अनदेखा करें: आपके डिवाइस के बिना यह लिंक बेकार है।',
    takenSubject: (app: string) => `${app} पर आपका खाता पहले से है`,
    taken: 'किसी ने, शायद आपने, इस पते से साइन अप करना चाहा। इस पते पर खाता पहले से है: साइन इन करें।',
    takenIgnore: 'आप नहीं थे? तो कुछ करना नहीं है: न कोई खाता बना, न बदला।',
  },
} as const;

/** Long enough to recognise a device by, too short for a letter. */
const longestDeviceName = 40;

/** A path, a mailbox, a host in any script, or the ten digits of a number to call. */
const linkable = /[/\\@]|www[.。]|[\p{L}\p{M}\p{N}][.。]\p{L}[\p{L}\p{M}]|(?:\p{Nd}[\s().+-]*){10}/iu;

/**
 * A device's name as far as it may stand in a mail to anybody; null when it may not. Whoever asks chooses it, so it
 * carries no address: mail programs would turn it into a link in our name. Read as a browser would: full width as plain, what
 * is invisible not at all.
 */
export function showDevice(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (linkable.test(name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, ''))) return null;
  const signs = [...name.trim()];
  return signs.length > longestDeviceName
    ? `${signs.slice(0, longestDeviceName - 1).join('')}…`
    : signs.join('');
}

/** The mail with a link to sign in, or to confirm the address of a signup. */
export function composeLink(
  purpose: 'signIn' | 'confirm',
  { app, link, locale, device, minutes }: LinkText,
): Content {
  const say = words[locale];
  const title = say[purpose](app);
  const lines = [`${say.asked(showDevice(device))} ${say.open}`, say.ends(minutes), say.ignore];
  return {
    locale,
    link,
    subject: title,
    text: `${title}\n\n${link}\n\n${lines.join('\n\n')}\n`,
    html: mail(
      locale,
      title,
      `<p><a class="button" href="${escapeHtml(link)}">${escapeHtml(title)}</a></p>`,
      lines,
    ),
  };
}

/** The mail to the owner of an address with which somebody tried to sign up. */
export function composeAddressTaken({ app, locale }: Pick<LinkText, 'app' | 'locale'>): Content {
  const say = words[locale];
  const title = say.takenSubject(app);
  const lines = [say.taken, say.takenIgnore];
  return {
    locale,
    subject: title,
    text: `${title}\n\n${lines.join('\n\n')}\n`,
    html: mail(locale, title, '', lines),
  };
}

function mail(locale: Locale, title: string, action: string, lines: readonly string[]): string {
  return `<!doctype html>
<html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>
  body { margin: 0; padding: 32px 16px; font: 16px/1.6 -apple-system, "Segoe UI", Roboto, sans-serif; color: #1c1b1a; background: #f6f4f0 }
  main { max-width: 480px; margin: 0 auto; padding: 24px 28px; background: #fff; border-radius: 12px }
  h1 { font-size: 20px; margin: 0 0 16px } .button { display: inline-block; padding: 12px 22px; border-radius: 8px; background: #1f4d3a; color: #fff; text-decoration: none; font-weight: 600 }
  p.small { color: #5b5854; font-size: 14px }
</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${action}${lines.map((line) => `<p class="small">${escapeHtml(line)}</p>`).join('')}</main></body></html>`;
}

/** Text for HTML and its attributes. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (sign) => names[sign] ?? sign);
}

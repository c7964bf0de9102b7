// Owns the reading of phone numbers: whatever a person types becomes one E.164 number, or is refused.
import { type CountryCode, parsePhoneNumberWithError } from 'libphonenumber-js/max';
import { plainDigits } from './plain-digits.js';

/** A mobile number that codes may be sent to. */
export interface MobileNumber {
  /** E.164: `+919876543210`. */
  phone: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
}

/** Longer than any number with all its blanks and brackets. */
const longest = 40;

/**
 * Reads a number and checks, by libphonenumber's own metadata, that it is one a mobile phone can have and that its
 * country is served. Without a country code it is read as a number of the only country served, if there is only one.
 * An extension, a second number or a letter refuses it.
 */
export function readPhone(
  input: string,
  countries: readonly string[],
): MobileNumber | 'PHONE_INVALID' | 'COUNTRY_NOT_SERVED' {
  if (input.length > longest) return 'PHONE_INVALID';
  const [only, ...others] = countries;
  try {
    const typed = plainDigits(input).trim();
    const number = parsePhoneNumberWithError(others.length === 0 ? typed : typed.replace(/^00/, '+'), {
      extract: false,
      ...(others.length === 0 && { defaultCountry: only as CountryCode }),
    });
    if (number.ext !== undefined || !number.isValid()) return 'PHONE_INVALID';
    const type = number.getType();
    if (type !== 'MOBILE' && type !== 'FIXED_LINE_OR_MOBILE') return 'PHONE_INVALID';
    if (number.country === undefined || !countries.includes(number.country)) return 'COUNTRY_NOT_SERVED';
    return { phone: number.number, country: number.country };
  } catch {
    return 'PHONE_INVALID';
  }
}

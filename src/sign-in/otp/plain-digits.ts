// Owns the reading of digits in the script of a person's keyboard, for numbers and for codes.

/** Where the digits 0 to 9 of a script begin: Arabic, Persian and Urdu, the scripts of India, and full width. */
const zeros = [
  0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0xff10,
];

/** The text with every digit as 0 to 9, without the invisible marks that copying from a list of contacts adds. */
export function plainDigits(text: string): string {
  return text.replace(/\p{Cf}/gu, '').replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    const zero = zeros.find((from) => code >= from && code <= from + 9);
    return zero === undefined ? digit : String(code - zero);
  });
}

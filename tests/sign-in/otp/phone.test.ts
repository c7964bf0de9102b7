import t from 'tap';
import { readPhone } from '../../../src/sign-in/otp/phone.js';

const asha = { phone: '+919876543210', country: 'IN' };

t.test('every way to write one number becomes the same E.164', async (t) => {
  const ways = [
    '+919876543210',
    '+91 98765 43210',
    '+91-98765-43210',
    '+91 (0) 98765 43210',
    '0091 98765 43210',
    '91 98765 43210',
    '098765 43210',
    '98765 43210',
    '  9876543210\n',
    '+91\u00a098765\u00a043210',
    '\u202a+91 98765 43210\u202c',
    '+९१ ९८७६५ ४३२१०',
    '९८७६५४३२१०',
    '+٩١ ٩٨٧٦٥ ٤٣٢١٠',
    '۹۸۷۶۵۴۳۲۱۰',
    '௯௮௭௬௫௪௩௨௧௦',
    '＋９１９８７６５４３２１０',
  ];
  for (const way of ways) t.same(readPhone(way, ['IN']), asha, JSON.stringify(way));
});

t.test('what is not one mobile number is refused', async (t) => {
  const refused = {
    'two numbers': '+91 98765 43210, +91 98765 43211',
    'two numbers, slashed': '98765 43210 / 98765 43211',
    'two numbers, joined': '+91 98765 43210 +91 98765 43211',
    'an extension': '+91 98765 43210 ext 5',
    'an extension, short': '+91 98765-43210 x5',
    'an extension, RFC 3966': '9876543210;ext=5',
    'an extension after a hash': '+91 98765 43210#5',
    'a fixed line in Delhi': '+91 11 2345 6789',
    'a fixed line in London, with its trunk prefix': '+44 (0)20 7946 0958',
    'toll-free': '+91 1800 123 4567',
    'premium rate': '+91 1860 123 4567',
    'a short code': '112',
    'a short code with country code': '+91 112',
    'a digit too few': '+91 98765 4321',
    'a digit too many': '+91 98765 432100',
    'a range nobody has': '+91 57654 32101',
    'a text around it': 'call +91 98765 43210',
    'a text behind it': '+91 98765 43210 please',
    'two pluses': '++919876543210',
    'no country of this world': '+999 98765 43210',
    nothing: '',
    'a plus': '+',
    'a very long one': `+91${' '.repeat(60)}9876543210`,
    'a null character': '+91 98765\u000043210',
  };
  for (const [what, number] of Object.entries(refused))
    t.equal(readPhone(number, ['IN']), 'PHONE_INVALID', what);
});

t.test('only countries on the list are served, by the number’s own country', async (t) => {
  const british = '+44 (0)7400 123456';
  t.equal(readPhone(british, ['IN']), 'COUNTRY_NOT_SERVED');
  t.same(readPhone(british, ['IN', 'GB']), { phone: '+447400123456', country: 'GB' });
  // One calling code, another country and price: the Bahamas; Guernsey.
  t.equal(readPhone('+1 242 359 1234', ['US']), 'COUNTRY_NOT_SERVED');
  t.equal(readPhone('+44 7911 123456', ['GB']), 'COUNTRY_NOT_SERVED');
  t.equal(readPhone('+1 900 555 0100', ['US']), 'PHONE_INVALID', 'premium rate');
});

t.test('with several countries a number needs its country code', async (t) => {
  t.same(readPhone('+91 98765 43210', ['IN', 'AE']), asha);
  t.same(readPhone('0091 98765 43210', ['IN', 'AE']), asha);
  t.equal(readPhone('98765 43210', ['IN', 'AE']), 'PHONE_INVALID');
});

import t from 'tap';
import { isShowable, readDevice } from '../../src/users/device.js';
import { build, operations, signUp } from '../helper.js';
import { logIn, outcomeOf, spelledOut } from '../sign-in/password/guessing.js';

const gateway = await build(t);

t.test('what a device says of itself is shown as it said it', async (t) => {
  const device = {
    id: '6f1c4e0a-phone',
    name: 'Asha’s 📱 “Pixel” <b>',
    platform: 'ANDROID',
    model: 'Pixel 9',
    osVersion: '16',
    appVersion: '1.2.3-beta+7',
  };
  const { accessToken } = await signUp(gateway, { device });
  const { data } = await gateway.graphql(operations.sessions, {}, { token: accessToken });
  t.same(data.sessions[0].device, device);
});

t.test('a device may say little or nothing', async (t) => {
  for (const [device, shown] of [
    [undefined, null],
    [null, null],
    [{}, null],
    [{ id: null, name: null }, null],
    [
      { platform: 'IOS' },
      { id: null, name: null, platform: 'IOS', model: null, osVersion: null, appVersion: null },
    ],
  ]) {
    const { accessToken } = await signUp(gateway, {
      ...(device !== undefined && { device: device as object }),
    });
    const { data } = await gateway.graphql(operations.sessions, {}, { token: accessToken });
    t.same(data.sessions[0].device, shown);
  }
});

t.test('a text that cannot stand in a list is refused, in any field', async (t) => {
  const person = await signUp(gateway);
  for (const field of ['id', 'name', 'model', 'osVersion', 'appVersion']) {
    const answer = await logIn(gateway, { ...person, device: { [field]: 'a\nb' } });
    t.equal(outcomeOf(answer), 'DEVICE_INVALID', field);
    t.equal(answer.status, 200);
  }
  const platform = await logIn(gateway, { ...person, device: { platform: 'TOASTER' } });
  t.match(platform, { status: 400, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});

t.test(
  'a showable text has 1 to 100 characters, one of them visible and none of them a control',
  async (t) => {
    for (const text of [
      'a',
      'a'.repeat(100),
      '📱'.repeat(100),
      ' a ',
      '👩‍👩‍👧',
      'नमस्ते',
      'שלום',
      '\u0627\u200c\u0628',
      '0',
      '�',
    ]) {
      t.equal(isShowable(text), true, spelledOut(text));
    }
    for (const text of [
      '',
      ' ',
      '\t',
      '\u00a0\u3000',
      '\u200b',
      '\ufeff\u2060\u00ad',
      '\u3164\u115f',
      '\u{e0041}',
      'a'.repeat(101),
      '📱'.repeat(101),
      'a'.repeat(1_000_000),
      'a\u0000',
      'a\u0007b',
      'a\r\nb',
      'a\u001b[2Jb',
      'a\u007f',
      'a\u0085b',
      'a\u2028b',
      'a\u202eb',
      'a\u2066b',
      'a\ud83d',
      '\udcf1a',
    ]) {
      t.equal(isShowable(text), false, spelledOut(text));
    }
  },
);

t.test('only the fields of a device are kept', async (t) => {
  const input = { id: 'd', name: 'n', constructor: 'x', platform: 'IOS' } as const;
  t.same(readDevice(input), { id: 'd', name: 'n', platform: 'IOS' });
  t.same(readDevice(undefined), {});
  t.equal(readDevice({ id: '' }), null);
});

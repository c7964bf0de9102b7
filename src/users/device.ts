// Owns what a device says of itself: checks it on the way in.
import type { DeviceInput, Platform } from '../graphql/schema.generated.js';

/** A device as it described itself; only the fields it gave. */
export interface DeviceDescription {
  id?: string;
  name?: string;
  platform?: Platform;
  model?: string;
  osVersion?: string;
  appVersion?: string;
}

/** Long enough for any name a person gives a phone, short enough to keep by the million. */
const longest = 100;
// Something must show: a name of zero-width spaces is an empty line in a list.
const visible = /[^\s\p{Default_Ignorable_Code_Point}]/u;
// Control and format characters, and half characters: they break logs and lists, and Postgres refuses NUL.
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a text can stand in a list on a screen: 1 to 100 characters (code points), none of them a control character. */
export function isShowable(text: string): boolean {
  return (
    visible.test(text) && text.length <= 2 * longest && [...text].length <= longest && !unprintable.test(text)
  );
}

/** The device as given, empty for none; null when one of its fields cannot be shown. */
export function readDevice(input: DeviceInput | null | undefined): DeviceDescription | null {
  const device: DeviceDescription = {};
  if (!input) return device;
  if (input.platform) device.platform = input.platform;
  for (const field of ['id', 'name', 'model', 'osVersion', 'appVersion'] as const) {
    const text = input[field];
    if (text === null || text === undefined) continue;
    if (!isShowable(text)) return null;
    device[field] = text;
  }
  return device;
}

/** What a person would call the device; undefined when it says nothing of the kind. */
export function nameOf(device: DeviceDescription | null): string | undefined {
  return device?.name ?? device?.model;
}

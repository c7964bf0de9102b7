// Owns the numbers of store reviewers: a fixed code until a fixed day, and no message.
import { timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config.js';

type TestSettings = Pick<Config, 'testOtps' | 'testOtpsUntil'>;

/** Whether the number is a reviewer's, today. */
export function isTestNumber(
  { testOtps, testOtpsUntil }: TestSettings,
  phone: string,
  now = new Date(),
): boolean {
  return (
    testOtpsUntil !== undefined &&
    now.toISOString().slice(0, 10) <= testOtpsUntil &&
    Object.hasOwn(testOtps, phone)
  );
}

/** Whether the code is that of a reviewer's number. */
export function isTestCode(config: TestSettings, phone: string, code: string): boolean {
  const right = Buffer.from(config.testOtps[phone] ?? '');
  const given = Buffer.from(code);
  return isTestNumber(config, phone) && right.length === given.length && timingSafeEqual(right, given);
}

// Turns tap's stream into what a person reads: a line a file, what failed in full, what was skipped and why, the sums.
import { createInterface } from 'node:readline';

/**
 * Prints the report of a run.
 * @param mayBeSkipped a pattern that the reason of every skipped test has to match; '': nothing may be skipped;
 * undefined: any reason will do
 * @returns whether something was run, all of it passed, and nothing was skipped that may not be
 */
export async function report(stream, mayBeSkipped) {
  const say = (line) => process.stdout.write(`${line}\n`);
  const skipped = new Map();
  const sums = { pass: 0, fail: 0, skip: 0, todo: 0 };
  let failedFiles = 0;
  let file = [];
  for await (const line of createInterface({ input: stream })) {
    const [, name, reason = 'no reason given'] =
      /^ *ok \d+ - (.*?) # (?:SKIP|TODO)(?: (.*))?$/.exec(line) ?? [];
    if (name !== undefined) skipped.set(reason, [...(skipped.get(reason) ?? []), name]);

    const [, bad, title, time = 0] = /^(not )?ok \d+ - (\S+)(?: # time=([\d.]+)ms)?/.exec(line) ?? [];
    if (title !== undefined) {
      if (bad) failedFiles += 1;
      if (bad) say(`\nFAILED  ${title}\n${file.join('\n')}`);
      else say(`${name === undefined ? 'passed' : 'skipped'}  ${title}  ${(time / 1000).toFixed(1)} s`);
      file = [];
    } else if (/^# \{ total: /.test(line)) {
      for (const [, sum, count] of line.matchAll(/(\w+): (\d+)/g)) sums[sum] = Number(count);
    } else if (line.startsWith('# Subtest: ')) file = [];
    // What passed within a test says nothing about what failed.
    else if (!/^ {8,}ok \d+ - /.test(line)) file.push(line);
  }

  const isAcceptable = (reason) =>
    mayBeSkipped === undefined || (mayBeSkipped !== '' && new RegExp(mayBeSkipped).test(reason));
  for (const [reason, names] of skipped) {
    say(`\n${isAcceptable(reason) ? 'skipped' : 'SKIPPED, which may not be here'}: ${reason}`);
    for (const name of names) say(`    ${name}`);
  }
  const failed = Math.max(sums.fail, failedFiles);
  const left = sums.skip + sums.todo;
  say(`\n${sums.pass} passed, ${failed} failed${left > 0 ? `, ${left} skipped` : ''}`);
  return sums.pass > 0 && failed === 0 && [...skipped.keys()].every(isAcceptable);
}

// npm run config: every setting with its meaning, its default and whether it is secret; `--markdown` for the README.
import { describeVariables } from '../config.js';

const variables = describeVariables();
const groups = [...new Set(variables.map(({ group }) => group))];

const plain = (text: string) => text.replaceAll('`', '');
const sections = groups.map((group) => {
  const members = variables.filter((variable) => variable.group === group);
  if (process.argv.includes('--markdown')) {
    const rows = members.map(
      ({ name, meaning, fallback, secret }) =>
        `| \`${name}\`${secret ? ' (secret)' : ''} | ${fallback} | ${meaning} |`,
    );
    return [`**${group}**`, '', '| variable | default | meaning |', '| --- | --- | --- |', ...rows].join(
      '\n',
    );
  }
  const entries = members.map(
    ({ name, meaning, fallback, secret }) =>
      `  ${name}${secret ? '  (secret)' : ''}\n      ${plain(meaning)}\n      default: ${plain(fallback)}`,
  );
  return [group, '', ...entries].join('\n');
});
process.stdout.write(`${sections.join('\n\n')}\n`);

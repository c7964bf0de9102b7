// npm run config: every setting with its meaning, its default and whether it is secret; `--markdown` as in the README.
import { readFileSync, writeFileSync } from 'node:fs';
import { describeVariables, type VariableDescription } from '../config.js';

const readme = new URL('../../README.md', import.meta.url);
const table = /(<!-- config -->\n).*?(<!-- \/config -->)/s;

const flag = process.argv[2];
if (flag === '--write') writeFileSync(readme, withTable());
else if (flag === '--check') {
  if (readFileSync(readme, 'utf8') !== withTable()) {
    process.stderr.write('The configuration table of README.md is out of date: npm run generate\n');
    process.exitCode = 1;
  }
} else process.stdout.write(flag === '--markdown' ? inMarkdown() : inWords());

function withTable(): string {
  const text = readFileSync(readme, 'utf8');
  if (!table.test(text)) throw new Error('README.md has no <!-- config --> and <!-- /config -->');
  return text.replace(table, (_, open, close) => `${open}${inMarkdown()}${close}`);
}

function inMarkdown(): string {
  const row = ({ name, meaning, fallback, secret }: VariableDescription) =>
    `| \`${name}\`${secret ? ' (secret)' : ''} | ${fallback} | ${meaning} |\n`;
  return byGroup((group, variables) =>
    [`**${group}**\n\n| variable | default | meaning |\n| --- | --- | --- |\n`, ...variables.map(row)].join(
      '',
    ),
  );
}

function inWords(): string {
  const plain = (text: string) => text.replaceAll('`', '');
  const entry = ({ name, meaning, fallback, secret }: VariableDescription) =>
    `\n  ${name}${secret ? '  (secret)' : ''}\n      ${plain(meaning)}\n      default: ${plain(fallback)}\n`;
  return byGroup((group, variables) => [`${group}\n`, ...variables.map(entry)].join(''));
}

function byGroup(print: (group: string, variables: VariableDescription[]) => string): string {
  const variables = describeVariables();
  const groups = [...new Set(variables.map(({ group }) => group))];
  return groups
    .map((group) =>
      print(
        group,
        variables.filter((variable) => variable.group === group),
      ),
    )
    .join('\n');
}

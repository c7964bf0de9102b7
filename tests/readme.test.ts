import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

/** The console blocks of the README: each command with the lines it prints. */
function readTranscript(): { command: string; prints: string[] }[] {
  const blocks = [...readme.matchAll(/^```console\n(.*?)^```/gms)].map(([, block = '']) => block);
  const steps: { command: string; prints: string[] }[] = [];
  for (const line of blocks.join('').split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), prints: [] });
    else if (line.startsWith('> ') && last) last.command += `\n${line.slice(2)}`;
    else if (line !== '') last?.prints.push(line);
  }
  return steps;
}

t.test('every command of the quick start prints what the README shows', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'darwaza-readme-'));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  const gateway = spawn(process.execPath, ['dist/server.js'], {
    env: { PATH: process.env.PATH, DATA_DIR: directory, PORT: String(port), METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    gateway.kill();
    await once(gateway, 'exit');
    await rm(directory, { recursive: true, force: true });
  });
  let greeting = '';
  for await (const chunk of gateway.stdout) {
    greeting += chunk;
    if (greeting.includes('Ctrl-C')) break;
  }

  const steps = readTranscript();
  t.ok(steps.length > 10, 'the README has a transcript');
  const mark = '--- the next command ---';
  const script = steps.map(({ command }) => `${command}\necho '${mark}'`).join('\n');
  const { stdout } = await promisify(execFile)('bash', [
    '-c',
    script.replaceAll('localhost:4000', `127.0.0.1:${port}`),
  ]);
  const printed = stdout.split(`${mark}\n`);
  for (const [index, { command, prints }] of steps.entries()) {
    const shown = (printed[index] ?? '').trim().replace(/"(eyJ|dwr_)[\w.-]+"/g, '"$1…"');
    t.equal(shown, prints.join('\n'), command);
  }
});

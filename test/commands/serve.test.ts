// `gitpubsub serve` as people start it: in a terminal, and with files that are none.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CommandProcess } from '../support/command-process.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const PYTHON = '/usr/bin/python3';
const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const scriptPath = fileURLToPath(new URL('../support/hangup.py', import.meta.url));

function hasPython(): boolean {
  return spawnSync(PYTHON, ['--version'], { stdio: 'ignore' }).status === 0;
}

test.skipIf(!hasPython())('a broker reloads on SIGHUP, and ends with its terminal (needs Python)', () => {
  const serve = ['serve', '--port', '0', '--database', join(createTemporaryDirectory(), 'events.db')];
  const { stdout, stderr } = spawnSync(PYTHON, [scriptPath, process.execPath, cliPath, ...serve], {
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual(['1', '']);
});

function makeFile(sizeBytes: number): string {
  const path = join(createTemporaryDirectory(), 'access.json');
  writeFileSync(path, '{}'.padEnd(sizeBytes));
  return path;
}

function makePipe(): string {
  const path = join(createTemporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

const MOST_BYTES = 16 * 1_048_576;

test.each([
  ['a pipe', makePipe, 'it is no regular file'],
  ['a device', () => '/dev/null', 'it is no regular file'],
  ['a directory', createTemporaryDirectory, 'it is no regular file'],
  [
    'a file that is far too large',
    () => makeFile(MOST_BYTES + 1),
    'it has 16777217 bytes; at most 16 MiB are allowed',
  ],
])('%s is not read as an access file, nor waited for', async (_what, make, reason) => {
  const path = make();
  const check = new CommandProcess(['serve', '--check', '--access-file', path]);
  expect(await check.waitForExit()).toEqual({ code: 78, signal: null });
  expect(check.stderr).toBe(`gitpubsub: ${path}: the access file cannot be read: ${reason}.\n`);
});

test('a file that is as large as it may be is read', async () => {
  const check = new CommandProcess(['serve', '--check', '--access-file', makeFile(MOST_BYTES)]);
  expect(await check.waitForExit()).toEqual({ code: 0, signal: null });
});

test.each([
  ['every account can read, which is warned of', 0o644, true, 1],
  ['its account alone can read', 0o600, true, 0],
  ['holds no secrets', 0o644, false, 0],
])('secrets of webhooks in a file that %s', async (_what, mode, hasWebhooks, warnings) => {
  const path = join(createTemporaryDirectory(), 'access.json');
  const webhooks = hasWebhooks ? { hub: { kind: 'github', secrets: ['0123456789abcdef'] } } : {};
  writeFileSync(path, JSON.stringify({ webhooks }), { mode });
  const check = new CommandProcess(['serve', '--check', '--access-file', path]);
  expect(await check.waitForExit()).toEqual({ code: 0, signal: null });
  const warning = `gitpubsub: ${path}: every account of this machine can read the secrets of the webhooks; chmod 600 mends that.\n`;
  expect(check.stderr).toBe(warning.repeat(warnings));
});

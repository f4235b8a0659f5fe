// `gitpubsub serve` in a terminal.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
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

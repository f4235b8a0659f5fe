// What becomes of output that nobody can store.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const cliPath = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

test.skipIf(!existsSync('/dev/full')).each([['--help'], ['token', 'new'], ['serve', '--check']])(
  'a full disk behind the output of %j is told in a sentence (needs Linux)',
  (...args) => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [cliPath, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^gitpubsub: standard output cannot be written: ENOSPC.*\n$/m);
    expect(stderr).not.toContain('    at ');
  },
);

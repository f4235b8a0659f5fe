// What becomes of a command that takes too long, and of what it has started.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StreamEvent } from '../../src/client/stream-item.ts';
import { runCommand } from '../../src/commands/exec/run-command.ts';
import { pollUntil } from '../support/deadline.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const EVENT: StreamEvent = {
  type: 'event',
  value: 1,
  topic: '/t',
  segments: ['t'],
  timestamp: 1,
  cursor: 'c',
  line: '1',
};

/** Whether a process is there and no zombie. */
function isRunning(pid: string): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'latin1'));
}

async function readPid(file: string): Promise<string> {
  return pollUntil(() => (existsSync(file) && readFileSync(file, 'utf8').trim()) || undefined, 'a process');
}

test('a command in time is told by its status, whatever its limit', async () => {
  expect(await runCommand('exit 0', EVENT, { attempt: 1, timeoutMs: 60_000 })).toBeUndefined();
  expect(await runCommand('exit 3', EVENT, { attempt: 1, timeoutMs: 60_000 })).toBe('it ended with status 3');
});

test.each([
  ['that ends when it is told to', '', 60_000],
  ['that does not', `trap '' TERM;`, 50],
])('a command %s is ended with what it has started', async (_which, trap, graceMs) => {
  const file = join(createTemporaryDirectory(), 'pid');
  const command = `${trap} sleep 1000 & echo $! >'${file}.new'; mv '${file}.new' '${file}'; wait; sleep 1000`;
  const ended = runCommand(command, EVENT, { attempt: 1, timeoutMs: 1_000, graceMs });
  const pid = await readPid(file);
  expect(await ended).toBe('it took longer than 1000 ms');
  await pollUntil(() => (isRunning(pid) ? undefined : true), 'the end of what it has started');
});

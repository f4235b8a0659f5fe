// How much the runner of commands takes in before it makes the reading wait, and what becomes of events that it can't handle.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StreamEvent } from '../../src/client/stream-item.ts';
import { EventRunner } from '../../src/commands/exec/event-runner.ts';
import { pollUntil, withDeadline } from '../support/deadline.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { passTurns } from '../support/turns.ts';

function event(number: number, line: string): StreamEvent {
  return {
    type: 'event',
    value: number,
    topic: '/t',
    segments: ['t'],
    timestamp: 1,
    cursor: `c${number}`,
    line,
  };
}

test.each([
  ['1,000 events', 1_000, 1],
  ['16 million characters', 16, 1_000_000],
])('%s wait at most; with one more the reading waits, until one is done', async (_what, count, length) => {
  const directory = createTemporaryDirectory();
  const stop = new AbortController();
  const runner = new EventRunner({
    command: `: >'${directory}/begun'; while [ ! -e '${directory}/go' ]; do sleep 0.02; done`,
    limit: 1,
    retries: 0,
    deadLetterFile: undefined,
    startCursor: 'c0',
    signal: stop.signal,
    onFailure: (error) => stop.abort(error),
  });
  const line = 'x'.repeat(length);
  for (let number = 1; number < count; number += 1)
    await withDeadline(runner.take(event(number, line)), () => `event ${number} is taken in`);
  let isTaken = false;
  const last = runner.take(event(count, line)).then(() => (isTaken = true));
  await pollUntil(() => (existsSync(join(directory, 'begun')) ? true : undefined), 'the first one runs');
  await passTurns(10);
  expect(isTaken).toBe(false);
  expect(runner.safeCursor('beyond')).toBe('c0');
  writeFileSync(join(directory, 'go'), '');
  await withDeadline(last, () => 'the last event is taken in');
  stop.abort();
  await runner.finish();
});

/** Handles one event, not again; gives what it ended with. */
async function failAt(command: string, details: PropertyDescriptorMap): Promise<string> {
  const stop = new AbortController();
  const failure = new Promise<string>((resolve) => {
    const runner = new EventRunner({
      command,
      limit: 1,
      retries: 0,
      deadLetterFile: undefined,
      startCursor: undefined,
      signal: stop.signal,
      onFailure: ({ message }) => resolve(message),
    });
    void runner.take(Object.defineProperties(event(1, '1'), details));
  });
  return withDeadline(failure, () => 'it ends');
}

test('a command that the system cannot even start fails like any other', async () => {
  expect(await failAt('x'.repeat(200_000), {})).toMatch(
    /^the command failed for \/t at c1: spawn E2BIG; it comes again at the next start/,
  );
});

test('whatever else goes wrong with an event ends it in a sentence', async () => {
  let readCount = 0;
  const get = (): string => {
    readCount += 1;
    if (readCount === 1) return '/t'; // Which others it waits for is asked before anything is under way.
    throw new Error('made up');
  };
  expect(await failAt('true', { topic: { get } })).toBe("An event can't be handled: made up");
});

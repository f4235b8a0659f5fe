// The outbox's files as a crash or a full disk may leave them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatBatch, makeBatch, type Batch } from '../../src/hook/batch.ts';
import { Outbox } from '../../src/hook/outbox.ts';

const BATCH = makeBatch({ target: '/json/a/main' }, ['{"n":1}']);
const TEXT = formatBatch(BATCH);

async function* oneBatch(): AsyncGenerator<Batch> {
  yield BATCH;
}

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gitpubsub-outbox-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ['its batches', '000000', TEXT, 1],
  ['no part, when it is empty', '000000', '', undefined],
  ['no part, when it ends before the next batch to send', '000001', TEXT, undefined],
  ['no part, when it ends within a batch', '000000', TEXT.slice(0, -3), undefined],
])('a file is read as %s', async (_what, sentCount, text, batchCount) => {
  const name = `1700000000.000000000-aa.000000.${sentCount}.batches`;
  writeFileSync(join(directory, name), text);
  const part = await new Outbox(directory).read(name);
  expect(part?.batches.length).toBe(batchCount);
});

test('pushes keep the order in which they were added, over any number of outboxes, after those that have no sequence', async () => {
  const names = ['1700000300.5-old', '1700000200.5-a', '1700000100.5-b', '1700000000.N-c'];
  writeFileSync(join(directory, `${names[0]}.000000.000000.batches`), TEXT);
  for (const name of names.slice(1)) await new Outbox(directory).add(name, oneBatch());
  const outbox = new Outbox(directory);
  expect(await outbox.listPushes()).toEqual(names);
  expect((await outbox.list())[1]).toBe('000000000001.1700000200.5-a.000000.000000.batches');
});

test('a push that is added anew goes behind those that came meanwhile', async () => {
  const outbox = new Outbox(directory);
  for (const name of ['1.5-a', '2.5-b']) await outbox.add(name, oneBatch());
  await outbox.discard('1.5-a');
  await outbox.add('1.5-a', oneBatch());
  expect(await outbox.listPushes()).toEqual(['2.5-b', '1.5-a']);
});

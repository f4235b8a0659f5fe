// The outbox's files as a crash or a full disk may leave them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatBatch, makeBatch } from '../../src/hook/batch.ts';
import { Outbox } from '../../src/hook/outbox.ts';

const TEXT = formatBatch(makeBatch({ target: '/json/a/main' }, ['{"n":1}']));

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

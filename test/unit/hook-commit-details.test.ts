import { expect, test } from 'vitest';
import { describeCommit } from '../../src/hook/commit-details.ts';
import { asciiJsonBytes, MAX_EVENT_BYTES } from '../../src/core/event-limits.ts';
import { MAX_OBJECT_BYTES } from '../../src/hook/objects.ts';
import { parseRefUpdates, type RefUpdate } from '../../src/hook/ref-update.ts';
import type { CommitDetails } from '../../src/core/commit-event.ts';

function update(): RefUpdate {
  const [parsed] = parseRefUpdates(
    Buffer.from(`${'0'.repeat(64)} ${'1'.repeat(64)} refs/heads/${'ж'.repeat(500)}`),
  );
  if (parsed === undefined) throw new TypeError('no update');
  return parsed;
}

function describe(
  content: string,
  paths: readonly Buffer[] = [],
  count: number = paths.length,
): CommitDetails {
  const bytes = Buffer.from(content, 'latin1').subarray(0, MAX_OBJECT_BYTES);
  const object = { hash: 'f'.repeat(64), type: 'commit', content: bytes, isCut: false };
  const { commit } = describeCommit({ text: 'widget' }, update(), object, { count, paths });
  expect(asciiJsonBytes({ commit })).toBeLessThanOrEqual(MAX_EVENT_BYTES);
  return commit;
}

test('more parents than an event lists are cut, and it is said', () => {
  const commit = describe(`${`parent ${'1'.repeat(64)}\n`.repeat(129)}\nx`);
  expect(commit.parents).toHaveLength(128);
  expect(commit.parentsTruncated).toBe(true);
});

test('everything at its worst at once stays within an event', () => {
  const identity = `${'\xff'.repeat(9_999)} <${'\xff'.repeat(9_999)}> 0 +0000`;
  const parents = `parent ${'1'.repeat(64)}\n`.repeat(999);
  const paths = Array.from({ length: 1_000 }, () => Buffer.alloc(200, 0xff));
  const commit = describe(
    `${parents}author ${identity}\ncommitter ${identity}\n\n${'\xff'.repeat(999_999)}`,
    paths,
  );
  expect(commit.logTruncated).toBe(true);
  expect(commit.filesTruncated).toBe(true);
});

test('one path that does not fit is counted but not listed', () => {
  const commit = describe('tree x\n\nx', [Buffer.alloc(300_000, 'p')]);
  expect(commit).toMatchObject({ files: [], filesTruncated: true, changes: '1 files' });
});

test('one path that is not UTF-8 has its bytes beside changes too', () => {
  const raw = Buffer.from([0xff]).toString('base64');
  expect(describe('tree x\n\nx', [Buffer.from([0xff])])).toMatchObject({
    files: ['\ufffd'],
    filesRaw: [raw],
    changes: '\ufffd',
    changesRaw: raw,
  });
});

test('a message that is cut keeps whole characters', () => {
  const message = Buffer.from('жы'.repeat(100_000)).toString('latin1');
  const { log } = describe(`tree x\n\n${message}`);
  expect(log).not.toContain('\ufffd');
  expect(log.length).toBeGreaterThan(10_000);
});

test('lines of nearly a million spaces do not hold the hook up', () => {
  expect(describe(`author ${' '.repeat(400_000)}x\n\n${' '.repeat(400_000)}x`).logTruncated).toBe(true);
});

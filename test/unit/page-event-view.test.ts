import { describe, expect, test } from 'vitest';
import { searchText, speakEvent, viewEvent, type EventView } from '../../src/page/event-view.ts';
import { readItem } from '../../src/page/stream-item.ts';

const WHERE =
  '"pubsub_timestamp":1795265117.784,"pubsub_path":"/json/widget","pubsub_topics":["json","widget"],"pubsub_cursor":"c7"';
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const NONE = '0'.repeat(40);

/** What the page makes of a published object. */
function view(published: object): EventView {
  const item = readItem(`${JSON.stringify(published).replace(/\}$/, '')},${WHERE}}`);
  if (item?.kind !== 'event') throw new TypeError('that is no event');
  return viewEvent(item);
}

const COMMIT = {
  project: 'widget',
  ref: 'refs/heads/feature/x',
  hash: A,
  shortHash: 'aaaaaaa',
  parents: [B],
  author: 'Ada',
  email: 'ada@example.org',
  date: '2026-11-21T13:01:55+00:00',
  committer: 'Ada',
  committerEmail: 'ada@example.org',
  commitDate: '2026-11-21T13:01:55+00:00',
  subject: 'First light',
  body: 'It glows.\n',
  files: ['README.md', 'src/a.ts'],
};

function factsOfCommitBy(committer: string): string[] {
  return factNames(view({ commit: { ...COMMIT, committer } }));
}

function factNames({ facts }: EventView): string[] {
  return facts.map(([name]) => name);
}

describe('a commit', () => {
  test('shows project, branch, hash, subject, author and how many files', () => {
    expect(view({ commit: COMMIT })).toMatchObject({
      tone: 'commit',
      label: 'commit',
      project: 'widget',
      ref: 'feature/x',
      shortHash: 'aaaaaaa',
      title: 'First light',
      by: 'Ada',
      more: '2 files',
      text: 'It glows.',
      files: ['README.md', 'src/a.ts'],
      isCut: false,
      cursor: 'c7',
      timeMs: 1_795_265_117_784,
      topic: '/json/widget',
    });
  });

  test('names the committer only if that is somebody else', () => {
    expect(factsOfCommitBy('Ada')).toEqual(['Commit', 'Parents', 'Author', 'Ref']);
    expect(factsOfCommitBy('Bob')).toContain('Committer');
  });

  test('says the true number of files where the list was cut', () => {
    const cut = view({ commit: { ...COMMIT, filesTruncated: true, changes: '4000 files' } });
    expect([cut.more, cut.isCut]).toEqual(['4000 files', true]);
  });

  test('of which no file is told does not say that it changed none', () => {
    const untold = view({ commit: { ...COMMIT, files: undefined, filesTruncated: true } });
    expect([untold.more, untold.isCut]).toEqual(['details', true]);
  });

  test('is found by its full hash', () => {
    expect(searchText(view({ commit: COMMIT }))).toContain(A);
  });

  test('of any other shape is shown with what it has', () => {
    expect(view({ commit: {} })).toMatchObject({ title: '(no message)', project: '', more: '0 files' });
    expect(view({ commit: { subject: 5, files: [1, 'a'], parents: 'x', author: null } })).toMatchObject({
      title: '(no message)',
      by: '',
      files: ['a'],
      more: '1 file',
    });
  });
});

describe('a push', () => {
  const PUSH = { project: 'widget', ref: 'refs/heads/main', type: 'branch', before: A, after: B, commits: 2 };

  test.each([
    [{ action: 'updated' }, 'push', 'push', 'aaaaaaa → bbbbbbb, 2 new commits'],
    [{ action: 'created', before: NONE }, 'created', 'new branch', '2 new commits'],
    [{ action: 'created', before: NONE, commits: 0 }, 'created', 'new branch', 'no new commits'],
    [
      { action: 'forced', commits: 1 },
      'forced',
      'force push',
      'history rewritten, aaaaaaa → bbbbbbb, 1 new commit',
    ],
    [{ action: 'deleted', after: NONE }, 'deleted', 'branch deleted', 'was at aaaaaaa'],
    [
      { action: 'deleted', after: NONE, before: undefined },
      'deleted',
      'branch deleted',
      'what it named is not told',
    ],
    [
      { action: 'updated', commits: 0, commitsTruncated: true },
      'push',
      'push',
      'aaaaaaa → bbbbbbb, commits not listed',
    ],
    [{ action: 'created', type: 'tag', before: NONE }, 'tag', 'tag', 'names bbbbbbb'],
    [
      { action: 'created', type: 'tag', before: NONE, tag: { message: 'Version 1\n\nMore' } },
      'tag',
      'tag',
      'Version 1',
    ],
    [{ action: 'forced', type: 'tag' }, 'forced', 'tag moved', 'aaaaaaa → bbbbbbb'],
    [{ action: 'deleted', type: 'tag', after: NONE }, 'deleted', 'tag deleted', 'was at aaaaaaa'],
    [{ action: 'created', type: 'other', before: NONE }, 'created', 'new ref', '2 new commits'],
    [{ action: 'updated', type: 'other' }, 'push', 'ref moved', 'aaaaaaa → bbbbbbb, 2 new commits'],
    [{ action: 'deleted', type: 'other', after: NONE }, 'deleted', 'ref deleted', 'was at aaaaaaa'],
  ])('%j looks like what it is', (members, tone, label, title) => {
    expect(view({ push: { ...PUSH, ...members } })).toMatchObject({ tone, label, title });
  });

  test('says in its details that not all commits were listed', () => {
    expect(factNames(view({ push: { ...PUSH, commitsTruncated: true } }))).toContain('Not listed');
    expect(factNames(view({ push: PUSH }))).not.toContain('Not listed');
  });

  test('names who pushed, or who tagged', () => {
    expect(view({ push: { ...PUSH, pusher: 'ada' } }).by).toBe('ada');
    expect(view({ push: { ...PUSH, pusher: null, tag: { tagger: 'Bob' } } }).by).toBe('Bob');
    expect(view({ push: { ...PUSH, pusher: null } }).by).toBe('');
  });

  test('of any other shape is shown as well', () => {
    expect(view({ push: { before: 5, commits: 'many', tag: [] } })).toMatchObject({ tone: 'push', by: '' });
  });
});

describe('other JSON', () => {
  test('is shown as it was published', () => {
    expect(view({ build: 'ok' })).toMatchObject({
      tone: 'json',
      label: 'JSON',
      title: '{"build":"ok"}',
      text: '{\n  "build": "ok"\n}',
    });
  });

  test('that is long is cut where it is closed, not where it is open', () => {
    const long = view({ text: 'x'.repeat(1_000) });
    expect(long.title).toHaveLength(401);
    expect(long.text).toContain('x'.repeat(1_000));
  });
});

describe('an event in one sentence', () => {
  test('says what, where, and by whom', () => {
    expect(speakEvent(view({ commit: COMMIT }))).toBe('commit in widget feature/x: First light, by Ada');
    expect(speakEvent(view({ a: 1 }))).toBe('JSON: {"a":1}');
  });

  test('is not endless', () => {
    expect(speakEvent(view({ commit: { ...COMMIT, subject: 'x'.repeat(500) } })).length).toBeLessThan(200);
  });
});

describe('a line of the stream', () => {
  test('that is a keep-alive or a gap is no event', () => {
    expect(readItem('{"stillalive": 1.5,"pubsub_cursor":"c9"}')).toEqual({ kind: 'alive', cursor: 'c9' });
    expect(
      readItem('{"pubsub_gap":{"requested":"c1","oldest":1.500,"reason":"expired"},"pubsub_cursor":"c9"}'),
    ).toEqual({ kind: 'gap', cursor: 'c9', reason: 'expired', oldestMs: 1_500 });
  });

  test.each(['', 'null', '[1]', '<html>', '{"a":'])('like %j is none of ours', (line) => {
    expect(readItem(line)).toBeUndefined();
  });
});

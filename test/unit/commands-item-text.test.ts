// Events as people see them on a terminal.
import { expect, test } from 'vitest';
import type { StreamEvent } from '../../src/client/stream-item.ts';
import { describeEvent } from '../../src/commands/item-text.ts';

const NOW = new Date(2026, 10, 21, 12, 0, 0);

const COMMIT = {
  project: 'widget',
  ref: 'refs/heads/feature/lamp',
  hash: 'ad418cbe30939d6f5c6480b29924bac6620d5777',
  shortHash: 'ad418cb',
  author: 'Ada',
  subject: 'First light',
};
const PUSH = {
  project: 'widget',
  ref: 'refs/heads/main',
  type: 'branch',
  action: 'updated',
  before: '1111111111111111111111111111111111111111',
  after: '2222222222222222222222222222222222222222',
  commits: 2,
  pusher: null,
};

function line(value: unknown, time = new Date(2026, 10, 21, 9, 5, 7)): string {
  const event: StreamEvent = {
    type: 'event',
    value,
    topic: '/json/x',
    segments: ['json', 'x'],
    timestamp: time.getTime() / 1000,
    cursor: 'c',
    line: '',
  };
  return describeEvent(event, NOW);
}

test.each([
  [{ commit: COMMIT }, 'widget  feature/lamp  ad418cb  Ada  First light'],
  [{ push: PUSH }, 'widget  main 1111111..2222222, 2 commits'],
  [{ push: { ...PUSH, commits: 1, pusher: 'bob' } }, 'widget  main 1111111..2222222, 1 commit  by bob'],
  [{ push: { ...PUSH, action: 'created', commits: 0 } }, 'widget  main created at 2222222'],
  [{ push: { ...PUSH, action: 'forced' } }, 'widget  main FORCED 1111111...2222222, 2 commits'],
  [{ push: { ...PUSH, action: 'deleted', commits: 0 } }, 'widget  main DELETED, was 1111111'],
  [{ push: { ...PUSH, action: 'deleted', commits: 0, before: undefined } }, 'widget  main DELETED'],
  [
    {
      push: {
        ...PUSH,
        ref: 'refs/tags/v1',
        type: 'tag',
        action: 'created',
        commits: 0,
        tag: { message: 'The first\n\nLong.\n' },
      },
    },
    'widget  tag v1 created at 2222222: The first',
  ],
  [{ a: [1, 'b'] }, '/json/x  {"a":[1,"b"]}'],
  [7, '/json/x  7'],
])('%j', (value, text) => {
  expect(line(value)).toBe(`09:05:07  ${text}`);
});

test('an event of another day shows its date', () => {
  expect(line(1, new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05  /json/x  1');
});

test.each([
  [{ commit: { ...COMMIT, subject: '\u001b[2J\u009b1m\u202egpj\nx' } }],
  [{ push: { ...PUSH, pusher: '\u001b[2J\u009b1m\u202egpj\nx' } }],
  [{ text: '\u001b[2J\u009b1m\u202egpj\nx' }],
])('what others wrote does not steer the terminal: %j', (value) => {
  // eslint-disable-next-line no-control-regex
  expect(line(value)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test.each([
  [{ commit: { project: 1 } }],
  [{ commit: null }],
  [{ push: 'x' }],
  [{ commit: { ...COMMIT, hash: 1 } }],
])('what only looks like a commit is shown as it is: %j', (value) => {
  expect(line(value)).toBe(`09:05:07  /json/x  ${JSON.stringify(value)}`);
});

test.each([[{ push: { ...PUSH, action: 'turned', commits: 'x', pusher: 7, tag: 1 } }]])(
  'a push with odd members is shown as far as it can be: %j',
  (value) => {
    expect(line(value)).toBe('09:05:07  widget  main turned');
  },
);

test('a long one is cut', () => {
  expect(line('x'.repeat(10_000))).toHaveLength(500);
});

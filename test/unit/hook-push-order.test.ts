// In which order waiting pushes are announced, whatever their names say.
import { expect, test } from 'vitest';
import { orderPushes } from '../../src/hook/push-order.ts';
import { parseRefUpdates } from '../../src/hook/ref-update.ts';
import type { SpooledPush } from '../../src/hook/spooled-push.ts';

const MAIN = 'refs/heads/main';

// `a` is the hash of 40 a's, `-` that of nothing. Without a ref it is main.
function hashOf(letter: string): string {
  return (letter === '-' ? '0' : letter).repeat(40);
}

/** Pushes as `<name> <before><after>[:<ref>]…`, and what main was before them. */
function order(pushes: readonly string[], main?: string): string[] {
  const refs = new Map(main === undefined ? [] : [[MAIN, hashOf(main)]]);
  const ordered = orderPushes(new Map(pushes.map(parsePush)), refs);
  return ordered.map(({ name, isOdd }) => (isOdd ? `${name} is odd` : name));
}

function parsePush(text: string): [string, SpooledPush] {
  const [name = '', ...steps] = text.split(' ');
  const lines = steps.map((step) => {
    const [before = '', after = ''] = step;
    return `${hashOf(before)} ${hashOf(after)} ${step.split(':')[1] ?? MAIN}\n`;
  });
  const updates = parseRefUpdates(Buffer.from(lines.join('')));
  return [name, { updates, pusher: undefined, options: [], url: '' }];
}

test.each([
  ['in the order of names', ['1 -a', '2 ab', '3 bc'], undefined, ['1', '2', '3']],
  ['in the order in which they follow each other', ['3 -a', '2 ab', '1 bc'], undefined, ['3', '2', '1']],
  ['from what is announced on', ['1 bc', '2 ab'], 'a', ['2', '1']],
  ['after a deletion and a creation', ['1 -b', '2 a-'], 'a', ['2', '1']],
  ['A to B, back and there again', ['1 ab', '2 ba', '3 ab'], 'a', ['1', '2', '3']],
  ['the same with names that mislead', ['1 ba', '2 ab', '3 ab'], 'a', ['2', '1', '3']],
  ['back and on, with the first one named last', ['1 ba', '2 ac', '3 ab'], 'a', ['3', '1', '2']],
  [
    'a deletion and a creation, with the first one named last',
    ['1 b-', '2 -c', '3 -b'],
    undefined,
    ['3', '1', '2'],
  ],
  ['with the last one named first', ['1 bc', '2 ab', '3 ba', '4 ab'], 'a', ['2', '3', '4', '1']],
  ['one circle inside another', ['1 ad', '2 ab', '3 ba', '4 ac', '5 ca'], 'a', ['2', '3', '4', '5', '1']],
  ['in one walk, then those that nothing leads to', ['1 ef', '2 bc', '3 ab'], 'a', ['3', '2', '1 is odd']],
  ['refs by themselves', ['1 bc -a:refs/heads/x', '2 ab'], 'a', ['2', '1']],
  [
    'each ref for itself',
    ['1 bc', '2 -a:refs/heads/x', '3 ab', '4 ab:refs/heads/x'],
    'a',
    ['2', '3', '1', '4'],
  ],
])('pushes come %s', (_how, pushes, main, expected) => {
  expect(order(pushes, main)).toEqual(expected);
});

test.each([
  ['one whose predecessor is missing', ['1 bc', '2 cd'], 'a', ['1 is odd', '2']],
  ['a walk from where nothing is known of', ['1 ba', '2 ab', '3 ac'], undefined, ['2 is odd', '1', '3']],
  ['one that nothing is known of', ['1 bc'], undefined, ['1 is odd']],
  ['those of which two start from the same', ['1 ac', '2 ab', '3 cd'], 'a', ['1', '3', '2 is odd']],
  ['those that go in a circle', ['1 ef', '2 fe'], 'a', ['1 is odd', '2']],
  [
    'those of which each waits for the other',
    ['1 bc ef:refs/x', '2 ab fd:refs/x'],
    'a',
    ['1 is odd', '2 is odd'],
  ],
])('%s has its place, too', (_what, pushes, main, expected) => {
  expect(order(pushes, main)).toEqual(expected);
});

test('names that are no numbers, and none at all, are in order', () => {
  expect(order([])).toEqual([]);
  expect(order(['b -a:refs/x', 'a -a:refs/y'])).toEqual(['a', 'b']);
});

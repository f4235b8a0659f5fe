// Pushes that are noted in any order are announced in that in which they changed the refs.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderPushes } from '../../src/hook/push-order.ts';
import { parseRefUpdates } from '../../src/hook/ref-update.ts';
import type { SpooledPush } from '../../src/hook/spooled-push.ts';

const ZEROS = '0'.repeat(40);

/** For each push the refs it moves, and a number that is its place among the names. */
const histories = fc.array(
  fc.record({
    refs: fc.uniqueArray(fc.constantFrom('refs/heads/a', 'refs/heads/b', 'refs/tags/t'), { minLength: 1 }),
    place: fc.nat(),
  }),
  { maxLength: 30 },
);

function makePushes(
  history: typeof histories extends fc.Arbitrary<infer T> ? T : never,
): Map<string, SpooledPush> {
  const values = new Map<string, string>();
  const pushes = history.map(({ refs, place }, index): [string, SpooledPush] => {
    const after = String(index + 1).padStart(40, '0');
    const lines = refs.map((ref) => `${values.get(ref) ?? ZEROS} ${after} ${ref}\n`);
    for (const ref of refs) values.set(ref, after);
    const updates = parseRefUpdates(Buffer.from(lines.join('')));
    return [
      `${String(place).padStart(12, '0')}-${index}`,
      { updates, pusher: undefined, options: [], url: '' },
    ];
  });
  return new Map(pushes);
}

test('each ref goes from value to value, from any order of names', () => {
  const property = fc.property(histories, (history) => {
    const pushes = makePushes(history);
    const ordered = orderPushes(pushes, new Map());
    expect(ordered.map(({ name }) => name).toSorted()).toEqual([...pushes.keys()].toSorted());
    expect(ordered.filter(({ isOdd }) => isOdd)).toEqual([]);
  });
  fc.assert(property);
});

function hashOf(value: number): string {
  return String(value).repeat(40);
}

/** For each push the next value of the one ref, of a few, and its place among the names. */
const walks = fc.array(fc.record({ value: fc.nat(3), place: fc.nat(5) }), { maxLength: 40 });

test('a ref that takes the same values again and again ends at its last one, from any order of names', () => {
  const property = fc.property(walks, (walk) => {
    let now = 0;
    const pushes = new Map<string, SpooledPush>();
    for (const [index, { value, place }] of walk.entries()) {
      if (value === now) continue;
      const updates = parseRefUpdates(Buffer.from(`${hashOf(now)} ${hashOf(value)} refs/heads/main\n`));
      pushes.set(`${place}-${index}`, { updates, pusher: undefined, options: [], url: '' });
      now = value;
    }
    const ordered = orderPushes(pushes, new Map());
    expect(ordered).toHaveLength(pushes.size);
    expect(ordered.filter(({ isOdd }) => isOdd)).toEqual([]);
    expect(ordered.at(-1)?.push.updates[0]?.after ?? hashOf(0)).toBe(hashOf(now));
  });
  fc.assert(property, { numRuns: 2_000 });
});

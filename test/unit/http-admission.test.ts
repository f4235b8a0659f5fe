import { expect, test } from 'vitest';
import { isAdmitted } from '../../src/http/admission.ts';

/** The last connection that gets in, of those that come one after the other. */
function lastAdmitted(maxConnections: number, mayPublish: boolean): number {
  let openCount = 0;
  while (isAdmitted(openCount + 1, maxConnections, () => mayPublish)) openCount += 1;
  return openCount;
}

test.each([
  [1, 1, 1],
  [9, 9, 9],
  [10, 9, 10],
  [50, 45, 50],
  [1_000, 900, 1_000],
  [10_000, 9_900, 10_000],
])('of %d places strangers get %d and publishers %d', (maxConnections, strangers, publishers) => {
  expect(lastAdmitted(maxConnections, false)).toBe(strangers);
  expect(lastAdmitted(maxConnections, true)).toBe(publishers);
});

test('nobody is asked who they are while there is room', () => {
  expect(isAdmitted(9_900, 10_000, failToTell)).toBe(true);
  expect(isAdmitted(10_001, 10_000, failToTell)).toBe(false);
});

function failToTell(): boolean {
  throw new Error('asked');
}

import { assert, property, shuffledSubarray } from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/commands/exec/ledger.ts';

test('the cursor stays before the first event that is not done', () => {
  const ledger = new Ledger('c0');
  const [one, two, three] = ['c1', 'c2', 'c3'].map((cursor) => ledger.add(cursor));
  three?.();
  two?.();
  expect(ledger.doneCursor).toBe('c0');
  one?.();
  expect(ledger.doneCursor).toBe('c3');
});

test('what was seen counts only while nothing is on its way', () => {
  const ledger = new Ledger(undefined);
  ledger.pass('k1');
  const setDone = ledger.add('c2');
  ledger.pass('k3');
  expect(ledger.doneCursor).toBe('k1');
  setDone();
  ledger.pass('k3');
  expect(ledger.doneCursor).toBe('k3');
});

test('in whatever order events are done, the cursor is the last one before which all are', () => {
  assert(
    property(shuffledSubarray(Array.from({ length: 12 }, (_, index) => index)), (order) => {
      const ledger = new Ledger(undefined);
      const dones = Array.from({ length: 12 }, (_, index) => ledger.add(String(index)));
      const done = new Set<number>();
      for (const index of order) {
        dones[index]?.();
        done.add(index);
        const first = dones.findIndex((_, candidate) => !done.has(candidate));
        const last = first === -1 ? 11 : first - 1;
        expect(ledger.doneCursor).toBe(last === -1 ? undefined : String(last));
      }
    }),
  );
});

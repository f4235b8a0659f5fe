import { expect, test } from 'vitest';
import { connectionCapacity } from '../../src/http/descriptor-limit.ts';

test.each([
  ['Max open files            1024                 524288               files', 960],
  ['Max processes  1\nMax open files            65536  65536  files\n', 65_472],
  ['Max open files            128                  128                  files', 64],
  ['Max open files            unlimited            unlimited            files', Infinity],
  ['', Infinity],
])('limits of %j leave room for %d connections', (limits, capacity) => {
  expect(connectionCapacity(() => limits)).toBe(capacity);
});

test.each([20, 64, 127])('with %d open files a broker can not start, and says what it needs', (limit) => {
  const limits = `Max open files            ${limit}                  4096                 files`;
  expect(() => connectionCapacity(() => limits)).toThrow(
    expect.objectContaining({
      code: 'cannot-start',
      message: expect.stringMatching(new RegExp(`is ${limit};.* at least 128`)),
    }),
  );
});

test('where the system does not tell its limits there are none', () => {
  expect(connectionCapacity(failToRead)).toBe(Infinity);
});

function failToRead(): string {
  throw new Error('not there');
}

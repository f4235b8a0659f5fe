import { expect, test } from 'vitest';
import { isBrokerPath, requireBrokerPath } from '../../src/http/broker-paths.ts';
import { connectionCapacity } from '../../src/http/descriptor-limit.ts';

test.each(['/-', '/-/', '/-/livez', '//-//livez', '/%2d/livez', '/%2D', '/-/nowhere', '/-/..'])(
  '%s belongs to the broker',
  (path) => {
    expect(isBrokerPath(path)).toBe(true);
  },
);

test.each(['/', '/a/-', '/-a', '/--', '/-%2F', '/%2Da', '/a-b', '/*', '/%25-'])('%s is a topic', (path) => {
  expect(isBrokerPath(path)).toBe(false);
});

test.each(['/-/livez', '/-/readyz', '//-/livez/', '/%2D/livez'])('there is %s', (path) => {
  expect(requireBrokerPath(path)).toBeInstanceOf(Function);
});

test.each(['/-', '/-/', '/-/nowhere', '/-/livez/more', '/-/Livez'])('there is no %s', (path) => {
  expect(() => requireBrokerPath(path)).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test.each([
  ['Max open files            1024                 524288               files', 960],
  ['Max processes  1\nMax open files            65536  65536  files\n', 65_472],
  ['Max open files            64                 64               files', 1],
  ['Max open files            unlimited            unlimited            files', Infinity],
  ['', Infinity],
])('limits of %j leave room for %d connections', (limits, capacity) => {
  expect(connectionCapacity(() => limits)).toBe(capacity);
});

test('where the system does not tell its limits there are none', () => {
  expect(connectionCapacity(failToRead)).toBe(Infinity);
});

function failToRead(): string {
  throw new Error('not there');
}

import { expect, test } from 'vitest';
import { isBrokerPath, requireBrokerPath } from '../../src/http/broker-paths.ts';

test.each(['/-', '/-/', '/-/livez', '//-//livez', '/%2d/livez', '/%2D', '/-/nowhere', '/-/..'])(
  '%s belongs to the broker',
  (path) => {
    expect(isBrokerPath(path)).toBe(true);
  },
);

test.each(['/', '/a/-', '/-a', '/--', '/-%2F', '/%2Da', '/a-b', '/*', '/%25-'])('%s is a topic', (path) => {
  expect(isBrokerPath(path)).toBe(false);
});

test.each(['/-/livez', '/-/readyz', '/-/metrics', '//-/livez/', '/%2D/livez'])('there is %s', (path) => {
  expect(requireBrokerPath(path)).toBeInstanceOf(Function);
});

test.each(['/-', '/-/', '/-/nowhere', '/-/livez/more', '/-/Livez'])('there is no %s', (path) => {
  expect(() => requireBrokerPath(path)).toThrow(expect.objectContaining({ code: 'not-found' }));
});

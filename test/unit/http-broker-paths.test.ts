import { expect, test } from 'vitest';
import { isBrokerPath } from '../../src/core/topic.ts';
import { allowedMethods } from '../../src/http/broker-paths.ts';
import { Page } from '../../src/http/page.ts';

const page = new Page(new Map());

test.each(['/-', '/-/', '/-/livez', '//-//livez', '/%2d/livez', '/%2D', '/-/nowhere', '/-/..'])(
  '%s belongs to the broker',
  (path) => {
    expect(isBrokerPath(path)).toBe(true);
  },
);

test.each(['/', '/a/-', '/-a', '/--', '/-%2F', '/%2Da', '/a-b', '/*', '/%25-'])('%s is a topic', (path) => {
  expect(isBrokerPath(path)).toBe(false);
});

test.each([
  ['/-/livez', ['GET', 'HEAD']],
  ['/-/readyz', ['GET', 'HEAD']],
  ['/-/metrics', ['GET', 'HEAD']],
  ['//-/livez/', ['GET', 'HEAD']],
  ['/%2D/livez', ['GET', 'HEAD']],
  ['/-/session', ['POST', 'DELETE']],
])('%s takes %j', (path, methods) => {
  expect(allowedMethods({ page }, path)).toEqual(methods);
});

test.each(['/-', '/-/', '/-/nowhere', '/-/livez/more', '/-/Livez'])('there is no %s', (path) => {
  expect(() => allowedMethods({ page }, path)).toThrow(expect.objectContaining({ code: 'not-found' }));
});

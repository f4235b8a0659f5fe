import { expect, test } from 'vitest';
import { NO_RIGHTS, unite } from '../../src/access/access-rules.ts';
import { parseTopic } from '../../src/core/topic.ts';

const ONE = { publish: [parseTopic('/a')], subscribe: [parseTopic('/b')], statistics: false };
const OTHER = { publish: [], subscribe: [parseTopic('/c')], statistics: true };

test('whoever has the rights of two may do what either may', () => {
  expect(unite(ONE, OTHER)).toEqual({ publish: ['/a'], subscribe: ['/b', '/c'], statistics: true });
  expect(unite(OTHER, ONE)).toEqual({ publish: ['/a'], subscribe: ['/c', '/b'], statistics: true });
  expect(unite(NO_RIGHTS, ONE)).toEqual(ONE);
});

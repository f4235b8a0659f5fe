// What programs get wrong when they call the library: said at once, instead of other events than they want.
import { expect, test } from 'vitest';
import { publish } from '../../src/client/publish.ts';
import { subscribe } from '../../src/client/subscribe.ts';

test.each<[object, string]>([
  [{ typ: ['push'] }, 'subscribe has no option "typ"; allowed are cursor, since, topics, filters,'],
  [
    { filters: { typ: ['push'] } },
    'filters has no key "typ"; allowed are project, ref, path, author, type, hash.',
  ],
  [{ filters: { type: 'push' } }, 'filters.type is "push"; allowed is an array of strings.'],
  [{ topics: '/b' }, 'topics is "/b"; allowed is an array of strings.'],
  [{ since: '1h' }, 'since is "1h"; allowed is a valid Date, or epoch seconds.'],
  [{ since: NaN }, 'since is NaN; allowed is a valid Date, or epoch seconds.'],
  [{ since: new Date('then') }, 'since is Invalid Date; allowed is a valid Date, or epoch seconds.'],
])('subscribe refuses %j', (options, message) => {
  const call = (): unknown => subscribe('http://localhost:1/t', options);
  expect(call).toThrow(TypeError);
  expect(call).toThrow(message);
});

test('subscribe takes options that are undefined', () => {
  subscribe('http://localhost:1/t', { since: undefined, topics: undefined, filters: undefined });
});

test.each(['last=3', 'before=x', 'format=sse', 'poll=1'])('subscribe refuses a URL with %s', (query) => {
  expect(() => subscribe(`http://localhost:1/t?project=a&${query}`)).toThrow(
    `The URL has "${query.split('=')[0]}" in its query`,
  );
});

test.each<[unknown, string]>([
  [NaN, 'The value is NaN, which JSON has no number for.'],
  [{ a: [{ b: -Infinity }] }, '"b" is -Infinity, which JSON has no number for.'],
])('publish refuses %j', async (value, message) => {
  await expect(publish('http://localhost:1/t', value)).rejects.toThrow(new TypeError(message));
});

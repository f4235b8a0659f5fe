import { describe, expect, test } from 'vitest';
import {
  curlLine,
  filteredSearch,
  hasStart,
  olderUrl,
  streamUrl,
  topicTrail,
} from '../../src/page/addresses.ts';

const place = (pathname: string, search: string = '') => ({
  origin: 'http://localhost:2069',
  pathname,
  search,
});

describe('the stream', () => {
  test('begins with the newest events', () => {
    expect(streamUrl(place('/json'), undefined)).toBe('/json?last=50&format=ndjson');
  });

  test('has the filters and topics of the page', () => {
    expect(streamUrl(place('/json', '?type=push&topic=%2Fb&ref=a%2F*'), undefined)).toBe(
      '/json?type=push&topic=%2Fb&ref=a%2F*&last=50&format=ndjson',
    );
  });

  test('goes on after a cursor, which stands above where the page began', () => {
    const search = '?since=0&lastEventId=x&last=7&cursor=old&type=push';
    expect(streamUrl(place('/json', search), 'c9')).toBe('/json?type=push&cursor=c9&format=ndjson');
  });

  test('begins where the page was asked to', () => {
    expect(hasStart(place('/json', '?since=0'))).toBe(true);
    expect(hasStart(place('/json', '?last=7'))).toBe(false);
    expect(streamUrl(place('/json', '?last=7'), undefined)).toBe('/json?last=7&format=ndjson');
  });
});

test('older events are polled before a cursor', () => {
  expect(olderUrl(place('/json', '?since=0&type=push&last=7'), 'c9')).toBe(
    '/json?type=push&last=50&before=c9&poll=1&format=ndjson',
  );
});

test.each([
  ['/json', '', "curl -N 'http://localhost:2069/json'"],
  ['/json', '?type=push&ref=*', "curl -N 'http://localhost:2069/json?type=push&ref=*'"],
  ["/it's", '', "curl -N 'http://localhost:2069/it'\\''s'"],
])('the curl line of %s%s can be pasted into a shell', (pathname, search, expected) => {
  expect(curlLine(place(pathname, search))).toBe(expected);
});

test.each([
  ['/', []],
  [
    '/json//a%2Fb/%zz/',
    [
      { name: 'json', href: '/json' },
      { name: 'a/b', href: '/json/a%2Fb' },
      { name: '%zz', href: '/json/a%2Fb/%zz' },
    ],
  ],
])('the trail of %s names each topic on the way', (pathname, expected) => {
  expect(topicTrail(pathname)).toEqual(expected);
});

test('filters replace those of the query and leave the rest', () => {
  const filters = new Map([
    ['ref', ' main '],
    ['type', ''],
  ]);
  expect(filteredSearch('?topic=%2Fb&type=push&ref=x', filters)).toBe('?topic=%2Fb&ref=main');
  expect(filteredSearch('?type=push', new Map([['type', ' ']]))).toBe('');
});

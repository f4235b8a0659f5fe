// The URL of a broker, as people write it.
import { expect, test } from 'vitest';
import { toBrokerUrl } from '../../src/client/broker-url.ts';

test.each([
  ['localhost:2069/json', 'http://localhost:2069/json'],
  ['https://example.org/a/b?x=1', 'https://example.org/a/b?x=1'],
  ['http://h/a..b/.c/d./...', 'http://h/a..b/.c/d./...'],
  ['http://h/a?topic=/../b', 'http://h/a?topic=/../b'],
  ['http://h/a%252e', 'http://h/a%252e'],
])('%s is %s', (text, url) => {
  expect(toBrokerUrl(text).href).toBe(url);
});

test.each(['http://h/p/..', 'h/p/.', 'h/p/%2e%2e/x', 'h/p/.%2E?a=1', 'h/p\\..\\x', 'h/./x#y'])(
  '%s names another topic than it seems to, so it is refused',
  (text) => {
    expect(() => toBrokerUrl(text)).toThrow(`"${text}" has a segment "." or "..", which no topic may have.`);
  },
);

test.each(['ftp://h/a', 'http://', ''])('"%s" is no URL of a broker', (text) => {
  expect(() => toBrokerUrl(text)).toThrow('is no URL of a broker');
});

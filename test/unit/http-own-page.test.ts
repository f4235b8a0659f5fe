import { expect, test } from 'vitest';
import { isOfOwnPage } from '../../src/http/own-page.ts';
import { createRequestHead } from '../support/fake-http.ts';
import { OWN_PAGE } from '../support/own-page.ts';

type Headers = readonly (readonly [string, string])[];

const EVENT_SOURCE = ['accept', 'text/event-stream'] as const;
const SCRIPT = ['x-requested-with', 'fetch'] as const;

test.each<[string, Headers, string]>([
  ['a script of a page', [OWN_PAGE], ''],
  ['an address that was typed', [['sec-fetch-site', 'none']], ''],
  ['a script over plain HTTP that says so', [SCRIPT], 'poll=1'],
])('%s is taken for one of the broker', (_what, headers, query) => {
  for (const method of ['GET', 'HEAD'])
    expect(isOfOwnPage(createRequestHead({ method, headers, query }))).toBe(true);
});

test.each<[string, Headers, string]>([
  ['a page of another port or a neighbour', [['sec-fetch-site', 'same-site'], EVENT_SOURCE, SCRIPT], ''],
  ['a page of another site', [['sec-fetch-site', 'cross-site']], ''],
  ['a page that names its origin', [OWN_PAGE, ['origin', 'https://x.example'], SCRIPT], ''],
  ['what says nothing over plain HTTP', [['accept', '*/*']], ''],
  ['an EventSource over plain HTTP, which a script of another page could pass for', [EVENT_SOURCE], ''],
])('%s is not', (_what, headers, query) => {
  expect(isOfOwnPage(createRequestHead({ method: 'GET', headers, query }))).toBe(false);
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'get'])('%s is not, for it does not read', (method) => {
  expect(isOfOwnPage(createRequestHead({ method, headers: [OWN_PAGE, SCRIPT] }))).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { GitPubSubError } from '../../src/core/errors.ts';
import { createExchange, FakeResponse } from '../support/fake-http.ts';

const OK = { status: '200 OK', headers: [['X-A', '1']], body: 'hello' } as const;

describe('an exchange', () => {
  test('answers once, with the common headers first', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response);
    exchange.answer(OK);
    exchange.answer({ ...OK, status: '404 Not Found' });
    exchange.fail(new Error('late'));
    expect(response.head).toEqual(['200 OK', 'Server: GitPubSub/test', 'X-A: 1']);
    expect(response.text).toBe('hello');
    expect([response.over, response.violations]).toEqual(['ended', []]);
    expect(exchange.isOpen).toBe(false);
  });

  test('answers HEAD without a body', () => {
    const response = new FakeResponse();
    createExchange(response, { isHead: true }).answer(OK);
    expect(response.text).toBe('');
    expect(response.over).toBe('ended');
  });

  test('closes the connection when it answers before the body was read', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response, { hasBody: true });
    exchange.onBody(() => {});
    response.receive('ab', false);
    exchange.answer(OK);
    expect(response.over).toBe('closed');
  });

  test('keeps the connection when the body was read to its end', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response, { hasBody: true });
    exchange.onBody(() => {});
    response.receive('ab', true);
    exchange.answer(OK);
    expect(response.over).toBe('ended');
  });

  test('tells what went wrong, and when to try again', () => {
    const response = new FakeResponse();
    createExchange(response).fail(new GitPubSubError('log-unavailable', 'Disk full.'), [['Vary', 'Origin']]);
    expect(response.head).toEqual([
      '503 Service Unavailable',
      'Server: GitPubSub/test',
      'Content-Type: application/problem+json',
      'Vary: Origin',
      'Retry-After: 5',
    ]);
    expect(JSON.parse(response.text)).toMatchObject({ status: 503, detail: 'Disk full.' });
  });

  test('whose client left is not touched any more, and says so once', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response, { hasBody: true });
    let goneCount = 0;
    const chunks: Uint8Array[] = [];
    exchange.onGone(() => goneCount++);
    exchange.onBody((chunk) => chunks.push(chunk));
    response.abort();
    exchange.answer(OK);
    exchange.fail(new Error('late'));
    response.receive('late', true);
    expect([goneCount, chunks, response.violations, response.head]).toEqual([1, [], [], []]);
  });

  test('that became a stream cannot be answered any more', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response);
    const { writeHead } = exchange.beginStream([['X-Cursor', 'c']]);
    exchange.fail(new Error('late'));
    expect(response.head).toEqual([]);
    writeHead();
    expect(response.head).toEqual(['200 OK', 'Server: GitPubSub/test', 'X-Cursor: c']);
  });

  test('that became a stream leaves hearing of its end to the new owner', () => {
    const response = new FakeResponse();
    const exchange = createExchange(response);
    const heard: string[] = [];
    exchange.onGone(() => heard.push('old'));
    exchange.beginStream([]).response.onAborted(() => heard.push('new'));
    response.abort();
    expect(heard).toEqual(['new']);
  });
});

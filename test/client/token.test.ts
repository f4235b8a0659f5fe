// What a client does with a token: shows it to its broker alone, has it anew for each request, and never tells it.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { publish } from '../../src/client/publish.ts';
import { readStatistics } from '../../src/client/statistics.ts';
import { subscribe } from '../../src/client/subscribe.ts';
import type { SubscribeOptions } from '../../src/client/subscribe-options.ts';
import type { Token } from '../../src/client/token.ts';
import { withDeadline } from '../support/deadline.ts';
import { answer, endedStream, eventLine, startFakeServer, stream } from '../support/fake-server.ts';
import type { FakeServer } from '../support/fake-server.ts';

const QUICK = { backOff: { firstMs: 1, longestMs: 5 } } as const;
const RECEIPT = answer(200, {}, '{"cursor":"c","timestamp":1.5}');
const WRONG = answer(401, {}, '{"detail":"The token is wrong or has expired."}');
const SECRET = 'gitpubsub_s3cret';

function shown({ requests }: FakeServer): unknown[] {
  return requests.map(({ headers }) => headers.authorization);
}

/** Takes events until their value is this. */
function takeUntil(url: string, last: number, options: SubscribeOptions): Promise<void> {
  const taken = (async () => {
    for await (const item of subscribe(url, { ...QUICK, ...options }))
      if (item.type === 'event' && (item.value as { n: number }).n === last) break;
  })();
  return withDeadline(taken, () => `event ${last}`);
}

/** Gives one token after the other. */
function tokens(...texts: readonly string[]): Token {
  const rest = [...texts];
  return () => rest.shift() ?? '';
}

test('publish, subscribe and readStatistics show it', async () => {
  const server = await startFakeServer(
    RECEIPT,
    stream([eventLine(1)]),
    answer(200, { Server: 'GitPubSub/1' }),
  );
  await publish(server.url, 1, { token: SECRET });
  await takeUntil(server.url, 1, { token: () => Promise.resolve(`${SECRET}\n`) });
  await readStatistics(server.url, { token: () => SECRET });
  expect(shown(server)).toEqual(Array(3).fill(`Bearer ${SECRET}`));
});

test('without one nothing is shown', async () => {
  const server = await startFakeServer(RECEIPT);
  await publish(server.url, 1, { token: undefined });
  expect(shown(server)).toEqual([undefined]);
});

test.each<[string, (url: string) => Promise<unknown>, string]>([
  [
    'a user and password in the URL',
    (url) => publish(url.replace('//', '//ada:pass@'), 1, { token: SECRET }),
    `Basic ${Buffer.from('ada:pass').toString('base64')}`,
  ],
  [
    'an Authorization among the headers',
    (url) => publish(url, 1, { token: SECRET, headers: { authorization: 'Digest x' } }),
    'Digest x',
  ],
])('%s goes before it', async (_what, act, expected) => {
  const server = await startFakeServer(RECEIPT);
  await act(server.url);
  expect(shown(server)).toEqual([expected]);
});

test('a stream that ends is opened again with the token of that moment', async () => {
  const server = await startFakeServer(endedStream([eventLine(1)]), stream([eventLine(2)]));
  await takeUntil(server.url, 2, { token: tokens('old', 'new') });
  expect(shown(server)).toEqual(['Bearer old', 'Bearer new']);
});

test('where a token may have been replaced, 401 is tried again once a stream has been open', async () => {
  const server = await startFakeServer(endedStream([eventLine(1)]), WRONG, stream([eventLine(2)]));
  const reasons: string[] = [];
  await takeUntil(server.url, 2, {
    token: tokens('old', 'old', 'new'),
    onConnection: (change) => change.state === 'waiting' && reasons.push(change.reason),
  });
  expect(shown(server)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
  expect(reasons[1]).toBe('401 The token is wrong or has expired.');
});

test('a token that cannot be had for a moment is asked for again once a stream has been open', async () => {
  const server = await startFakeServer(endedStream([eventLine(1)]), stream([eventLine(2)]));
  await takeUntil(server.url, 2, { token: tokens('old', '', 'new') });
  expect(shown(server)).toEqual(['Bearer old', 'Bearer new']);
});

test.each<[string, Token | undefined, ReturnType<typeof answer>[]]>([
  ['at the first connection', () => SECRET, [WRONG]],
  ['for a fixed token', SECRET, [endedStream([eventLine(1)]), WRONG]],
  ['without a token', undefined, [endedStream([eventLine(1)]), WRONG]],
])('401 is final %s', async (_when, token, listeners) => {
  const server = await startFakeServer(...listeners);
  const reading = takeUntil(server.url, 2, { token });
  await expect(reading).rejects.toMatchObject({ code: 'request-refused', status: 401 });
  expect(server.requests).toHaveLength(listeners.length);
});

test.each<[string, (url: string) => Promise<unknown>]>([
  ['publish', (url) => publish(url, 1, { ...QUICK, token: SECRET })],
  ['subscribe', (url) => takeUntil(url, 1, { token: () => SECRET })],
  ['readStatistics', (url) => readStatistics(url, { token: SECRET })],
])('%s follows no redirect, so no other server sees it', async (_what, act) => {
  const other = await startFakeServer(RECEIPT);
  const server = await startFakeServer(answer(307, { Location: other.url }));
  await expect(act(server.url)).rejects.toThrow(/307/);
  expect(shown(server)).toEqual([`Bearer ${SECRET}`]);
  expect(other.requests).toEqual([]);
});

test.each([
  ['', 'The token is empty.'],
  [' \n', 'The token is empty.'],
  [
    'two words-s3cret',
    'The token is no token; allowed is one word of at most 4,096 visible ASCII characters.',
  ],
  ['s3cret\r\nX-Other: 1', 'The token is no token; allowed is one word'],
  ['s3crét', 'The token is no token; allowed is one word'],
])('%j is sent to nobody, and the error does not quote it', async (text, message) => {
  const server = await startFakeServer(RECEIPT);
  for (const token of [text, () => text]) {
    const failed: unknown = await publish(server.url, 1, { token }).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'unreadable-input',
      message: expect.stringContaining(message) as string,
    });
    expect(inspect(failed)).not.toContain('s3cr');
  }
  expect(server.requests).toEqual([]);
});

test('a function that fails ends a subscription that has never been open', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  const failing = Promise.reject(new Error('the safe is locked'));
  await expect(takeUntil(server.url, 1, { token: () => failing })).rejects.toThrow(
    "The token can't be had: the safe is locked",
  );
  expect(server.requests).toEqual([]);
});

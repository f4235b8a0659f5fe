// What a subscription makes of servers that misbehave. The tests against a real broker are in real-broker.test.ts.
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { subscribe } from '../../src/client/subscribe.ts';
import type { StreamItem } from '../../src/client/stream-item.ts';
import type { ConnectionChange, SubscribeOptions } from '../../src/client/subscribe-options.ts';
import { withDeadline } from '../support/deadline.ts';
import {
  answer,
  cutStream,
  endedStream,
  eventLine,
  keepAliveLine,
  startFakeServer,
  stream,
  type FakeServer,
} from '../support/fake-server.ts';

const QUICK = { backOff: { firstMs: 1, longestMs: 5 } } as const;
const HALF_LINE = eventLine(9).slice(0, 20);

/** Takes so many items, and leaves the loop while it holds the last one. */
async function take(
  server: FakeServer,
  count: number,
  options: SubscribeOptions = {},
): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  const taken = (async () => {
    for await (const item of subscribe(server.url, { ...QUICK, ...options }))
      if (items.push(item) === count) break;
    return items;
  })();
  return withDeadline(taken, () => `${count} items; there are ${items.length}`);
}

function numbers(items: readonly StreamItem[]): unknown[] {
  return items.map((item) => (item.type === 'event' ? item.value : item.type));
}

function cursors(server: FakeServer): unknown[] {
  return server.requests.map(({ headers }) => headers['x-fetch-since-cursor']);
}

test('an event has its value, topic, time and cursor, and its line as it came', async () => {
  const line =
    '{"big":12345678901234567890,"pubsub_timestamp":1795264861.352,"pubsub_path":"/a/b","pubsub_topics":["a","b"],"pubsub_cursor":"c1"}';
  const [event] = await take(await startFakeServer(stream([line])), 1);
  expect(event).toEqual({
    type: 'event',
    value: { big: Number('12345678901234567890') },
    topic: '/a/b',
    segments: ['a', 'b'],
    timestamp: 1795264861.352,
    cursor: 'c1',
    line,
  });
});

test.each([
  ['"pubsub_payload":[1,2],', [1, 2]],
  ['"pubsub_payload":null,', null],
  ['"pubsub_payload":1,"other":2,', { pubsub_payload: 1, other: 2 }],
  ['"pubsub_payload":{"a":1},', { pubsub_payload: { a: 1 } }],
  ['', {}],
  ['"__proto__":{"a":1},', JSON.parse('{"__proto__":{"a":1}}')],
])('an event that came as {%s …} has the value %j', async (members, value) => {
  const line = `{${members}"pubsub_timestamp":1.5,"pubsub_path":"/t","pubsub_topics":["t"],"pubsub_cursor":"c"}`;
  expect(await take(await startFakeServer(stream([line])), 1)).toMatchObject([{ value }]);
});

test('the request asks for NDJSON at the path as it stands, with topics and filters beside its query', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  const filters = { project: ['a*', 'b'], hash: ['c0ffee'] };
  await take({ ...server, url: `${server.url}?ref=main` }, 1, { since: 1.5, topics: ['/x/y'], filters });
  const [request] = server.requests;
  expect(request?.headers.accept).toBe('application/x-ndjson');
  expect(request?.url).toBe('/t?ref=main&topic=%2Fx%2Fy&project=a*&project=b&hash=c0ffee&since=1.5');
});

test('a start in the URL is for the first request alone', async () => {
  const server = await startFakeServer(cutStream([eventLine(1)]), stream([eventLine(2)]));
  const url = `${server.url}?lastEventId=a&cursor=b&since=1&ref=main`;
  await take({ ...server, url }, 2);
  expect(server.requests.map((request) => request.url)).toEqual([
    '/t?lastEventId=a&cursor=b&since=1&ref=main',
    '/t?ref=main',
  ]);
});

test('blanks between lines mean nothing', async () => {
  const server = await startFakeServer(stream(['', ' ', `   ${eventLine(1)}\r`]));
  expect(await take(server, 1)).toMatchObject([{ value: { n: 1 }, line: eventLine(1) }]);
});

const endlessComplaint: RequestListener = (_request, response) => {
  response.writeHead(403);
  const send = (): void => {
    while (response.write('no '.repeat(10_000)));
    response.once('drain', send);
  };
  send();
};

test('a complaint without end is cut short', async () => {
  const server = await startFakeServer(endlessComplaint);
  await expect(take(server, 1)).rejects.toThrow('403 no no no');
});

test('headers that are given are sent', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  await take(server, 1, { headers: { Authorization: 'Bearer t' } });
  expect(server.requests[0]?.headers.authorization).toBe('Bearer t');
});

test('a stream that is cut goes on after the last whole event', async () => {
  const server = await startFakeServer(
    cutStream([eventLine(1), eventLine(2)], HALF_LINE),
    cutStream([eventLine(3)]),
    endedStream([]),
    stream([eventLine(4)]),
  );
  expect(numbers(await take(server, 4))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  expect(cursors(server)).toEqual([undefined, 'c2', 'c3', 'c3']);
});

test('a stream that ends cleanly in the middle of a line goes on after the last whole event', async () => {
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const half = answer(200, headers, `${eventLine(1)}\n${HALF_LINE}`);
  const server = await startFakeServer(half, stream([eventLine(2)]));
  expect(numbers(await take(server, 2))).toEqual([{ n: 1 }, { n: 2 }]);
  expect(cursors(server)).toEqual([undefined, 'c1']);
});

test('keep-alives move the cursor', async () => {
  const server = await startFakeServer(
    cutStream([eventLine(1), keepAliveLine('k5')]),
    stream([eventLine(6)]),
  );
  await take(server, 2);
  expect(cursors(server)).toEqual([undefined, 'k5']);
});

test('a live stream that is lost before anything came goes on where it began', async () => {
  const server = await startFakeServer(cutStream([]), stream([eventLine(1)]));
  await take(server, 1);
  expect(cursors(server)).toEqual([undefined, 'c0']);
});

test('`since` is asked for again until a connection was made, and not after', async () => {
  const server = await startFakeServer(answer(503), cutStream([]), stream([eventLine(1)]));
  await take(server, 1, { since: 7 });
  expect(server.requests.map(({ url }) => url)).toEqual(['/t?since=7', '/t?since=7', '/t']);
  expect(cursors(server)).toEqual([undefined, undefined, 'c0']);
});

test('the cursor stays before the event at which the loop is left, and a second loop goes on with it', async () => {
  const server = await startFakeServer(stream([eventLine(1), eventLine(2)]), stream([eventLine(2)]));
  const subscription = subscribe(server.url, QUICK);
  for await (const item of subscription) if (item.cursor === 'c2') break;
  expect(subscription.cursor).toBe('c1');
  for await (const item of subscription) {
    expect(item.cursor).toBe('c2');
    break;
  }
  expect(cursors(server)).toEqual([undefined, 'c1']);
});

test('two loops at once are a mistake', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  const subscription = subscribe(server.url, QUICK);
  for await (const _ of subscription) {
    const second = subscription[Symbol.asyncIterator]();
    await expect(second.next()).rejects.toThrow(new TypeError('A subscription has one loop at a time.'));
    break;
  }
});

const GAP = '{"pubsub_gap":{"requested":"c3","oldest":17.5,"reason":"expired"},"pubsub_cursor":"c7"}';

test('a gap comes in its place, and says what it knows', async () => {
  const server = await startFakeServer(stream([GAP, eventLine(8)], { 'X-Fetch-Gap': 'expired' }));
  const [gap, event] = await take(server, 2, { cursor: '0123456789ab-3-deadbeef' });
  expect(gap).toEqual({
    type: 'gap',
    reason: 'expired',
    requested: 'c3',
    oldest: 17.5,
    cursor: 'c7',
    line: GAP,
  });
  expect(event).toMatchObject({ value: { n: 8 } });
});

const loseGap: RequestListener = (_request, response) => {
  const headers = { 'Content-Type': 'application/x-ndjson', 'X-Cursor': 'c7', 'X-Fetch-Gap': 'expired' };
  response.writeHead(200, headers).flushHeaders();
  setImmediate(() => response.socket?.destroy());
};

test('a gap whose notice is lost is asked for again', async () => {
  const server = await startFakeServer(loseGap, stream([GAP]));
  await take(server, 1, { since: 3 });
  expect(server.requests.map(({ url }) => url)).toEqual(['/t?since=3', '/t?since=3']);
  expect(cursors(server)).toEqual([undefined, undefined]);
});

test.each<[string, RequestListener]>([
  ['resets', (request) => request.socket.destroy()],
  ['answers 503', answer(503)],
  ['answers 500', answer(500)],
  ['answers 408', answer(408)],
  ['answers 429', answer(429)],
])('a server that %s is asked again', async (_what, listener) => {
  const server = await startFakeServer(listener, stream([eventLine(1)]));
  expect(numbers(await take(server, 1))).toEqual([{ n: 1 }]);
});

test.each([400, 401, 403, 404, 410])('%i ends it, with the sentence of the answer', async (status) => {
  const body = '{"type":"urn:gitpubsub:problem:publish-forbidden","title":"T","detail":"Not you."}';
  const server = await startFakeServer(answer(status, { 'Content-Type': 'application/problem+json' }, body));
  await expect(take(server, 1)).rejects.toMatchObject({
    code: 'request-refused',
    message: `${status} Not you.`,
    status,
    problem: 'publish-forbidden',
  });
});

test('a redirect ends it, and says where it leads', async () => {
  const server = await startFakeServer(answer(301, { Location: 'https://example.org/t' }));
  await expect(take(server, 1)).rejects.toThrow('301: redirected to https://example.org/t; use that URL.');
});

test('a page instead of a stream ends it at the start, and is waited out later', async () => {
  const page = answer(200, { 'Content-Type': 'text/html' }, '<html>');
  await expect(take(await startFakeServer(page), 1)).rejects.toThrow(
    'The answer is no stream of a GitPubSub broker, but text/html.',
  );
  const later = await startFakeServer(cutStream([eventLine(1)]), page, stream([eventLine(2)]));
  expect(numbers(await take(later, 2))).toEqual([{ n: 1 }, { n: 2 }]);
});

test.each(['no JSON', '{"a":1}', '[]', '{"pubsub_cursor":"c"}'])(
  'a line that no broker sends ends it: %s',
  async (line) => {
    const server = await startFakeServer(stream([line]));
    await expect(take(server, 1)).rejects.toThrow('This is no line of a GitPubSub broker');
  },
);

test('a line without end ends it before it fills the memory', async () => {
  const server = await startFakeServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.write('x'.repeat(5 * 1024 * 1024));
  });
  await expect(take(server, 1)).rejects.toThrow('A line has over 4194304 bytes.');
});

test('it gives up after as many failures in a row as it is told, and says why', async () => {
  const server = await startFakeServer(answer(503, {}, 'busy'));
  await expect(take(server, 1, { maxRetries: 2 })).rejects.toMatchObject({
    code: 'broker-unreachable',
    message: '503 busy, after 3 tries',
  });
  expect(server.requests).toHaveLength(3);
});

test('a success in between starts the count of failures anew', async () => {
  const server = await startFakeServer(
    answer(503),
    cutStream([eventLine(1)]),
    answer(503),
    stream([eventLine(2)]),
  );
  expect(numbers(await take(server, 2, { maxRetries: 2 }))).toEqual([{ n: 1 }, { n: 2 }]);
});

function watch(): { changes: ConnectionChange[]; onConnection: (change: ConnectionChange) => void } {
  const changes: ConnectionChange[] = [];
  return { changes, onConnection: (change) => void changes.push(change) };
}

test('a stream that falls silent is given up after 2.5 keep-alives', async () => {
  const server = await startFakeServer(stream([eventLine(1)]), stream([eventLine(2)]));
  const { changes, onConnection } = watch();
  expect(numbers(await take(server, 2, { keepAliveMs: 40, onConnection }))).toEqual([{ n: 1 }, { n: 2 }]);
  expect(changes).toMatchObject([
    { state: 'connected' },
    { state: 'waiting', reason: 'the stream was silent for 0.1 seconds' },
    { state: 'connected' },
  ]);
});

test('a loop that takes its time does not make the stream silent', async () => {
  const server = await startFakeServer(stream([eventLine(1), eventLine(2)]));
  const { changes, onConnection } = watch();
  const seen: unknown[] = [];
  for await (const item of subscribe(server.url, { ...QUICK, keepAliveMs: 20, onConnection })) {
    seen.push(item.cursor);
    if (seen.length === 2) break;
    await new Promise((resolve) => setTimeout(resolve, 150)); // three times what a silent stream gets
  }
  expect(changes).toEqual([{ state: 'connected' }]);
});

test('a server that never answers is given up', async () => {
  const server = await startFakeServer(() => {}, stream([eventLine(1)]));
  const { changes, onConnection } = watch();
  await take(server, 1, { connectTimeoutMs: 50, onConnection });
  expect(changes[0]).toMatchObject({ state: 'waiting', reason: 'no answer within 50 ms' });
});

test('the wait is at least what the server asks for, and waits grow with failures', async () => {
  const server = await startFakeServer(
    answer(503, { 'Retry-After': '0' }),
    answer(503, { 'Retry-After': '1' }),
    stream([eventLine(1)]),
  );
  const { changes, onConnection } = watch();
  await take(server, 1, { backOff: { firstMs: 16, longestMs: 1_000, random: () => 0.5 }, onConnection });
  expect(changes.map((change) => ('delayMs' in change ? change.delayMs : 0))).toEqual([8, 1_016, 0]);
});

test.each([
  ['while it waits for an event', stream([])],
  ['while it waits to try again', answer(503, { 'Retry-After': '60' })],
])('an abort ends the loop %s', async (_what, listener) => {
  const controller = new AbortController();
  const server = await startFakeServer(listener);
  const onConnection = (): void => void setImmediate(() => controller.abort('enough'));
  await expect(take(server, 1, { signal: controller.signal, onConnection })).rejects.toBe('enough');
});

test('an abort ends the loop while it waits for an answer', async () => {
  const controller = new AbortController();
  const server = await startFakeServer(() => controller.abort('enough'));
  await expect(take(server, 1, { signal: controller.signal })).rejects.toBe('enough');
});

test('an abort ends the loop before the next event, though it is there', async () => {
  const controller = new AbortController();
  const server = await startFakeServer(stream([1, 2, 3].map(eventLine)));
  const subscription = subscribe(server.url, { ...QUICK, signal: controller.signal });
  const seen: unknown[] = [];
  const loop = async (): Promise<void> => {
    for await (const { cursor } of subscription) {
      seen.push(cursor);
      controller.abort('enough');
    }
  };
  await expect(loop()).rejects.toBe('enough');
  expect(seen).toEqual(['c1']);
  expect(subscription.cursor).toBe('c1');
});

test('a signal that is aborted already asks nobody', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  await expect(take(server, 1, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  expect(server.requests).toEqual([]);
});

test('leaving the loop closes the connection', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  await take(server, 1);
  await waitUntilClosed(server);
});

async function waitUntilClosed({ requests: [request] }: FakeServer): Promise<void> {
  const closed = new Promise((resolve) => {
    if (request?.socket.destroyed === true) resolve(undefined);
    else request?.socket.once('close', resolve);
  });
  await withDeadline(closed, () => 'the connection is closed');
}

test('a poll ends with its answer, and its cursor is what the head says', async () => {
  const server = await startFakeServer(endedStream([eventLine(1)], { 'X-Cursor': 'c9' }));
  const subscription = subscribe(server.url, { ...QUICK, once: true, since: 0 });
  const items: StreamItem[] = [];
  for await (const item of subscription) items.push(item);
  expect(numbers(items)).toEqual([{ n: 1 }]);
  expect(subscription.cursor).toBe('c9');
  expect(server.requests[0]?.url).toBe('/t?since=0&poll=1');
});

test('a poll that is cut goes on', async () => {
  const server = await startFakeServer(cutStream([eventLine(1)]), endedStream([eventLine(2)]));
  const items: StreamItem[] = [];
  for await (const item of subscribe(server.url, { ...QUICK, once: true, since: 0 })) items.push(item);
  expect(numbers(items)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(cursors(server)).toEqual([undefined, 'c1']);
});

test('a slow loop stops the reading instead of filling the memory', async () => {
  const line = `{"x":"${'x'.repeat(100_000)}","pubsub_timestamp":1.5,"pubsub_path":"/t","pubsub_topics":["t"],"pubsub_cursor":"c"}\n`;
  let sentBytes = 0;
  const server = await startFakeServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    const send = (): void => {
      while (sentBytes < 100_000_000) {
        sentBytes += line.length;
        if (!response.write(line)) return void response.once('drain', send);
      }
    };
    send();
  });
  for await (const _ of subscribe(server.url, QUICK)) {
    let before = -1;
    while (before !== sentBytes) {
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 200)); // long enough for a reader to take more, if it did
    }
    break;
  }
  // Control case: the buffers of the system have taken some, and by far not all.
  expect(sentBytes).toBeGreaterThan(line.length);
  expect(sentBytes).toBeLessThan(50_000_000);
});

test.each(['ftp://localhost/', 'http://', '//'])('%j is no URL of a broker', (url) => {
  expect(() => subscribe(url)).toThrow('is no URL of a broker; allowed are http:// and https://');
});

test.each(['nonsense', 'a\nb', ''])('%j is no cursor', (cursor) => {
  expect(() => subscribe('localhost:1', { cursor })).toThrow(
    `"${cursor}" is not a cursor; send one exactly as an X-Cursor header of this broker gave it.`,
  );
});

test('a header that cannot be sent ends it, instead of being tried for ever', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  const refused = take(server, 1, { headers: { 'X-Mine': 'a\nb' } });
  await expect(refused).rejects.toThrow(TypeError);
});

test('what a listener throws ends the loop and the connection', async () => {
  const server = await startFakeServer(stream([eventLine(1)]));
  const mine = new Error('mine');
  const onConnection = ({ state }: ConnectionChange): void => {
    if (state === 'connected') throw mine;
  };
  await expect(take(server, 1, { onConnection })).rejects.toBe(mine);
  await waitUntilClosed(server);
});

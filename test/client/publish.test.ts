// Publishing until it is stored, against servers that misbehave.
import { text } from 'node:stream/consumers';
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { publish, publishBatch } from '../../src/client/publish.ts';
import { readStatistics } from '../../src/client/statistics.ts';
import { answer, startFakeServer } from '../support/fake-server.ts';

const QUICK = { backOff: { firstMs: 1, longestMs: 5 } } as const;
const RECEIPT = '{"cursor":"c","timestamp":1.5}';
const cut: RequestListener = (request) => request.socket.destroy();

test('a value is published, and the receipt says where it is', async () => {
  const bodies: Promise<string>[] = [];
  const server = await startFakeServer((request, response) => {
    bodies.push(text(request));
    response.end(RECEIPT);
  });
  expect(await publish(server.url, { a: 'ü\n' })).toEqual({ cursor: 'c', timestamp: 1.5 });
  expect(await publishBatch(`${server.url}?x=1`, [1, null])).toEqual({ cursor: 'c', timestamp: 1.5 });
  expect(await Promise.all(bodies)).toEqual(['{"a":"ü\\n"}\n', '1\nnull\n']);
  expect(server.requests.map(({ url }) => url)).toEqual(['/t', '/t?x=1']);
});

test.each<[string, RequestListener]>([
  ['cuts the connection', cut],
  ['answers 503', answer(503)],
  ['answers 429', answer(429)],
  ['answers 500', answer(500)],
])('a server that %s gets the same under the same key', async (_what, listener) => {
  const server = await startFakeServer(listener, listener, answer(200, {}, RECEIPT));
  const reasons: string[] = [];
  await publish(server.url, 1, { ...QUICK, onRetry: (reason) => void reasons.push(reason) });
  const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(reasons).toHaveLength(2);
});

test('two publishes have two keys, unless one is given', async () => {
  const server = await startFakeServer(answer(200, {}, RECEIPT));
  await publish(server.url, 1);
  await publish(server.url, 1);
  await publish(server.url, 1, { idempotencyKey: 'mine' });
  const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBe('mine');
});

test.each([301, 400, 403, 409, 413])('%i is final', async (status) => {
  const server = await startFakeServer(answer(status, {}, '{"detail":"No."}'));
  const refused = publish(server.url, 1, QUICK);
  await expect(refused).rejects.toMatchObject({ code: 'request-refused', status, message: `${status} No.` });
  expect(server.requests).toHaveLength(1);
});

const NOT_FOUND = answer(
  404,
  { 'Content-Type': 'application/problem+json' },
  '{"type":"urn:gitpubsub:problem:not-found","detail":"No such path."}',
);

test.each([
  ['publish', (url: string) => publish(url, 1)],
  ['readStatistics', (url: string) => readStatistics(url)],
])('%s hands on which problem the broker names', async (_name, ask) => {
  const server = await startFakeServer((request, response) => {
    if (request.method === 'HEAD') answer(404)(request, response);
    else NOT_FOUND(request, response);
  });
  await expect(ask(server.url)).rejects.toMatchObject({
    status: 404,
    problem: 'not-found',
    message: '404 No such path.',
  });
});

test('which value of a batch is refused is told, and of a single one nothing about lines', async () => {
  const body = '{"type":"urn:gitpubsub:problem:payload-too-large","detail":"Line 1: Too large."}';
  const { url } = await startFakeServer(answer(413, { 'Content-Type': 'application/problem+json' }, body));
  await expect(publishBatch(url, [1, 2])).rejects.toMatchObject({
    line: 1,
    message: '413 Line 1: Too large.',
  });
  await expect(publish(url, 1)).rejects.toMatchObject({ message: '413 Too large.' });
});

test('a page that answers 200 is no receipt', async () => {
  const server = await startFakeServer(answer(200, {}, '<html>'));
  await expect(publish(server.url, 1)).rejects.toThrow('This is no answer of a GitPubSub broker.');
});

test('where the server speaks no TLS it says so', async () => {
  const server = await startFakeServer(answer(200, {}, RECEIPT));
  const sent = publish(server.url.replace('http:', 'https:'), 1, { retryForMs: 0 });
  await expect(sent).rejects.toThrow(/: the server speaks no TLS; is it http:\/\/ instead of https:\/\/\?$/);
});

test('it gives up when its time is over', async () => {
  const server = await startFakeServer(answer(503, { 'Retry-After': '60' }, 'busy'));
  const late = publish(server.url, 1, { retryForMs: 1_000 });
  await expect(late).rejects.toMatchObject({ code: 'broker-unreachable', message: '503 busy' });
  expect(server.requests).toHaveLength(1);
});

test('an abort ends it', async () => {
  const controller = new AbortController();
  const server = await startFakeServer(() => controller.abort('enough'));
  await expect(publish(server.url, 1, { signal: controller.signal })).rejects.toBe('enough');
});

test('an abort while it waits to try again ends it, with its reason', async () => {
  const controller = new AbortController();
  const server = await startFakeServer(answer(503, { 'Retry-After': '5' }));
  const onRetry = (): void => void setImmediate(() => controller.abort('enough'));
  await expect(publish(server.url, 1, { signal: controller.signal, onRetry })).rejects.toBe('enough');
});

test('what has no JSON text is a mistake', async () => {
  await expect(publish('localhost:1', undefined)).rejects.toThrow(TypeError);
});

test('a key that cannot be sent is a mistake', async () => {
  const sent = publish('localhost:1', 1, { retryForMs: 0, idempotencyKey: 'ключ' });
  await expect(sent).rejects.toThrow(TypeError);
});

const NUMBERS = {
  Server: 'GitPubSub/1',
  'X-Uptime': '7',
  'X-Connections': '3',
  'X-Subscribers': '2',
  'X-Total-Connections': '9',
  'X-Received': '10',
  'X-Sent': '11',
};

test('statistics are the numbers of HEAD', async () => {
  expect(await readStatistics((await startFakeServer(answer(200, NUMBERS))).url)).toEqual({
    server: 'GitPubSub/1',
    uptimeSeconds: 7,
    openConnections: 3,
    subscribers: 2,
    totalConnections: 9,
    receivedBytes: 10,
    sentBytes: 11,
  });
});

test('statistics that are not given are missing', async () => {
  const server = await startFakeServer(answer(200, { Server: 'GitPubSub/1' }));
  expect(await readStatistics(server.url)).toEqual({ server: 'GitPubSub/1' });
});

test.each<[string, RequestListener, number, object]>([
  ['503', answer(503), 5_000, { code: 'broker-unreachable' }],
  ['403', answer(403), 5_000, { code: 'request-refused', status: 403 }],
  ['a cut', cut, 5_000, { code: 'broker-unreachable' }],
  ['silence', () => {}, 50, { code: 'broker-unreachable' }],
])('statistics end with %s', async (_what, listener, timeoutMs, error) => {
  const server = await startFakeServer(listener);
  await expect(readStatistics(server.url, { timeoutMs })).rejects.toMatchObject(error);
});

// What the publisher sends, and what it makes of every kind of answer.
import { text } from 'node:stream/consumers';
import { createServer, type RequestListener, type Server } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { Publisher } from '../../src/client/publisher.ts';

async function setUp(
  listener: RequestListener,
  timeoutMs = 5_000,
): Promise<{ publisher: Publisher; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const publisher = new Publisher(new URL(`http://127.0.0.1:${port}/ignored`), { timeoutMs });
  onTestFinished(() => {
    publisher.close();
    server.closeAllConnections();
    server.close();
  });
  return { publisher, server };
}

const PUBLICATION = { path: '/a', events: ['1'], idempotencyKey: 'k' };
const RECEIPT = '{"cursor":"c","timestamp":1.5}';

test('a publish sends the path as it stands, and the events as lines under their key', async () => {
  const seen: unknown[] = [];
  const { publisher } = await setUp((request, response) => {
    const { 'content-length': length, 'content-type': type, 'idempotency-key': key } = request.headers;
    void text(request).then((body) => {
      seen.push([request.method, request.url, length, type, key, body]);
      response.end(RECEIPT);
    });
  });
  const publication = { path: '/a/./%2e%2E/b', events: ['"ü"', '2'], idempotencyKey: 'k-1' };
  expect(await publisher.publish(publication)).toEqual({ kind: 'stored', cursor: 'c', timestamp: 1.5 });
  expect(seen).toEqual([['POST', '/a/./%2e%2E/b', '7', 'application/x-ndjson', 'k-1', '"ü"\n2\n']]);
});

test('publishes share one connection', async () => {
  let connectionCount = 0;
  const { publisher, server } = await setUp((request, response) =>
    request.resume().on('end', () => response.end(RECEIPT)),
  );
  server.on('connection', () => connectionCount++);
  for (let i = 0; i < 5; i++) await publisher.publish(PUBLICATION);
  expect(connectionCount).toBe(1);
});

test('a broker that accepts and never answers is unreachable after the timeout', async () => {
  const { publisher } = await setUp(() => {}, 50);
  expect(await publisher.publish(PUBLICATION)).toEqual({
    kind: 'unreachable',
    reason: 'no answer within 50 ms',
    isTimeout: true,
  });
});

test('a broker that begins an answer and never ends it is unreachable after the timeout', async () => {
  const { publisher } = await setUp((_, response) => void response.writeHead(200).write('{'), 50);
  expect(await publisher.publish(PUBLICATION)).toEqual({
    kind: 'unreachable',
    reason: 'no answer within 50 ms',
    isTimeout: true,
  });
});

test('a connection that is cut is unreachable', async () => {
  const { publisher } = await setUp((request) => request.destroy());
  expect(await publisher.publish(PUBLICATION)).toMatchObject({ kind: 'unreachable', isTimeout: false });
});

test.each([
  ['{"title":"T","detail":"D"}', 'D'],
  ['{"title":"T"}', 'T'],
  ['{"detail":7}', '{"detail":7}'],
  ['plain\n\u001b[31mtext', 'plain [31mtext'],
  ['x'.repeat(100_000), 'x'.repeat(200)],
  ['null', 'null'],
  ['', ''],
])('a refusal tells the reason in one short line', async (body, reason) => {
  const { publisher } = await setUp((_, response) => response.writeHead(403).end(body));
  expect(await publisher.publish(PUBLICATION)).toMatchObject({ kind: 'refused', status: 403, reason });
});

test.each([
  [301, { Location: '/b' }, RECEIPT],
  [200, {}, '{}'],
  [200, {}, '<html>'],
  [202, {}, RECEIPT],
])('an answer that is no acknowledgement is no success: %i %j %s', async (status, headers, body) => {
  const { publisher } = await setUp((_, response) => response.writeHead(status, headers).end(body));
  expect(await publisher.publish(PUBLICATION)).toMatchObject({ kind: 'refused', status });
});

test.each([
  ['application/problem+json', true],
  ['application/problem+json; charset=utf-8', true],
  ['text/html', false],
])('a refusal tells whether it is Problem Details: %s', async (type, isProblem) => {
  const { publisher } = await setUp((_, response) => response.writeHead(400, { 'Content-Type': type }).end());
  expect(await publisher.publish(PUBLICATION)).toMatchObject({ status: 400, isProblem });
});

test.each([
  ['3', 3_000],
  ['soon', undefined],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
])('Retry-After is told in milliseconds: %s', async (value, retryAfterMs) => {
  const { publisher } = await setUp((_, response) => response.writeHead(503, { 'Retry-After': value }).end());
  expect(await publisher.publish(PUBLICATION)).toMatchObject({ status: 503, retryAfterMs });
});

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

test('a publish sends the path as it stands, with length and type', async () => {
  const seen: unknown[] = [];
  const { publisher } = await setUp((request, response) => {
    const { 'content-length': length, 'content-type': type } = request.headers;
    seen.push([request.method, request.url, length, type]);
    response.end();
  });
  expect(await publisher.publish('/a/./%2e%2E/b', '"ü"')).toEqual({ kind: 'stored' });
  expect(seen).toEqual([['POST', '/a/./%2e%2E/b', '4', 'application/json']]);
});

test('publishes share one connection', async () => {
  let connectionCount = 0;
  const { publisher, server } = await setUp((request, response) =>
    request.resume().on('end', () => response.end('{}')),
  );
  server.on('connection', () => connectionCount++);
  for (let i = 0; i < 5; i++) await publisher.publish('/a', '1');
  expect(connectionCount).toBe(1);
});

test('a broker that accepts and never answers is unreachable after the timeout', async () => {
  const { publisher } = await setUp(() => {}, 50);
  expect(await publisher.publish('/a', '1')).toEqual({
    kind: 'unreachable',
    reason: 'no answer within 50 ms',
  });
});

test('a broker that begins an answer and never ends it is unreachable after the timeout', async () => {
  const { publisher } = await setUp((_, response) => void response.writeHead(200).write('{'), 50);
  expect(await publisher.publish('/a', '1')).toEqual({
    kind: 'unreachable',
    reason: 'no answer within 50 ms',
  });
});

test('a connection that is cut is unreachable', async () => {
  const { publisher } = await setUp((request) => request.destroy());
  expect(await publisher.publish('/a', '1')).toMatchObject({ kind: 'unreachable' });
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
  expect(await publisher.publish('/a', '1')).toEqual({ kind: 'refused', status: 403, reason });
});

test('a redirect is no success', async () => {
  const { publisher } = await setUp((_, response) => response.writeHead(301, { Location: '/b' }).end());
  expect(await publisher.publish('/a', '1')).toMatchObject({ kind: 'refused', status: 301 });
});

// A server that does what a test tells it, one request after the other: hangs, resets, lies. It knows no broker.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on loopback, gone after the running test. */
export interface FakeServer {
  readonly url: string;
  /** Every request so far, the first first. */
  readonly requests: readonly IncomingMessage[];
}

/** The n-th request meets the n-th listener; when they are used up, the last one goes on. */
export async function startFakeServer(...listeners: readonly RequestListener[]): Promise<FakeServer> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const listener = listeners[Math.min(requests.length, listeners.length - 1)];
    requests.push(request);
    listener?.(request, response);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/t`, requests };
}

/** The start of an NDJSON stream that stays open, with these lines. */
export function stream(
  lines: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  return (_request, response) => void openStream(response, headers).write(join(lines));
}

/** As {@link stream}, and then the connection is reset in the middle of the next line. */
export function cutStream(lines: readonly string[], halfLine = ''): RequestListener {
  return (_request, response) => {
    openStream(response, {}).write(join(lines) + halfLine, () => response.socket?.destroy());
  };
}

/** As {@link stream}, and then it ends as a broker that stops ends it. */
export function endedStream(
  lines: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): RequestListener {
  return (_request, response) => void openStream(response, headers).end(join(lines));
}

/** An answer as a whole. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): RequestListener {
  return (_request, response) => void response.writeHead(status, headers).end(body);
}

/** The line of an event whose value is its number, which also makes its cursor. */
export function eventLine(number: number): string {
  return `{"n":${number},"pubsub_timestamp":1795264861.352,"pubsub_path":"/t","pubsub_topics":["t"],"pubsub_cursor":"c${number}"}`;
}

/** The line of a keep-alive. */
export function keepAliveLine(cursor: string): string {
  return `{"stillalive": 1795264861.352,"pubsub_cursor":"${cursor}"}`;
}

function openStream(response: ServerResponse, headers: Readonly<Record<string, string>>): ServerResponse {
  return response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'X-Cursor': 'c0', ...headers });
}

function join(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

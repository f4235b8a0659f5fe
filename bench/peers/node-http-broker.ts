// The everyday baseline: what one would write with node:http in an hour. In memory, fans out by prefix, checks nothing.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const KEEP_ALIVE_MS = 5_000;

const subscribers = new Map<string, Set<ServerResponse>>();

const server = createServer((request, response) => {
  if (request.method === 'GET') subscribe(request, response);
  else if (request.method === 'POST') publish(request, response);
  else response.writeHead(405).end();
});
server.listen(Number(process.env['PORT']), '127.0.0.1', 511);

setInterval(() => {
  const line = `{"stillalive": ${Date.now() / 1000}}\r\n`;
  for (const streams of subscribers.values()) for (const stream of streams) stream.write(line);
}, KEEP_ALIVE_MS);

process.once('SIGTERM', () => process.exit());

function subscribe(request: IncomingMessage, response: ServerResponse): void {
  const prefix = segmentsOf(request).join('/');
  const streams = subscribers.get(prefix) ?? new Set();
  subscribers.set(prefix, streams.add(response));
  response.once('close', () => {
    streams.delete(response);
    if (streams.size === 0) subscribers.delete(prefix);
  });
  response.writeHead(200, { 'Content-Type': 'application/x-gitpubsub' });
  response.flushHeaders();
}

function publish(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.once('end', () => {
    fanOut(segmentsOf(request), Buffer.concat(parts));
    response.writeHead(200, { 'Content-Length': 3 }).end('OK\n');
  });
}

// A topic's own subscribers, its parents', and those of everything.
function fanOut(segments: readonly string[], event: Buffer): void {
  for (let depth = 0; depth <= segments.length; depth++) {
    const streams = subscribers.get(segments.slice(0, depth).join('/')) ?? [];
    for (const stream of streams) stream.write(event);
  }
}

function segmentsOf({ url = '/' }: IncomingMessage): string[] {
  return url.split('?', 1).join('').split('/').filter(Boolean);
}

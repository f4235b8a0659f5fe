// The control case of clients.test.ts: against a server that leaves chunks open, the same check fails for the clients that wait.
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { pollUntil } from '../support/deadline.ts';
import { ClientProcess, curl, requestsClients, requireClient, type Client } from './client-process.ts';
import { expectOneByOne } from './expect-one-by-one.ts';
import { makeEvents } from './sample-events.ts';

const events = makeEvents(3, 20, 4_000);
const [first = '', second = ''] = events;
let server: LateServer;

beforeEach(async () => {
  server = await LateServer.start();
});
afterEach(async () => {
  await server.stop();
});

describe('a server that sends the CR LF of a chunk only with the next chunk', () => {
  it('has every event read at once by curl', async (context) => {
    requireClient(curl, context);
    const client = await connect(curl);
    await expectOneByOne(client, events, (event) => server.send(event));
    expect(client.events).toEqual(events);
  });

  const cases = requestsClients.map((requestsClient) => [requestsClient.name, requestsClient] as const);
  it.for(cases)('has every event read one event late by %s', async ([, requestsClient], context) => {
    requireClient(requestsClient, context);
    const client = await connect(requestsClient);
    // Why a shorter wait: it is waited for in full.
    const check = expectOneByOne(client, events, (event) => server.send(event), 1_000);
    await expect(check).rejects.toThrow('reports event 1; events so far: 0');
    server.send(second);
    await client.waitForEvents(1);
    expect(client.events).toEqual([first]);
  });
});

async function connect(client: Client): Promise<ClientProcess> {
  const started = ClientProcess.start(client, server.url);
  onTestFinished(() => started.stop());
  await server.accepted();
  return started;
}

/** One chunked response a connection, each chunk left open until the next. */
class LateServer {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n');
        this.#sockets.push(socket);
      });
    });
  }

  static async start(): Promise<LateServer> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LateServer(server);
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the server has stopped');
    return `http://127.0.0.1:${address.port}/`;
  }

  /** Resolves once a client has sent its request. */
  async accepted(): Promise<void> {
    await pollUntil(() => this.#sockets[0], 'a client');
  }

  /** The blank line that ends the head, or the CR LF that closes the chunk before, stands in front. */
  send(event: string): void {
    const data = Buffer.from(`${event}\r\n`);
    const frame = Buffer.concat([Buffer.from(`\r\n${data.length.toString(16)}\r\n`), data]);
    for (const socket of this.#sockets) socket.write(frame);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

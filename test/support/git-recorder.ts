// A stand-in for the broker that writes down what the hook publishes, and answers what a test wants.
import { createServer, type Server } from 'node:http';
import type { CommitDetails, CommitEvent, PushDetails, PushEvent } from '../../src/core/commit-event.ts';

/** One request. */
export interface Recorded {
  readonly path: string;
  readonly bytes: number;
  readonly event: CommitEvent | PushEvent;
}

/** A status to answer with; `hang` for no answer at all. */
export type Answer = { readonly status: number; readonly body?: string } | 'hang';

/** Records every POST in the order it comes. */
export class GitRecorder {
  readonly requests: Recorded[] = [];
  /** What to answer, given the request and how many came before it. */
  answer: (request: Recorded, index: number) => Answer = () => ({ status: 200 });
  /** How many connections were made. */
  connectionCount = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<GitRecorder> {
    const server = createServer();
    const recorder = new GitRecorder(server);
    server.on('connection', () => recorder.connectionCount++);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const answer = recorder.#record(request.url ?? '', Buffer.concat(chunks));
        if (answer !== 'hang') response.writeHead(answer.status).end(answer.body ?? '{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('The recorder has stopped.');
    return `http://127.0.0.1:${address.port}`;
  }

  get commits(): CommitDetails[] {
    return this.requests.flatMap(({ event }) => ('commit' in event ? [event.commit] : []));
  }

  get pushes(): PushDetails[] {
    return this.requests.flatMap(({ event }) => ('push' in event ? [event.push] : []));
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #record(path: string, body: Buffer): Answer {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the tests then compare member by member
    const event = JSON.parse(body.toString()) as Recorded['event'];
    const request = { path, bytes: body.length, event };
    this.requests.push(request);
    return this.answer(request, this.requests.length - 1);
  }
}

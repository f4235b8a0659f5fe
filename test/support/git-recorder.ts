// A stand-in for the broker that writes down what the hook publishes, and answers what a test wants.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { HookCommitDetails } from '../../src/hook/commit-details.ts';
import type { HookPushDetails } from '../../src/hook/push-details.ts';

/** One event that was stored. */
export interface Recorded {
  readonly path: string;
  readonly bytes: number;
  readonly event: { readonly commit: HookCommitDetails } | { readonly push: HookPushDetails };
}

/** One request, whatever became of it. */
export interface RecordedRequest {
  readonly path: string;
  readonly key: string;
  readonly type: string;
  readonly authorization: string | undefined;
  readonly events: readonly Recorded[];
}

/** What to answer; `hang` for nothing at all. */
export type Answer =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | 'hang';

/** Records every POST in the order it comes; a key that was stored before stores nothing. */
export class GitRecorder {
  readonly requests: RecordedRequest[] = [];
  /** What was stored. */
  readonly events: Recorded[] = [];
  /** What to answer, given the request and how many came before it. */
  answer: (request: RecordedRequest, index: number) => Answer = () => ({ status: 200 });
  /** How many connections were made. */
  connectionCount = 0;
  readonly #keys = new Set<string>();
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
      request.on('end', () => respond(response, recorder.#record(request, Buffer.concat(chunks).toString())));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('The recorder has stopped.');
    return `http://127.0.0.1:${address.port}`;
  }

  get commits(): HookCommitDetails[] {
    return this.events.flatMap(({ event }) => ('commit' in event ? [event.commit] : []));
  }

  get pushes(): HookPushDetails[] {
    return this.events.flatMap(({ event }) => ('push' in event ? [event.push] : []));
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #record({ url: path = '', headers }: IncomingMessage, body: string): Answer {
    const events = body
      .split('\n')
      .slice(0, -1)
      .map((line) => ({
        path,
        bytes: Buffer.byteLength(line),
        event: JSON.parse(line) as Recorded['event'],
      }));
    const key = String(headers['idempotency-key']);
    const { authorization } = headers;
    const request = { path, key, type: String(headers['content-type']), authorization, events };
    const answer = this.answer(request, this.requests.push(request) - 1);
    if (answer !== 'hang' && answer.status === 200 && !this.#keys.has(key)) {
      this.#keys.add(key);
      this.events.push(...events);
    }
    return answer;
  }
}

function respond(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  const { status, body = status === 200 ? '{"cursor":"c","timestamp":1.5}' : '{}', headers = {} } = answer;
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
}

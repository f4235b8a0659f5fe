import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, type ConnectionState } from '../../src/page/connection.ts';
import type { StreamItem } from '../../src/page/stream-item.ts';

const ALIVE = (cursor: string): string => `{"stillalive": 1.5,"pubsub_cursor":"${cursor}"}\n`;
const EVENT = (cursor: string): string =>
  `{"n":1,"pubsub_timestamp":1.500,"pubsub_path":"/a","pubsub_topics":["a"],"pubsub_cursor":"${cursor}"}\n`;

/** A server's answer that the test writes. */
class FakeStream {
  readonly response: Response;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(signal: AbortSignal, headers: Readonly<Record<string, string>>) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        signal.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    this.response = new Response(body, { headers: { 'Content-Type': 'application/x-ndjson', ...headers } });
  }

  /** Resolves once the page had time to take it. */
  async send(text: string): Promise<void> {
    this.#controller?.enqueue(new TextEncoder().encode(text));
    await vi.advanceTimersByTimeAsync(0);
  }

  async end(): Promise<void> {
    this.#controller?.close();
    await vi.advanceTimersByTimeAsync(0);
  }
}

/** A connection to a server that answers with streams, or with what the test says. */
class Fixture {
  readonly urls: string[] = [];
  readonly items: StreamItem[] = [];
  readonly states: ConnectionState[] = [];
  readonly faults: unknown[] = [];
  readonly streams: FakeStream[] = [];
  answer: (() => Promise<Response>) | undefined;
  headers: Readonly<Record<string, string>> = {};
  /** What the page does with items beside keeping them. */
  onItems: () => void = () => {};
  readonly connection = new Connection({
    urlAfter: (cursor) => `after ${cursor ?? 'nothing'}`,
    onOpen: () => {},
    onItems: (items) => {
      this.items.push(...items);
      this.onItems();
    },
    onState: (state) => this.states.push(state),
    onFault: (error) => this.faults.push(error),
  });

  constructor() {
    vi.stubGlobal('fetch', async (url: string, { signal }: { signal: AbortSignal }) => {
      this.urls.push(url);
      if (this.answer) return this.answer();
      const stream = new FakeStream(signal, { 'X-Cursor': 'start', ...this.headers });
      this.streams.push(stream);
      return stream.response;
    });
  }

  async start(): Promise<void> {
    this.connection.start();
    await vi.advanceTimersByTimeAsync(0);
  }

  get state(): ConnectionState | undefined {
    return this.states.at(-1);
  }

  get stream(): FakeStream {
    const stream = this.streams.at(-1);
    if (!stream) throw new TypeError('there is no stream');
    return stream;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a connection', () => {
  test('is live when something comes, not before', async () => {
    const fixture = new Fixture();
    await fixture.start();
    expect(fixture.state).toEqual({ kind: 'connecting' });
    await fixture.stream.send(ALIVE('c1'));
    expect(fixture.state).toEqual({ kind: 'live' });
  });

  test('hands over what comes, though a line comes in pieces', async () => {
    const fixture = new Fixture();
    await fixture.start();
    for (const piece of [EVENT('c1').slice(0, 20), EVENT('c1').slice(20) + ALIVE('c2')])
      await fixture.stream.send(piece);
    expect(fixture.items.map(({ kind, cursor }) => [kind, cursor])).toEqual([
      ['event', 'c1'],
      ['alive', 'c2'],
    ]);
  });

  test.each([
    ['where the stream began', [], 'start'],
    ['its last event', [EVENT('c1'), EVENT('c2')], 'c2'],
    ['its last keep-alive', [EVENT('c1'), ALIVE('c5')], 'c5'],
    ['the last whole line', [EVENT('c1'), EVENT('c2').slice(0, -2)], 'c1'],
  ])('that ends goes on after %s', async (_where, texts, cursor) => {
    const fixture = new Fixture();
    await fixture.start();
    for (const text of texts) await fixture.stream.send(text);
    await fixture.stream.end();
    expect(fixture.state?.kind).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fixture.urls).toEqual(['after nothing', `after ${cursor}`]);
  });

  test('waits longer each time it fails, and begins anew once it was live', async () => {
    const fixture = new Fixture();
    fixture.answer = () => Promise.reject(new TypeError('refused'));
    await fixture.start();
    await vi.advanceTimersByTimeAsync(7_000);
    expect(fixture.urls.length).toBeLessThan(6);
    await vi.advanceTimersByTimeAsync(300_000);
    fixture.answer = undefined;
    fixture.connection.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    await fixture.stream.send(ALIVE('c1'));
    expect(fixture.state).toEqual({ kind: 'live' });
    await fixture.stream.end();
    const connectedCount = fixture.urls.length;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fixture.urls.length).toBe(connectedCount + 1);
  });

  test('does not wait when it is told so', async () => {
    const fixture = new Fixture();
    await fixture.start();
    await fixture.stream.end();
    fixture.connection.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(fixture.urls).toHaveLength(2);
  });

  test('on which nothing comes any more says so, and is given up at last', async () => {
    const fixture = new Fixture();
    await fixture.start();
    await fixture.stream.send(ALIVE('c1'));
    await vi.advanceTimersByTimeAsync(12_000);
    expect(fixture.state?.kind).toBe('live');
    await vi.advanceTimersByTimeAsync(2_000);
    expect(fixture.state?.kind).toBe('silent');
    await vi.advanceTimersByTimeAsync(12_000);
    expect(fixture.states.some((state) => state.kind === 'waiting')).toBe(true);
    expect(fixture.urls.at(-1)).toBe('after c1');
  });

  test('that was silent is live with the next byte', async () => {
    const fixture = new Fixture();
    await fixture.start();
    await fixture.stream.send(ALIVE('c1'));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(fixture.state?.kind).toBe('silent');
    await fixture.stream.send(ALIVE('c2'));
    expect(fixture.state?.kind).toBe('live');
  });

  test('on which keep-alives come stays live', async () => {
    const fixture = new Fixture();
    await fixture.start();
    for (let i = 0; i < 10; i += 1) {
      await fixture.stream.send(ALIVE('c1'));
      await vi.advanceTimersByTimeAsync(8_000);
    }
    expect(fixture.states.map(({ kind }) => kind)).toEqual(['connecting', 'live']);
  });

  test('that is refused says why and waits for its reader', async () => {
    const fixture = new Fixture();
    const problem = '{"title":"Not a topic","detail":"No dots."}';
    fixture.answer = async () => new Response(problem, { status: 400 });
    await fixture.start();
    expect(fixture.state).toEqual({ kind: 'refused', words: 'Not a topic: No dots.', needsToken: false });
    await vi.advanceTimersByTimeAsync(600_000);
    expect(fixture.urls).toHaveLength(1);
    fixture.connection.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(fixture.urls).toHaveLength(2);
  });

  test.each([429, 503])('that is put off by %i comes back when the server wants it to', async (status) => {
    const fixture = new Fixture();
    fixture.answer = async () => new Response('', { status, headers: { 'Retry-After': '20' } });
    await fixture.start();
    await vi.advanceTimersByTimeAsync(19_900);
    expect(fixture.urls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(fixture.urls).toHaveLength(2);
  });

  test('is not fooled by the login page of a proxy', async () => {
    const fixture = new Fixture();
    fixture.answer = async () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } });
    await fixture.start();
    expect(fixture.state).toMatchObject({ kind: 'refused', words: expect.stringContaining('text/html') });
  });

  test('waits out the page of a proxy once there was a broker', async () => {
    const fixture = new Fixture();
    await fixture.start();
    fixture.answer = async () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } });
    await fixture.stream.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fixture.state).toMatchObject({ kind: 'waiting', words: expect.stringContaining('text/html') });
    fixture.answer = undefined;
    await vi.advanceTimersByTimeAsync(2_000);
    await fixture.stream.send(ALIVE('c1'));
    expect(fixture.state?.kind).toBe('live');
  });

  test('that is lost before the notice of a gap asks for it again', async () => {
    const fixture = new Fixture();
    fixture.headers = { 'X-Fetch-Gap': 'expired' };
    await fixture.start();
    await fixture.stream.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fixture.urls).toEqual(['after nothing', 'after nothing']);
  });

  test('goes on when the page fails at an event, and hands on why', async () => {
    const fixture = new Fixture();
    fixture.onItems = () => {
      throw new Error('made up');
    };
    await fixture.start();
    await fixture.stream.send(EVENT('c1'));
    expect(fixture.faults).toEqual([new Error('made up')]);
    expect(fixture.state).toEqual({ kind: 'live' });
    await fixture.stream.end();
    fixture.connection.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(fixture.urls).toEqual(['after nothing', 'after c1']);
  });

  test('that is paused lets go of its stream, and goes on where it was', async () => {
    const fixture = new Fixture();
    await fixture.start();
    await fixture.stream.send(EVENT('c1'));
    fixture.connection.setPaused(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(fixture.state).toEqual({ kind: 'paused' });
    expect(fixture.urls).toHaveLength(1);
    fixture.connection.setPaused(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(fixture.urls.at(-1)).toBe('after c1');
  });
});

import { describe, expect, test } from 'vitest';
import { Batch } from '../../src/broker/batch.ts';
import type { Watermark } from '../../src/broker/watermark.ts';
import type { Subscription } from '../../src/broker/subscription.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { createEncoders } from '../../src/http/formats.ts';
import { HttpStatistics } from '../../src/http/statistics.ts';
import { CHUNK_FRAMING_BYTES, MAX_CORK_BYTES, type StreamEncoder } from '../../src/http/stream-format.ts';
import { StreamSink } from '../../src/http/stream-sink.ts';
import { createCaller } from '../support/fake-caller.ts';
import { createExchange, FakeResponse } from '../support/fake-http.ts';

const ENCODERS = createEncoders((offset) => `cursor-${offset}`);

function createBatch(...payloads: string[]): Batch {
  const topic = parseTopic('/a');
  const events = payloads.map((payload, i) => ({ topic, payload, offset: i + 1, timeMs: 0 }));
  return new Batch(events, at(2_000));
}

function at(timeMs: number): Watermark {
  return { offset: 1, timeMs };
}

function openSink(encoder: StreamEncoder = ENCODERS.live.gitpubsub) {
  const response = new FakeResponse();
  const statistics = new HttpStatistics(0);
  const heard: string[] = [];
  let isFull = false;
  const subscription: Partial<Record<keyof Subscription, unknown>> = {
    get isFull() {
      return isFull;
    },
    progressed: () => heard.push('progressed'),
    abandon: () => heard.push('abandon'),
  };
  const sink = new StreamSink(createExchange(response), [['X-Cursor', 'c']], {
    encoder,
    start: at(1_000),
    gap: undefined,
    caller: createCaller({ client: '127.0.0.1' }),
    origin: undefined,
    onOver: () => heard.push('over'),
    statistics,
  });
  const attach = (): void => sink.attach(subscription as unknown as Subscription);
  return { response, statistics, heard, sink, attach, setFull: (value: boolean) => (isFull = value) };
}

type OpenSink = ReturnType<typeof openSink>;

describe('an open stream', () => {
  test('begins with its head and a keep-alive in one cork', () => {
    const { response } = openSink();
    expect(response.head).toEqual(['200 OK', 'Server: GitPubSub/test', 'X-Cursor: c']);
    expect(response.corks).toHaveLength(1);
    expect(response.text).toBe('{"stillalive": 1.000}\r\n');
  });

  test('sends each event in a chunk of its own, and a keep-alive behind them', () => {
    const { response, sink, statistics } = openSink();
    expect(sink.write(createBatch('1', '"\u00e4"'))).toBe(true);
    expect(response.corks.slice(1).map((chunks) => chunks.map(String))).toEqual([
      ['1\r\n', '"\\u00e4"\r\n', '{"stillalive": 2.000}\r\n'],
    ]);
    expect(statistics.sentBytes).toBe(5);
    expect(response.violations).toEqual([]);
  });

  test('never corks more than 16,000 bytes, but for a single chunk', () => {
    const { response, sink } = openSink();
    const sizes = [
      ...Array.from({ length: 300 }, (_, i) => (i * 37) % 900),
      15_950,
      15_960,
      50_000,
      15_984,
      15_985,
    ];
    for (const last of [1, 15_000, 15_940, 15_955, 15_970, 15_986, 15_990, 60_000])
      sink.write(createBatch(...[...sizes, last].map((size) => `"${'x'.repeat(size)}"`)));
    for (const chunks of response.corks) {
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength + CHUNK_FRAMING_BYTES, 0);
      expect(bytes <= MAX_CORK_BYTES || chunks.length === 1).toBe(true);
    }
    expect(response.text.match(/stillalive/g)).toHaveLength(9);
  });

  test('writes all of a batch, also when it is full in the middle, and says so', () => {
    const { response, sink } = openSink();
    response.isTaking = false;
    expect(sink.write(createBatch(...Array.from({ length: 100 }, () => `"${'x'.repeat(1_000)}"`)))).toBe(
      false,
    );
    expect(response.corks.slice(1).flat()).toHaveLength(101);
    response.isTaking = true;
    expect(sink.keepAlive(at(3_000))).toBe(true);
  });

  test('is nudged by a flush and a keep-alive of the time it was told last', () => {
    const { response, sink } = openSink();
    sink.write(createBatch('1'));
    response.isTaking = false;
    expect(sink.nudge()).toBe(false);
    response.isTaking = true;
    expect(sink.nudge()).toBe(true);
    expect(response.corks.slice(-2).map((chunks) => chunks.map(String))).toEqual([
      [],
      ['{"stillalive": 2.000}\r\n'],
    ]);
  });

  test('tells its subscription that it drained only when that one waits for it', () => {
    const { response, sink, attach, heard, setFull } = openSink();
    attach();
    response.drain();
    expect(heard).toEqual([]);
    setFull(true);
    response.drain();
    expect(heard).toEqual(['progressed']);
    expect(sink.keepAlive(at(2_000))).toBe(true);
  });

  test('ends cleanly, once, and is not touched after', () => {
    const { response, sink, attach } = openSink();
    attach();
    sink.end();
    for (const touch of [() => sink.end(), () => sink.cut(), () => sink.write(createBatch('1'))]) touch();
    expect(sink.keepAlive(at(1))).toBe(true);
    response.drain();
    expect(response.over).toBe('ended');
    expect(response.violations).toEqual([]);
  });

  test('is cut by closing the connection', () => {
    const { response, sink, statistics } = openSink();
    expect([...statistics.openStreams.entries()]).toEqual([['gitpubsub', 1]]);
    sink.cut();
    sink.end();
    expect([...statistics.openStreams.entries()]).toEqual([['gitpubsub', 0]]);
    expect(response.over).toBe('closed');
    expect(response.violations).toEqual([]);
  });

  test.each([
    ['is ended', ({ sink }: OpenSink) => sink.end()],
    ['is cut', ({ sink }: OpenSink) => sink.cut()],
    ['loses its client', ({ response }: OpenSink) => response.abort()],
  ])('says that it is over when it %s, and only once', (_what, finish) => {
    const open = openSink();
    expect(open.heard).toEqual([]);
    finish(open);
    open.sink.end();
    open.sink.cut();
    expect(open.heard).toEqual(['over']);
  });

  test('whose client goes is not touched any more, and its subscription hears of it', () => {
    const { response, sink, attach, heard } = openSink();
    attach();
    response.abort();
    expect(heard).toEqual(['over', 'abandon']);
    sink.write(createBatch('1'));
    sink.keepAlive(at(1));
    expect(sink.nudge()).toBe(true);
    sink.end();
    sink.cut();
    expect(response.violations).toEqual([]);
  });

  test('of a poll begins with its first event, and is a blank where it takes long or its sink is full', () => {
    const { response, sink } = openSink(ENCODERS.poll.gitpubsub);
    expect(response.head).toEqual([]);
    sink.write(createBatch('1', '2'));
    expect(response.head).toEqual(['200 OK', 'Server: GitPubSub/test', 'X-Cursor: c']);
    expect(sink.keepAlive(at(3_000))).toBe(true);
    response.isTaking = false;
    expect(sink.nudge()).toBe(false);
    expect(response.corks.map((chunks) => chunks.map(String))).toEqual([
      ['1\r\n', '2\r\n'],
      [' '],
      [],
      [' '],
    ]);
  });

  test('of a poll without events is a head and an end', () => {
    const { response, sink } = openSink(ENCODERS.poll.gitpubsub);
    sink.end();
    expect(response.head).toContain('X-Cursor: c');
    expect(response.over).toBe('ended');
  });

  test('of a poll that is cut before its first event sends not even a head, which would pass for an empty answer', () => {
    const { response, sink } = openSink(ENCODERS.poll.gitpubsub);
    sink.cut();
    expect(response.head).toEqual([]);
    expect(response.over).toBe('closed');
  });

  test('whose client goes before its subscription is there tells it when it comes', () => {
    const { response, attach, heard } = openSink();
    response.abort();
    attach();
    expect(heard).toEqual(['over', 'abandon']);
  });
});

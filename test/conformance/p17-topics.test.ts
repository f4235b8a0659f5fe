// P17: several topics in one stream.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] });
});
afterAll(async () => {
  await broker.dispose();
});

/** Publishes one event to each of the topics below a root of its own, in order; an event is its topic. */
async function publishEach(root: string, topics: readonly string[]): Promise<void> {
  for (const topic of topics) await publish(broker.target, root + topic, JSON.stringify(topic));
}

/** What a live stream, a replay and a poll of the path get of these topics; the path has `ROOT` where the root belongs. */
async function readThree(
  root: string,
  path: string,
  topics: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const where = path.replaceAll('ROOT', root);
  const live = await StreamReader.open(broker.target, where);
  await publishEach(root, topics);
  const end = `"end of ${root}"`;
  // Why the root's first topic: every stream here covers it.
  await publish(broker.target, `${root}/a`, end);
  const replay = await StreamReader.open(broker.target, `${where}${where.includes('?') ? '&' : '?'}since=0`);
  const results = [
    await live.readUntil(end),
    await replay.readUntil(end),
    (await poll(broker.target, `${where}${where.includes('?') ? '&' : '?'}since=0`)).events.slice(0, -1),
  ];
  live.close();
  replay.close();
  return results;
}

const topics = ['/a', '/a/x', '/ab', '/b', '/b/x/y', '/c', '/c/x', '/d', '/', '/a', '/c/x'];

describe('P17 several topics', () => {
  it.each([
    ['one beside the path', 'ROOT/a?topic=ROOT/b', ['/a', '/a/x', '/b', '/b/x/y', '/a']],
    [
      'two beside the path',
      'ROOT/a?topic=ROOT/b&topic=ROOT/c/x',
      ['/a', '/a/x', '/b', '/b/x/y', '/c/x', '/a', '/c/x'],
    ],
    ['the same twice', 'ROOT/a?topic=ROOT/b&topic=ROOT/b', ['/a', '/a/x', '/b', '/b/x/y', '/a']],
    ['the path again', 'ROOT/a?topic=ROOT/a', ['/a', '/a/x', '/a']],
    ['one below the path', 'ROOT/a?topic=ROOT/a/x', ['/a', '/a/x', '/a']],
    ['one above the path', 'ROOT/a/x?topic=ROOT/a', ['/a', '/a/x', '/a']],
    ['one above another', 'ROOT/a?topic=ROOT/c/x&topic=ROOT/c', ['/a', '/a/x', '/c', '/c/x', '/a', '/c/x']],
    ['all of the root', 'ROOT/a?topic=ROOT', topics],
    ['"at or below" at its end', 'ROOT/a?topic=ROOT/b/*', ['/a', '/a/x', '/b', '/b/x/y', '/a']],
    ['a slash at its end', 'ROOT/a?topic=ROOT/b/', ['/a', '/a/x', '/b', '/b/x/y', '/a']],
    ['percent-encoded as a query is', 'ROOT/a?topic=ROOT%2Fb', ['/a', '/a/x', '/b', '/b/x/y', '/a']],
  ])('bring each event once, in order, live, in a replay and in a poll: %s', async (what, path, expected) => {
    const root = `/${encodeURIComponent(what)}`;
    const own =
      what === 'percent-encoded as a query is'
        ? path.replaceAll('ROOT%2F', `${encodeURIComponent(root)}%2F`)
        : path.replaceAll('topic=ROOT', `topic=${encodeURIComponent(root)}`);
    for (const events of await readThree(root, own, topics))
      expect(events.map((event): unknown => JSON.parse(event))).toStrictEqual(expected);
  });

  it('go with the root of all, which covers them', async () => {
    const stream = await StreamReader.open(broker.target, '/?topic=/top/a&topic=/top');
    await publish(broker.target, '/top/a', '1');
    await publish(broker.target, '/elsewhere', '2');
    expect(await stream.waitForEvents(2)).toStrictEqual(['1', '2']);
    stream.close();
  });

  it('are each an event once also where many streams overlap', async () => {
    const paths = ['/o/a?topic=/o/b', '/o/b?topic=/o/a', '/o/a/x?topic=/o/b&topic=/o/a', '/o?topic=/o/a'];
    const streams = await Promise.all(paths.map(async (path) => StreamReader.open(broker.target, path)));
    const events = Array.from({ length: 100 }, (_, index) => `{"n":${String(index)}}`);
    await Promise.all(
      events.map(async (event, index) => publish(broker.target, index % 2 === 0 ? '/o/a/x' : '/o/b', event)),
    );
    await publish(broker.target, '/o/b', '"end"');
    const [order, ...others] = await Promise.all(streams.map(async (stream) => stream.readUntil('"end"')));
    expect(order?.toSorted()).toStrictEqual(events.toSorted());
    for (const other of others) expect(other).toStrictEqual(order);
    for (const stream of streams) stream.close();
  });

  it('tell where each event was published', async () => {
    const stream = await StreamReader.open(broker.target, '/w/a?topic=/w/b&format=ndjson');
    await publish(broker.target, '/w/b/x', '1');
    await publish(broker.target, '/w/a', '2');
    const events = await stream.waitForEvents(2);
    expect(events.map((event): unknown => JSON.parse(event))).toMatchObject([
      { pubsub_payload: 1, pubsub_path: '/w/b/x' },
      { pubsub_payload: 2, pubsub_path: '/w/a' },
    ]);
    stream.close();
  });

  it('may be as `pubsub_path` shows them, encoded as every value of a query', async () => {
    for (const path of ['/a%2Fb/100%25', '/with%20blank', '/gr%C3%BCn', '/c++', '/a&b=c%23']) {
      const watcher = await StreamReader.open(broker.target, '/?format=ndjson');
      await publish(broker.target, path, '1');
      const { pubsub_path: shown } = JSON.parse(await watcher.nextEvent()) as { pubsub_path: string };
      watcher.close();
      const stream = await StreamReader.open(
        broker.target,
        `/nothing?topic=${encodeURIComponent(shown)}&since=0`,
      );
      expect(await stream.nextEvent()).toBe('1');
      stream.close();
    }
  });

  it('are as many as a request holds', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `topic=/m/${index.toString(36)}`);
    const stream = await StreamReader.open(broker.target, `/m/first?${many.join('&')}`);
    await publish(broker.target, '/m/zzz', '"not wanted"');
    await publish(broker.target, '/m/rr/below', '"wanted"');
    expect(await stream.nextEvent()).toBe('"wanted"');
    const replay = await StreamReader.open(broker.target, `/m/first?${many.join('&')}&since=0`);
    expect(await replay.nextEvent()).toBe('"wanted"');
    stream.close();
    replay.close();
  });

  it.each([
    ['empty', 'topic='],
    ['without a value', 'topic'],
    ['without a slash in front', 'topic=foo'],
    ['with a dot segment', 'topic=/a/../b'],
    ['with bytes that are not UTF-8', 'topic=/%ff'],
    ['with a bad percent-encoding', 'topic=/%25zz'],
    ['with a control character', 'topic=/a%2500'],
    ['with a control character, encoded once', 'topic=/a%00'],
    ['too long', `topic=/${'x'.repeat(1_025)}`],
    ['too deep', `topic=${'/x'.repeat(33)}`],
    ['wrong beside a right one', 'topic=/a&topic=b'],
    ['of the broker', 'topic=/-/livez'],
    ['of the broker, encoded', 'topic=/%252D/livez'],
  ])('are refused as a whole when one is %s', async (_what, query) => {
    expectProblem(await request(broker.target, { path: `/x?${query}` }), 400);
  });
});

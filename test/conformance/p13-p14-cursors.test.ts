// P13, P14 and P20: every cursor that a stream tells is a place to go on from, without loss and without a repeat.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBacklog } from '../support/backlog.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { pauseFor } from '../support/deadline.ts';
import { publish, publishAll, Publisher } from '../support/publisher.ts';
import type { Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.2'] });
});
afterAll(async () => {
  await broker.dispose();
});

const formats = [
  { format: 'ndjson', carrier: 'X-Fetch-Since-Cursor' },
  { format: 'sse', carrier: 'Last-Event-ID' },
] as const;
type Format = (typeof formats)[number];

async function open(target: Target, { format }: Format, path: string): Promise<StreamReader> {
  return StreamReader.open(target, `${path}${path.includes('?') ? '&' : '?'}format=${format}`);
}

async function resume(
  target: Target,
  { format, carrier }: Format,
  path: string,
  cursor: string,
): Promise<StreamReader> {
  const stream = await StreamReader.open(target, `${path}?format=${format}`, {
    headers: [[carrier, cursor]],
  });
  expect(stream.response.header('x-fetch-gap')).toBeUndefined();
  return stream;
}

/** Every cursor of the stream, and the event that came next behind it. */
function findCursors(
  stream: StreamReader,
): readonly { readonly cursor: string; readonly next: string | undefined }[] {
  const found: { cursor: string; next: string | undefined }[] = [];
  let next: string | undefined;
  for (const item of stream.items.toReversed()) {
    if (item.cursor !== undefined) found.push({ cursor: item.cursor, next });
    if (item.kind === 'event') next = item.text;
  }
  return found.toReversed();
}

/** Comes back from each of the cursors and finds the very event that followed, or, behind the last one, `last`. */
async function expectToGoOn(
  target: Target,
  format: Format,
  path: string,
  cursors: ReturnType<typeof findCursors>,
  last: string,
): Promise<void> {
  for (const { cursor, next } of cursors) {
    const stream = await resume(target, format, path, cursor);
    expect(await stream.nextEvent()).toBe(next ?? last);
    stream.close();
  }
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `{"n":${String(index)}}`);
}

/** So many of them, spread evenly, the first and the last among them. */
function sample<T>(values: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, (values.length - 1) / (count - 1));
  return Array.from(
    { length: Math.min(count, values.length) },
    (_, index) => values[Math.round(index * step)],
  ).flatMap((value) => value ?? []);
}

describe.each(formats)('P13, P14, P20 each cursor of a stream: $format', (format) => {
  const topic = `/each/${format.format}`;

  it('of an event or a keep-alive goes on exactly behind it, live, with others publishing elsewhere', async () => {
    const stream = await open(broker.target, format, topic);
    for (const body of numbered(15)) {
      await publish(broker.target, topic, body);
      await publish(broker.target, '/elsewhere', body);
    }
    await stream.waitForEvents(15);
    await stream.waitForKeepAlives(18);
    const cursors = findCursors(stream);
    stream.close();
    await publish(broker.target, topic, '{"n":"last"}');
    const after = await resume(broker.target, format, topic, cursors.at(-1)?.cursor ?? '');
    const last = await after.nextEvent();
    after.close();
    expect(JSON.parse(last)).toMatchObject({ n: 'last' });
    expect(cursors.length).toBeGreaterThan(30);
    await expectToGoOn(broker.target, format, topic, cursors, last);
  });

  it('of a burst goes on exactly behind it', async () => {
    const path = `${topic}/burst`;
    const stream = await open(broker.target, format, path);
    await Promise.all(numbered(300).map(async (body) => publish(broker.target, path, body)));
    await stream.waitForEvents(300);
    const cursors = findCursors(stream).filter(({ next }) => next !== undefined);
    stream.close();
    expect(cursors.length).toBeGreaterThan(299);
    await expectToGoOn(broker.target, format, path, sample(cursors, 60), '');
  });

  it('moves while nothing matches, and passes nothing that is yet to come', async () => {
    const stream = await open(broker.target, format, `${topic}/nothing`);
    const publisher = await Publisher.open(broker.target);
    const start = stream.requireHeader('x-cursor');
    let count = 0;
    const wanted = stream.keepAliveCount + 6;
    while (stream.keepAliveCount < wanted) await publisher.publish('/noise', `{"n":${String((count += 1))}}`);
    publisher.close();
    const cursors = [...new Set(findCursors(stream).map(({ cursor }) => cursor))];
    expect(stream.events).toStrictEqual([]);
    expect(cursors[0]).toBe(start);
    expect(cursors.length).toBeGreaterThan(4);
    stream.close();
    // Behind each cursor the noise goes on with a later event than behind the one before.
    const firsts: number[] = [];
    await publish(broker.target, '/noise', `{"n":${String((count += 1))}}`);
    for (const cursor of cursors) {
      const noise = await resume(broker.target, format, '/noise', cursor);
      firsts.push((JSON.parse(await noise.nextEvent()) as { n: number }).n);
      noise.close();
    }
    expect(firsts).toStrictEqual([...new Set(firsts)].toSorted((a, b) => a - b));
    expect(firsts.at(-1)).toBeGreaterThan(firsts[0] ?? 0);
    const missed = await publish(broker.target, `${topic}/nothing`, '{"n":"missed"}');
    for (const cursor of cursors) {
      const resumed = await resume(broker.target, format, `${topic}/nothing`, cursor);
      expect(await resumed.nextEvent()).toContain(missed.cursor);
      resumed.close();
    }
  });

  it('passes nothing that was not handed over, in the middle of a replay to a reader that stops and goes', async () => {
    const path = `${topic}/long`;
    const bodies = makeBacklog(160);
    await publishAll(broker.target, path, bodies);
    const stream = await open(broker.target, format, `${path}?since=0`);
    for (let wanted = 10; wanted <= bodies.length; wanted += 10) {
      stream.pause();
      await pauseFor(60);
      stream.resume();
      await stream.waitForEvents(wanted);
    }
    const keepAlives = findCursors(stream).filter(({ next }) => next !== undefined);
    stream.close();
    expect(keepAlives.length).toBeGreaterThan(bodies.length);
    await expectToGoOn(broker.target, format, path, sample(keepAlives, 40), '');
  });

  it('passes nothing that a slow reader of a live stream was not handed', async () => {
    const path = `${topic}/slow`;
    const bodies = makeBacklog(80);
    const stream = await open(broker.target, format, path);
    stream.pause();
    await publishAll(broker.target, path, bodies);
    await pauseFor(1_000);
    stream.resume();
    await stream.waitForEvents(bodies.length);
    const cursors = findCursors(stream).filter(({ next }) => next !== undefined);
    stream.close();
    await expectToGoOn(broker.target, format, path, sample(cursors, 40), '');
  });

  it('is one that the stream’s own topic and any other can go on from', async () => {
    const stream = await open(broker.target, format, `${topic}/a`);
    await publish(broker.target, `${topic}/a`, '{"n":1}');
    await stream.nextEvent();
    const cursor = findCursors(stream).find(({ next }) => next === undefined)?.cursor ?? '';
    stream.close();
    await publish(broker.target, `${topic}/b`, '{"n":2}');
    const other = await resume(broker.target, format, `${topic}/b`, cursor);
    expect(JSON.parse(await other.nextEvent())).toMatchObject({ n: 2 });
    other.close();
  });
});

describe.each(formats)('P13, P14, P20 each cursor after a kill: $format', (format) => {
  it('goes on exactly behind its event or keep-alive, also that of a stream that matched nothing', async () => {
    await withBroker(['--keep-alive-seconds', '0.2'], async (killed) => {
      const [stream, quiet] = await Promise.all([
        open(killed.target, format, '/kept'),
        open(killed.target, format, '/quiet'),
      ]);
      for (const body of numbered(10)) await publish(killed.target, '/kept', body);
      await stream.waitForEvents(10);
      await stream.waitForKeepAlives(13);
      await quiet.waitForKeepAlives(4);
      await killed.kill();
      await killed.launch();
      const { cursor } = await publish(killed.target, '/quiet', '{"n":"later"}');
      await publish(killed.target, '/kept', '{"n":"last"}');
      const { cursor: end } = findCursors(stream).at(-1) ?? { cursor: '' };
      const after = await resume(killed.target, format, '/kept', end);
      const last = await after.nextEvent();
      after.close();
      expect(JSON.parse(last)).toMatchObject({ n: 'last' });
      await expectToGoOn(killed.target, format, '/kept', findCursors(stream), last);
      for (const { cursor: before } of findCursors(quiet)) {
        const resumed = await resume(killed.target, format, '/quiet', before);
        expect(await resumed.nextEvent()).toContain(cursor);
        resumed.close();
      }
    });
  });
});

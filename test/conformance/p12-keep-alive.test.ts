// P12: keep-alives: their form, when they come, and the times they may name.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { pauseFor } from '../support/deadline.ts';
import { publish, publishAll, Publisher, type Acknowledgement } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';

let brisk: BrokerProcess;
let slow: BrokerProcess;
let byDefault: BrokerProcess;

beforeAll(async () => {
  [brisk, slow, byDefault] = await Promise.all([
    BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.2'] }),
    BrokerProcess.start({ flags: ['--keep-alive-seconds', '8'] }),
    BrokerProcess.start(),
  ]);
});
afterAll(async () => {
  await Promise.all([brisk, slow, byDefault].map(async (each) => each.dispose()));
});

/** For each keep-alive its time and the event that follows it, as the stream's chunks stand. */
function findFollowers(
  stream: StreamReader,
): readonly { readonly seconds: number; readonly nextEvent: string }[] {
  const followers: { seconds: number; nextEvent: string }[] = [];
  let nextEvent: string | undefined;
  for (const item of stream.items.toReversed()) {
    if (item.kind === 'event') nextEvent = item.text;
    else if (item.kind === 'keep-alive' && nextEvent !== undefined)
      followers.push({ seconds: item.seconds, nextEvent });
  }
  return followers.toReversed();
}

/** Every keep-alive must name a time that is not past that of the event after it. */
function expectNoTimePassed(stream: StreamReader, timestamps: ReadonlyMap<string, number>): void {
  const passed = findFollowers(stream).filter(
    ({ seconds, nextEvent }) => seconds > (timestamps.get(nextEvent) ?? Number.NEGATIVE_INFINITY),
  );
  expect(passed).toStrictEqual([]);
}

function toTimestamps(
  bodies: readonly string[],
  acknowledgements: readonly Acknowledgement[],
): ReadonlyMap<string, number> {
  return new Map(bodies.map((body, index) => [body, acknowledgements[index]?.timestamp ?? Number.NaN]));
}

function makeBodies(count: number, byteLength: number, mark: string): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const start = `{"${mark}":${String(index)},"t":"`;
    return `${start}${'x'.repeat(Math.max(0, byteLength - start.length - 2))}"}`;
  });
}

describe.concurrent('P12 keep-alives', () => {
  it('are one member, stillalive, in a line of its own', async () => {
    const stream = await StreamReader.open(brisk.target, '/form');
    await stream.waitForKeepAlives(3);
    for (const { data } of stream.response.chunks) {
      expect(data.toString('latin1')).toMatch(/^\{"stillalive": \d+\.\d+\}\r\n$/);
    }
    stream.close();
  });

  it('name the present on an idle stream', async () => {
    const stream = await StreamReader.open(brisk.target, '/present');
    const beforeSeconds = Date.now() / 1000;
    const { seconds } = await stream.waitForKeepAlives(stream.keepAliveCount + 2);
    expect(seconds).toBeGreaterThanOrEqual(beforeSeconds - 1);
    expect(seconds).toBeLessThanOrEqual(Date.now() / 1000 + 1);
    stream.close();
  });

  it('come at the interval that is set while nothing happens', async () => {
    const stream = await StreamReader.open(brisk.target, '/idle');
    await stream.waitForKeepAlives(10);
    stream.close();
  });

  it('come by default before a client with a timeout of eleven seconds gives up', async () => {
    const stream = await StreamReader.open(byDefault.target, '/idle');
    await stream.waitForKeepAlives(2, 8_000);
    stream.close();
  });

  it('come at the interval that is set while only other topics have events', async () => {
    const stream = await StreamReader.open(brisk.target, '/idle');
    const publisher = await Publisher.open(brisk.target);
    const wanted = stream.keepAliveCount + 4;
    while (stream.keepAliveCount < wanted) await publisher.publish('/busy', '1');
    expect(stream.events).toStrictEqual([]);
    publisher.close();
    stream.close();
  });

  it('have an interval of at most 8 seconds', async () => {
    const args = ['serve', '--check', '--database', `${brisk.directory}/other.db`, '--keep-alive-seconds'];
    const [refused, taken] = await Promise.all([
      runCommandLine([...args, '8.5']),
      runCommandLine([...args, '8']),
    ]);
    expect(taken).toMatchObject({ code: 0 });
    expect(refused).toMatchObject({ code: 78 });
    expect(refused.stderr).toMatch(/keepAliveSeconds|keep-alive-seconds/);
  });

  it('follow every batch at once, in a chunk of their own, and close its last chunk', async () => {
    const stream = await StreamReader.open(slow.target, '/batch');
    for (let number = 1; number <= 5; number += 1) {
      await publish(slow.target, '/batch', String(number));
      // Why: the interval is 8 s, so that what comes before this deadline is no keep-alive of the interval.
      await stream.waitFor(
        () =>
          stream.events.length === number && stream.items.at(-1)?.kind === 'keep-alive' ? true : undefined,
        'a keep-alive behind the event',
        3_000,
      );
    }
    const kinds = stream.items.map(({ kind }) => kind);
    expect(kinds.join(' ')).toBe(`keep-alive${' event keep-alive'.repeat(5)}`);
    expect(stream.response.chunks.slice(0, -1).every(({ isClosed }) => isClosed)).toBe(true);
    stream.close();
  });

  it('follow a batch of large events and of many small ones', async () => {
    const stream = await StreamReader.open(slow.target, '/large');
    const bodies = [...makeBodies(5, 200_000, 'large'), ...makeBodies(300, 100, 'small')];
    await Promise.all(bodies.map(async (body) => publish(slow.target, '/large', body)));
    await stream.waitFor(
      () =>
        stream.events.length === bodies.length && stream.items.at(-1)?.kind === 'keep-alive'
          ? true
          : undefined,
      'a keep-alive behind the last event',
      5_000,
    );
    stream.close();
  });

  it('follow the end of a replay at once', async () => {
    const bodies = makeBodies(500, 200, 'replayed');
    await Promise.all(bodies.map(async (body) => publish(slow.target, '/replayed', body)));
    const stream = await StreamReader.open(slow.target, '/replayed', {
      headers: [['X-Fetch-Since', '0']],
    });
    await stream.waitFor(
      () =>
        stream.events.length === bodies.length && stream.items.at(-1)?.kind === 'keep-alive'
          ? true
          : undefined,
      'a keep-alive behind the last event',
      5_000,
    );
    stream.close();
  });
});

describe.concurrent('P12 the time of a keep-alive', () => {
  it('is never 0, also on an empty log and in a replay of nothing', async () => {
    const empty = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.2'] });
    try {
      for (const headers of [[], [['X-Fetch-Since', '0'] as const]]) {
        const stream = await StreamReader.open(empty.target, '/', { headers });
        await stream.waitForKeepAlives(3);
        const times = stream.items.map((item) => (item.kind === 'keep-alive' ? item.seconds : 0));
        expect(Math.min(...times)).toBeGreaterThan(1_600_000_000);
        stream.close();
      }
    } finally {
      await empty.dispose();
    }
  });

  it('passes no event that is published while the stream is live', async () => {
    const stream = await StreamReader.open(brisk.target, '/live');
    const bodies = makeBodies(600, 300, 'live');
    const publishers = await Promise.all(Array.from({ length: 4 }, async () => Publisher.open(brisk.target)));
    const acknowledgements: Acknowledgement[] = [];
    await Promise.all(
      publishers.map(async (publisher, first) => {
        for (let index = first; index < bodies.length; index += publishers.length) {
          acknowledgements[index] = await publisher.publish('/live', bodies[index] ?? '');
        }
        publisher.close();
      }),
    );
    await stream.waitForEvents(bodies.length);
    expectNoTimePassed(stream, toTimestamps(bodies, acknowledgements));
    stream.close();
  });

  it('passes no event that a replay has not reached yet, and a client resumes from it without loss', async () => {
    const bodies = makeBodies(300, 50_000, 'replay');
    const acknowledgements = await publishAll(brisk.target, '/replay', bodies);
    const stream = await StreamReader.open(brisk.target, '/replay', { headers: [['X-Fetch-Since', '0']] });
    // Why: a reader that pauses again and again makes the replay last over several intervals.
    while (stream.events.length < 200) {
      const wanted = stream.events.length + 20;
      await stream.waitForEvents(Math.min(wanted, bodies.length));
      stream.pause();
      await pauseFor(50);
      stream.resume();
    }
    stream.close();
    const timestamps = toTimestamps(bodies, acknowledgements);
    expectNoTimePassed(stream, timestamps);

    const seen = [...stream.items];
    const points = seen.flatMap((item, index) => (item.kind === 'keep-alive' ? [{ item, index }] : []));
    expect(points.length).toBeGreaterThan(3);
    for (const { item, index } of [points[1], points[Math.floor(points.length / 2)], points.at(-1)].flatMap(
      (point) => point ?? [],
    )) {
      const handedOver = seen.slice(0, index).filter(({ kind }) => kind === 'event').length;
      for (const since of [item.notation, String(Math.floor(item.seconds))]) {
        const resumed = await StreamReader.open(brisk.target, '/replay', {
          headers: [['X-Fetch-Since', since]],
        });
        const first = await resumed.nextEvent();
        const position = bodies.indexOf(first);
        expect(position).toBeLessThanOrEqual(handedOver);
        expect(await resumed.waitForEvents(bodies.length - position)).toStrictEqual(bodies.slice(position));
        resumed.close();
      }
    }
  });

  it('resumes a quiet stream without loss of what was published while its client was away', async () => {
    for (let round = 0; round < 20; round += 1) {
      const stream = await StreamReader.open(brisk.target, '/away');
      const { notation } = await stream.waitForKeepAlives(1);
      stream.close();
      const body = `{"round":${String(round)}}`;
      await publish(brisk.target, '/away', body);
      const resumed = await StreamReader.open(brisk.target, '/away', {
        headers: [['X-Fetch-Since', notation]],
      });
      await resumed.waitFor(() => (resumed.events.includes(body) ? true : undefined), body);
      resumed.close();
    }
  });
});

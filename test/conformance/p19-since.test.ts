// P19: replay from a moment.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAfter, Publisher, type Acknowledgement } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

function since(value: string, name: string = 'X-Fetch-Since'): StreamOptions {
  return { headers: [[name, value]] };
}

/** What a new subscriber gets before the event that is published once its stream is open. */
async function readReplay(path: string, options: StreamOptions = {}): Promise<readonly string[]> {
  const stream = await StreamReader.open(broker.target, path, options);
  const sentinel = `{"sentinel":"${String(performance.now())}"}`;
  await publish(broker.target, path.replace(/\?.*$/, ''), sentinel);
  const events = await stream.readUntil(sentinel);
  stream.close();
  return events.filter((event) => !event.startsWith('{"sentinel"'));
}

async function publishSeries(path: string, count: number): Promise<readonly Acknowledgement[]> {
  const acknowledgements: Acknowledgement[] = [];
  for (let index = 0; index < count; index += 1) {
    // Why: two milliseconds apart at least, so that a whole one lies between them; the fillers are on another topic.
    const previous = acknowledgements.at(-1)?.timestamp ?? 0;
    await publishAfter(broker.target, '/filler', () => '0', previous + 0.0011);
    acknowledgements.push(await publish(broker.target, path, String(index)));
  }
  return acknowledgements;
}

describe('P19 since', () => {
  it.each(['X-Fetch-Since', 'x-fetch-since', 'X-FETCH-SINCE', 'x-Fetch-sINCE'])(
    'is read from the header in any case: %s',
    async (name) => {
      const path = `/case/${name}`;
      await publish(broker.target, path, '1');
      expect(await readReplay(path, since('0', name))).toStrictEqual(['1']);
    },
  );

  it('is read from the query', async () => {
    await publish(broker.target, '/query', '1');
    expect(await readReplay('/query?since=0')).toStrictEqual(['1']);
  });

  it('without it a stream is live only', async () => {
    await publish(broker.target, '/live', '1');
    expect(await readReplay('/live')).toStrictEqual([]);
  });

  it('replays only what the subscription covers', async () => {
    await publish(broker.target, '/covered/a', '1');
    await publish(broker.target, '/coveredness', '2');
    await publish(broker.target, '/covered', '3');
    expect(await readReplay('/covered', since('0'))).toStrictEqual(['1', '3']);
  });

  it('starts with the event that has exactly that time', async () => {
    const series = await publishSeries('/exact', 5);
    for (const [index, { timestamp }] of series.entries()) {
      const expected = ['0', '1', '2', '3', '4'].slice(index);
      expect(await readReplay('/exact', since(String(timestamp)))).toStrictEqual(expected);
    }
  });

  it('leaves out what came before a moment between two events', async () => {
    const series = await publishSeries('/between', 4);
    const [, second, third] = series.map(({ timestamp }) => timestamp);
    const moment = ((second ?? 0) + (third ?? 0)) / 2;
    expect(await readReplay('/between', since(moment.toFixed(6)))).toStrictEqual(['2', '3']);
    expect(await readReplay(`/between?since=${moment.toFixed(6)}`)).toStrictEqual(['2', '3']);
  });

  it('covers the whole second when it has no point, so that an X-Timestamp may be sent back', async () => {
    await publishSeries('/second', 3);
    const { response, timestamp } = await publish(broker.target, '/second', '"marked"');
    const replayed = await readReplay('/second', since(response.header('x-timestamp') ?? ''));
    expect(replayed).toContain('"marked"');
    expect(Number(response.header('x-timestamp'))).toBeLessThanOrEqual(timestamp);
  });

  it('takes a negative number for a moment before everything', async () => {
    await publish(broker.target, '/negative', '1');
    expect(await readReplay('/negative', since('-1'))).toStrictEqual(['1']);
    expect(await readReplay('/negative?since=-1.5')).toStrictEqual(['1']);
  });

  it.each(['4102444800', '4102444800.5', '99999999999999999999'])(
    'is live only when it lies in the future: %s',
    async (value) => {
      const path = `/future/${value}`;
      await publish(broker.target, path, '1');
      expect(await readReplay(path, since(value))).toStrictEqual([]);
      expect(await readReplay(`${path}?since=${value}`)).toStrictEqual([]);
    },
  );

  it.each(['None', 'null', '', 'yesterday', 'NaN', '1,5', '2026-01-01T00:00:00Z', '12abc', '0x10'])(
    'is live only when the header is no number: "%s"',
    async (value) => {
      const path = `/no-number/${encodeURIComponent(value)}`;
      await publish(broker.target, path, '1');
      expect(await readReplay(path, since(value))).toStrictEqual([]);
    },
  );

  it.each([
    'None',
    'null',
    '',
    'yesterday',
    'NaN',
    'Infinity',
    '1,5',
    '2026-01-01T00:00:00Z',
    '12abc',
    '0x10',
  ])('is refused when the query is no number: ?since=%s', async (value) => {
    expectProblem(await request(broker.target, { path: `/query?since=${encodeURIComponent(value)}` }), 400);
  });

  it('is refused when the query has it without a value', async () => {
    expectProblem(await request(broker.target, { path: '/query?since' }), 400);
  });

  it.each(['0', '1700000000', '1700000000.25'])('is answered in X-Fetching-Since: %s', async (value) => {
    for (const [path, options] of [
      ['/answered', since(value)],
      [`/answered?since=${value}`, {}],
    ] as const) {
      const stream = await StreamReader.open(broker.target, path, options);
      expect(Number(stream.requireHeader('x-fetching-since'))).toBe(Number(value));
      stream.close();
    }
  });

  it('survives a restart of the broker', async () => {
    const restarting = await BrokerProcess.start();
    try {
      const bodies = Array.from({ length: 30 }, (_, index) => String(index));
      const publisher = await Publisher.open(restarting.target);
      const acknowledgements: Acknowledgement[] = [];
      for (const body of bodies) acknowledgements.push(await publisher.publish('/kept', body));
      publisher.close();
      await restarting.restart();
      const { timestamp } = await publish(restarting.target, '/kept', '"after"');
      expect(timestamp).toBeGreaterThanOrEqual(acknowledgements.at(-1)?.timestamp ?? Infinity);
      const stream = await StreamReader.open(restarting.target, '/kept', since('0'));
      expect(await stream.waitForEvents(31)).toStrictEqual([...bodies, '"after"']);
      stream.close();
    } finally {
      await restarting.dispose();
    }
  });
});

describe.concurrent('P19 replay, then live', () => {
  it('is one order without gap or duplicate, however streams open while others publish', async () => {
    const total = 600;
    const publishers = await Promise.all(
      Array.from({ length: 4 }, async () => Publisher.open(broker.target)),
    );
    const streams: StreamReader[] = [await StreamReader.open(broker.target, '/concurrent')];
    const opening: Promise<void>[] = [];
    await Promise.all(
      publishers.map(async (publisher, first) => {
        for (let number = first; number < total; number += publishers.length) {
          await publisher.publish(`/concurrent/${String(number % 7)}`, `{"n":${String(number)}}`);
          if (number % 25 === 0) {
            opening.push(
              StreamReader.open(broker.target, '/concurrent', since('0')).then((stream) => {
                streams.push(stream);
              }),
            );
          }
        }
        publisher.close();
      }),
    );
    await Promise.all(opening);
    expect(streams.length).toBeGreaterThan(20);
    const expected = await streams[0]?.waitForEvents(total);
    expect(new Set(expected).size).toBe(total);
    const sentinel = '"the end"';
    await publish(broker.target, '/concurrent', sentinel);
    for (const stream of streams) {
      expect(await stream.readUntil(sentinel)).toStrictEqual(expected);
      stream.close();
    }
  });

  it('keeps the order of each publisher', async () => {
    const publishers = await Promise.all(
      Array.from({ length: 3 }, async () => Publisher.open(broker.target)),
    );
    await Promise.all(
      publishers.map(async (publisher, who) => {
        for (let number = 0; number < 50; number += 1) {
          await publisher.publish('/orders', `[${String(who)},${String(number)}]`);
        }
        publisher.close();
      }),
    );
    const events = await readReplay('/orders', since('0'));
    for (const who of [0, 1, 2]) {
      const own = events.filter((event) => event.startsWith(`[${String(who)},`));
      expect(own).toStrictEqual(
        Array.from({ length: 50 }, (_, number) => `[${String(who)},${String(number)}]`),
      );
    }
  });
});

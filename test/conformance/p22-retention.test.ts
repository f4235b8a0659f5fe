// P22: what is kept: by count, by bytes of payload and by age, whichever is reached first.

import { describe, expect, it } from 'vitest';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

/** What a replay from the beginning holds, up to the given event; undefined if pruning overtook and cut it. */
async function readHeld(broker: BrokerProcess, last: string): Promise<readonly string[] | undefined> {
  const stream = await StreamReader.open(broker.target, '/', { headers: [['X-Fetch-Since', '0']] });
  try {
    await stream.waitFor(
      () => (stream.events.at(-1) === last || stream.response.end !== undefined ? true : undefined),
      'the last event',
    );
    return stream.response.end === undefined ? stream.events : undefined;
  } finally {
    stream.close();
  }
}

function after(cursor: string | undefined): StreamOptions {
  return { headers: [['X-Fetch-Since-Cursor', cursor ?? '']] };
}

function numbered(count: number, byteLength: number = 20): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const start = `{"n":${String(index)},"t":"`;
    return `${start}${'x'.repeat(byteLength - start.length - 2)}"}`;
  });
}

describe.concurrent('P22 retention', () => {
  it('keeps the newest events by count, whatever their topics', async () => {
    await withBroker(['--retention-events', '25'], async (broker) => {
      const bodies = numbered(100);
      for (const [index, body] of bodies.entries())
        await publish(broker.target, `/topic/${String(index % 5)}`, body);
      const last = bodies.at(-1) ?? '';
      const held = await pollUntil(async () => {
        const events = await readHeld(broker, last);
        return events !== undefined && events.length <= 25 ? events : undefined;
      }, 'no more than 25 events are held');
      expect(held).toStrictEqual(bodies.slice(-25));
    });
  });

  it('keeps the newest events by bytes of payload', async () => {
    const limitBytes = 2 * 1024 * 1024;
    await withBroker(['--retention-bytes', String(limitBytes)], async (broker) => {
      const bodies = numbered(100, 100_000);
      await publishAll(broker.target, '/bytes', bodies);
      const last = bodies.at(-1) ?? '';
      const held = await pollUntil(async () => {
        const events = await readHeld(broker, last);
        return events !== undefined && events.length * 100_000 <= limitBytes ? events : undefined;
      }, 'no more bytes than the limit are held');
      expect(held).toStrictEqual(bodies.slice(-20));
    });
  });

  it('lets go by age of everything that is older, and reuses no cursor of it', async () => {
    await withBroker(['--retention-hours', '0.001'], async (broker) => {
      const acknowledgements = await publishAll(broker.target, '/age', numbered(10));
      const cursors = acknowledgements.map(({ cursor }) => cursor);
      await pollUntil(
        async () => {
          const stream = await StreamReader.open(broker.target, '/age', after(cursors.at(-2)));
          stream.close();
          return stream.response.header('x-fetch-gap') === 'expired' ? true : undefined;
        },
        'the last event is pruned after 3.6 seconds',
        15_000,
      );
      await broker.restart();
      const { cursor } = await publish(broker.target, '/age', '"young"');
      expect(await readHeld(broker, '"young"')).toStrictEqual(['"young"']);
      expect(cursors).not.toContain(cursor);
      const stream = await StreamReader.open(broker.target, '/age', after(cursors.at(-1)));
      expect(stream.response.header('x-fetch-gap')).toBeUndefined();
      expect(await stream.nextEvent()).toBe('"young"');
      stream.close();
    });
  });

  it('keeps all within its limits', async () => {
    await withBroker(
      ['--retention-events', '50', '--retention-bytes', '10000000', '--retention-hours', '1'],
      async (broker) => {
        const bodies = numbered(50);
        await publishAll(broker.target, '/kept', bodies);
        const stream = await StreamReader.open(broker.target, '/', { headers: [['X-Fetch-Since', '0']] });
        expect(stream.response.header('x-fetch-gap')).toBeUndefined();
        expect(await stream.waitForEvents(50)).toStrictEqual(bodies);
        stream.close();
      },
    );
  });

  it('stops at the limit that is reached first', async () => {
    await withBroker(['--retention-events', '40', '--retention-bytes', '1100000'], async (broker) => {
      const bodies = numbered(60, 100_000);
      await publishAll(broker.target, '/first', bodies);
      const held = await pollUntil(async () => {
        const events = await readHeld(broker, bodies.at(-1) ?? '');
        return events !== undefined && events.length <= 11 ? events : undefined;
      }, 'no more than 11 events are held');
      expect(held).toStrictEqual(bodies.slice(-11));
    });
  });
});

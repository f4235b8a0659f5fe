// P23: slow and stuck subscribers. Each has its own broker, because the interval that cuts one would cut the other.

import { describe, expect, it } from 'vitest';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pauseFor, pollUntil } from '../support/deadline.ts';
import { isLongRun } from '../support/long.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { makeBacklog } from '../support/backlog.ts';
import { describeOnEachWire } from '../support/wires.ts';
import { withBroker } from '../support/with-broker.ts';

async function countSubscribers(broker: BrokerProcess): Promise<number> {
  const response = await request(broker.target, { method: 'HEAD' });
  return Number(response.header('x-subscribers'));
}

/** The most keep-alives in a row between the first event and the last. */
function findLongestRun(stream: StreamReader): number {
  const kinds = stream.items.map(({ kind }) => kind);
  const between = kinds.slice(kinds.indexOf('event'), kinds.lastIndexOf('event'));
  let longest = 0;
  let current = 0;
  for (const kind of between) {
    current = kind === 'event' ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return longest;
}

describeOnEachWire((wire) => {
  describe.concurrent('P23 a subscriber that does not read', () => {
    it('gets everything, byte by byte, live and in a replay, and another one never waits for it', async () => {
      await withBroker(
        [],
        async (broker) => {
          const bodies = makeBacklog(80);
          const stuck = await StreamReader.open(broker.target, '/slow');
          const quick = await StreamReader.open(broker.target, '/slow');
          stuck.pause();
          await publishAll(broker.target, '/slow', bodies);
          expect(await quick.waitForEvents(bodies.length)).toStrictEqual(bodies);
          stuck.resume();
          expect(await stuck.waitForEvents(bodies.length)).toStrictEqual(bodies);
          await publish(broker.target, '/slow', '"live again"');
          expect(await stuck.readUntil('"live again"')).toStrictEqual(bodies);
          stuck.close();
          quick.close();

          const late = await StreamReader.open(broker.target, '/slow', { headers: [['X-Fetch-Since', '0']] });
          for (let wanted = 10; wanted <= bodies.length; wanted += 10) {
            late.pause();
            await pauseFor(20);
            late.resume();
            await late.waitForEvents(wanted);
          }
          expect(await late.readUntil('"live again"')).toStrictEqual(bodies);
          late.close();
        },
        wire,
      );
    });

    it('finds no pile of keep-alives from the time in which it did not read', async () => {
      await withBroker(
        ['--keep-alive-seconds', '0.1'],
        async (broker) => {
          const bodies = makeBacklog(60);
          const stream = await StreamReader.open(broker.target, '/pile');
          stream.pause();
          await publishAll(broker.target, '/pile', bodies);
          await pauseFor(2_000);
          stream.resume();
          expect(await stream.waitForEvents(bodies.length)).toStrictEqual(bodies);
          expect(findLongestRun(stream)).toBeLessThan(8);
          stream.close();
        },
        wire,
      );
    });

    it('is cut, without a final chunk, after stallSeconds without progress', async () => {
      await withBroker(
        ['--stall-seconds', '1', '--keep-alive-seconds', '0.5'],
        async (broker) => {
          const bodies = makeBacklog(60);
          const stuck = await StreamReader.open(broker.target, '/stall');
          const quick = await StreamReader.open(broker.target, '/stall');
          stuck.pause();
          await publishAll(broker.target, '/stall', bodies);
          await pollUntil(
            async () => ((await countSubscribers(broker)) === 1 ? true : undefined),
            'the stuck one is cut',
          );
          expect(await quick.waitForEvents(bodies.length)).toStrictEqual(bodies);
          stuck.resume();
          expect(await stuck.waitForEnd()).toBe('cut');
          const received = stuck.events;
          expect(received).toStrictEqual(bodies.slice(0, received.length));
          expect(received.length).toBeLessThan(bodies.length);
          await publish(broker.target, '/stall', '"after"');
          expect(await quick.readUntil('"after"')).toStrictEqual(bodies);
          quick.close();
        },
        wire,
      );
    });

    it('is not cut while it makes progress, however long that takes', async () => {
      await withBroker(
        ['--stall-seconds', '1', '--keep-alive-seconds', '0.5'],
        async (broker) => {
          const bodies = makeBacklog(120);
          await publishAll(broker.target, '/crawl', bodies);
          const stream = await StreamReader.open(broker.target, '/crawl', {
            headers: [['X-Fetch-Since', '0']],
          });
          // Why: about 8 MB a second, which frees kernel buffers several times in each interval, over two intervals.
          for (let wanted = 10; wanted <= bodies.length; wanted += 10) {
            stream.resume();
            await stream.waitForEvents(wanted);
            stream.pause();
            await pauseFor(190);
          }
          stream.resume();
          expect(await stream.waitForEvents(bodies.length)).toStrictEqual(bodies);
          expect(stream.response.end).toBeUndefined();
          stream.close();
        },
        wire,
      );
    });

    it('is not cut when it is merely quiet', async () => {
      await withBroker(
        ['--stall-seconds', '1', '--keep-alive-seconds', '0.9'],
        async (broker) => {
          const stream = await StreamReader.open(broker.target, '/quiet');
          await stream.waitForKeepAlives(5);
          await publish(broker.target, '/quiet', '1');
          expect(await stream.nextEvent()).toBe('1');
          stream.close();
        },
        wire,
      );
    });

    it.runIf(isLongRun)(
      'stays for nearly all of the default 60 seconds, beyond what the library would allow, and is cut after them',
      async () => {
        await withBroker(
          [],
          async (broker) => {
            const bodies = makeBacklog(60);
            const stream = await StreamReader.open(broker.target, '/long');
            stream.pause();
            await publishAll(broker.target, '/long', bodies);
            await pauseFor(50_000);
            expect(broker.messages).not.toContain('stream cut');
            stream.resume();
            expect(await stream.waitForEvents(bodies.length)).toStrictEqual(bodies);
            stream.pause();
            await publishAll(broker.target, '/long', bodies);
            await pollUntil(
              async () => ((await countSubscribers(broker)) === 0 ? true : undefined),
              'it is cut',
              120_000,
            );
            expect(broker.messages).toContain('stream cut');
            stream.close();
          },
          wire,
        );
      },
      240_000,
    );
  });
});

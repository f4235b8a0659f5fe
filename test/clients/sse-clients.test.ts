// P14, P18 and P21 with clients of Server-Sent Events that people really use: whatever becomes of the broker, each event once.
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { publish, publishAll, Publisher } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { EventSourceBrowser } from './browser.ts';
import { makeEvents } from './sample-events.ts';
import { npmClients, waitForEvents, waitForOpen, type SseClient, type SseStream } from './sse-clients.ts';

let browser: EventSourceBrowser;

beforeAll(async () => {
  browser = await EventSourceBrowser.start();
});
afterAll(async () => {
  await browser.stop();
});

const clients: readonly (readonly [name: string, find: (context: TestContext) => SseClient])[] = [
  ...npmClients.map((client) => [client.name, () => client] as const),
  [
    'EventSource of Chromium',
    (context) => {
      browser.require(context);
      return browser;
    },
  ],
];

const ends = [
  ['is stopped', (broker: BrokerProcess) => broker.stop()],
  ['is killed', (broker: BrokerProcess) => broker.kill()],
] as const;
const cases = clients.flatMap(([name, find]) => ends.map(([how, end]) => ({ name, find, how, end })));

/** A client on a stream of a broker that keeps its port. */
async function subscribe(
  client: SseClient,
  act: (broker: BrokerProcess, stream: SseStream) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const broker = await BrokerProcess.start({
    keepsPort: true,
    flags: ['--keep-alive-seconds', '0.5', '--cors-origins', browser.origin, ...flags],
  });
  try {
    if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
    const stream = await client.connect(`http://127.0.0.1:${broker.target.port}/sse`);
    try {
      await waitForOpen(stream, 1);
      await act(broker, stream);
    } finally {
      await stream.close();
    }
  } finally {
    await broker.dispose();
  }
}

/** Publishes until the broker is gone. @returns how many it acknowledged, once it is. */
async function publishUntilEnd(broker: BrokerProcess, round: number): Promise<number> {
  const publisher = await Publisher.open(broker.target);
  let count = 0;
  try {
    for (;;) {
      await publisher.publish('/sse', `{"round":${round},"n":${count}}`);
      count += 1;
    }
  } catch {
    return count;
  } finally {
    publisher.close();
  }
}

/** Whether the log no longer holds what it held at first. */
async function isPruned(broker: BrokerProcess): Promise<boolean> {
  const stream = await StreamReader.open(broker.target, '/?since=0');
  stream.close();
  return stream.response.header('x-fetch-gap') === 'expired';
}

/** All that the log holds, in its order and in the notation that streams have. */
async function readLog(broker: BrokerProcess): Promise<readonly string[]> {
  return (await poll(broker.target, '/sse?since=0&format=ndjson')).events;
}

describe.concurrent.each(cases)('$name, when the broker $how', ({ find, end }) => {
  it('resumes by itself without loss or repeat, again and again, while others publish', async (context) => {
    await subscribe(find(context), async (broker, stream) => {
      for (let round = 1; round <= 2; round += 1) {
        const seenCount = stream.events.length;
        const published = publishUntilEnd(broker, round);
        await waitForEvents(stream, seenCount + 20);
        await end(broker);
        expect(await published).toBeGreaterThan(0);
        await broker.launch();
        // Before the client is back: none of these is ever live for it.
        await publishAll(broker.target, '/sse', [
          `{"round":${round},"n":"first"}`,
          `{"round":${round},"n":"next"}`,
        ]);
        await waitForOpen(stream, round + 1);
        await publish(broker.target, '/sse', `{"round":${round},"n":"live"}`);
        const log = await readLog(broker);
        await waitForEvents(stream, log.length);
        expect(stream.events).toStrictEqual(log);
      }
      expect(stream.notes).not.toContain('gap');
    });
  }, 60_000);

  it('misses nothing although it had no event yet', async (context) => {
    await subscribe(find(context), async (broker, stream) => {
      await pollUntil(() => stream.notes.includes('start') || undefined, 'the start of the stream');
      await end(broker);
      await broker.launch();
      await publish(broker.target, '/sse', '{"n":"missed"}');
      await waitForEvents(stream, 1);
      expect(stream.events).toStrictEqual(await readLog(broker));
    });
  }, 60_000);
});

describe.concurrent.each(clients)('%s', (_name, find) => {
  it('has every event of a burst, complete and in order', async (context) => {
    await subscribe(find(context), async (broker, stream) => {
      const events = makeEvents(200, 20, 100_000);
      await Promise.all(events.map((event) => publish(broker.target, '/sse', event)));
      await waitForEvents(stream, events.length);
      expect(stream.events).toStrictEqual(await readLog(broker));
    });
  });
});

describe('EventSource of Chromium', () => {
  it('is told of no gap where all that was pruned was elsewhere and long before: keep-alives moved its id', async (context) => {
    browser.require(context);
    await subscribe(
      browser,
      async (broker, stream) => {
        await publishAll(broker.target, '/elsewhere', makeEvents(30, 20, 100));
        await pollUntil(async () => (await isPruned(broker)) || undefined, 'the first are pruned');
        // One keep-alive behind all of them: the browser has the next one at the latest.
        const other = await StreamReader.open(broker.target, '/sse');
        await other.waitForKeepAlives(4);
        other.close();
        await broker.stop();
        await broker.launch();
        await waitForOpen(stream, 2);
        await publish(broker.target, '/sse', '{"n":1}');
        await waitForEvents(stream, 1);
        expect(stream.notes).not.toContain('gap');
      },
      ['--retention-events', '10'],
    );
  });

  it('may not read the stream of a broker that does not list its origin', async (context) => {
    browser.require(context);
    const broker = await BrokerProcess.start({ flags: ['--cors-origins', 'https://dashboard.example'] });
    try {
      if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
      const stream = await browser.connect(`http://127.0.0.1:${broker.target.port}/sse`);
      await publish(broker.target, '/sse', '1');
      await pollUntil(() => stream.notes.includes('refused') || undefined, 'the refusal');
      expect(stream.events).toStrictEqual([]);
      expect(stream.notes).not.toContain('open');
      await stream.close();
    } finally {
      await broker.dispose();
    }
  });
});

// The library, as a program imports it, against the broker itself.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import {
  publish,
  publishBatch,
  readStatistics,
  subscribe,
  type StreamItem,
} from '../../src/client/client.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { urlOf } from '../support/broker-url.ts';
import { withDeadline } from '../support/deadline.ts';
import { Deferred } from '../support/deferred.ts';
import { findFreePort } from '../support/free-port.ts';
import { withBroker } from '../support/with-broker.ts';

const QUICK = { backOff: { firstMs: 20, longestMs: 50 } } as const;

async function take(
  items: AsyncIterable<StreamItem>,
  count: number,
  deadlineMs?: number,
): Promise<StreamItem[]> {
  const taken: StreamItem[] = [];
  const work = (async () => {
    for await (const item of items) if (taken.push(item) === count) break;
    return taken;
  })();
  return withDeadline(work, () => `${count} items; there are ${taken.length}`, deadlineMs);
}

test('what is published arrives, with its topic, and is there again for who asks later', async () => {
  await withBroker([], async (broker) => {
    const url = urlOf(broker, '/t');
    const connected = new Deferred<void>();
    const live = take(subscribe(url, { onConnection: () => connected.resolve() }), 3);
    await connected.promise;
    const receipt = await publish(`${url}/ä%2Fb`, { text: 'ü' });
    await publishBatch(url, [1, [2]]);
    const seen = await live;
    expect(seen.map((item) => ('value' in item ? [item.topic, item.value] : item))).toEqual([
      [expect.stringContaining('/t/'), { text: 'ü' }],
      ['/t', 1],
      ['/t', [2]],
    ]);
    expect(seen[0]).toMatchObject({ segments: ['t', 'ä/b'], cursor: receipt.cursor });
    expect(await take(subscribe(url, { since: 0 }), 3)).toEqual(seen);
    expect(await take(subscribe(url, { cursor: receipt.cursor }), 2)).toEqual(seen.slice(1));
  });
});

test(
  'an event comes once, in order, over restarts and kills of the broker',
  { timeout: 70_000 },
  async () => {
    const port = await findFreePort();
    await withBroker(['--port', String(port)], async (broker) => {
      const url = urlOf(broker, '/t');
      const rounds = 4;
      const seen = take(subscribe(url, { ...QUICK, since: 0 }), rounds * 50, 60_000);
      for (let round = 0; round < rounds; round += 1) {
        const values = Array.from({ length: 50 }, (_, index) => round * 50 + index);
        await Promise.all([publishBatch(url, values, QUICK), restart(broker, round)]);
      }
      const values = (await seen).map((item) => ('value' in item ? item.value : item));
      expect(values).toEqual(Array.from({ length: rounds * 50 }, (_, index) => index));
    });
  },
);

async function restart(broker: BrokerProcess, round: number): Promise<void> {
  await (round % 2 === 0 ? broker.stop() : broker.kill());
  await broker.launch();
}

test('a gap in the log is told', async () => {
  await withBroker(['--retention-events', '2'], async (broker) => {
    const url = urlOf(broker, '/t');
    await publishBatch(url, [1, 2, 3]);
    await publish(url, 4);
    const first = await untilPruned(url);
    expect(first).toMatchObject({ type: 'gap', reason: 'expired', requested: '0' });
  });
});

// Why again and again: the broker prunes after it has answered.
async function untilPruned(url: string): Promise<StreamItem | undefined> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const [item] = await take(subscribe(url, { since: 0 }), 1);
    if (item?.type === 'gap') return item;
  }
  return undefined;
}

test('a poll ends with what there is', async () => {
  await withBroker([], async (broker) => {
    const url = urlOf(broker, '/t');
    await publishBatch(url, [1, 2]);
    const subscription = subscribe(url, { since: 0, once: true });
    const values: unknown[] = [];
    for await (const item of subscription) values.push('value' in item ? item.value : item);
    expect(values).toEqual([1, 2]);
    await publish(url, 3);
    for await (const item of subscription) values.push('value' in item ? item.value : item);
    expect(values).toEqual([1, 2, 3]);
  });
});

test('a publish whose answer is lost is stored once', async () => {
  await withBroker([], async (broker) => {
    const url = urlOf(broker, '/t');
    for (let i = 0; i < 2; i++) await publish(url, { build: 1 }, { idempotencyKey: 'build-1' });
    expect(await take(subscribe(url, { since: 0, once: true }), 2)).toHaveLength(1);
  });
});

test.each([
  ['a wrong cursor in the URL', '/t?cursor=nonsense', 'invalid-cursor'],
  ['an unknown path of the broker', '/-/nothing', 'not-found'],
])('%s ends the loop with the reason of the broker', async (_what, path, problem) => {
  await withBroker([], async (broker) => {
    const url = new URL(path, urlOf(broker, '/t'));
    await expect(take(subscribe(url), 1)).rejects.toMatchObject({ problem });
  });
});

test('statistics are those of the broker', async () => {
  await withBroker([], async (broker) => {
    expect(await readStatistics(urlOf(broker, '/t'))).toMatchObject({
      server: expect.stringContaining('GitPubSub/'),
      subscribers: 0,
      openConnections: 1,
    });
  });
});

test('a broker on a Unix domain socket is reached by its path', async () => {
  const broker = await BrokerProcess.start({ onUnixSocket: true });
  try {
    const options = { socketPath: broker.socketPath };
    await publish('http://localhost/t', 1, options);
    expect(await take(subscribe('http://localhost/t', { ...options, since: 0 }), 1)).toMatchObject([
      { value: 1 },
    ]);
  } finally {
    await broker.dispose();
  }
});

test('the package gives it to programs, without any native module', async () => {
  const program = `
    const { subscribe, publish, readStatistics, RefusedError } = await import('gitpubsub/client');
    console.log([subscribe, publish, readStatistics, RefusedError].map((one) => typeof one).join());
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['--no-addons', '--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  expect(stdout).toBe('function,function,function,function\n');
});

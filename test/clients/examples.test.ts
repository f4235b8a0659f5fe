// The examples of the docs: each event once, across restarts of the broker.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { publish } from '../support/publisher.ts';
import { ClientProcess, requireClient, type Client } from './client-process.ts';

function example(name: string): URL {
  return new URL(`../../docs/examples/${name}`, import.meta.url);
}

const examples: readonly Client[] = [
  { name: 'subscribe.sh', command: ['sh'], script: example('subscribe.sh'), probe: ['curl', '--version'] },
  {
    name: 'subscribe.py',
    command: ['/usr/bin/python3'],
    script: example('subscribe.py'),
    probe: ['/usr/bin/python3', '--version'],
  },
  { name: 'subscribe.rb', command: ['ruby'], script: example('subscribe.rb'), probe: ['ruby', '--version'] },
];

const hasGo = spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;

async function expectEachEventOnce(client: Client): Promise<void> {
  const broker = await BrokerProcess.start({ keepsPort: true });
  try {
    if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
    const { cursor } = await publish(broker.target, '/json', '{"n":0}');
    const url = `http://127.0.0.1:${broker.target.port}/json`;
    const subscriber = ClientProcess.start(client, url, cursor);
    try {
      await publish(broker.target, '/json/a', '{"n":1,"text":"größer"}');
      await subscriber.waitForEvents(1);
      await broker.stop();
      await broker.launch();
      await publish(broker.target, '/json/b', '{"n":2}');
      await subscriber.waitForEvents(2);
      await broker.kill();
      await broker.launch();
      await publish(broker.target, '/json', '{"n":3}');
      await subscriber.waitForEvents(3);
      const numbers = subscriber.events.map((line) => (JSON.parse(line) as { n: number }).n);
      expect(numbers).toEqual([1, 2, 3]);
      expect(subscriber.events[0]).toContain('größer');
    } finally {
      await subscriber.stop();
    }
  } finally {
    await broker.dispose();
  }
}

for (const client of examples) {
  test(`${client.name} prints each event once, across a restart and a kill -9`, async (context) => {
    requireClient(client, context);
    await expectEachEventOnce(client);
  });
}

test.skipIf(!hasGo)('subscribe.go prints each event once, across a restart and a kill -9', async () => {
  const cache = createTemporaryDirectory();
  const command = ['env', `GOCACHE=${cache}`, 'go', 'run'] as const;
  await expectEachEventOnce({ name: 'subscribe.go', command, script: example('subscribe.go') });
});

test('subscribe.sh ends with a word where the broker refuses for good', async () => {
  const broker = await BrokerProcess.start({});
  try {
    if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
    const url = `http://127.0.0.1:${broker.target.port}/-/nowhere`;
    const { status, stderr } = spawnSync('sh', [fileURLToPath(example('subscribe.sh')), url], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stderr).toBe(`${url} answers 404\n`);
    expect(status).toBe(1);
  } finally {
    await broker.dispose();
  }
});

test('publish.sh goes on until the broker is there, and stores the event once', async () => {
  const broker = await BrokerProcess.start({ keepsPort: true });
  try {
    if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
    const url = `http://127.0.0.1:${broker.target.port}/json`;
    await broker.stop();
    const child = spawn('sh', [fileURLToPath(example('publish.sh')), url], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end('{"n":1}');
    const ended = once(child, 'close');
    await broker.launch();
    expect(await ended).toEqual([0, null]);
    const { cursor } = await publish(broker.target, '/json', '{"n":2}');
    expect(cursor).toMatch(/-2-/);
  } finally {
    await broker.dispose();
  }
});

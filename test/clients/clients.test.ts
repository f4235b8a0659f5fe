// P10 to P12 and P19 with the clients that people really use: every event complete, in order, and not only with the next one.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { ClientProcess, clients, requireClient, type Client } from './client-process.ts';
import { expectOneByOne } from './expect-one-by-one.ts';
import { makeEvents } from './sample-events.ts';

let broker: BrokerProcess;
let url: string;
const running: ClientProcess[] = [];
const references: StreamReader[] = [];

beforeAll(async () => {
  // Why the longest interval: no keep-alive but that of the event itself comes within an event's deadline.
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '8'] });
  if (!('port' in broker.target)) throw new TypeError('the broker listens on a port');
  url = `http://127.0.0.1:${broker.target.port}`;
});
afterEach(async () => {
  for (const reference of references.splice(0)) reference.close();
  await stopClients();
});
afterAll(async () => {
  await broker.dispose();
});

describe.each(clients.map((client) => [client.name, client] as const))('%s', (_name, client) => {
  const topic = `/clients/${encodeURIComponent(client.name)}`;

  it('has each event before the next one is published', async (context) => {
    requireClient(client, context);
    const subscriber = await subscribe(client, topic);
    await expectOneByOne(subscriber, eventsOf(client, 12), (event) => publish(broker.target, topic, event));
  });

  it('has every event of a burst, complete and in order', async (context) => {
    requireClient(client, context);
    const subscriber = await subscribe(client, topic);
    const reference = await StreamReader.open(broker.target, topic);
    references.push(reference);
    const events = client.needsSmallEvents ? makeEvents(100, 20, 60) : makeEvents(300, 20, 100_000);
    await Promise.all(events.map((event) => publish(broker.target, topic, event)));
    await subscriber.waitForEvents(events.length);
    const inOrder = (await reference.waitForEvents(events.length)).map(normalize);
    expect(inOrder.toSorted()).toEqual(events.toSorted());
    expect(subscriber.events).toEqual(inOrder);
  });

  it('misses nothing when it resumes from the last keep-alive it had', async (context) => {
    requireClient(client, context);
    const [first = '', ...missed] = eventsOf(client, 6);
    const subscriber = await subscribe(client, topic);
    await publish(broker.target, topic, first);
    await subscriber.waitForEvents(1);
    const since = await subscriber.waitForKeepAlive();
    await stopClients();
    await publishAll(broker.target, topic, missed);
    const resumed = ClientProcess.start(client, url + topic, since);
    running.push(resumed);
    await resumed.waitForEvents(missed.length);
    // Why not exactly these: an event of the keep-alive's own moment may come again.
    await pollUntil(() => resumed.events.at(-1) === missed.at(-1) || undefined, 'the last missed event');
    expect(resumed.events.slice(-missed.length)).toEqual(missed);
  });
});

// Of sizes around the 16,000 bytes that the broker writes at a time, up to 100 KB where the client can read that.
function eventsOf(client: Client, count: number): string[] {
  return client.needsSmallEvents ? makeEvents(count, 20, 4_000) : makeEvents(count, 20, 100_000);
}

async function subscribe(client: Client, topic: string): Promise<ClientProcess> {
  const subscriber = ClientProcess.start(client, url + topic);
  running.push(subscriber);
  await waitForSubscribers(1);
  return subscriber;
}

async function stopClients(): Promise<void> {
  await Promise.all(running.splice(0).map((client) => client.stop()));
  await waitForSubscribers(0);
}

async function waitForSubscribers(count: number): Promise<void> {
  const hasCount = async (): Promise<true | undefined> => {
    const response = await request(broker.target, { method: 'HEAD', path: '/' });
    return response.header('x-subscribers') === String(count) ? true : undefined;
  };
  await pollUntil(hasCount, `${count} subscribers`);
}

function normalize(json: string): string {
  return JSON.stringify(JSON.parse(json));
}

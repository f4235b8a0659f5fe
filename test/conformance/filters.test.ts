// Filters in the query: live and replay alike, and cursors that move over what does not match.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { publish } from '../support/publisher.ts';
import { StreamReader, type StreamOptions } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] });
});
afterAll(async () => {
  await broker.dispose();
});

const ndjson: StreamOptions = { headers: [['Accept', 'application/x-ndjson']] };

const EVENTS = [
  '{"n":1,"commit":{"project":"widget","ref":"refs/heads/main","files":["src/a.ts"],"author":"Ann","email":"ann@example.com","hash":"aaaaaaaa00000000000000000000000000000000"}}',
  '{"n":2,"push":{"project":"widget","ref":"refs/heads/main"}}',
  '{"n":3,"commit":{"project":"gadget","ref":"refs/heads/feature/x","files":["README.md"],"author":"Bob","email":"bob@example.com","hash":"bbbbbbbb00000000000000000000000000000000"}}',
  '{"n":4}',
  '{"n":5,"commit":{"project":"gadget","ref":"refs/tags/v1","files":[],"filesTruncated":true}}',
];

function numberOf(text: string): number {
  return (JSON.parse(text) as { n: number }).n;
}

async function publishAll(path: string): Promise<void> {
  for (const event of EVENTS) await publish(broker.target, path, event);
}

const CASES: readonly (readonly [query: string, expected: readonly number[]])[] = [
  ['type=commit', [1, 3, 5]],
  ['type=push&type=other', [2, 4]],
  ['project=widget', [1, 2]],
  ['project=*dget', [1, 2, 3, 5]],
  ['project=gadget&type=commit&ref=v1', [5]],
  ['ref=main', [1, 2]],
  ['ref=refs/heads/**', [1, 2, 3]],
  ['ref=*', [1, 2, 5]],
  ['path=src/**', [1, 5]],
  ['author=*@example.com', [1, 3]],
  ['author=ANN', [1]],
  ['hash=bbbbbbb', [3]],
];

describe('a filter', () => {
  it.each(CASES)('%s lets through what it says, live and replayed', async (query, expected) => {
    const topic = `/filters/${encodeURIComponent(query)}`;
    const live = await StreamReader.open(broker.target, `${topic}?${query}`);
    await publishAll(topic);
    await live.waitForEvents(expected.length);
    const replay = await StreamReader.open(broker.target, `${topic}?${query}&since=0`);
    await replay.waitForEvents(expected.length);
    // An event that everybody gets would stand behind one too many.
    await live.waitForKeepAlives(live.keepAliveCount + 2);
    expect(live.events.map(numberOf)).toEqual(expected);
    expect(replay.events.map(numberOf)).toEqual(expected);
    live.close();
    replay.close();
  });

  it('lets cursors of keep-alives move over what does not match', async () => {
    const stream = await StreamReader.open(broker.target, '/moved?type=push', ndjson);
    const { cursor } = await publish(broker.target, '/moved', '{"n":1}');
    const moved = `"pubsub_cursor":"${cursor}"`;
    await stream.waitFor(() => stream.lastKeepAlive()?.text.includes(moved) || undefined, moved);
    expect(stream.events).toEqual([]);
    stream.close();
  });

  it('that is wrong is refused with what is allowed', async () => {
    await expect(StreamReader.open(broker.target, '/a?type=comit')).rejects.toThrow(/400/);
  });
});

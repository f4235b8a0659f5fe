// P16: the newest events at once, and the older ones page by page.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] });
});
afterAll(async () => {
  await broker.dispose();
});

function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

describe('a stream with last', () => {
  it('begins with so many of the newest events and goes on live', async () => {
    await publishAll(broker.target, '/last/live', numbers(1, 10));
    await publish(broker.target, '/last/elsewhere', '0');
    const stream = await StreamReader.open(broker.target, '/last/live?last=3');
    await stream.waitForEvents(3);
    await publish(broker.target, '/last/live', '11');
    expect(await stream.waitForEvents(4)).toEqual(numbers(8, 11));
    stream.close();
  });

  it('begins with all there are where there are fewer', async () => {
    await publishAll(broker.target, '/last/few', numbers(1, 2));
    const { events } = await poll(broker.target, '/last/few?last=5');
    expect(events).toEqual(numbers(1, 2));
  });

  it('counts only what its filter lets through', async () => {
    await publishAll(broker.target, '/last/filter', ['{"push":{"n":1}}', '{"push":{"n":2}}', '{"n":3}']);
    const { events } = await poll(broker.target, '/last/filter?last=1&type=push');
    expect(events).toEqual(['{"push":{"n":2}}']);
  });

  it('yields to every value that says where its client was', async () => {
    const [first] = await publishAll(broker.target, '/last/resumed', numbers(1, 4));
    const cursor = first?.cursor ?? '';
    for (const query of [`last=1&cursor=${cursor}`, 'last=1&since=0'])
      expect((await poll(broker.target, `/last/resumed?${query}`)).events.length).toBeGreaterThan(2);
    const { events } = await poll(broker.target, '/last/resumed?last=1', [['Last-Event-ID', cursor]]);
    expect(events).toEqual(numbers(2, 4));
  });
});

describe('polls with before', () => {
  it('go back page by page, without loss or repeat, until nothing older is held', async () => {
    await withBroker([], async ({ target }) => {
      for (let n = 1; n <= 25; n += 1) {
        await publish(target, '/back', String(n));
        await publish(target, '/noise', '0');
      }
      const pages: (readonly string[])[] = [];
      let answer = await poll(target, '/back?last=10');
      pages.push(answer.events);
      for (;;) {
        const before = answer.response.header('x-before');
        if (before === undefined) break;
        answer = await poll(target, `/back?last=10&before=${before}`);
        pages.push(answer.events);
      }
      expect(pages).toEqual([numbers(16, 25), numbers(6, 15), numbers(1, 5)]);
    });
  });

  it('take the cursor of an event that the client shows, and end before it', async () => {
    await publishAll(broker.target, '/back/event', numbers(1, 5));
    const { events } = await poll(broker.target, '/back/event?last=2&format=ndjson');
    const { pubsub_cursor: cursor } = JSON.parse(events[0] ?? '') as { pubsub_cursor: string };
    expect((await poll(broker.target, `/back/event?last=2&before=${cursor}`)).events).toEqual(numbers(2, 3));
  });

  it('have an X-Cursor from which a stream brings the rest', async () => {
    await publishAll(broker.target, '/back/rest', numbers(1, 5));
    const newest = await poll(broker.target, '/back/rest?last=2');
    const older = await poll(
      broker.target,
      `/back/rest?last=2&before=${newest.response.header('x-before') ?? ''}`,
    );
    expect(older.events).toEqual(numbers(2, 3));
    expect((await poll(broker.target, `/back/rest?cursor=${older.cursor}`)).events).toEqual(numbers(4, 5));
  });

  it('say so when what they ask for is no longer held, and bring nothing', async () => {
    await withBroker(['--retention-events', '5'], async ({ target }) => {
      const [first] = await publishAll(target, '/pruned', numbers(1, 30));
      const answer = await pollUntil(async () => {
        const tried = await poll(target, `/pruned?last=2&before=${first?.cursor ?? ''}&format=ndjson`);
        return tried.response.header('x-fetch-gap') === undefined ? undefined : tried;
      }, 'the first are pruned');
      expect(answer.response.header('x-fetch-gap')).toBe('expired');
      expect(answer.response.header('x-before')).toBeUndefined();
      expect(answer.events.map((line) => Object.keys(JSON.parse(line) as object)[0])).toEqual(['pubsub_gap']);
      const newest = await pollUntil(async () => {
        // One that pruning overtakes is cut.
        const tried = await poll(target, '/pruned?last=9').catch(() => undefined);
        return tried && tried.events.length <= 5 ? tried : undefined;
      }, 'all but five are pruned');
      expect(newest.events).toEqual(numbers(26, 30));
      expect(newest.response.header('x-before')).toBeUndefined();
    });
  });

  it('with a cursor of another log say that it is unknown', async () => {
    const { response } = await poll(broker.target, '/back?last=2&before=0123456789ab-1-00000000');
    expect(response.header('x-fetch-gap')).toBe('unknown');
  });

  it.each([
    ['last=0', '1 to 1000'],
    ['before=0123456789ab-1-00000000&last=1', 'poll=1'],
  ])('%s is refused with what is allowed', async (query, detail) => {
    const problem = expectProblem(await request(broker.target, { path: `/back?${query}` }), 400);
    expect(problem.detail).toContain(detail);
  });
});

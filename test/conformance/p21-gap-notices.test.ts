// P21 in each format: what stands in front of a stream or a poll that does not start where it was asked to.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { poll } from '../support/poll.ts';
import { publish, publishAll, type Acknowledgement } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { withBroker } from '../support/with-broker.ts';

const KEPT_COUNT = 10;

let pruning: BrokerProcess;
let foreign: string;
let acknowledgements: readonly Acknowledgement[];

beforeAll(async () => {
  const other = await BrokerProcess.start();
  foreign = (await publish(other.target, '/x', '1')).cursor;
  await other.dispose();
  pruning = await BrokerProcess.start({
    flags: ['--retention-events', String(KEPT_COUNT), '--keep-alive-seconds', '0.3'],
  });
  const bodies = Array.from({ length: 40 }, (_, index) => `{"n":${String(index)}}`);
  acknowledgements = await publishAll(pruning.target, '/log', bodies);
  await pollUntil(
    async () => {
      const stream = await StreamReader.open(pruning.target, '/log', after(at(-KEPT_COUNT - 2).cursor));
      stream.close();
      return stream.response.header('x-fetch-gap') === 'expired' ? true : undefined;
    },
    `only ${String(KEPT_COUNT)} events are held`,
  );
});
afterAll(async () => {
  await pruning.dispose();
});

function at(index: number): Acknowledgement {
  const found = acknowledgements.at(index);
  if (found === undefined) throw new RangeError(`no event ${String(index)}`);
  return found;
}

function after(cursor: string): { headers: [[string, string]] } {
  return { headers: [['X-Fetch-Since-Cursor', cursor]] };
}

/** What the notice of a stream must hold whose client asked for this. */
function expectNotice(text: string, requested: string, reason: string): void {
  expect(JSON.parse(text)).toStrictEqual({
    pubsub_gap: { requested, oldest: at(-KEPT_COUNT).timestamp, reason },
    pubsub_cursor: at(-KEPT_COUNT - 1).cursor,
  });
  expect(text).toMatch(/"oldest":\d+\.\d+,/);
}

const formats = ['ndjson', 'sse'] as const;
/** Each with what the client asks for, and what it is told. */
const gaps = [
  ['a cursor of another log', () => foreign, 'unknown'],
  ['a cursor that is too old', () => at(3).cursor, 'expired'],
] as const;
const cases = formats.flatMap((format) =>
  gaps.map(([what, find, reason]) => ({ format, what, find, reason })),
);

describe.each(cases)('P21 a gap in $format after $what', ({ format, find, reason }) => {
  it.each(['/log', '/never/published'])(
    'is told in the head and before everything else: %s',
    async (path) => {
      const stream = await StreamReader.open(pruning.target, `${path}?format=${format}`, after(find()));
      expect(stream.response.header('x-fetch-gap')).toBe(reason);
      await stream.waitForKeepAlives(2);
      const told = stream.items.filter(({ kind, text }) => kind !== 'notice' || !text.startsWith('retry'));
      expect(told[0]).toMatchObject({ kind: 'notice', name: 'gap', cursor: at(-KEPT_COUNT - 1).cursor });
      expectNotice(told[0]?.text ?? '', find(), reason);
      expect(told[1]?.kind).not.toBe('notice');
      expect(
        stream.items.filter(({ kind, text }) => kind === 'notice' && text.includes('pubsub_')),
      ).toHaveLength(1);
      stream.close();
    },
  );

  it('is followed by all that is held', async () => {
    const stream = await StreamReader.open(pruning.target, `/log?format=${format}`, after(find()));
    const events = await stream.waitForEvents(KEPT_COUNT);
    expect(events.map((event): unknown => JSON.parse(event))).toMatchObject(
      acknowledgements.slice(-KEPT_COUNT).map(({ cursor }) => ({ pubsub_cursor: cursor })),
    );
    stream.close();
  });

  it('is told once: the cursor of the notice is one to go on from', async () => {
    const stream = await StreamReader.open(pruning.target, `/log?format=${format}`, after(find()));
    const first = await stream.nextEvent();
    const cursor = stream.items.find(({ kind, cursor: known }) => kind === 'notice' && known)?.cursor ?? '';
    stream.close();
    const resumed = await StreamReader.open(pruning.target, `/log?format=${format}`, after(cursor));
    expect(resumed.response.header('x-fetch-gap')).toBeUndefined();
    expect(await resumed.nextEvent()).toBe(first);
    expect(resumed.items.filter((item) => item.kind === 'notice' && item.name === 'gap')).toStrictEqual([]);
    resumed.close();
  });
});

describe.each(formats)('P21 a gap in %s after a time', (format) => {
  it.each(['0', '-1', '1.50', '+17'])('repeats the time as it was sent: %s', async (since) => {
    const path = `/log?format=${format}&since=${encodeURIComponent(since)}`;
    const stream = await StreamReader.open(pruning.target, path);
    expect(stream.response.header('x-fetch-gap')).toBe('expired');
    expect(stream.response.header('x-fetching-since')).toBe(since);
    await stream.waitForEvents(KEPT_COUNT);
    const notice = stream.items.find((item) => item.kind === 'notice' && item.name === 'gap');
    expectNotice(notice?.text ?? '', since, 'expired');
    stream.close();
  });
});

describe.each(formats)('P21 no gap in %s', (format) => {
  it.each([
    ['live', () => ''],
    ['after the last event pruned', () => at(-KEPT_COUNT - 1).cursor],
    ['after the newest event', () => at(-1).cursor],
  ])('is no notice: %s', async (_what, find) => {
    const options = find() === '' ? {} : after(find());
    const stream = await StreamReader.open(pruning.target, `/log?format=${format}`, options);
    await stream.waitForKeepAlives(2);
    expect(stream.response.header('x-fetch-gap')).toBeUndefined();
    expect(stream.response.text).not.toContain('pubsub_gap');
    stream.close();
  });
});

describe('P21 a gap in the default format', () => {
  it.each(gaps)('is told in the head alone, after %s', async (_what, find, reason) => {
    const stream = await StreamReader.open(pruning.target, '/log', after(find()));
    expect(stream.response.header('x-fetch-gap')).toBe(reason);
    expect(await stream.waitForEvents(KEPT_COUNT)).toStrictEqual(
      Array.from({ length: KEPT_COUNT }, (_, index) => `{"n":${String(40 - KEPT_COUNT + index)}}`),
    );
    expect(stream.items[0]?.kind).toBe('keep-alive');
    stream.close();
  });
});

describe('P21 a gap in a poll', () => {
  it.each(gaps)('of NDJSON is its first line, after %s', async (_what, find, reason) => {
    const { events, response } = await poll(pruning.target, '/log?format=ndjson', after(find()).headers);
    expect(response.header('x-fetch-gap')).toBe(reason);
    expect(events).toHaveLength(1 + KEPT_COUNT);
    expectNotice(events[0] ?? '', find(), reason);
  });

  it('of NDJSON is its only line where nothing is there', async () => {
    const { events } = await poll(pruning.target, '/never/published?format=ndjson&since=0');
    expect(events).toHaveLength(1);
    expectNotice(events[0] ?? '', '0', 'expired');
  });

  it('of the default format is told in the head alone', async () => {
    const { events, response } = await poll(pruning.target, '/log', after(foreign).headers);
    expect(response.header('x-fetch-gap')).toBe('unknown');
    expect(events).toHaveLength(KEPT_COUNT);
    const nothing = await poll(pruning.target, '/never/published', after(foreign).headers);
    expect(nothing.response.header('x-fetch-gap')).toBe('unknown');
    expect(nothing.response.text).toBe('');
  });
});

describe('P21 a gap in an empty log', () => {
  it.each(formats)('names a time and a cursor to go on from: %s', async (format) => {
    await withBroker([], async (empty) => {
      const before = Date.now() / 1000 - 1;
      const stream = await StreamReader.open(empty.target, `/x?format=${format}`, after(foreign));
      await stream.waitForKeepAlives(1);
      const notice = stream.items.find((item) => item.kind === 'notice' && item.name === 'gap');
      const { pubsub_gap: gap } = JSON.parse(notice?.text ?? '') as { pubsub_gap: { oldest: number } };
      expect(gap).toMatchObject({ requested: foreign, reason: 'unknown' });
      expect(gap.oldest).toBeGreaterThan(before);
      stream.close();
      await publish(empty.target, '/x', '{"n":1}');
      const resumed = await StreamReader.open(
        empty.target,
        `/x?format=${format}`,
        after(notice?.cursor ?? ''),
      );
      expect(resumed.response.header('x-fetch-gap')).toBeUndefined();
      expect(JSON.parse(await resumed.nextEvent())).toMatchObject({ n: 1 });
      resumed.close();
    });
  });
});

import { describe, expect, test } from 'vitest';
import { PageCache } from '../../src/broker/page-cache.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';

const A = selectPrefixes([parseTopic('/a')]);
const B = selectPrefixes([parseTopic('/b')]);

async function createFixture(count: number) {
  const steadyClock = new SteadyClock(new FakeClock());
  const eventLog = new MemoryEventLog({ storage: createMemoryStorage(), steadyClock });
  const append = async (more: number): Promise<void> => {
    const events = Array.from({ length: more }, (_, i) => ({ topic: parseTopic('/a'), payload: String(i) }));
    if (more > 0) await eventLog.append({ events, publisher: 'unix' });
  };
  await append(count);
  return { eventLog, append, cache: new PageCache(eventLog) };
}

describe('a page', () => {
  test('holds the selected events in a batch, and how far it goes', async () => {
    const { cache } = await createFixture(3);
    const { batch, watermark } = await cache.read(A, 1);
    expect(batch?.events.map(({ offset }) => offset)).toEqual([2, 3]);
    expect(batch?.watermark).toBe(watermark);
    expect(watermark.offset).toBe(3);
  });

  test('without selected events has no batch', async () => {
    const { cache } = await createFixture(3);
    expect(await cache.read(B, 0)).toMatchObject({ batch: undefined, watermark: { offset: 3 } });
  });

  test('is the same for all who want the same at the same time, and another for others', async () => {
    const { cache } = await createFixture(3);
    const [one, same, later, other] = await Promise.all([
      cache.read(A, 0),
      cache.read(A, 0),
      cache.read(A, 1),
      cache.read(B, 0),
    ]);
    expect(same).toBe(one);
    expect(later).not.toBe(one);
    expect(other).not.toBe(one);
    expect(await cache.read(A, 0)).toBe(one);
  });

  test('that is full stays when the log grows; one that ended with the log is read again', async () => {
    const { cache, append } = await createFixture(300);
    const [full, last] = [await cache.read(A, 0), await cache.read(A, 256)];
    expect(full.watermark.offset).toBe(256);
    await append(1);
    expect(await cache.read(A, 0)).toBe(full);
    const grown = await cache.read(A, 256);
    expect(grown).not.toBe(last);
    expect(grown.watermark.offset).toBe(301);
  });

  test('of what was pruned since is not given any more', async () => {
    const { cache, eventLog } = await createFixture(300);
    await cache.read(A, 0);
    await eventLog.prune({ maxEvents: 299 }, 10);
    await expect(cache.read(A, 0)).rejects.toMatchObject({ code: 'offset-pruned' });
  });

  test('that could not be read is tried again', async () => {
    const { cache, eventLog } = await createFixture(3);
    const read = eventLog.read.bind(eventLog);
    eventLog.read = () => Promise.reject(new Error('busy'));
    await expect(cache.read(A, 0)).rejects.toThrow('busy');
    eventLog.read = read;
    expect((await cache.read(A, 0)).watermark.offset).toBe(3);
  });

  test('is forgotten when it is not among the newest 32, and when all are cleared', async () => {
    const { cache } = await createFixture(300);
    const first = await cache.read(A, 0);
    for (let after = 1; after < 32; after++) await cache.read(A, after);
    expect(await cache.read(A, 0)).toBe(first);
    await cache.read(A, 32);
    expect(await cache.read(A, 0)).not.toBe(first);
    const kept = await cache.read(A, 32);
    cache.clear();
    expect(await cache.read(A, 32)).not.toBe(kept);
  });
});

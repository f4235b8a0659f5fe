import { describe, expect, test } from 'vitest';
import { findNewest } from '../../src/broker/look-back.ts';
import { ReplayQueue } from '../../src/broker/replay-queue.ts';
import { SteadyClock, SYSTEM_CLOCK } from '../../src/core/clock.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';

/** A log of `/rare` once, then `count` of `/common`; one read looks at few. */
async function createLog(count: number, maxExamined: number): Promise<MemoryEventLog> {
  const steadyClock = new SteadyClock(new FakeClock());
  const eventLog = new MemoryEventLog({ storage: createMemoryStorage(), steadyClock, maxExamined });
  const common = Array.from({ length: count }, () => ({ topic: parseTopic('/common'), payload: '1' }));
  await eventLog.append({
    events: [{ topic: parseTopic('/rare'), payload: '1' }, ...common],
    publisher: 'unix',
  });
  return eventLog;
}

const RARE = selectPrefixes([parseTopic('/rare')]);

describe('the newest events', () => {
  test('are found however many looks it takes, up to a bound', async () => {
    const near = await createLog(40, 2);
    expect(
      await findNewest(near, new ReplayQueue(SYSTEM_CLOCK), { selection: RARE, upTo: 41, maxEvents: 5 }),
    ).toBe(0);
    const far = await createLog(400, 2);
    const after = await findNewest(far, new ReplayQueue(SYSTEM_CLOCK), {
      selection: RARE,
      upTo: 401,
      maxEvents: 5,
    });
    expect(after).toBeGreaterThan(0);
    // Asked again from there, again and again, they are found.
    let upTo = after;
    for (let i = 0; i < 20 && upTo > 0; i += 1)
      upTo = await findNewest(far, new ReplayQueue(SYSTEM_CLOCK), { selection: RARE, upTo, maxEvents: 5 });
    expect(upTo).toBe(0);
  });

  test('are looked for in turn with those who replay', async () => {
    const eventLog = await createLog(40, 2);
    const queue = new ReplayQueue(SYSTEM_CLOCK);
    let otherTurns = 0;
    let isDone = false;
    const other = {
      replayStep: async (): Promise<void> => {
        otherTurns += 1;
        if (!isDone) queue.add(other);
      },
    };
    queue.add(other);
    await findNewest(eventLog, queue, { selection: RARE, upTo: 41, maxEvents: 5 });
    isDone = true;
    expect(otherTurns).toBeGreaterThan(10);
  });
});

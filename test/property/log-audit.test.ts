// Who published what: whatever is appended, pruned and opened again, the audit has the publisher of each event that is held.
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SteadyClock } from '../../src/core/clock.ts';
import { covers, parseTopic } from '../../src/core/topic.ts';
import type { EventLog } from '../../src/eventlog/event-log.ts';
import { readAudit, type AuditEntry } from '../../src/eventlog/sqlite/log-audit.ts';
import { checkLog } from '../../src/eventlog/sqlite/log-check.ts';
import { openSqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { pickCount } from '../support/long.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      path: fc.constantFrom('/a', '/a/b', '/ab'),
      publisher: fc.constantFrom('principal ci', 'principal bob', 'address 192.0.2.1', 'unix'),
      // More than a row of a publisher is kept ahead for, now and then.
      count: fc.constantFrom(1, 1, 3, 700, 1_500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('prune' as const),
      maxEvents: fc.constantFrom(0, 1, 500, 1_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

/** The log beside the plainest list of what it should hold. */
class Scene {
  readonly path = join(createTemporaryDirectory(), 'log.db');
  readonly clock = new FakeClock();
  held: AuditEntry[] = [];
  #eventLog = this.#open();

  async run(one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Promise<void> {
    if (one.type === 'append') await this.#append(one);
    if (one.type === 'wait') this.clock.advance(one.ms);
    if (one.type === 'prune') {
      await this.#eventLog.prune({ maxEvents: one.maxEvents }, 1_000_000);
      this.held = one.maxEvents === 0 ? [] : this.held.slice(-one.maxEvents);
    }
    if (one.type === 'reopen') {
      await this.close();
      this.#eventLog = this.#open();
    }
  }

  close(): Promise<void> {
    return this.#eventLog.close();
  }

  async #append({ path, publisher, count }: { path: string; publisher: string; count: number }) {
    const topic = parseTopic(path);
    const events = Array.from({ length: count }, () => ({ topic, payload: '1' }));
    const { lastOffset, timeMs } = await this.#eventLog.append({ events, publisher });
    for (let offset = lastOffset - count + 1; offset <= lastOffset; offset++)
      this.held.push({ timeMs, offset, topic, publisher });
  }

  #open(): EventLog {
    const { clock, path } = this;
    return openSqliteEventLog({ path, durability: 'normal', clock, steadyClock: new SteadyClock(clock) });
  }
}

test('the audit tells the publisher of each event that is held, by time and topic', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 15 }),
      fc.constantFrom('/', '/a', '/a/b', '/c'),
      fc.nat(40),
      async (steps, path, sinceIndex) => {
        const scene = new Scene();
        for (const one of steps) await scene.run(one);
        const prefix = parseTopic(path);
        const sinceMs = scene.held[sinceIndex]?.timeMs ?? 0;
        expect([...readAudit(scene.path, { sinceMs, prefix })]).toEqual(
          scene.held.filter(({ timeMs, topic }) => timeMs >= sinceMs && covers(prefix, topic)),
        );
        expect(checkLog(scene.path).findings).toEqual([]);
        await scene.close();
      },
    ),
    { numRuns: pickCount(60, 2_000) },
  );
});

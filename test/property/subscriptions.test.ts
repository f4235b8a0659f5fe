// Subscriptions against a model: whatever is published, however slow the clients are, whoever leaves, whatever is pruned.
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventLog, Page, ReadRequest } from '../../src/eventlog/event-log.ts';
import { openSqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts';
import { pickCount } from '../support/long.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { BrokerModel, type KeepCrashed, type OpenLog, type Step } from './broker-model.ts';

const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/a%20/b', '/b');
const paths = fc.oneof(fc.constant(['/']), fc.array(path, { minLength: 1, maxLength: 3 }));
const credit = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4 }));
const where = fc.double({ min: 0, max: 1, noNaN: true });
const whose = fc.nat(5);
// Two of the larger ones don't fit one batch.
const sketch = fc.record({
  path,
  bytes: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(70_000) }),
});
const publishers = fc.array(fc.array(sketch, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const clockShift = fc.oneof(
  fc.constantFrom(-4_000, 4_000, -HOUR_MS, YEAR_MS, -YEAR_MS),
  fc.integer({ min: -100_000, max: 100_000 }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('publish' as const), publishers }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('burst' as const),
      path,
      count: fc.constantFrom(256, 257, 600),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('tick' as const),
      afterMs: fc.constantFrom(0, 500, 3_000, 5_000, 5_000, 40_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('shift wall clock' as const), ms: clockShift }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('resume by any time' as const), where }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('open live' as const), paths, credit }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('open at cursor' as const, 'open at time' as const),
      paths,
      credit,
      where,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('read' as const), whose, credit, isTold: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), whose }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('resume by time' as const, 'resume by cursor' as const),
      whose,
      credit,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('prune' as const), keep: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('restart' as const),
      shiftMs: fc.oneof(fc.constant(0), clockShift),
      isCrash: fc.boolean(),
    }),
  },
);
const steps = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' });
const pageEvents = fc.constantFrom(1, 3, 1_000);

test('every stream gets what it selected, once, in order, from a log in memory', async () => {
  await fc.assert(
    fc.asyncProperty(steps, pageEvents, fc.boolean(), async (taken, maxEvents, commitsEach) => {
      await expectNoViolation(openMemory([0], maxEvents, commitsEach), taken);
    }),
    { numRuns: pickCount(200, 4_000) },
  );
});

test('every stream gets what it selected, once, in order, from a log whose reads take their time', async () => {
  const readTurns = fc.array(fc.nat(4), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(steps, pageEvents, readTurns, async (taken, maxEvents, turns) => {
      await expectNoViolation(openMemory(turns, maxEvents, true), taken);
    }),
    { numRuns: pickCount(200, 4_000) },
  );
});

test('every stream gets what it selected, once, in order, from SQLite', async () => {
  const directory = createTemporaryDirectory();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, pageEvents, async (taken, maxEvents) => {
      const file = join(directory, `${run++}.db`);
      await expectNoViolation(openSqlite(file, maxEvents), taken, () => keepCrashed(file));
      for (const suffix of ['', '.lock']) rmSync(file + suffix, { force: true });
    }),
    { numRuns: pickCount(50, 1_000) },
  );
});

async function expectNoViolation(
  openLog: OpenLog,
  taken: readonly Step[],
  keepWhenCrashed?: KeepCrashed,
): Promise<void> {
  const model = new BrokerModel(openLog, keepWhenCrashed);
  await model.run(taken);
  expect(model.violations).toEqual([]);
}

function openMemory(readTurns: readonly number[], maxEvents: number, commitsEach: boolean): OpenLog {
  const storage = createMemoryStorage();
  let reads = 0;
  return (_clock, steadyClock) =>
    limitPages(
      new MemoryEventLog({
        storage,
        steadyClock,
        pickReadTurns: () => readTurns[reads++ % readTurns.length] ?? 0,
        maxExamined: maxEvents * 40,
        commitsEach,
      }),
      maxEvents,
    );
}

function openSqlite(file: string, maxEvents: number): OpenLog {
  return (clock, steadyClock) =>
    limitPages(openSqliteEventLog({ path: file, durability: 'normal', clock, steadyClock }), maxEvents);
}

function keepCrashed(file: string): () => void {
  const names = [file, `${file}-wal`];
  for (const name of names) copyFileSync(name, `${name}.crashed`);
  return () => {
    for (const name of names) renameSync(`${name}.crashed`, name);
  };
}

// Short pages, so that a short log already takes several.
function limitPages(eventLog: EventLog, maxEvents: number): EventLog {
  const read = (request: ReadRequest): Promise<Page> =>
    eventLog.read({ ...request, maxEvents: Math.min(request.maxEvents, maxEvents) });
  return {
    id: eventLog.id,
    get firstOffset() {
      return eventLog.firstOffset;
    },
    get lastOffset() {
      return eventLog.lastOffset;
    },
    get failure() {
      return eventLog.failure;
    },
    get trustedMs() {
      return eventLog.trustedMs;
    },
    stopWaiting: () => eventLog.stopWaiting(),
    append: (append) => eventLog.append(append),
    onCommit: (listener) => eventLog.onCommit(listener),
    read,
    lookBack: (request) => eventLog.lookBack(request),
    findTime: (timeMs) => eventLog.findTime(timeMs),
    checkAt: (offset) => eventLog.checkAt(offset),
    prune: (bounds, maxRemoved) => eventLog.prune(bounds, maxRemoved),
    probe: () => eventLog.probe(),
    maintain: () => eventLog.maintain(),
    trustClock: (timeMs) => eventLog.trustClock(timeMs),
    close: () => eventLog.close(),
  };
}

// Two engines side by side: whatever is appended, pruned and asked, SQLite answers what the naive one does.
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SteadyClock } from '../../src/core/clock.ts';
import { GitPubSubError } from '../../src/core/errors.ts';
import { payloadBytes, type Event } from '../../src/core/event.ts';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';
import { selectPrefixes } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { EventLog, LookBackRequest, LookedBack, ReadRequest } from '../../src/eventlog/event-log.ts';
import { openSqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

const path = fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/ab', '/a%2Fb', '/a%20', '/b', '/\u00e4');
const wideTopic = fc.nat(300).map((n) => `/wide/${n}`);
const topics = fc.array(fc.oneof({ weight: 3, arbitrary: path }, wideTopic), { minLength: 1, maxLength: 30 });
// What its reader may not see: as the access file says it, and what was granted.
const hiding = fc.record({
  privates: fc.array(path, { maxLength: 3 }),
  grants: fc.array(path, { maxLength: 2 }),
});
const bound = fc.option(fc.nat(60), { nil: undefined });

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      topics,
      bytes: fc.integer({ min: 1, max: 20 }),
      repeats: fc.constantFrom(1, 1, 1, 20),
      key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('prune' as const),
      ageMs: bound,
      maxEvents: bound,
      maxBytes: bound,
      maxRemoved: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      paths: fc.array(fc.oneof(path, fc.constant('/wide'), wideTopic), { minLength: 1, maxLength: 3 }),
      hiding,
      after: fc.nat(40),
      maxEvents: fc.integer({ min: 1, max: 40 }),
      maxBytes: fc.integer({ min: 1, max: 400 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('look' as const),
      paths: fc.array(fc.oneof(path, fc.constant('/wide'), wideTopic), { minLength: 1, maxLength: 3 }),
      hiding,
      upTo: fc.nat(400),
      maxEvents: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('find' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Request = Exclude<Step, { type: 'wait' | 'reopen' }>;

test('SQLite answers what the log in memory does', async () => {
  const directory = createTemporaryDirectory();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const file = join(directory, `${run++}.db`);
      const storage = createMemoryStorage();
      const clock = new FakeClock();
      const open = (): [EventLog, EventLog] => [
        openSqliteEventLog({ path: file, durability: 'normal', clock, steadyClock: new SteadyClock(clock) }),
        new MemoryEventLog({ storage, steadyClock: new SteadyClock(clock) }),
      ];
      let logs = open();
      for (const one of steps) {
        if (one.type === 'wait') clock.advance(one.ms);
        else if (one.type === 'reopen') {
          for (const eventLog of logs) await eventLog.close();
          logs = open();
        } else {
          const [sqlite, memory] = await Promise.all(logs.map((eventLog) => take(eventLog, one, clock)));
          expect(sqlite).toBe(memory);
        }
      }
      for (const eventLog of logs) await eventLog.close();
      for (const suffix of ['', '.lock']) rmSync(file + suffix, { force: true });
    }),
    { numRuns: 40 },
  );
});

/** What the log answers, and where it stands then, as text. */
async function take(eventLog: EventLog, one: Request, clock: FakeClock): Promise<string> {
  const answer = await answerTo(eventLog, one, clock).catch((error: unknown) => ({
    code: error instanceof GitPubSubError ? error.code : String(error),
  }));
  const { firstOffset, lastOffset } = eventLog;
  const known = [firstOffset - 1, firstOffset, lastOffset, lastOffset + 1].map(
    (offset) => eventLog.checkAt(offset) !== undefined,
  );
  return JSON.stringify({ answer, firstOffset, lastOffset, known });
}

async function answerTo(eventLog: EventLog, one: Request, clock: FakeClock): Promise<unknown> {
  if (one.type === 'append') {
    const paths = Array.from({ length: one.repeats }, () => one.topics).flat();
    const payload = 'x'.repeat(one.bytes);
    const fingerprint = JSON.stringify([one.topics, one.bytes]).slice(0, 30);
    return eventLog.append({
      events: paths.map((text) => ({ topic: parseTopic(text), payload })),
      publisher: 'unix',
      ...(one.key !== undefined && { idempotency: { principal: 'p', key: one.key, fingerprint } }),
    });
  }
  if (one.type === 'prune') {
    const { maxEvents, maxBytes, maxRemoved, ageMs } = one;
    const beforeMs = ageMs === undefined ? undefined : clock.nowMs() - ageMs;
    return eventLog.prune({ beforeMs, maxEvents, maxBytes }, maxRemoved);
  }
  if (one.type === 'find') return eventLog.findTime(FAKE_START_MS + one.ms);
  const { privates, grants } = one.hiding;
  const hidden = new HiddenTopics(privates.map(parseTopic), grants.map(parseTopic));
  const selection = selectPrefixes(
    one.paths.map((text) => parseTopic(text)),
    { hidden },
  );
  return one.type === 'look'
    ? lookThrough(eventLog, { ...one, selection })
    : readThrough(eventLog, { ...one, selection });
}

// How far one look goes is the engine's business as well.
async function lookThrough(eventLog: EventLog, request: LookBackRequest): Promise<LookedBack> {
  let after = Math.min(request.upTo, eventLog.lastOffset);
  let count = 0;
  while (count < request.maxEvents && after >= eventLog.firstOffset) {
    const looked = await eventLog.lookBack({
      ...request,
      upTo: after,
      maxEvents: request.maxEvents - count,
    });
    if (looked.after >= after) throw new Error('a look without progress');
    after = looked.after;
    count += looked.count;
  }
  return { after, count };
}

// How far one page goes is the engine's business, as long as it keeps its bounds.
async function readThrough(eventLog: EventLog, request: ReadRequest): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let after = Math.min(request.after, eventLog.lastOffset); ;) {
    const page = await eventLog.read({ ...request, after });
    const bytesBeforeLast = page.events.slice(0, -1).reduce((sum, event) => sum + payloadBytes(event), 0);
    if (page.events.length > request.maxEvents) throw new Error('a page of too many events');
    if (page.events.length > 1 && bytesBeforeLast >= request.maxBytes) throw new Error('a page too large');
    events.push(...page.events);
    if (page.examinedTo >= eventLog.lastOffset) return events;
    if (page.examinedTo <= after) throw new Error('a page without progress');
    after = page.examinedTo;
  }
}

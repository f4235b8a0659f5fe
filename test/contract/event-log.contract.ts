// What every engine behind the EventLog interface must do, as cases that run against each of them.
import { describe, expect, onTestFinished, test } from 'vitest';
import { SteadyClock, type Clock } from '../../src/core/clock.ts';
import type { Event, Idempotency, NewEvent } from '../../src/core/event.ts';
import { EventFilter } from '../../src/core/event-filter.ts';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';
import { selectPrefixes, selects, type Selection } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { Appended, EventLog, LookedBack, ReadRequest } from '../../src/eventlog/event-log.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';
import { passTurns } from '../support/turns.ts';

/** Where an engine keeps a log between two openings. */
export interface LogStore {
  /** Opens the log; the one before must be closed. */
  open(clock: Clock, steadyClock: SteadyClock): EventLog;
  /** Copies the closed log. @returns what puts the copy in the place of the closed log */
  saveCopy(): () => void;
  /** Makes the open log fail to store. @returns what repairs it */
  refuseWrites(): () => void;
}

const NEVER_FULL = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 };

class Fixture {
  readonly clock = new FakeClock();
  readonly store: LogStore;
  readonly #committed: Event[] = [];
  #steadyClock: SteadyClock;
  #eventLog: EventLog;
  #isOpen = true;

  constructor(store: LogStore) {
    this.store = store;
    this.#steadyClock = new SteadyClock(this.clock);
    this.#eventLog = this.#open();
    onTestFinished(() => this.close());
  }

  get eventLog(): EventLog {
    return this.#eventLog;
  }

  /** What times of the open log come from. */
  get steadyClock(): SteadyClock {
    return this.#steadyClock;
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#eventLog.close();
  }

  /** Closes and opens again, as a new run of the broker; `between` is done to the closed log. */
  async reopen(between: () => void = () => {}): Promise<void> {
    await this.close();
    between();
    this.#eventLog = this.#open();
    this.#isOpen = true;
  }

  /** Appends events of one topic; gives them as the log told of them at their commit. */
  append(path: string, ...payloads: string[]): Promise<readonly Event[]> {
    return this.appendEvents(payloads.map((payload) => newEvent(path, payload)));
  }

  async appendEvents(events: readonly NewEvent[]): Promise<readonly Event[]> {
    const { lastOffset } = await this.#eventLog.append({ events, publisher: 'unix' });
    return this.#committed.filter(
      ({ offset }) => offset > lastOffset - events.length && offset <= lastOffset,
    );
  }

  appendOnce(idempotency: Idempotency, ...payloads: string[]): Promise<Appended> {
    return this.#eventLog.append({
      events: payloads.map((payload) => newEvent('/a', payload)),
      publisher: 'unix',
      idempotency,
    });
  }

  /** Appends `count` events, the numbers from 1, all on one topic. */
  appendCount(path: string, count: number): Promise<readonly Event[]> {
    return this.append(path, ...Array.from({ length: count }, (_, index) => String(index + 1)));
  }

  async read(path: string, after: number, bounds: Partial<ReadRequest> = {}) {
    return this.#eventLog.read({ selection: select(path), after, ...NEVER_FULL, ...bounds });
  }

  /** Reads page after page up to the log's end; fails when a page makes no progress or breaks its bounds. */
  async readThrough(selection: Selection, after: number, maxEvents: number): Promise<Event[]> {
    const events: Event[] = [];
    for (let examinedTo = after; examinedTo < this.#eventLog.lastOffset;) {
      const page = await this.#eventLog.read({ selection, after: examinedTo, ...NEVER_FULL, maxEvents });
      const bounds = [examinedTo, ...offsetsOf(page.events)];
      const isOrdered = bounds.every((offset, index) => offset < (bounds[index + 1] ?? Infinity));
      const isInside = (page.events.at(-1)?.offset ?? examinedTo) <= page.examinedTo;
      if (page.examinedTo <= examinedTo) throw new Error(`no progress after ${examinedTo}`);
      if (!isOrdered || !isInside) throw new Error(`after ${examinedTo} came ${bounds.join()}`);
      expect(page.events.length).toBeLessThanOrEqual(maxEvents);
      events.push(...page.events);
      ({ examinedTo } = page);
    }
    return events;
  }

  #open(): EventLog {
    this.#steadyClock = new SteadyClock(this.clock);
    const eventLog = this.store.open(this.clock, this.#steadyClock);
    this.#committed.length = 0;
    eventLog.onCommit((events) => this.#committed.push(...events));
    return eventLog;
  }
}

/** Looks back again and again, as the broker does. */
async function lookThrough(
  { eventLog }: Fixture,
  selection: Selection,
  upTo: number,
  maxEvents: number,
): Promise<LookedBack> {
  let [after, count] = [upTo, 0];
  while (count < maxEvents && after >= eventLog.firstOffset) {
    const looked = await eventLog.lookBack({ selection, upTo: after, maxEvents: maxEvents - count });
    if (looked.after >= after) throw new Error(`no progress before ${after}`);
    after = looked.after;
    count += looked.count;
  }
  return { after, count };
}

function selectHiding(
  paths: readonly string[],
  privates: readonly string[],
  grants: readonly string[],
  filter?: EventFilter,
): Selection {
  const hidden = new HiddenTopics(privates.map(parseTopic), grants.map(parseTopic));
  return selectPrefixes(
    paths.map((path) => parseTopic(path)),
    { filter, hidden },
  );
}

/** The prefix that is read, whether a filter narrows it, and in how many topics each part of it lies. */
const HIDDEN_WAYS = ['/', '/wide'].flatMap((prefix) =>
  ['without a filter', 'with a filter'].flatMap((how) =>
    [1, 2, 300].map((count) => [prefix, how, count] as const),
  ),
);

/** Appends events of which a selection sees some: what is private is left out, but for a part that is granted. */
async function appendPartlyHidden(
  fixture: Fixture,
  prefix: string,
  how: string,
  topicCount: number,
): Promise<{ selection: Selection; visible: readonly number[]; examined: number }> {
  const isFiltered = how === 'with a filter';
  const parts = ['/wide/open', '/wide/secret', '/wide/secret/granted', '/wide/secrets', '/elsewhere/secret'];
  const events = range(1, 6_000).map((n) => ({
    part: parts[n % parts.length] ?? '',
    path: `${parts[n % parts.length]}/${n % topicCount}`,
    payload: n % 4 === 0 ? '{"push":{}}' : '{}',
  }));
  await fixture.appendEvents(events.map(({ path, payload }) => newEvent(path, payload)));
  const seen = ['/wide/open', '/wide/secret/granted', '/wide/secrets'];
  const visible = events.flatMap(({ part, payload }, index) =>
    seen.includes(part) && (!isFiltered || payload !== '{}') ? [index + 1] : [],
  );
  const filter = isFiltered ? new EventFilter(new Map([['type', ['push']]])) : undefined;
  const privates = ['/wide/secret', '/elsewhere'];
  const selection = selectHiding([prefix], privates, ['/wide/secret/granted'], filter);
  return { selection, visible, examined: events.length };
}

function newEvent(path: string, payload: string): NewEvent {
  return { topic: parseTopic(path), payload };
}

/** A key, and the name of what it is used for. */
function keyed(key: string, fingerprint: string = 'what', principal: string = 'who'): Idempotency {
  return { principal, key, fingerprint };
}

function select(...paths: string[]): Selection {
  return selectPrefixes(paths.map((path) => parseTopic(path)));
}

function offsetsOf(events: readonly Event[]): number[] {
  return events.map((event) => event.offset);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Declares the cases for one engine. */
export function describeEventLog(engine: string, createStore: () => LogStore): void {
  const openFixture = (): Fixture => new Fixture(createStore());

  describe(`${engine}: appending`, () => {
    test('an empty log stands before its first offset', () => {
      const { eventLog } = openFixture();
      expect(eventLog).toMatchObject({ firstOffset: 1, lastOffset: 0, failure: undefined });
      expect(eventLog.id).toMatch(/^[0-9a-f]{12}$/);
    });

    test('offsets count from 1 without holes, and events come back as they were stored', async () => {
      const fixture = openFixture();
      const stored = [
        ...(await fixture.append('/a', '1', '"zwei"')),
        ...(await fixture.append('/b/c', '{}')),
      ];
      expect(stored).toEqual([
        { offset: 1, topic: '/a', timeMs: FAKE_START_MS, payload: '1' },
        { offset: 2, topic: '/a', timeMs: FAKE_START_MS, payload: '"zwei"' },
        { offset: 3, topic: '/b/c', timeMs: FAKE_START_MS, payload: '{}' },
      ]);
      expect((await fixture.read('/', 0)).events).toEqual(stored);
    });

    test('payloads and topics beyond ASCII come back to the letter', async () => {
      const fixture = openFixture();
      const payload = '"\u00e4 \u{1f600} \ud800\\u0000 12345678901234567890"'.replace('\ud800', '\uffff');
      await fixture.append('/%C3%A4/%F0%9F%98%80/a%2Fb/100%25', payload);
      const [event] = (await fixture.read('/', 0)).events;
      expect(event).toMatchObject({ payload, topic: '/\u00e4/\u{1f600}/a%2Fb/100%25' });
    });

    test('appends of one turn are one batch, in order', async () => {
      const { eventLog } = openFixture();
      const batches: number[][] = [];
      eventLog.onCommit((events) => batches.push(offsetsOf(events)));
      const answers = await Promise.all([
        eventLog.append({ events: [newEvent('/a', '1')], publisher: 'unix' }),
        eventLog.append({ events: [newEvent('/b', '2'), newEvent('/b', '3')], publisher: 'unix' }),
        eventLog.append({ events: [newEvent('/c', '4')], publisher: 'unix' }),
      ]);
      expect(batches).toEqual([[1, 2, 3, 4]]);
      expect(answers).toEqual([
        { lastOffset: 1, timeMs: FAKE_START_MS, isReplayed: false },
        { lastOffset: 3, timeMs: FAKE_START_MS, isReplayed: false },
        { lastOffset: 4, timeMs: FAKE_START_MS, isReplayed: false },
      ]);
    });

    test('every listener hears every batch, before the append resolves', async () => {
      const fixture = openFixture();
      const heard: string[] = [];
      fixture.eventLog.onCommit((events) => heard.push(`one ${offsetsOf(events).join()}`));
      fixture.eventLog.onCommit((events) => heard.push(`two ${offsetsOf(events).join()}`));
      await fixture.append('/a', '1', '2').then(() => heard.push('resolved'));
      await fixture.append('/a', '3').then(() => heard.push('resolved'));
      expect(heard).toEqual(['one 1,2', 'two 1,2', 'resolved', 'one 3', 'two 3', 'resolved']);
    });

    test('the last offset moves with the commit, not with the call', async () => {
      const { eventLog } = openFixture();
      const seen: number[] = [];
      eventLog.onCommit(() => seen.push(eventLog.lastOffset));
      const appended = eventLog.append({ events: [newEvent('/a', '1')], publisher: 'unix' });
      seen.push(eventLog.lastOffset);
      await appended;
      expect(seen).toEqual([0, 1]);
    });

    test('what a listener hears can be read', async () => {
      const fixture = openFixture();
      const reads: Promise<unknown>[] = [];
      fixture.eventLog.onCommit((events) =>
        reads.push(fixture.read('/', 0).then((page) => expect(page.events).toEqual(events))),
      );
      await fixture.append('/a', '1', '2');
      await Promise.all(reads);
      expect(reads).toHaveLength(1);
    });

    test('more appends in a turn than fit one commit are all stored, each whole and in order', async () => {
      const fixture = openFixture();
      const batches: number[] = [];
      fixture.eventLog.onCommit((events) => batches.push(events.length));
      const appends = Array.from({ length: 30 }, (_, i) =>
        fixture.append('/a', ...range(i * 100 + 1, i * 100 + 100).map(String)),
      );
      const stored = (await Promise.all(appends)).flat();
      expect(offsetsOf(stored)).toEqual(range(1, 3_000));
      expect(stored.every((event) => event.payload === String(event.offset))).toBe(true);
      expect(batches.reduce((sum, size) => sum + size, 0)).toBe(3_000);
    });
  });

  describe(`${engine}: times`, () => {
    test('are those of the clock', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.advance(1_234);
      const [event] = await fixture.append('/a', '2');
      expect(event?.timeMs).toBe(FAKE_START_MS + 1_234);
    });

    test('do not fall when the clock is set back, and follow it once it has caught up', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.shiftWall(-60_000);
      const [second] = await fixture.append('/a', '2');
      fixture.clock.advance(130_000);
      const [third] = await fixture.append('/a', '3');
      expect([second?.timeMs, third?.timeMs]).toEqual([FAKE_START_MS, FAKE_START_MS + 70_000]);
    });

    test('do not fall when the clock jumped ahead for a single event', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.shiftWall(1_000_000);
      const [second] = await fixture.append('/a', '2');
      fixture.clock.shiftWall(-1_000_000);
      const [third] = await fixture.append('/a', '3');
      expect([second?.timeMs, third?.timeMs]).toEqual([FAKE_START_MS + 1_000_000, FAKE_START_MS + 1_000_000]);
    });

    test('are never before a time that was told in an earlier run, though no event had it', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.advance(9_000);
      const toldMs = fixture.steadyClock.nowMs();
      await fixture.reopen(() => fixture.clock.shiftWall(-60_000));
      const [event] = await fixture.append('/a', '2');
      expect([toldMs, event?.timeMs]).toEqual([FAKE_START_MS + 9_000, FAKE_START_MS + 9_000]);
    });

    test('go on however long nobody asked', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.advance(1_000_000);
      const [event] = await fixture.append('/a', '2');
      expect(event?.timeMs).toBe(FAKE_START_MS + 1_000_000);
    });

    test('stand still when the clock was set back before the log is opened again', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      await fixture.reopen(() => fixture.clock.shiftWall(-60_000));
      const [event] = await fixture.append('/a', '2');
      expect(event?.timeMs).toBe(FAKE_START_MS);
    });

    test('stand still as well when everything was pruned before the log is opened again', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      await fixture.eventLog.prune({ maxEvents: 0 }, 10);
      await fixture.reopen(() => fixture.clock.shiftWall(-60_000));
      const [event] = await fixture.append('/a', '2');
      expect(event?.timeMs).toBe(FAKE_START_MS);
    });
  });

  describe(`${engine}: reading`, () => {
    test('of an empty log is done at once', async () => {
      const fixture = openFixture();
      expect(await fixture.read('/', 0)).toEqual({ events: [], examinedTo: 0, nextTimeMs: FAKE_START_MS });
    });

    test('starts behind the given offset', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 5);
      expect(offsetsOf((await fixture.read('/', 3)).events)).toEqual([4, 5]);
      expect(offsetsOf((await fixture.read('/a', 3)).events)).toEqual([4, 5]);
      expect(await fixture.read('/', 5)).toMatchObject({ events: [], examinedTo: 5 });
    });

    test.each(['/', '/a', '/a/b'])('of %s ends a page with maxEvents', async (path) => {
      const fixture = openFixture();
      await fixture.appendCount('/a/b', 5);
      const page = await fixture.read(path, 1, { maxEvents: 2 });
      expect(offsetsOf(page.events)).toEqual([2, 3]);
      expect(page.examinedTo).toBe(3);
    });

    test.each(['/', '/a', '/a/b'])('of %s ends a page with the event that reaches maxBytes', async (path) => {
      const fixture = openFixture();
      await fixture.append('/a/b', '"12"', '"34"', '"56"', '"78"');
      for (const [maxBytes, last] of [
        [1, 1],
        [4, 1],
        [5, 2],
        [8, 2],
        [9, 3],
        [100, 4],
      ] as const) {
        const page = await fixture.read(path, 0, { maxBytes });
        expect([maxBytes, offsetsOf(page.events)]).toEqual([maxBytes, range(1, last)]);
        expect(page.examinedTo).toBeGreaterThanOrEqual(last);
      }
    });

    test.each(['/', '/a', '/a/b'])('of %s counts bytes, not characters', async (path) => {
      const fixture = openFixture();
      await fixture.append('/a/b', '"\u20ac\u20ac"', '1');
      expect(offsetsOf((await fixture.read(path, 0, { maxBytes: 8 })).events)).toEqual([1]);
      expect(offsetsOf((await fixture.read(path, 0, { maxBytes: 9 })).events)).toEqual([1, 2]);
    });

    test.each(['/', '/a', '/a/b'])('of %s makes progress even when no byte is allowed', async (path) => {
      const fixture = openFixture();
      await fixture.append('/a/b', '1', '2');
      const page = await fixture.read(path, 0, { maxBytes: 0 });
      expect(offsetsOf(page.events)).toEqual([1]);
    });

    test('of no event at all tells the time of the next one', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      fixture.clock.advance(1_000);
      await fixture.append('/b', '2');
      fixture.clock.advance(1_000);
      const times: number[] = [];
      for (const after of [0, 1, 2]) {
        const page = await fixture.read('/', after, { maxEvents: 0, maxBytes: 0 });
        expect(page).toMatchObject({ events: [], examinedTo: after });
        times.push(page.nextTimeMs - FAKE_START_MS);
      }
      expect(times).toEqual([0, 1_000, 2_000]);
    });

    test('tells the time of the first event behind the page, whoever wants that one', async () => {
      const fixture = openFixture();
      for (const path of ['/a', '/b', '/a']) {
        await fixture.append(path, '1');
        fixture.clock.advance(1_000);
      }
      const page = await fixture.read('/a', 0, { maxEvents: 1 });
      expect(page.nextTimeMs).toBe(FAKE_START_MS + page.examinedTo * 1_000);
      expect((await fixture.read('/a', 0)).nextTimeMs).toBe(FAKE_START_MS + 3_000);
    });

    test('keeps to whole segments', async () => {
      const fixture = openFixture();
      const paths = [
        '/foo',
        '/foobar',
        '/foo0',
        '/foo%2Fbar',
        '/foo/bar',
        '/foo%20/bar',
        '/fo',
        '/foo/',
        '/Foo',
      ];
      for (const path of paths) await fixture.append(path, JSON.stringify(path));
      const { events, examinedTo } = await fixture.read('/foo', 0);
      expect(events.map((event) => event.payload)).toEqual(['"/foo"', '"/foo/bar"', '"/foo/"']);
      expect(examinedTo).toBe(paths.length);
    });

    test.each(['/foo/bar', '/foo0', '/foo%2Fbar', '/foo.', '/foo-bar', '/*', '/%25', '/_', '/\u00e4'])(
      'of %s gets its own events and those below, no others',
      async (path) => {
        const fixture = openFixture();
        const topic = encodeURI(decodeURI(path));
        for (const other of [topic, `${topic}/x`, `${topic}x`, `${topic}0`, '/foo', '/'])
          await fixture.append(other, JSON.stringify(other));
        const { events } = await fixture.read(topic, 0);
        expect(events.map((event) => event.payload)).toEqual([
          JSON.stringify(topic),
          JSON.stringify(`${topic}/x`),
        ]);
      },
    );

    test('of a topic that never was is done at once', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      expect(await fixture.read('/nowhere', 0)).toMatchObject({ events: [], examinedTo: 3 });
    });

    test('of several prefixes gets each event once, in order', async () => {
      const fixture = openFixture();
      for (const path of ['/b', '/a/x', '/c', '/a', '/b/y', '/a/x']) await fixture.append(path, '1');
      const selection = select('/b', '/a', '/a/x');
      const { events } = await fixture.eventLog.read({ selection, after: 0, ...NEVER_FULL });
      expect(offsetsOf(events)).toEqual([1, 2, 4, 5, 6]);
    });

    test.each([1, 2, 300])('of a filter gets what it lets through, in %i topics', async (topicCount) => {
      const fixture = openFixture();
      const filter = new EventFilter(new Map([['type', ['push']]]));
      const payloads = range(1, 5_000).map((n) => (n % 1_250 === 0 ? '{"push":{}}' : '{"commit":{}}'));
      await fixture.appendEvents(
        payloads.map((payload, index) => newEvent(`/wide/${index % topicCount}`, payload)),
      );
      const selection = selectPrefixes([parseTopic('/wide')], { filter });
      expect(offsetsOf(await fixture.readThrough(selection, 0, 256))).toEqual([1_250, 2_500, 3_750, 5_000]);
      expect(offsetsOf(await fixture.readThrough(selection, 1_250, 1))).toEqual([2_500, 3_750, 5_000]);
    });

    test('finds the few events of sparse topics in a long log, page by page', async () => {
      const fixture = openFixture();
      const paths = range(1, 6_000).map((n) => (n % 1_999 === 0 ? `/rare/${n % 2}` : `/often/${n % 5}`));
      await fixture.appendEvents(paths.map((path, index) => newEvent(path, String(index + 1))));
      const selection = select('/rare');
      expect(offsetsOf(await fixture.readThrough(selection, 0, 256))).toEqual([1_999, 3_998, 5_997]);
      expect(offsetsOf(await fixture.readThrough(selection, 1_999, 1))).toEqual([3_998, 5_997]);
    });

    test.each([2, 255, 256, 257, 700])('through %i topics below a prefix misses none', async (topicCount) => {
      const fixture = openFixture();
      const paths = range(1, 3_000).map((n) => (n % 3 === 0 ? '/other' : `/wide/${n % topicCount}`));
      const stored = await fixture.appendEvents(paths.map((path, index) => newEvent(path, String(index))));
      const selection = select('/wide');
      const wanted = stored.filter((event) => selects(selection, event));
      for (const maxEvents of [256, 1_000_000]) {
        expect(JSON.stringify(await fixture.readThrough(selection, 0, maxEvents))).toBe(
          JSON.stringify(wanted),
        );
      }
    });

    const edges = [1_024, 2_048, 3_072, 4_096, 5_120].flatMap((edge) => [edge - 1, edge, edge + 1]);
    test.each([
      [1, edges],
      [2, edges],
      [2, [1_025]],
      [2, [3_073]],
      [300, edges],
      [300, [2_049]],
      [300, [4_097]],
    ])(
      'of %i topics misses none at the edges of what one call may examine: %j',
      async (topicCount, wanted) => {
        const fixture = openFixture();
        const paths = range(1, 5_500).map((offset) => (wanted.includes(offset) ? '/wanted/0' : '/filler'));
        const others = range(1, topicCount - 1).map((n) => `/wanted/${n}`);
        await fixture.appendEvents([...paths, ...others].map((path) => newEvent(path, '1')));
        const found = offsetsOf(await fixture.readThrough(select('/wanted'), 0, 256));
        expect(found).toEqual([...wanted, ...range(5_501, 5_499 + topicCount)]);
      },
    );

    test.each(HIDDEN_WAYS)('for %s leaves out what is hidden: %s, of %i topics', async (...way) => {
      const fixture = openFixture();
      const { selection, visible, examined } = await appendPartlyHidden(fixture, ...way);
      for (const [after, maxEvents] of [
        [0, 1_000_000],
        [0, 256],
        [1_234, 7],
      ] as const) {
        const found = await fixture.readThrough(selection, after, maxEvents);
        expect(offsetsOf(found)).toEqual(visible.filter((offset) => offset > after));
      }
      expect(fixture.eventLog.lastOffset).toBe(examined);
    });

    test('of nothing but what is hidden is done at once', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/secret', 5);
      const selection = selectHiding(['/secret'], ['/secret'], []);
      expect(await fixture.eventLog.read({ selection, after: 0, ...NEVER_FULL })).toMatchObject({
        events: [],
        examinedTo: 5,
      });
    });

    test('is not changed by what is appended meanwhile', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      const [page] = await Promise.all([fixture.read('/a', 0), fixture.append('/a', '4')]);
      expect(offsetsOf(page.events)).toEqual(range(1, page.examinedTo));
    });
  });

  describe(`${engine}: looking back`, () => {
    test('in an empty log finds nothing', async () => {
      const { eventLog } = openFixture();
      expect(await eventLog.lookBack({ selection: select('/'), upTo: 0, maxEvents: 5 })).toEqual({
        after: 0,
        count: 0,
      });
    });

    test.each(['/', '/a', '/a/b'])('of %s ends before the oldest that was wanted', async (path) => {
      const fixture = openFixture();
      await fixture.appendCount('/a/b', 5);
      for (const [upTo, maxEvents, after, count] of [
        [5, 2, 3, 2],
        [5, 5, 0, 5],
        [5, 9, 0, 5],
        [3, 1, 2, 1],
        [1, 1, 0, 1],
      ] as const) {
        const looked = await fixture.eventLog.lookBack({ selection: select(path), upTo, maxEvents });
        expect([upTo, maxEvents, looked]).toEqual([upTo, maxEvents, { after, count }]);
      }
    });

    test('of a topic without events ends at the oldest held', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 5);
      await fixture.eventLog.prune({ maxEvents: 3 }, 10);
      expect(await lookThrough(fixture, select('/b'), 5, 1)).toEqual({ after: 2, count: 0 });
    });

    test.each(['/', '/a', '/a/b'])('of %s finds only what is held', async (path) => {
      const fixture = openFixture();
      await fixture.appendCount('/a/b', 5);
      await fixture.eventLog.prune({ maxEvents: 3 }, 10);
      expect(await lookThrough(fixture, select(path), 5, 9)).toEqual({ after: 2, count: 3 });
      await fixture.eventLog.prune({ maxEvents: 0 }, 10);
      expect(await lookThrough(fixture, select(path), 5, 9)).toEqual({ after: 5, count: 0 });
    });

    test.each(HIDDEN_WAYS)('for %s does not count what is hidden: %s, of %i topics', async (...way) => {
      const fixture = openFixture();
      const { selection, visible, examined } = await appendPartlyHidden(fixture, ...way);
      for (const [upTo, maxEvents] of [
        [examined, 3],
        [4_321, 100],
        [examined - 1, 1_000_000],
      ] as const) {
        const wanted = visible.filter((offset) => offset <= upTo);
        const oldest = wanted.length >= maxEvents ? wanted.at(-maxEvents) : undefined;
        expect(await lookThrough(fixture, selection, upTo, maxEvents)).toEqual({
          after: oldest === undefined ? 0 : oldest - 1,
          count: Math.min(wanted.length, maxEvents),
        });
      }
    });

    test.each([1, 2, 300])(
      'counts what a read of the same part gets, with and without a filter, in %i topics',
      async (topicCount) => {
        const fixture = openFixture();
        const filter = new EventFilter(new Map([['type', ['push']]]));
        const stored = await fixture.appendEvents(
          range(1, 6_000).map((n) =>
            newEvent(
              n % 7 === 0 ? `/wide/${n % topicCount}` : `/other/${n % 3}`,
              n % 5 === 0 ? '{"push":{}}' : '{}',
            ),
          ),
        );
        for (const selection of [
          select('/wide'),
          selectPrefixes([parseTopic('/wide')], { filter }),
          selectPrefixes([parseTopic('/')], { filter }),
        ]) {
          for (const [upTo, maxEvents] of [
            [6_000, 10],
            [4_321, 100],
            [5_999, 5_000],
          ] as const) {
            const wanted = stored.filter((event) => event.offset <= upTo && selects(selection, event));
            const oldest = wanted.length >= maxEvents ? wanted.at(-maxEvents) : undefined;
            expect(await lookThrough(fixture, selection, upTo, maxEvents)).toEqual({
              after: oldest ? oldest.offset - 1 : 0,
              count: Math.min(wanted.length, maxEvents),
            });
          }
        }
      },
    );
  });

  describe(`${engine}: finding a moment`, () => {
    test('puts every event at or after it behind the offset', async () => {
      const fixture = openFixture();
      for (const payload of ['1', '2', '3']) {
        await fixture.append('/a', payload, payload);
        fixture.clock.advance(1_000);
      }
      for (const [moment, offset] of [
        [-1_000_000, 0],
        [0, 0],
        [1, 2],
        [1_000, 2],
        [1_001, 4],
        [2_000, 4],
        [2_001, 6],
        [Infinity, 6],
        [-Infinity, 0],
      ] as const) {
        const position = await fixture.eventLog.findTime(FAKE_START_MS + moment);
        expect([moment, position]).toEqual([moment, { offset, isPruned: false }]);
      }
    });

    test('in an empty log is before the first event', async () => {
      const { eventLog } = openFixture();
      expect(await eventLog.findTime(FAKE_START_MS)).toEqual({ offset: 0, isPruned: false });
      expect(await eventLog.findTime(-1)).toEqual({ offset: 0, isPruned: false });
    });

    test('says whether an event at or after it has been pruned', async () => {
      const fixture = openFixture();
      for (const payload of ['1', '2', '3']) {
        await fixture.append('/a', payload);
        fixture.clock.advance(1_000);
      }
      await fixture.eventLog.prune({ maxEvents: 1 }, 10);
      for (const [moment, offset, isPruned] of [
        [0, 2, true],
        [1_000, 2, true],
        [1_001, 2, false],
        [2_000, 2, false],
        [2_001, 3, false],
      ] as const) {
        const position = await fixture.eventLog.findTime(FAKE_START_MS + moment);
        expect([moment, position]).toEqual([moment, { offset, isPruned }]);
      }
      await fixture.reopen();
      expect(await fixture.eventLog.findTime(FAKE_START_MS)).toEqual({ offset: 2, isPruned: true });
    });
  });

  describe(`${engine}: pruning`, () => {
    test('by age removes what is older than the moment', async () => {
      const fixture = openFixture();
      for (const payload of ['1', '2', '3']) {
        await fixture.append('/a', payload);
        fixture.clock.advance(1_000);
      }
      expect(await fixture.eventLog.prune({ beforeMs: FAKE_START_MS }, 10)).toBe(0);
      expect(await fixture.eventLog.prune({ beforeMs: FAKE_START_MS + 1_001 }, 10)).toBe(2);
      expect(fixture.eventLog.firstOffset).toBe(3);
    });

    test('by count keeps the newest so many', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 5);
      expect(await fixture.eventLog.prune({ maxEvents: 5 }, 10)).toBe(0);
      expect(await fixture.eventLog.prune({ maxEvents: 2 }, 10)).toBe(3);
      expect(offsetsOf((await fixture.read('/', 3)).events)).toEqual([4, 5]);
    });

    test.each([
      [100, 0],
      [18, 0],
      [17, 1],
      [14, 1],
      [13, 2],
      [9, 2],
      [8, 3],
      [3, 4],
      [2, 5],
      [0, 5],
    ])('by bytes to %i removes the %i oldest of 18 bytes', async (maxBytes, removed) => {
      const fixture = openFixture();
      await fixture.append('/a', '1234', '"\u20ac"', '6789', '12', '123'); // 4, 5, 4, 2, 3 bytes
      expect(await fixture.eventLog.prune({ maxBytes }, 10)).toBe(removed);
      expect(fixture.eventLog.firstOffset).toBe(removed + 1);
    });

    test('by bytes counts only what is still held', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1111', '2222');
      await fixture.eventLog.prune({ maxEvents: 1 }, 10);
      await fixture.reopen();
      await fixture.append('/a', '3333');
      expect(await fixture.eventLog.prune({ maxBytes: 8 }, 10)).toBe(0);
      expect(await fixture.eventLog.prune({ maxBytes: 7 }, 10)).toBe(1);
    });

    test('takes the bound that is reached first', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 9);
      const bounds = { beforeMs: FAKE_START_MS, maxEvents: 7, maxBytes: 4 };
      expect(await fixture.eventLog.prune(bounds, 100)).toBe(5);
    });

    test('without bounds removes nothing', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      expect(await fixture.eventLog.prune({}, 10)).toBe(0);
      expect(
        await fixture.eventLog.prune({ beforeMs: undefined, maxEvents: undefined, maxBytes: undefined }, 10),
      ).toBe(0);
    });

    test('goes by steps, the oldest first', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 7);
      const steps: (readonly [number, number])[] = [];
      for (let step = 0; step < 4; step++)
        steps.push([await fixture.eventLog.prune({ maxEvents: 1 }, 3), fixture.eventLog.firstOffset]);
      expect(steps).toEqual([
        [3, 4],
        [3, 7],
        [0, 7],
        [0, 7],
      ]);
    });

    test('makes reads after a pruned offset fail, and no others', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 5);
      await fixture.eventLog.prune({ maxEvents: 2 }, 10);
      await expect(fixture.read('/', 2)).rejects.toMatchObject({ code: 'offset-pruned' });
      await expect(fixture.read('/nowhere', 0)).rejects.toMatchObject({ code: 'offset-pruned' });
      await expect(fixture.read('/', 2, { maxEvents: 0 })).rejects.toMatchObject({ code: 'offset-pruned' });
      expect(offsetsOf((await fixture.read('/', 3)).events)).toEqual([4, 5]);
    });

    test('of everything leaves the offsets where they are, also when the log is opened again', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 5);
      expect(await fixture.eventLog.prune({ maxEvents: 0 }, 10)).toBe(5);
      expect(fixture.eventLog).toMatchObject({ firstOffset: 6, lastOffset: 5 });
      await fixture.reopen();
      expect(fixture.eventLog).toMatchObject({ firstOffset: 6, lastOffset: 5 });
      const [event] = await fixture.append('/a', '6');
      expect(event?.offset).toBe(6);
      expect(offsetsOf((await fixture.read('/', 5)).events)).toEqual([6]);
    });

    test('forgets a topic that comes back later only until then', async () => {
      const fixture = openFixture();
      await fixture.append('/gone', '1');
      await fixture.append('/stays', '2');
      await fixture.eventLog.prune({ maxEvents: 1 }, 10);
      await fixture.append('/other', '3');
      await fixture.append('/gone', '4');
      expect(offsetsOf((await fixture.read('/gone', 1)).events)).toEqual([4]);
      expect(offsetsOf((await fixture.read('/other', 1)).events)).toEqual([3]);
    });
  });

  describe(`${engine}: what recognises a cursor`, () => {
    test('is known for every offset from the newest pruned one to the last', async () => {
      const fixture = openFixture();
      expect(fixture.eventLog.checkAt(0)).toBe('00000000');
      expect(fixture.eventLog.checkAt(1)).toBeUndefined();
      await fixture.appendCount('/a', 5);
      await fixture.eventLog.prune({ maxEvents: 3 }, 10);
      for (const offset of range(2, 5)) expect(fixture.eventLog.checkAt(offset)).toMatch(/^[0-9a-f]{8}$/);
      expect(fixture.eventLog.checkAt(6)).toBeUndefined();
    });

    test('stays the same when the log is opened again and goes on', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      const before = range(0, 3).map((offset) => fixture.eventLog.checkAt(offset));
      const { id } = fixture.eventLog;
      await fixture.reopen();
      await fixture.appendCount('/a', 3);
      expect(range(0, 3).map((offset) => fixture.eventLog.checkAt(offset))).toEqual(before);
      expect(fixture.eventLog.id).toBe(id);
    });

    test('stays the same when earlier runs are pruned', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      await fixture.reopen();
      await fixture.appendCount('/a', 3);
      const before = range(4, 6).map((offset) => fixture.eventLog.checkAt(offset));
      await fixture.eventLog.prune({ maxEvents: 2 }, 10);
      await fixture.reopen();
      expect(range(4, 6).map((offset) => fixture.eventLog.checkAt(offset))).toEqual(before);
      expect(fixture.eventLog.checkAt(1)).toBeUndefined();
    });

    test('differs after an older copy was put back and went on', async () => {
      const fixture = openFixture();
      await fixture.appendCount('/a', 3);
      await fixture.close();
      const restore = fixture.store.saveCopy();
      await fixture.reopen();
      await fixture.appendCount('/a', 3);
      const lost = range(0, 6).map((offset) => fixture.eventLog.checkAt(offset));
      await fixture.reopen(restore);
      expect(fixture.eventLog.lastOffset).toBe(3);
      expect(fixture.eventLog.checkAt(4)).toBeUndefined();
      await fixture.appendCount('/a', 3);
      const now = range(0, 6).map((offset) => fixture.eventLog.checkAt(offset));
      const isSame = (offset: number): boolean => now[offset] === lost[offset];
      expect(range(0, 6).filter(isSame)).toEqual([0, 1, 2, 3]);
    });

    test('is of this log only: another log has another id', () => {
      expect(openFixture().eventLog.id).not.toBe(openFixture().eventLog.id);
    });
  });

  describe(`${engine}: an append with an idempotency key`, () => {
    test('is stored once; a repeat is told what the first was', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      const first = await fixture.appendOnce(keyed('k'), '2', '3');
      fixture.clock.advance(5_000);
      await fixture.append('/a', '4');
      const second = await fixture.appendOnce(keyed('k'), '2', '3');
      expect(first).toEqual({ lastOffset: 3, timeMs: FAKE_START_MS, isReplayed: false });
      expect(second).toEqual({ ...first, isReplayed: true });
      expect(fixture.eventLog.lastOffset).toBe(4);
    });

    test('is stored once when the repeat comes in the same turn', async () => {
      const fixture = openFixture();
      const heard: number[] = [];
      fixture.eventLog.onCommit((events) => heard.push(...offsetsOf(events)));
      const answers = await Promise.all([
        fixture.appendOnce(keyed('k'), '1'),
        fixture.appendOnce(keyed('k'), '1'),
        fixture.appendOnce(keyed('other'), '1'),
      ]);
      expect(answers.map(({ lastOffset, isReplayed }) => [lastOffset, isReplayed])).toEqual([
        [1, false],
        [1, true],
        [2, false],
      ]);
      expect(heard).toEqual([1, 2]);
    });

    test('is refused when the key was used for something else, and holds up nobody else', async () => {
      const fixture = openFixture();
      await fixture.appendOnce(keyed('k', 'one'), '1');
      const [conflict, other] = await Promise.allSettled([
        fixture.appendOnce(keyed('k', 'another'), '2'),
        fixture.append('/a', '3'),
      ]);
      expect(conflict).toMatchObject({ status: 'rejected', reason: { code: 'idempotency-conflict' } });
      expect(other).toMatchObject({ status: 'fulfilled', value: [{ offset: 2, payload: '3' }] });
      expect(fixture.eventLog.lastOffset).toBe(2);
      expect(fixture.eventLog.failure).toBeUndefined();
    });

    test('is refused also when the other use is in the same turn', async () => {
      const fixture = openFixture();
      const answers = await Promise.allSettled([
        fixture.appendOnce(keyed('k', 'one'), '1'),
        fixture.appendOnce(keyed('k', 'another'), '2'),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(fixture.eventLog.lastOffset).toBe(1);
    });

    test('has a key of its own principal', async () => {
      const fixture = openFixture();
      await fixture.appendOnce(keyed('k', 'what', 'who'), '1');
      const other = await fixture.appendOnce(keyed('k', 'what', 'another'), '1');
      expect(other).toMatchObject({ lastOffset: 2, isReplayed: false });
    });

    test('is recognised after the log was opened again', async () => {
      const fixture = openFixture();
      const first = await fixture.appendOnce(keyed('k'), '1');
      await fixture.reopen();
      expect(await fixture.appendOnce(keyed('k'), '1')).toEqual({ ...first, isReplayed: true });
      await expect(fixture.appendOnce(keyed('k', 'another'), '2')).rejects.toMatchObject({
        code: 'idempotency-conflict',
      });
      const [event] = await fixture.append('/a', '2');
      expect(event?.offset).toBe(2);
      expect(fixture.eventLog.checkAt(2)).not.toBe(fixture.eventLog.checkAt(1));
    });

    test('is new again once the last of its events is pruned, not before', async () => {
      const fixture = openFixture();
      await fixture.appendOnce(keyed('k'), '1', '2');
      await fixture.append('/a', '3');
      await fixture.eventLog.prune({ maxEvents: 2 }, 10);
      expect(await fixture.appendOnce(keyed('k'), '1', '2')).toMatchObject({
        lastOffset: 2,
        isReplayed: true,
      });
      await fixture.eventLog.prune({ maxEvents: 1 }, 10);
      expect(await fixture.appendOnce(keyed('k'), '1', '2')).toMatchObject({
        lastOffset: 5,
        isReplayed: false,
      });
    });

    test('leaves no key when it could not be stored', async () => {
      const fixture = openFixture();
      const repair = fixture.store.refuseWrites();
      await expect(fixture.appendOnce(keyed('k', 'one'), '1')).rejects.toThrow();
      repair();
      const answer = await fixture.appendOnce(keyed('k', 'another'), '2');
      expect(answer).toMatchObject({ lastOffset: 1, isReplayed: false });
    });
  });

  describe(`${engine}: failing`, () => {
    test('refuses appends with the reason, stores none of them and tells nobody', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      const heard: number[] = [];
      fixture.eventLog.onCommit((events) => heard.push(...offsetsOf(events)));
      const repair = fixture.store.refuseWrites();
      const refused = await Promise.allSettled([fixture.append('/a', '2', '3'), fixture.append('/b', '4')]);
      for (const result of refused)
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable' } });
      expect(fixture.eventLog.lastOffset).toBe(1);
      expect(fixture.eventLog.failure).toEqual(expect.any(String));
      expect((await fixture.read('/', 0)).events).toHaveLength(1);
      expect(heard).toEqual([]);
      repair();
    });

    test('ends with the next append that succeeds, without a hole in the offsets', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      const repair = fixture.store.refuseWrites();
      await expect(fixture.append('/new', '2')).rejects.toThrow();
      repair();
      const [event] = await fixture.append('/new', '3');
      expect(event?.offset).toBe(2);
      expect(fixture.eventLog.failure).toBeUndefined();
      expect((await fixture.read('/new', 0)).events).toEqual([event]);
    });

    test('is tried again by a probe, which stores nothing', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      const repair = fixture.store.refuseWrites();
      await expect(fixture.append('/a', '2')).rejects.toThrow();
      fixture.eventLog.probe();
      expect(fixture.eventLog.failure).toEqual(expect.any(String));
      repair();
      fixture.eventLog.probe();
      expect(fixture.eventLog.failure).toBeUndefined();
      expect(fixture.eventLog.lastOffset).toBe(1);
    });

    test('in the first append of a run leaves cursors of that run recognisable', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      const first = fixture.eventLog.checkAt(1);
      await fixture.reopen();
      const repair = fixture.store.refuseWrites();
      await expect(fixture.append('/a', '2')).rejects.toThrow();
      repair();
      await fixture.append('/a', '3');
      const second = fixture.eventLog.checkAt(2);
      await fixture.reopen();
      expect([fixture.eventLog.checkAt(1), fixture.eventLog.checkAt(2)]).toEqual([first, second]);
      expect(second).not.toBe(first);
    });
  });

  describe(`${engine}: when the wall clock was last believed`, () => {
    test('is never at first, and remembered when the log is opened again', async () => {
      const fixture = openFixture();
      expect(fixture.eventLog.trustedMs).toBe(0);
      fixture.eventLog.trustClock(FAKE_START_MS + 5);
      await fixture.reopen();
      expect(fixture.eventLog.trustedMs).toBe(FAKE_START_MS + 5);
    });
  });

  describe(`${engine}: closing`, () => {
    test('waits for the appends that were begun', async () => {
      const fixture = openFixture();
      const appended = fixture.append('/a', '1', '2');
      await fixture.close();
      expect(await appended).toHaveLength(2);
      await fixture.reopen();
      expect((await fixture.read('/', 0)).events).toEqual(await appended);
    });

    test('of an idle log is over in a turn', async () => {
      const fixture = openFixture();
      await fixture.append('/a', '1');
      let isClosed = false;
      void fixture.close().then(() => (isClosed = true));
      await passTurns(2);
      expect(isClosed).toBe(true);
    });
  });
}

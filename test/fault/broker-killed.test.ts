// kill -9 in the middle of publishing, replaying and pruning: what was acknowledged or seen is there afterwards, once and in
// the same order, and cursors and times go on.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { runRound, send, topicOf, type Publication, type Witness } from '../support/crash-round.ts';
import { pickCount } from '../support/long.ts';
import { publish } from '../support/publisher.ts';
import { Random } from '../support/random.ts';
import { RawConnection, type Target } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const ROUNDS = pickCount(10, 120);
const SEED = Number(process.env['SEED'] ?? 1);

/** So few that most rounds prune; more than two rounds bring. */
const HELD_EVENTS = 8_000;

/** All that is known of the log so far, and a cursor at its end. */
interface Known {
  readonly events: readonly string[];
  readonly cursor: string;
}

/** Reads what follows a cursor or a time, up to a last event that is published for it. */
async function readOn(
  target: Target,
  header: string,
  value: string,
  last: string,
): Promise<readonly string[]> {
  const stream = await StreamReader.open(target, '/', { headers: [[header, value]] });
  try {
    expect(stream.response.header('x-fetch-gap')).toBeUndefined();
    return [...(await stream.readUntil(last, 60_000)), last];
  } finally {
    stream.close();
  }
}

/** Repeats every request that got no answer and has a key. */
async function repeatUnanswered(target: Target, { publications }: Witness): Promise<void> {
  const connection = await RawConnection.open(target);
  for (const publication of publications) {
    if (publication.cursor !== undefined || publication.key === undefined) continue;
    const response = await send(connection, publication);
    expect(response.statusCode).toBe(200);
    publication.cursor = response.header('x-cursor') ?? '';
    publication.isRepeated = true;
  }
  connection.close();
}

/** Whether the first answer came. */
function isAnswered({ cursor, isRepeated }: Publication): boolean {
  return cursor !== undefined && isRepeated !== true;
}

/** Compares what is stored since the round began with what everybody knows; `stored` ends with a mark. */
function expectNothingLost(witness: Witness, stored: readonly string[]): void {
  const places = new Map(stored.map((event, place) => [event, place]));
  expect(places.size).toBe(stored.length);
  let storedCount = 1;
  for (const { events, cursor } of witness.publications) {
    const [first = ''] = events;
    const place = places.get(first);
    if (place === undefined)
      expect([cursor, events.filter((event) => places.has(event))]).toEqual([undefined, []]);
    else {
      expect(stored.slice(place, place + events.length)).toEqual(events);
      storedCount += events.length;
    }
  }
  expect(stored.length).toBe(storedCount);
  expectInOrder(witness, places);
  expect(stored.slice(0, witness.seenLive.length)).toEqual(witness.seenLive);
  const ofFirst = stored.filter((event) => event.includes('"who":0,'));
  expect(ofFirst.slice(0, witness.seenOfFirst.length)).toEqual(witness.seenOfFirst);
}

// What a publisher sent after an answer is stored after what was answered, unless it was repeated.
function expectInOrder({ publications }: Witness, places: ReadonlyMap<string, number>): void {
  const latest = new Map<number, number>();
  for (const { who, events, isRepeated } of publications) {
    const place = places.get(events[0] ?? '');
    if (place === undefined || isRepeated === true) continue;
    expect(place).toBeGreaterThan(latest.get(who) ?? -1);
    latest.set(who, place);
  }
}

/** Compares what a replay from the oldest event saw with the whole log. */
function expectSlice(seen: readonly string[], log: readonly string[]): void {
  const [first] = seen;
  if (first === undefined) return;
  const start = log.indexOf(first);
  expect(start).toBeGreaterThanOrEqual(0);
  expect(log.slice(start, start + seen.length)).toEqual(seen);
}

/** A broker, and what is known of its log, round after round. */
class Story {
  readonly broker: BrokerProcess;
  readonly #random = new Random(SEED);
  #known: Known;

  constructor(broker: BrokerProcess, cursor: string) {
    this.broker = broker;
    this.#known = { events: ['"begin"'], cursor };
  }

  /** Publishes, ends the broker in the given way, starts it again, and compares. */
  async takeRound(round: number, end: () => Promise<unknown>): Promise<Witness> {
    const witness = await runRound(this.broker.target, round, this.#random, end);
    await this.broker.launch();
    const { target } = this.broker;
    await repeatUnanswered(target, witness);
    const mark = `"end of round ${round}"`;
    const { cursor } = await publish(target, '/end', mark);
    const stored = await readOn(target, 'X-Fetch-Since-Cursor', this.#known.cursor, mark);
    expectNothingLost(witness, stored);
    const log = [...this.#known.events, ...stored];
    expectSlice(witness.seenReplaying, log);
    await this.#resume(witness, stored, mark);
    this.#known = { events: log, cursor };
    return witness;
  }

  /** The whole log as a new subscriber gets it is what was known all along. */
  async expectWhole(): Promise<void> {
    const { events } = this.#known;
    const stream = await StreamReader.open(this.broker.target, '/', { headers: [['X-Fetch-Since', '0']] });
    const held = [...(await stream.readUntil(events.at(-1) ?? '', 60_000)), events.at(-1)];
    stream.close();
    expect(held.length).toBeGreaterThanOrEqual(Math.min(HELD_EVENTS, events.length));
    expect(events.slice(-held.length)).toEqual(held);
    const check = await runCommandLine(['log', 'check', this.broker.databasePath]);
    expect([check.code, check.stderr]).toEqual([0, '']);
  }

  // From the last keep-alive of a live stream, from where streams began, and from acknowledgements.
  async #resume(witness: Witness, stored: readonly string[], mark: string): Promise<void> {
    const { target } = this.broker;
    const missed = stored.slice(witness.seenLive.length);
    const resumed = await readOn(target, 'X-Fetch-Since', String(witness.aliveSeconds), mark);
    expect(resumed.slice(resumed.length - missed.length)).toEqual(missed);
    for (const cursor of witness.streamCursors.slice(0, 2))
      expect(await readOn(target, 'X-Fetch-Since-Cursor', cursor, mark)).toEqual(stored);
    const answered = witness.publications.filter(({ cursor }) => cursor !== undefined);
    for (let time = 0; time < 5; time++) {
      const { cursor = '', events } = answered[this.#random.below(answered.length)] ?? { events: [] };
      const place = stored.indexOf(events.at(-1) ?? '');
      expect(await readOn(target, 'X-Fetch-Since-Cursor', cursor, mark)).toEqual(stored.slice(place + 1));
    }
  }
}

describe(`a broker with publishers and subscribers of all kinds (SEED=${SEED})`, () => {
  let broker: BrokerProcess;
  let story: Story;

  beforeEach(async () => {
    broker = await BrokerProcess.start({
      flags: ['--retention-events', String(HELD_EVENTS), '--keep-alive-seconds', '0.2'],
    });
    story = new Story(broker, (await publish(broker.target, '/begin', '"begin"')).cursor);
  });
  afterEach(async () => {
    await broker.dispose();
  });

  test(
    `that is killed ${ROUNDS} times loses no acknowledged event and tells the same story`,
    async () => {
      let unansweredCount = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const { publications } = await story.takeRound(round, () => broker.kill());
        unansweredCount += publications.filter((publication) => !isAnswered(publication)).length;
      }
      await story.expectWhole();
      expect(unansweredCount).toBeGreaterThan(0); // It was killed in the middle of something.
    },
    pickCount(120_000, 3_600_000),
  );

  test('that is told to stop, for comparison, has stored and sent exactly what it acknowledged', async () => {
    const witness = await story.takeRound(0, () => broker.stop());
    const acknowledged = witness.publications.filter(isAnswered).flatMap(({ events }) => events);
    expect(new Set(witness.seenLive)).toEqual(new Set(acknowledged));
    expect(witness.seenReplaying.at(-1)).toBe(witness.seenLive.at(-1));
    await story.expectWhole();
  }, 60_000);

  test('keeps a second one away from its log, and goes on', async () => {
    await publish(broker.target, topicOf(0), '1');
    const second = await runCommandLine(['serve', '--port', '0', '--database', broker.databasePath]);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toMatch(/another broker is using it/);
    expect(second.stderr.trimEnd().split('\n')).toHaveLength(1);
    const { cursor } = await publish(broker.target, topicOf(0), '2');
    await broker.kill();
    await broker.launch();
    await publish(broker.target, topicOf(0), '3');
    expect(await readOn(broker.target, 'X-Fetch-Since-Cursor', cursor, '3')).toEqual(['3']);
  });
});

// The clock of the machine jumps, while the broker runs and while it is down: whoever resumes from a time that was told misses
// nothing, and retention by age does not eat the log.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish } from '../support/publisher.ts';
import { StreamReader } from '../support/stream-reader.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
const PRELOAD = new URL('../support/shifted-clock.mjs', import.meta.url).href;

let directory: string;
let broker: BrokerProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gitpubsub-clock-'));
  setShift(0);
});
afterEach(async () => {
  await broker?.dispose();
  rmSync(directory, { recursive: true });
});

function setShift(ms: number): void {
  writeFileSync(join(directory, 'shift'), String(ms));
}

async function startBroker(...flags: readonly string[]): Promise<BrokerProcess> {
  const environment = {
    NODE_OPTIONS: `--import=${PRELOAD}`,
    CLOCK_SHIFT_FILE: join(directory, 'shift'),
  };
  broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.1', ...flags], environment });
  return broker;
}

/** A time that a client was told, and how many events it need not get any more. */
interface Told {
  readonly value: string;
  readonly eventCount: number;
}

/** Publishes some events and collects the times that a publisher and a subscriber are told. */
async function collectTimes({ target }: BrokerProcess, events: string[]): Promise<Told[]> {
  const told: Told[] = [];
  const live = await StreamReader.open(target, '/');
  const before = events.length;
  for (let i = 0; i < 3; i++) {
    const event = `"${events.length}"`;
    const { response } = await publish(target, '/a', event);
    told.push({ value: response.header('x-timestamp') ?? '', eventCount: events.length });
    events.push(event);
    await live.waitForKeepAlives(live.keepAliveCount + 2);
    expect(live.events).toEqual(events.slice(before));
    told.push({ value: live.lastKeepAlive()?.notation ?? '', eventCount: events.length });
  }
  live.close();
  return told;
}

async function expectNothingMissed(
  { target }: BrokerProcess,
  told: readonly Told[],
  events: readonly string[],
): Promise<void> {
  for (const { value, eventCount } of told) {
    const stream = await StreamReader.open(target, '/', { headers: [['X-Fetch-Since', value]] });
    expect(stream.response.header('x-fetch-gap')).toBeUndefined();
    const got = [...(await stream.readUntil(events.at(-1) ?? '')), events.at(-1)];
    stream.close();
    expect(got.length).toBeGreaterThanOrEqual(events.length - eventCount);
    expect(events.slice(-got.length)).toEqual(got);
  }
}

async function waitForMessage(running: BrokerProcess, message: string): Promise<void> {
  await pollUntil(() => (running.messages.includes(message) ? true : undefined), message);
}

async function countHeld({ target }: BrokerProcess, last: string): Promise<number> {
  const stream = await StreamReader.open(target, '/', { headers: [['X-Fetch-Since', '0']] });
  const events = await stream.readUntil(last);
  stream.close();
  return events.length + 1;
}

// The shift after each step, and what the broker does meanwhile.
const SCRIPTS: readonly (readonly [string, readonly (readonly [number, 'runs' | 'stops' | 'crashes'])[]])[] =
  [
    [
      'does not jump, for comparison',
      [
        [0, 'runs'],
        [0, 'stops'],
        [0, 'crashes'],
      ],
    ],
    [
      'goes back an hour',
      [
        [-HOUR_MS, 'runs'],
        [-HOUR_MS, 'stops'],
        [-HOUR_MS, 'crashes'],
      ],
    ],
    [
      'goes back an hour while the broker is down',
      [
        [-HOUR_MS, 'stops'],
        [-2 * HOUR_MS, 'crashes'],
      ],
    ],
    [
      'goes forward a year and back',
      [
        [YEAR_MS, 'runs'],
        [0, 'runs'],
        [0, 'crashes'],
      ],
    ],
    [
      'goes forward a year and back across restarts',
      [
        [YEAR_MS, 'crashes'],
        [0, 'stops'],
        [-HOUR_MS, 'crashes'],
      ],
    ],
  ];

describe('when the clock', () => {
  test.each(SCRIPTS)('%s, no time that was told misses an event', async (_what, steps) => {
    const running = await startBroker();
    const events: string[] = [];
    const told = await collectTimes(running, events);
    for (const [shiftMs, what] of steps) {
      if (what === 'stops') await running.stop();
      if (what === 'crashes') await running.kill();
      setShift(shiftMs);
      if (what !== 'runs') await running.launch();
      told.push(...(await collectTimes(running, events)));
    }
    await publish(running.target, '/a', '"last"');
    await expectNothingMissed(running, told, [...events, '"last"']);
  });
});

describe('retention by age', () => {
  test('keeps the log through a jump of a year, a restart meanwhile, and the way back', async () => {
    const running = await startBroker('--retention-hours', '1');
    await publish(running.target, '/a', '1');
    setShift(YEAR_MS);
    await waitForMessage(running, 'clock jumped, age removes no events');
    expect(await countHeld(running, '1')).toBe(1);
    await running.restart();
    await waitForMessage(running, 'clock far ahead of the last run, age removes no events yet');
    await publish(running.target, '/a', '2');
    expect(await countHeld(running, '2')).toBe(2);
    await running.stop();
    setShift(0);
    await running.launch();
    await waitForMessage(running, 'clock was set back, events get later times');
    await publish(running.target, '/a', '3');
    expect(await countHeld(running, '3')).toBe(3);
  });

  test('for comparison, removes what is old by a clock that goes on evenly', async () => {
    const running = await startBroker('--retention-hours', '0.001');
    await publish(running.target, '/a', '1');
    await pollUntil(async () => {
      await publish(running.target, '/a', '"new"');
      const stream = await StreamReader.open(running.target, '/', { headers: [['X-Fetch-Since', '0']] });
      stream.close();
      return stream.response.header('x-fetch-gap');
    }, 'the first event is removed');
  });
});

import { describe, expect, test } from 'vitest';
import { ClockTrust } from '../../src/broker/clock-trust.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog, type MemoryStorage } from '../support/memory-event-log.ts';
import { SilentLogger } from '../support/silent-logger.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** One run of a broker after another, on the same log and by the same clock. */
class Runs {
  readonly clock = new FakeClock();
  readonly storage: MemoryStorage = createMemoryStorage();
  readonly maxAgeMs: number;
  logger = new SilentLogger();
  #eventLog!: MemoryEventLog;
  #trust!: ClockTrust;

  constructor(maxAgeMs: number = 48 * HOUR_MS) {
    this.maxAgeMs = maxAgeMs;
    this.start();
  }

  start(): void {
    const steadyClock = new SteadyClock(this.clock);
    this.logger = new SilentLogger();
    this.#eventLog = new MemoryEventLog({ storage: this.storage, steadyClock });
    const clocks = { clock: this.clock, steadyClock };
    this.#trust = new ClockTrust(this.#eventLog, clocks, this.logger, this.maxAgeMs);
  }

  /** Whether the clock is believed now. */
  check(): boolean {
    this.#trust.check();
    return this.#trust.isTrusted;
  }

  async restart(between: () => void): Promise<void> {
    await this.#eventLog.close();
    between();
    this.start();
  }
}

describe('a clock that jumps while the broker runs', () => {
  test.each([
    ['forward', YEAR_MS],
    ['back', -HOUR_MS],
  ])('%s is not believed until it is right again, and both is said once', (_where, jumpMs) => {
    const runs = new Runs();
    expect(runs.check()).toBe(true);
    runs.clock.shiftWall(jumpMs);
    expect([runs.check(), runs.check()]).toEqual([false, false]);
    expect(runs.logger.entries[0]).toEqual({
      level: 'warn',
      fields: { jumpSeconds: jumpMs / 1_000 },
      message: 'clock jumped, age removes no events',
    });
    runs.clock.shiftWall(-jumpMs);
    expect([runs.check(), runs.check()]).toEqual([true, true]);
    expect(runs.logger.messages('info').filter((text) => text.includes('age'))).toHaveLength(1);
  });

  test('is not believed by the next run either', async () => {
    const runs = new Runs();
    runs.check();
    runs.clock.shiftWall(YEAR_MS);
    runs.check();
    await runs.restart(() => {});
    expect(runs.check()).toBe(false);
  });
});

describe('a clock that goes on evenly', () => {
  test('is believed, and nothing is said', () => {
    const runs = new Runs();
    for (let hour = 0; hour < 100; hour++) {
      expect(runs.check()).toBe(true);
      runs.clock.advance(HOUR_MS);
    }
    expect(runs.logger.entries).toEqual([]);
  });
});

describe('a start', () => {
  test.each([0, HOUR_MS, 23 * HOUR_MS, -HOUR_MS])(
    '%i ms after the clock was last believed is an ordinary one',
    async (absenceMs) => {
      const runs = new Runs();
      runs.check();
      await runs.restart(() => runs.clock.shiftWall(absenceMs));
      expect(runs.check()).toBe(true);
      expect(runs.logger.messages('warn').filter((text) => text.includes('age'))).toEqual([]);
    },
  );

  test('a year later is doubted for six hours, and said', async () => {
    const runs = new Runs();
    runs.check();
    await runs.restart(() => runs.clock.shiftWall(YEAR_MS));
    expect(runs.check()).toBe(false);
    runs.clock.advance(6 * HOUR_MS - 1);
    expect(runs.check()).toBe(false);
    runs.clock.advance(1);
    expect(runs.check()).toBe(true);
    expect(runs.logger.messages('warn')).toEqual([
      'clock far ahead of the last run, age removes no events yet',
    ]);
    expect(runs.logger.messages('info')).toEqual(['age removes events again']);
  });

  test('a year later is doubted anew after another start', async () => {
    const runs = new Runs();
    runs.check();
    for (let time = 0; time < 3; time++) {
      await runs.restart(() => runs.clock.shiftWall(time === 0 ? YEAR_MS : 0));
      runs.clock.advance(5 * HOUR_MS);
      expect(runs.check()).toBe(false);
    }
  });

  test('is doubted sooner when events are kept for less than a day', async () => {
    const runs = new Runs(HOUR_MS);
    runs.check();
    await runs.restart(() => runs.clock.shiftWall(2 * HOUR_MS));
    expect(runs.check()).toBe(false);
  });

  test('of a new log is an ordinary one', () => {
    expect(new Runs().check()).toBe(true);
  });
});

describe('when the clock is behind the times that were told', () => {
  test('it is said once, and its end once', async () => {
    const runs = new Runs();
    runs.check();
    await runs.restart(() => runs.clock.shiftWall(-HOUR_MS));
    runs.check();
    runs.check();
    runs.clock.advance(3 * HOUR_MS);
    runs.check();
    expect(runs.logger.entries).toEqual([
      {
        level: 'warn',
        fields: { aheadSeconds: 3_600 },
        message: 'clock was set back, events get later times',
      },
      { level: 'info', fields: {}, message: 'events get the times of the clock again' },
    ]);
  });
});

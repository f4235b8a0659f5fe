import { expect, test } from 'vitest';
import { LogWatch } from '../../src/broker/log-watch.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { SilentLogger } from '../support/silent-logger.ts';

function createFixture() {
  const logger = new SilentLogger();
  const clock = new FakeClock();
  const eventLog = new MemoryEventLog({
    storage: createMemoryStorage(),
    steadyClock: new SteadyClock(clock),
  });
  const append = (): Promise<unknown> =>
    eventLog.append({ events: [{ topic: parseTopic('/a'), payload: '1' }], publisher: 'unix' });
  const watch = new LogWatch(eventLog, clock, logger);
  /** Looks again once the log had time to show that it works. */
  const checkLater = (): void => {
    clock.advance(3_000);
    watch.check();
  };
  return { logger, clock, eventLog, append, watch, checkLater };
}

test('nothing is said of a log that works', () => {
  const { watch, logger } = createFixture();
  watch.check();
  watch.check();
  expect(logger.entries).toEqual([]);
});

test('a failure is said once, and its end once', async () => {
  const { watch, logger, eventLog, append, checkLater } = createFixture();
  eventLog.refuseWrites('disk full');
  await expect(append()).rejects.toThrow();
  watch.check();
  watch.check();
  eventLog.refuseWrites(undefined);
  watch.check();
  checkLater();
  checkLater();
  expect(logger.entries).toEqual([
    { level: 'error', fields: { reason: 'disk full' }, message: 'event log failing' },
    { level: 'info', fields: {}, message: 'event log working again' },
  ]);
});

test('a failing log is tried, so that it is ready again though nobody publishes', async () => {
  const { watch, eventLog, append } = createFixture();
  eventLog.refuseWrites('disk full');
  await expect(append()).rejects.toThrow();
  eventLog.refuseWrites(undefined);
  expect(eventLog.failure).toBe('disk full');
  watch.check();
  expect(eventLog.failure).toBeUndefined();
});

test('a failure that is over by the time it is seen is said as well', async () => {
  const { watch, logger, eventLog, append, checkLater } = createFixture();
  eventLog.refuseWrites('disk full');
  await expect(append()).rejects.toThrow();
  eventLog.refuseWrites(undefined);
  watch.check();
  checkLater();
  expect(logger.entries.map(({ message }) => message)).toEqual([
    'event log failing',
    'event log working again',
  ]);
});

test('a second failure is said again', async () => {
  const { watch, logger, eventLog, append, checkLater } = createFixture();
  for (let time = 0; time < 2; time++) {
    eventLog.refuseWrites('disk full');
    await expect(append()).rejects.toThrow();
    watch.check();
    eventLog.refuseWrites(undefined);
    await append();
    checkLater();
  }
  expect(logger.messages('error')).toEqual(['event log failing', 'event log failing']);
  expect(logger.messages('info')).toEqual(['event log working again', 'event log working again']);
});

test('a log that works now and then is failing all the while', async () => {
  const { watch, logger, clock, eventLog, append, checkLater } = createFixture();
  for (let time = 0; time < 5; time++) {
    eventLog.refuseWrites('disk full');
    await expect(append()).rejects.toThrow();
    eventLog.refuseWrites(undefined);
    watch.check();
    clock.advance(2_000);
    watch.check();
    expect(eventLog.failure).toBeUndefined();
    expect(watch.failure).toBe('disk full');
  }
  checkLater();
  expect(watch.failure).toBeUndefined();
  expect(logger.messages('error')).toHaveLength(1);
  expect(logger.messages('info')).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { LogWatch } from '../../src/broker/log-watch.ts';
import { SteadyClock } from '../../src/core/clock.ts';
import { parseTopic } from '../../src/core/topic.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createMemoryStorage, MemoryEventLog } from '../support/memory-event-log.ts';
import { SilentLogger } from '../support/silent-logger.ts';

function createFixture() {
  const logger = new SilentLogger();
  const eventLog = new MemoryEventLog({
    storage: createMemoryStorage(),
    steadyClock: new SteadyClock(new FakeClock()),
  });
  const append = (): Promise<unknown> =>
    eventLog.append({ events: [{ topic: parseTopic('/a'), payload: '1' }] });
  return { logger, eventLog, append, watch: new LogWatch(eventLog, logger) };
}

test('nothing is said of a log that works', () => {
  const { watch, logger } = createFixture();
  watch.check();
  watch.check();
  expect(logger.entries).toEqual([]);
});

test('a failure is said once, and its end once', async () => {
  const { watch, logger, eventLog, append } = createFixture();
  eventLog.refuseWrites('disk full');
  await expect(append()).rejects.toThrow();
  watch.check();
  watch.check();
  eventLog.refuseWrites(undefined);
  watch.check();
  watch.check();
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
  const { watch, logger, eventLog, append } = createFixture();
  eventLog.refuseWrites('disk full');
  await expect(append()).rejects.toThrow();
  eventLog.refuseWrites(undefined);
  watch.check();
  expect(logger.entries.map(({ message }) => message)).toEqual([
    'event log failing',
    'event log working again',
  ]);
});

test('a second failure is said again', async () => {
  const { watch, logger, eventLog, append } = createFixture();
  for (let time = 0; time < 2; time++) {
    eventLog.refuseWrites('disk full');
    await expect(append()).rejects.toThrow();
    watch.check();
    eventLog.refuseWrites(undefined);
    await append();
    watch.check();
  }
  expect(logger.messages('error')).toEqual(['event log failing', 'event log failing']);
  expect(logger.messages('info')).toEqual(['event log working again', 'event log working again']);
});

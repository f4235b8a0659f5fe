// What the log says of refusals: the first of a burst, how many more there were, and never more lines than it has room for.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import { RefusalLog, type Refusal } from '../../src/http/refusal-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { SilentLogger } from '../support/silent-logger.ts';

function createFixture() {
  const clock = new FakeClock();
  const logger = new SilentLogger();
  const log = new RefusalLog(logger, clock);
  const note = (refusal: Partial<Refusal> = {}): void =>
    log.note({
      client: '192.0.2.1',
      code: 'publish-forbidden',
      method: 'POST',
      path: '/a',
      reason: 'No.',
      ...refusal,
    });
  const lines = () =>
    logger.entries.map(({ message, fields }) => [message, fields['client'], fields['more']]);
  /** Lets time pass second by second, as the broker does. */
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000);
      log.tick();
    }
  };
  return { logger, log, note, lines, pass };
}

describe('a burst of refusals', () => {
  test('is told at its first one, with who, what and why', () => {
    const { logger, note } = createFixture();
    note();
    expect(logger.entries).toEqual([
      {
        level: 'warn',
        message: 'refused',
        fields: {
          client: '192.0.2.1',
          code: 'publish-forbidden',
          method: 'POST',
          path: '/a',
          reason: 'No.',
        },
      },
    ]);
  });

  test('goes on in silence as long as no minute passes without one, then says how many more there were', () => {
    const { lines, note, pass } = createFixture();
    for (let i = 0; i < 10; i++) {
      note();
      pass(59);
    }
    expect(lines()).toEqual([['refused', '192.0.2.1', undefined]]);
    pass(1);
    expect(lines().slice(1)).toEqual([['refused more often', '192.0.2.1', 9]]);
    note();
    expect(lines().slice(2)).toEqual([['refused', '192.0.2.1', undefined]]);
  });

  test('of a single one has no second line', () => {
    const { lines, log, note, pass } = createFixture();
    note();
    pass(100);
    expect(lines()).toHaveLength(1);
    expect(log.burstCount).toBe(0);
  });

  test('is one for each client and code', () => {
    const { lines, note } = createFixture();
    for (let i = 0; i < 3; i++) {
      note();
      note({ client: '192.0.2.2' });
      note({ code: 'unauthorized' });
    }
    expect(lines()).toHaveLength(3);
  });

  test('is summed up when the broker stops', () => {
    const { lines, log, note } = createFixture();
    note();
    note();
    log.close();
    expect(lines().slice(1)).toEqual([['refused more often', '192.0.2.1', 1]]);
  });

  test('by a crowd takes bounded memory and few lines, and none of it goes uncounted', () => {
    const { lines, log, note, pass } = createFixture();
    for (let i = 0; i < 1_500; i++) note({ client: `client ${i}` });
    note({ client: 'client 7' });
    note({ client: 'somebody', code: 'unauthorized' });
    expect(log.burstCount).toBeLessThanOrEqual(1_005);
    expect(lines()).toHaveLength(1_002);
    pass(60);
    expect(lines().slice(1_002)).toEqual([
      ['refused more often', 'client 7', 1],
      ['refused more often', 'others', 499],
    ]);
    expect(log.burstCount).toBe(0);
  });

  test('does not let a client fill the log with long texts', () => {
    const { logger, note } = createFixture();
    note({ path: 'x'.repeat(16_000), reason: 'y'.repeat(16_000) });
    expect(JSON.stringify(logger.entries).length).toBeLessThan(2_000);
  });
});

function takes(code: ErrorCode, path = '/a'): boolean {
  return createFixture().log.takes(code, path);
}

describe('of refusals', () => {
  test.each([
    'unauthorized',
    'publish-forbidden',
    'read-forbidden',
    'metrics-forbidden',
    'too-many-requests',
  ] as const)('%s is told', (code) => expect(takes(code)).toBe(true));

  test.each(['invalid-topic', 'payload-too-large', 'not-found', 'log-unavailable'] as const)(
    '%s is not, which is no matter of rights',
    (code) => expect(takes(code)).toBe(false),
  );

  test.each([
    'invalid-delivery',
    'invalid-payload',
    'idempotency-conflict',
    'payload-too-large',
    'log-unavailable',
  ] as const)('%s is told of a delivery', (code) => expect(takes(code, '/-/webhooks/hub')).toBe(true));

  test.each(['not-found', 'method-not-allowed'] as const)(
    '%s is not told of a path that a stranger tries out',
    (code) => expect(takes(code, '/-/webhooks/hub')).toBe(false),
  );
});

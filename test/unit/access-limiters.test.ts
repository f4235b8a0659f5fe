// Who may publish how much and have how many streams: accounts, their limits, and what is remembered of them.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountOf } from '../../src/access/account.ts';
import type { Caller } from '../../src/access/caller.ts';
import { lowest } from '../../src/access/limits.ts';
import { PublishLimiter, type Usage } from '../../src/access/publish-limiter.ts';
import { StreamLimiter } from '../../src/access/stream-limiter.ts';
import { TooManyRequestsError } from '../../src/access/too-many-requests.ts';
import { createCaller } from '../support/fake-caller.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** What a limiter says: nothing, or after how many seconds to come again. */
function waitOf(act: () => unknown): number | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof TooManyRequestsError) return error.retryAfterSeconds;
    throw error;
  }
}

function createPublishFixture() {
  const clock = new FakeClock();
  const limiter = new PublishLimiter(clock);
  const take = (caller: Caller, usage: Usage): number | undefined =>
    waitOf(() => limiter.take(caller, usage));
  return { clock, limiter, take };
}

/** One of very many. */
function from(index: number): Caller {
  const client = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return createCaller({ client, limits: ONE_A_SECOND });
}

const ONE_A_SECOND = { publishesPerSecond: 1, burstSeconds: 2 };

describe('an account', () => {
  test.each([
    ['192.0.2.1', 'address 192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 'network 2001:db8:1:2::/64'],
    ['2001:db8:1:2::', 'network 2001:db8:1:2::/64'],
    ['2001:db8:1:3::', 'network 2001:db8:1:3::/64'],
    ['unix', 'unix'],
    ['unknown', 'address unknown'],
  ])('of the client %s is %s', (client, account) => {
    expect(accountOf(createCaller({ client }))).toBe(account);
  });

  test('of a principal is the same from everywhere', () => {
    for (const client of ['192.0.2.1', '2001:db8::1', 'unknown'])
      expect(accountOf(createCaller({ client, principal: 'ci' }))).toBe('principal ci');
  });
});

describe('of several limits', () => {
  test('the lowest of each counts, and what only one has', () => {
    const some = { streams: 5, publishesPerSecond: 10, burstSeconds: 5 };
    const others = { streams: 7, publishesPerSecond: 2, bytesPerSecond: 100, burstSeconds: 10 };
    const both = { streams: 5, publishesPerSecond: 2, bytesPerSecond: 100, burstSeconds: 5 };
    expect(lowest(some, others)).toEqual(both);
    expect(lowest(others, some)).toEqual(both);
    expect(lowest(some, undefined)).toBe(some);
    expect(lowest(undefined, some)).toBe(some);
  });
});

describe('publishing', () => {
  test('without limits is never refused, and nothing is remembered of it', () => {
    const { limiter, take } = createPublishFixture();
    const callers = [createCaller({}), createCaller({ limits: { streams: 1, burstSeconds: 1 } })];
    for (let i = 0; i < 1_000; i++)
      for (const caller of callers) expect(take(caller, { publishes: 1, bytes: 1e9 })).toBeUndefined();
    expect(limiter.accountCount).toBe(0);
  });

  test('is refused beyond its burst, with the seconds after which it is taken again', () => {
    const { clock, take } = createPublishFixture();
    const caller = createCaller({ limits: { publishesPerSecond: 0.1, burstSeconds: 20 } });
    const publish = (): number | undefined => take(caller, { publishes: 1 });
    expect([publish(), publish(), publish()]).toEqual([undefined, undefined, 10]);
    clock.advance(9_000);
    expect(publish()).toBe(1);
    clock.advance(1_000);
    expect(publish()).toBeUndefined();
  });

  test.each([
    ['publishes', { publishesPerSecond: 0.5, bytesPerSecond: 100 }],
    ['bytes', { publishesPerSecond: 1, bytesPerSecond: 50 }],
  ])('beyond both limits is taken again when the longer wait is over, here for %s', (_what, rates) => {
    const { clock, take } = createPublishFixture();
    const caller = createCaller({ limits: { ...rates, burstSeconds: 1 } });
    const publish = (): number | undefined => take(caller, { publishes: 1, bytes: 100 });
    expect([publish(), publish()]).toEqual([undefined, 2]);
    clock.advance(2_000);
    expect(publish()).toBeUndefined();
  });

  test('that is refused takes nothing, also of what would be there', () => {
    const { clock, take } = createPublishFixture();
    const caller = createCaller({ limits: { publishesPerSecond: 1, bytesPerSecond: 100, burstSeconds: 2 } });
    expect(take(caller, { publishes: 1, bytes: 200 })).toBeUndefined();
    for (let i = 0; i < 10; i++) expect(take(caller, { publishes: 1, bytes: 100 })).toBe(1);
    clock.advance(1_000);
    expect(take(caller, { publishes: 1, bytes: 100 })).toBeUndefined();
  });

  test('is counted by itself for each account', () => {
    const { take } = createPublishFixture();
    const callers = [
      createCaller({ client: '192.0.2.1', limits: ONE_A_SECOND }),
      createCaller({ client: '192.0.2.2', limits: ONE_A_SECOND }),
      createCaller({ client: '192.0.2.1', principal: 'ci', limits: ONE_A_SECOND }),
    ];
    for (const caller of callers) {
      expect(take(caller, { publishes: 1 })).toBeUndefined();
      expect(take(caller, { publishes: 1 })).toBeUndefined();
      expect(take(caller, { publishes: 1 })).toBe(1);
    }
  });

  test('of bytes that are known only later may still be refused, whatever the publishes are', () => {
    const { take } = createPublishFixture();
    const limits = { publishesPerSecond: 0.5, bytesPerSecond: 10, burstSeconds: 1 };
    const caller = createCaller({ limits });
    expect(take(caller, { publishes: 1, bytes: 0 })).toBeUndefined();
    expect(take(caller, { bytes: 30 })).toBeUndefined();
    expect(take(caller, { bytes: 10 })).toBe(3);
  });

  test('is forgotten exactly when it makes no difference any more', () => {
    const { clock, limiter, take } = createPublishFixture();
    const caller = createCaller({ limits: ONE_A_SECOND });
    for (const bytes of [1, 2]) take(caller, { publishes: 1, bytes });
    limiter.forgetIdle();
    clock.advance(1_999);
    limiter.forgetIdle();
    expect(limiter.accountCount).toBe(1);
    clock.advance(1);
    limiter.forgetIdle();
    expect(limiter.accountCount).toBe(0);
  });

  test('by a crowd of addresses takes bounded memory, and those beyond it are counted together', () => {
    const { limiter, take } = createPublishFixture();
    for (let index = 0; index < 10_000; index++) expect(take(from(index), { publishes: 1 })).toBeUndefined();
    expect([20_001, 20_002, 20_003].map((index) => take(from(index), { publishes: 1 }))).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(limiter.accountCount).toBe(10_001);
    expect(take(from(1), { publishes: 1 })).toBeUndefined();
  });

  test('by a principal is counted by itself, however large the crowd of addresses is', () => {
    const { take } = createPublishFixture();
    for (let index = 0; index < 10_010; index++) take(from(index), { publishes: 1 });
    for (const principal of ['ci', 'cd']) {
      const publish = (): number | undefined =>
        take(createCaller({ principal, limits: ONE_A_SECOND }), { publishes: 1 });
      expect([publish(), publish(), publish()]).toEqual([undefined, undefined, 1]);
    }
  });

  test('never passes the average and a burst, in any stretch of time, whoever forgets when', () => {
    const limits = { publishesPerSecond: 2, burstSeconds: 3 };
    const caller = createCaller({ limits });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(900), fc.boolean()), { maxLength: 200 }), (steps) => {
        const { clock, limiter, take } = createPublishFixture();
        const takenMs: number[] = [];
        for (const [pauseMs, forgets] of steps) {
          clock.advance(pauseMs);
          if (forgets) limiter.forgetIdle();
          const wait = take(caller, { publishes: 1 });
          if (wait === undefined) takenMs.push(clock.monotonicMs());
          else expect(wait).toBe(1);
        }
        takenMs.forEach((fromMs, from) =>
          takenMs.slice(from).forEach((toMs, count) => {
            expect(count + 1).toBeLessThanOrEqual(((toMs - fromMs) / 1000) * 2 + 6 + 0.001);
          }),
        );
        const isEager = steps.length >= 6;
        if (isEager) expect(takenMs.length).toBeGreaterThanOrEqual(6);
      }),
    );
  });
});

describe('streams', () => {
  const limits = { streams: 2, burstSeconds: 1 };

  test('beyond the limit are refused until one of the account is over', () => {
    const limiter = new StreamLimiter();
    const caller = createCaller({ limits });
    const [close] = [limiter.open(caller), limiter.open(caller)];
    expect(waitOf(() => limiter.open(caller))).toBe(10);
    expect(waitOf(() => limiter.open(createCaller({ client: '192.0.2.2', limits })))).toBeUndefined();
    close?.();
    expect(waitOf(() => limiter.open(caller))).toBeUndefined();
    expect(waitOf(() => limiter.open(caller))).toBe(10);
  });

  test.each<[string, Partial<Caller>, boolean]>([
    ['an address', {}, true],
    ['a principal', { principal: 'ci' }, false],
    ['a client that a proxy names', { id: { ...createCaller({}).id, proxy: '10.0.0.1' } }, false],
  ])(
    'beyond the limit of %s are refused with advice for proxies only where it may be one',
    (_who, who, isAdvised) => {
      const limiter = new StreamLimiter();
      const caller = createCaller({ limits, ...who });
      for (let i = 0; i < limits.streams; i++) limiter.open(caller);
      const expected: unknown = isAdvised
        ? expect.stringMatching(/close some\. If it is a proxy, .* X-Forwarded-For\.$/)
        : expect.stringMatching(/close some\.$/);
      expect(() => limiter.open(caller)).toThrow(expect.objectContaining({ message: expected }));
    },
  );

  test('that say twice that they are over count once', () => {
    const limiter = new StreamLimiter();
    const caller = createCaller({ limits });
    const [close] = [limiter.open(caller), limiter.open(caller)];
    close?.();
    close?.();
    limiter.open(caller);
    expect(waitOf(() => limiter.open(caller))).toBe(10);
  });

  test('are forgotten with the last of an account, and without a limit not remembered', () => {
    const limiter = new StreamLimiter();
    const closes = [limiter.open(createCaller({ limits })), limiter.open(createCaller({ limits }))];
    for (let i = 0; i < 1_000; i++) limiter.open(createCaller({}));
    expect(limiter.accountCount).toBe(1);
    for (const close of closes) close();
    expect(limiter.accountCount).toBe(0);
  });

  test('of a principal count also while it has no limit, for the one it may get', () => {
    const limiter = new StreamLimiter();
    limiter.open(createCaller({ principal: 'ci' }));
    limiter.open(createCaller({ principal: 'ci' }));
    expect(waitOf(() => limiter.open(createCaller({ principal: 'ci', limits })))).toBe(10);
    expect(waitOf(() => limiter.open(createCaller({ principal: 'bob', limits })))).toBeUndefined();
  });
});

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { GitPubSubError } from '../../src/core/errors.ts';
import type { Append } from '../../src/core/event.ts';
import { parseTopic } from '../../src/core/topic.ts';
import type { Appended } from '../../src/eventlog/event-log.ts';
import { GroupCommit } from '../../src/eventlog/group-commit.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { passTurns } from '../support/turns.ts';

const BUSY = new Error('busy');

/** Counts offsets, and fails as the test says. */
class FakeCommitter {
  /** The payloads of each commit that succeeded. */
  readonly commits: string[][] = [];
  attemptCount = 0;
  failure: Error | undefined;
  #lastOffset = 0;

  commit(appends: readonly Append[]): readonly (Appended | GitPubSubError)[] {
    this.attemptCount += 1;
    if (this.failure) throw this.failure;
    this.commits.push(appends.flatMap(({ events }) => events.map(({ payload }) => payload)));
    return appends.map(({ events }) => {
      if (events[0]?.payload === 'conflict') return new GitPubSubError('idempotency-conflict', 'used before');
      this.#lastOffset += events.length;
      return { lastOffset: this.#lastOffset, timeMs: 0, isReplayed: false };
    });
  }

  isBusy(error: unknown): boolean {
    return error === BUSY;
  }
}

function createFixture() {
  // Only the retry of a locked database waits by time.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = new FakeClock();
  const committer = new FakeCommitter();
  const groupCommit = new GroupCommit(committer, clock);
  const append = (...payloads: string[]): Promise<Appended> =>
    groupCommit.append({
      events: payloads.map((payload) => ({ topic: parseTopic('/a'), payload })),
      publisher: 'unix',
    });
  const retryAfter = async (ms: number): Promise<void> => {
    clock.advance(ms);
    vi.advanceTimersByTime(20);
    await passTurns();
  };
  return { clock, committer, groupCommit, append, retryAfter };
}

describe('appends', () => {
  test('of one turn are one commit, in a later turn, in order', async () => {
    const { committer, append } = createFixture();
    const answers = Promise.all([append('1'), append('2', '3'), append('4')]);
    expect(committer.commits).toEqual([]);
    expect((await answers).map(({ lastOffset }) => lastOffset)).toEqual([1, 3, 4]);
    expect(committer.commits).toEqual([['1', '2', '3', '4']]);
  });

  test('made while others are answered are another commit', async () => {
    const { committer, append } = createFixture();
    await append('1').then(() => append('2'));
    expect(committer.commits).toEqual([['1'], ['2']]);
  });

  test('of more than 2,000 events are spread over commits of at most so many, none of them cut', async () => {
    const { committer, append } = createFixture();
    const sizes = [1_500, 500, 1, 1_999, 2, 5_000, 1];
    await Promise.all(sizes.map((size) => append(...Array.from({ length: size }, () => 'x'))));
    expect(committer.commits.map((payloads) => payloads.length)).toEqual([2_000, 2_000, 2, 5_000, 1]);
  });

  test('that contradict earlier ones are refused alone', async () => {
    const { append } = createFixture();
    const answers = await Promise.allSettled([append('1'), append('conflict'), append('2')]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { code: 'idempotency-conflict' } });
  });

  test('that cannot be stored are refused together, with the reason, and the next ones are tried', async () => {
    const { committer, groupCommit, append } = createFixture();
    committer.failure = new Error('disk full');
    const answers = await Promise.allSettled([append('1'), append('2')]);
    for (const answer of answers)
      expect(answer).toMatchObject({
        reason: {
          code: 'log-unavailable',
          message: expect.stringContaining('disk full'),
          cause: committer.failure,
        },
      });
    expect(groupCommit.failure).toBe('disk full');
    committer.failure = undefined;
    await append('3');
    expect(committer.commits).toEqual([['3']]);
    expect(groupCommit.failure).toBeUndefined();
  });
});

describe('a locked database', () => {
  test('is tried again every 20 ms, and what waited is stored in order once it is free', async () => {
    const { committer, append, retryAfter } = createFixture();
    committer.failure = BUSY;
    const first = append('1');
    await passTurns(2);
    const second = append('2');
    await passTurns(2);
    expect(committer.attemptCount).toBe(1);
    await retryAfter(20);
    await retryAfter(20);
    expect(committer.attemptCount).toBe(3);
    committer.failure = undefined;
    await retryAfter(20);
    expect(committer.commits).toEqual([['1', '2']]);
    expect([(await first).lastOffset, (await second).lastOffset]).toEqual([1, 2]);
  });

  test('changes no order, also when there is more than one commit takes', async () => {
    const { committer, append, retryAfter } = createFixture();
    committer.failure = BUSY;
    const appends = ['1', '2', '3'].map((payload) => append(...Array.from({ length: 1_500 }, () => payload)));
    await passTurns(2);
    committer.failure = undefined;
    await retryAfter(20);
    await Promise.all(appends);
    expect(committer.commits.map(([first]) => first)).toEqual(['1', '2', '3']);
  });

  test('refuses an append after five seconds, and keeps those that wait less', async () => {
    const { committer, append, retryAfter } = createFixture();
    committer.failure = BUSY;
    const early = append('1');
    const refused = expect(early).rejects.toMatchObject({ code: 'log-unavailable' });
    await passTurns();
    await retryAfter(1);
    const late = append('2');
    await retryAfter(4_998);
    await retryAfter(1);
    await refused;
    committer.failure = undefined;
    await retryAfter(20);
    expect(committer.commits).toEqual([['2']]);
    expect((await late).lastOffset).toBe(1);
  });

  test('is a failure meanwhile', async () => {
    const { committer, groupCommit, append, retryAfter } = createFixture();
    committer.failure = BUSY;
    const appended = append('1');
    await passTurns(3);
    expect(groupCommit.failure).toBe('busy');
    committer.failure = undefined;
    await retryAfter(20);
    await appended;
    expect(groupCommit.failure).toBeUndefined();
  });
});

describe('a probe', () => {
  test('stores nothing and finds out whether the engine works', () => {
    const { committer, groupCommit } = createFixture();
    committer.failure = new Error('disk full');
    groupCommit.probe();
    expect(groupCommit.failure).toBe('disk full');
    committer.failure = undefined;
    groupCommit.probe();
    expect(groupCommit.failure).toBeUndefined();
    expect(committer.commits).toEqual([[]]);
  });
});

describe('waiting for all appends', () => {
  test('is over at once when there are none', async () => {
    await expect(createFixture().groupCommit.whenIdle()).resolves.toBeUndefined();
  });

  test('includes those that wait for a lock', async () => {
    const { committer, groupCommit, append, retryAfter } = createFixture();
    committer.failure = BUSY;
    const appended = append('1');
    let isIdle = false;
    void groupCommit.whenIdle().then(() => (isIdle = true));
    await passTurns(3);
    expect(isIdle).toBe(false);
    committer.failure = undefined;
    await retryAfter(20);
    await appended;
    expect(isIdle).toBe(true);
  });

  test('is over when they were refused', async () => {
    const { committer, groupCommit, append } = createFixture();
    committer.failure = new Error('disk full');
    const refused = expect(append('1')).rejects.toThrow();
    await groupCommit.whenIdle();
    await refused;
  });
});

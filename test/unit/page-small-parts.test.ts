import { describe, expect, test, vi } from 'vitest';
import { Announcement } from '../../src/page/announcement.ts';
import { gapNotice } from '../../src/page/entry.ts';
import { LineSplitter } from '../../src/page/line-splitter.ts';
import { foreignAnswer, readRefusal } from '../../src/page/refusal.ts';
import { retryDelayMs } from '../../src/page/retry-delay.ts';
import { ServerClock } from '../../src/page/server-clock.ts';
import { agoText, dayText, fullTime } from '../../src/page/times.ts';

describe('how long ago', () => {
  test.each([
    [-60_000, 'now'],
    [4_999, 'now'],
    [5_000, '5 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_599_999, '59 min ago'],
    [3_600_000, '1 h ago'],
    [86_399_999, '23 h ago'],
    [86_400_000, '1 d ago'],
    [400 * 86_400_000, '400 d ago'],
  ])('%i ms were is said as %s', (elapsedMs, expected) => {
    expect(agoText(1_000_000, 1_000_000 + elapsedMs)).toBe(expected);
  });

  test('times in full are those of the reader', () => {
    const moment = new Date(2026, 10, 1, 3, 4, 5).getTime();
    expect(fullTime(moment)).toBe('2026-11-01 03:04:05');
    expect(dayText(moment)).toBe('Sunday, 1 November 2026');
  });
});

describe('lines', () => {
  test('come out whole, however they come in', () => {
    const text = '{"a":1}\n\n{"b":"ü"}\r\n{"c":3}\n';
    const splitter = new LineSplitter();
    const lines = Array.from(text).flatMap((character) => splitter.push(character));
    expect(lines.map((line) => line.trim())).toEqual(['{"a":1}', '{"b":"ü"}', '{"c":3}']);
    expect(new LineSplitter().push(text)).toHaveLength(3);
  });

  test('wait for their end', () => {
    const splitter = new LineSplitter();
    expect([splitter.push('{"a"'), splitter.push(':1}'), splitter.push('\n')]).toEqual([[], [], ['{"a":1}']]);
  });
});

describe('the wait before the next connection', () => {
  test('doubles up to half a minute', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((failures) => retryDelayMs(failures, 0))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });

  test('is by chance up to half as long', () => {
    expect(retryDelayMs(0, 0.5)).toBe(750);
  });
});

function refuse(status: number, body: string, headers: Record<string, string> = {}): Promise<unknown> {
  return readRefusal(new Response(body, { status, headers }));
}

describe('a refusal', () => {
  test('is told in the words of the server', async () => {
    expect(await refuse(400, '{"title":"Not a topic","detail":"No dots."}')).toEqual({
      words: 'Not a topic: No dots.',
      isFinal: true,
      needsToken: false,
      retryAfterSeconds: 0,
    });
  });

  test.each([
    [400, true],
    [401, true],
    [403, true],
    [404, true],
    [408, false],
    [429, false],
    [500, false],
    [502, false],
    [503, false],
  ])('with %i is final: %s', async (status, isFinal) => {
    expect(await refuse(status, '<html>')).toMatchObject({
      isFinal,
      words: expect.stringContaining(String(status)),
    });
  });

  test('asks for a token with 401 alone', async () => {
    expect(await refuse(401, '')).toMatchObject({ needsToken: true });
    expect(await refuse(403, '')).toMatchObject({ needsToken: false });
  });

  test('says when to come back', async () => {
    expect(await refuse(503, '', { 'Retry-After': '5' })).toMatchObject({ retryAfterSeconds: 5 });
  });

  test('may be none of ours', () => {
    expect(foreignAnswer('text/html', false).words).toContain('text/html');
    expect(foreignAnswer('', false).isFinal).toBe(true);
  });
});

describe('an announcement', () => {
  test('is one sentence, however many events came', () => {
    const announcement = new Announcement();
    expect(announcement.take()).toBe('');
    announcement.add('one');
    expect(announcement.take()).toBe('one');
    for (const word of ['one', 'two', 'three']) announcement.add(word);
    expect(announcement.take()).toBe('3 new events, the last: three');
    expect(announcement.take()).toBe('');
  });
});

describe('a gap notice', () => {
  test.each([
    ['expired', 'removed'],
    ['unknown', 'another log'],
  ])('says what %s means', (reason, word) => {
    const notice = gapNotice({ kind: 'gap', cursor: 'c1', reason, oldestMs: 1_500 }, 9_000);
    expect(notice.words).toContain(word);
    expect(notice.timeMs).toBe(9_000);
  });
});

describe("the server's clock", () => {
  test('is followed where it differs by more than a moment', () => {
    vi.useFakeTimers({ now: 1_795_265_117_500 });
    try {
      const clock = new ServerClock();
      clock.adjust(null);
      clock.adjust(new Date(1_795_265_117_000).toUTCString());
      expect(clock.nowMs()).toBe(1_795_265_117_500);
      clock.adjust(new Date(1_795_265_177_000).toUTCString());
      expect(clock.nowMs()).toBe(1_795_265_177_000);
    } finally {
      vi.useRealTimers();
    }
  });
});

import { expect, test } from 'vitest';
import {
  parseChoice,
  parseCount,
  parseDurationMs,
  parseMoment,
  parseSince,
} from '../../src/commands/flag-values.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00.500Z');

test.each([
  ['10m', 600],
  ['2h', 7_200],
  ['3d', 259_200],
  ['1w', 604_800],
  ['1.5h', 5_400],
  ['90s', 90],
])('--since %s counts back from now', (text, ageSeconds) => {
  expect(parseSince('--since', text, NOW_MS)).toEqual({ since: NOW_MS / 1000 - ageSeconds });
});

test('an age from before 1970 is everything', () => {
  expect(parseSince('--since', '5000w', NOW_MS)).toEqual({ since: 0 });
});

test.each([
  ['2026-11-20', new Date(2026, 10, 20)],
  ['2026-11-20T10:00', new Date(2026, 10, 20, 10)],
  ['2026-11-20 10:00:30', new Date(2026, 10, 20, 10, 0, 30)],
  ['2026-11-20T10:00Z', new Date('2026-11-20T10:00:00Z')],
  ['2026-11-20T10:00:00.250+02:00', new Date('2026-11-20T08:00:00.250Z')],
])('--since %s is that moment, in local time unless it says otherwise', (text, date) => {
  expect(parseSince('--since', text, NOW_MS)).toEqual({ since: date.getTime() / 1000 });
});

test.each([
  ['0', 0],
  ['1795264861', 1795264861],
  ['1795264861.352', 1795264861.352],
])('--since %s is epoch seconds', (text, since) => {
  expect(parseSince('--since', text, NOW_MS)).toEqual({ since });
});

test('--since takes a cursor', () => {
  const cursor = '21b44b325cab-5-c3cc3549';
  expect(parseSince('--since', cursor, NOW_MS)).toEqual({ cursor });
});

test('a moment is no cursor', () => {
  expect(parseMoment('--since', '2h', NOW_MS)).toBe(NOW_MS / 1000 - 7_200);
  expect(() => parseMoment('--since', '21b44b325cab-5-c3cc3549', NOW_MS)).toThrow(/or epoch seconds\.$/);
});

test.each(['', 'yesterday', '10x', '-5m', '2026-02-30', '2026-13-01', '2026-11-20T25:00', '2026-1-1'])(
  '--since %j is refused',
  (text) => {
    expect(() => parseSince('--since', text, NOW_MS)).toThrow(
      `--since: "${text}" is not allowed; allowed is an age`,
    );
  },
);

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['0s', 0],
])('%s is a duration', (text, ms) => {
  expect(parseDurationMs('--timeout', text)).toBe(ms);
});

test.each(['', '5', 'm', '5 m', '-1s', '25d', '1e3s'])('%j is no duration', (text) => {
  expect(() => parseDurationMs('--timeout', text)).toThrow(
    `--timeout: "${text}" is not allowed; allowed is a time from 0s to 24d, such as 500ms, 30s, 5m or 2h.`,
  );
});

test('a duration may have a least one', () => {
  expect(parseDurationMs('--every', '100ms', '100ms')).toBe(100);
  expect(() => parseDurationMs('--every', '99ms', '100ms')).toThrow(
    '--every: "99ms" is not allowed; allowed is a time from 100ms to 24d, such as',
  );
});

test('a count is a whole number within its bounds', () => {
  expect(parseCount('--n', '4', 1, 9)).toBe(4);
  for (const text of ['0', '10', '1.5', 'x', ''])
    expect(() => parseCount('--n', text, 1, 9)).toThrow(
      `--n: "${text}" is not allowed; allowed is a whole number from 1 to 9.`,
    );
});

test('a choice is one of its words', () => {
  expect(parseChoice('--output', 'text', ['json', 'text'])).toBe('text');
  expect(() => parseChoice('--output', 'xml', ['json', 'text'])).toThrow(
    '--output: "xml" is not allowed; allowed is json or text.',
  );
});

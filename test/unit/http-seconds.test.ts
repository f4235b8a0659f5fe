import { describe, expect, test } from 'vitest';
import { parseSeconds, toSeconds } from '../../src/http/seconds.ts';

describe('seconds as they are sent', () => {
  test.each([
    [1_700_000_000_000, '1700000000.000'],
    [1_700_000_000_001, '1700000000.001'],
    [1_700_000_000_990, '1700000000.990'],
    [1, '0.001'],
  ])('%i ms are %s', (ms, text) => {
    expect(toSeconds(ms)).toBe(text);
  });
});

describe('seconds as they are read', () => {
  test.each([
    ['1700000000', 1_700_000_000_000],
    ['1700000000.5', 1_700_000_000_500],
    ['1700000000.', 1_700_000_000_000],
    ['1700000000.001', 1_700_000_000_001],
    ['1700000000.123', 1_700_000_000_123],
    ['1700000000.0019', 1_700_000_000_001],
    ['1700000000.9999', 1_700_000_000_999],
    ['1.001', 1_001],
    ['.5', 500],
    ['0', 0],
    ['+1', 1_000],
    ['-1', -1_000],
    ['-0.0015', -2],
    ['1.7e9', 1_700_000_000_000],
    ['17E+8', 1_700_000_000_000],
    ['00017', 17_000],
  ])('%s is %i ms, never a later moment', (text, ms) => {
    expect(parseSeconds(text)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    'None',
    'nan',
    'NaN',
    'Infinity',
    '-inf',
    '1e400',
    '0x10',
    '1_000',
    '1,5',
    '.',
    '-',
    'e5',
    '1e',
    '2023-11-14T22:13:20Z',
    '١',
  ])('%j is not a number', (text) => {
    expect(parseSeconds(text)).toBeUndefined();
  });

  test('every millisecond is read as it was sent', () => {
    for (let ms = 1_700_000_000_000; ms < 1_700_000_002_000; ms++) {
      if (parseSeconds(toSeconds(ms)) !== ms) expect(parseSeconds(toSeconds(ms))).toBe(ms);
    }
  });
});

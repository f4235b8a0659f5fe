// The limits in an access file: what they are read as, and how wrong ones are told.
import { describe, expect, test } from 'vitest';
import { readAccessFile } from '../../src/config/access-file.ts';

function read(limits: unknown) {
  const text = JSON.stringify({
    principals: { ci: { tokens: [], limits } },
    peers: [{ addresses: ['10.0.0.0/8'], limits }],
  });
  return readAccessFile('access.json', () => text);
}

describe('limits', () => {
  test('are read for principals and addresses, with units', () => {
    const { rules, problems } = read({ streams: 100, publishesPerSecond: 0.5, bytesPerSecond: '1MiB' });
    const expected = { streams: 100, publishesPerSecond: 0.5, bytesPerSecond: 1_048_576, burstSeconds: 10 };
    expect(problems).toEqual([]);
    expect(rules?.principals[0]?.limits).toEqual(expected);
    expect(rules?.peers[0]?.limits).toEqual(expected);
  });

  test('are none where none are given', () => {
    const { rules, problems } = read(undefined);
    expect(problems).toEqual([]);
    expect(rules?.principals[0]?.limits).toBeUndefined();
  });

  test.each([
    [{ streams: 0 }, 'limits.streams', '0 is not allowed; allowed is a whole number from 1 to 1000000.'],
    [
      { publishesPerSecond: 0 },
      'limits.publishesPerSecond',
      '0 is not allowed; allowed is a number from 0.001 to 1000000.',
    ],
    [
      { bytesPerSecond: 'lots' },
      'limits.bytesPerSecond',
      '"lots" is not allowed; allowed is a whole number of bytes from 1 to 9007199254740991, or with KiB, MiB or GiB as in 256KiB.',
    ],
    [{ burstSeconds: 0.5 }, 'limits.burstSeconds', '0.5 is not allowed; allowed is a number from 1 to 3600.'],
    [{ stream: 1 }, 'limits', '"stream" is no member; did you mean streams?'],
    [
      5,
      'limits',
      '5 is not allowed; allowed is an object with streams, publishesPerSecond, bytesPerSecond, burstSeconds.',
    ],
  ])('%j are told with their place, and all at once', (limits, place, words) => {
    const { rules, problems } = read(limits);
    expect(rules).toBeUndefined();
    expect(problems).toEqual([
      `principals.ci.${place} in access.json: ${words}`,
      `peers[0].${place} in access.json: ${words}`,
    ]);
  });
});

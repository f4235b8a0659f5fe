import { describe, expect, test } from 'vitest';
import { formatCursor, parseCursor } from '../../src/core/cursor.ts';

const CURSOR = { logId: '0123456789ab', offset: 42, check: 'deadbeef' };

describe('a cursor', () => {
  test.each([0, 1, 42, Number.MAX_SAFE_INTEGER])('at %i is read as it was written', (offset) => {
    const text = formatCursor({ ...CURSOR, offset });
    expect(parseCursor(text)).toEqual({ ...CURSOR, offset });
    expect(text).toMatch(/^[\w-]{1,64}$/);
  });

  test.each([
    ['nothing', ''],
    ['a number', '42'],
    ['the word of a client without one', 'None'],
    ['an offset too large to count', '0123456789ab-9007199254740992-deadbeef'],
    ['an offset of 17 digits', '0123456789ab-12345678901234567-deadbeef'],
    ['a negative offset', '0123456789ab--1-deadbeef'],
    ['a leading zero', '0123456789ab-042-deadbeef'],
    ['a fraction', '0123456789ab-4.2-deadbeef'],
    ['an exponent', '0123456789ab-4e2-deadbeef'],
    ['no offset', '0123456789ab--deadbeef'],
    ['no check', '0123456789ab-42'],
    ['a short log id', '0123456789a-42-deadbeef'],
    ['capitals', '0123456789AB-42-DEADBEEF'],
    ['space before', ' 0123456789ab-42-deadbeef'],
    ['a line feed after', '0123456789ab-42-deadbeef\n'],
    ['more after', '0123456789ab-42-deadbeef-'],
    ['digits of another script', '0123456789ab-٤٢-deadbeef'],
  ])('is not %s', (_what, text) => {
    expect(() => parseCursor(text)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
  });
});

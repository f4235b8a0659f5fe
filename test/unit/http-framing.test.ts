import { describe, expect, test } from 'vitest';
import { checkFraming } from '../../src/http/framing.ts';
import { createRequestHead } from '../support/fake-http.ts';

describe('a request', () => {
  test.each([
    ['no body', []],
    ['a length', [['content-length', '5']]],
    ['chunks', [['transfer-encoding', 'chunked']]],
    ['chunks, in capitals', [['transfer-encoding', 'Chunked']]],
  ] as const)('with %s is framed well', (_what, headers) => {
    expect(() => checkFraming(createRequestHead({ headers }))).not.toThrow();
  });

  test.each([
    [
      'two lengths',
      [
        ['content-length', '5'],
        ['content-length', '6'],
      ],
    ],
    [
      'the same length twice',
      [
        ['content-length', '5'],
        ['content-length', '5'],
      ],
    ],
    [
      'a length and chunks',
      [
        ['content-length', '5'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    [
      'chunks and a length',
      [
        ['transfer-encoding', 'chunked'],
        ['content-length', '5'],
      ],
    ],
    ['another coding', [['transfer-encoding', 'gzip']]],
    ['two codings', [['transfer-encoding', 'gzip, chunked']]],
    ['chunks twice', [['transfer-encoding', 'chunked, chunked']]],
    [
      'two headers of codings',
      [
        ['transfer-encoding', 'chunked'],
        ['transfer-encoding', 'identity'],
      ],
    ],
    ['a coding that only looks like chunked', [['transfer-encoding', 'xchunked']]],
    ['an empty coding', [['transfer-encoding', '']]],
    [
      'trailers',
      [
        ['transfer-encoding', 'chunked'],
        ['trailer', 'x-sum'],
      ],
    ],
  ] as const)('with %s is refused', (_what, headers) => {
    expect(() => checkFraming(createRequestHead({ headers }))).toThrow(
      expect.objectContaining({ code: 'invalid-framing' }),
    );
  });
});

describe('a request’s head', () => {
  const head = createRequestHead({
    method: 'Post',
    path: '/a%2Fb',
    query: 'x=1',
    headers: [
      ['via', 'one'],
      ['x-a', '1'],
      ['via', 'two'],
    ],
  });

  test('keeps what was sent', () => {
    expect(head).toMatchObject({ method: 'Post', path: '/a%2Fb', query: 'x=1' });
    expect(createRequestHead({}).query).toBe('');
  });

  test('gives the first and all headers of a name', () => {
    expect([head.get('via'), head.all('via'), head.get('none'), head.all('none')]).toEqual([
      'one',
      ['one', 'two'],
      undefined,
      [],
    ]);
    expect(head.hasAny(new Set(['none', 'via']))).toBe(true);
    expect(head.hasAny(new Set(['none']))).toBe(false);
  });

  test.each([
    [[], false],
    [[['content-length', '0']], false],
    [[['content-length', '1']], true],
    [[['transfer-encoding', 'chunked']], true],
  ] as const)('knows from %j whether a body follows: %s', (headers, hasBody) => {
    expect(createRequestHead({ headers }).hasBody).toBe(hasBody);
  });
});

import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/access/address.ts';
import { formatRange, parsePeerRange, parseProxyRange, rangeCovers } from '../../src/access/peer-range.ts';
import { GitPubSubError } from '../../src/core/errors.ts';

function covers(range: string, text: string): boolean {
  const address = parseAddress(text);
  if (!address) throw new TypeError(`"${text}" is no address.`);
  return rangeCovers(parsePeerRange(range), address);
}

describe('a range of peers', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1/32', '192.0.2.1'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['127.0.0.*', '127.0.0.0/24'],
    ['10.1.*', '10.1.0.0/16'],
    ['10.*', '10.0.0.0/8'],
    ['10.*.*.*', '10.0.0.0/8'],
    ['FD00::/8', 'fd00::/8'],
    ['::/0', '::/0'],
    ['::1/128', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
  ])('%s is read as %s', (text, expected) => {
    expect(parsePeerRange(text).text).toBe(expected);
  });

  test.each([
    ['the empty text', ''],
    ['a lone star', '*'],
    ['only stars', '*.*.*.*'],
    ['a star in front', '*.0.0.1'],
    ['a star in the middle', '10.*.0.1'],
    ['a star inside a number', '10.0.0.1*'],
    ['a star after four numbers', '10.0.0.1.*'],
    ['too many stars', '10.*.*.*.*'],
    ['a star after an octal number', '010.*'],
    ['a star after a number over 255', '256.*'],
    ['a star in IPv6', 'fd00:*'],
    ['a star with a prefix', '10.*/8'],
    ['a prefix over 32', '10.0.0.0/33'],
    ['a prefix over 128', 'fd00::/129'],
    ['an empty prefix', '10.0.0.0/'],
    ['a prefix with a leading zero', '10.0.0.0/08'],
    ['a negative prefix', '10.0.0.0/-8'],
    ['a prefix with a sign', '10.0.0.0/+8'],
    ['two prefixes', '10.0.0.0/8/8'],
    ['a prefix alone', '/8'],
    ['a net mask', '10.0.0.0/255.0.0.0'],
    ['a short form with a prefix', '10/8'],
    ['a zone with a prefix', 'fe80::1%eth0/64'],
    ['a space before the prefix', '10.0.0.0 /8'],
    ['a span', '10.0.0.1-10.0.0.9'],
    ['a list', '10.0.0.1,10.0.0.2'],
    ['a name', 'localhost'],
    ['the word for the Unix domain socket', 'unix'],
  ])('is not %s', (_what, text) => {
    expect(() => parsePeerRange(text)).toThrow(GitPubSubError);
  });

  test('that is refused is named together with what is allowed', () => {
    expect(() => parsePeerRange('127.1')).toThrow(
      '"127.1" is no range of peers; allowed is an address (127.0.0.1, ::1), a CIDR range (10.0.0.0/8, fd00::/8) or leading numbers and a star (127.0.0.*).',
    );
  });

  test('that is refused is a problem of the configuration', () => {
    expect(() => parsePeerRange('127.1')).toThrow(expect.objectContaining({ code: 'invalid-configuration' }));
  });

  test.each([
    ['10.1.2.3/8', '10.0.0.0/8', '10.1.2.3'],
    ['fd00::1/8', 'fd00::/8', 'fd00::1'],
    ['192.0.2.129/25', '192.0.2.128/25', '192.0.2.129'],
    ['::ffff:10.0.0.0/90', '::ffc0:0:0/90', '10.0.0.0'],
  ])('with bits beyond its prefix, %s, is refused with both of its meanings', (text, range, address) => {
    expect(() => parsePeerRange(text)).toThrow(`allowed is ${range} for the range or ${address} for the one`);
  });

  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.128/25', '192.0.2.128', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.0/31', '192.0.2.1', true],
    ['192.0.2.0/31', '192.0.2.2', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '::ffff:127.0.0.1', false],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
    ['::1', '::ffff:0.0.0.1', false],
  ])('%s and %s: inside is %s', (range, address, isInside) => {
    expect(covers(range, address)).toBe(isInside);
  });
});

describe('a range of proxies', () => {
  test('may be the Unix domain socket', () => {
    expect(parseProxyRange('unix')).toBe('unix');
  });

  test('may be any range of peers', () => {
    expect(formatRange(parseProxyRange('10.*'))).toBe('10.0.0.0/8');
  });

  test.each(['Unix', 'unix:', 'unix:/run/a', ' unix'])('is not %j', (text) => {
    expect(() => parseProxyRange(text)).toThrow('or unix for the Unix domain socket.');
  });
});

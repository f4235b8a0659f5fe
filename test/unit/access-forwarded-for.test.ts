import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../src/access/address.ts';
import type { PeerAddress } from '../../src/access/address.ts';
import { clientFromForwardedFor } from '../../src/access/forwarded-for.ts';
import { parsePeerRange, rangeCovers } from '../../src/access/peer-range.ts';

const PROXIES = parsePeerRange('10.0.0.0/8');

function isProxy(address: PeerAddress): boolean {
  return rangeCovers(PROXIES, address);
}

function clientOf(...values: string[]): string | undefined {
  const client = clientFromForwardedFor(values, isProxy);
  return client && formatAddress(client);
}

describe('the client in X-Forwarded-For', () => {
  test.each([
    ['the only address', ['192.0.2.1'], '192.0.2.1'],
    ['the rightmost one', ['127.0.0.1, 192.0.2.1'], '192.0.2.1'],
    ['the rightmost one that is no proxy', ['192.0.2.7, 192.0.2.1, 10.0.0.2, 10.0.0.1'], '192.0.2.1'],
    ['the leftmost one if all are proxies', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
    ['the rightmost one of the last line', ['192.0.2.1', '192.0.2.2'], '192.0.2.2'],
    ['in an earlier line if the later ones are proxies', ['192.0.2.1', '10.0.0.1'], '192.0.2.1'],
    ['found without spaces', ['192.0.2.7,192.0.2.1'], '192.0.2.1'],
    ['found with tabs and spaces', ['192.0.2.7 ,\t192.0.2.1 \t'], '192.0.2.1'],
    ['found with a port', ['192.0.2.1:567'], '192.0.2.1'],
    ['found in brackets', ['[2001:DB8::1]'], '2001:db8::1'],
    ['found in brackets with a port', ['[::1]:99'], '::1'],
    ['found in plain IPv6', ['2001:db8::1'], '2001:db8::1'],
    ['found unmapped', ['::ffff:192.0.2.1'], '192.0.2.1'],
    ['found unmapped in brackets', ['[::ffff:192.0.2.1]:1'], '192.0.2.1'],
    ['a proxy also when it is mapped', ['192.0.2.1, ::ffff:10.0.0.1'], '192.0.2.1'],
    ['not troubled by what it wrote itself', ['nonsense, 192.0.2.1'], '192.0.2.1'],
  ])('is %s', (_what, values, expected) => {
    expect(clientOf(...values)).toBe(expected);
  });

  test.each([
    ['an empty value', ''],
    ['only a comma', ','],
    ['nothing after the comma', '192.0.2.1,'],
    ['nothing before a proxy', ', 10.0.0.1'],
    ['the word unknown', 'unknown'],
    ['the word unix', 'unix'],
    ['a name', 'localhost'],
    ['a short form', '127.1'],
    ['an octal form', '0177.0.0.1'],
    ['quotes', '"127.0.0.1"'],
    ['quotes and brackets', '"[::1]:99"'],
    ['a comma inside quotes', '"192.0.2.1, 127.0.0.1"'],
    ['the form of Forwarded', 'for=127.0.0.1'],
    ['brackets around IPv4', '[127.0.0.1]'],
    ['an open bracket', '[::1'],
    ['a closed bracket', '::1]'],
    ['text after the bracket', '[::1]x'],
    ['an empty port', '127.0.0.1:'],
    ['a port over 65535', '127.0.0.1:65536'],
    ['a port of six digits', '127.0.0.1:000080'],
    ['a port that is no number', '127.0.0.1:x'],
    ['two ports', '127.0.0.1:1:2'],
    ['a zone', 'fe80::1%eth0'],
    ['a zone in brackets', '[fe80::1%eth0]:1'],
    ['a space inside', '127.0.0.1 10.0.0.1'],
    ['a no-break space', '\u00a0127.0.0.1'],
    ['a NUL', '127.0.0.1\0'],
    ['a range', '127.0.0.0/8'],
    ['nonsense left of a proxy', 'nonsense, 10.0.0.1'],
  ])('is unknown with %s', (_what, value) => {
    expect(clientOf(value)).toBeUndefined();
  });

  test('is found in a header full of proxies without much ado', () => {
    const proxies = Array.from({ length: 2000 }, () => '10.0.0.1');
    expect(clientOf(['192.0.2.1', ...proxies].join(','))).toBe(formatAddress(parseAddress('192.0.2.1')!));
  });
});

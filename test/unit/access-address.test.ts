import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../src/access/address.ts';

function normalise(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

describe('an address', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:7f00:1', '127.0.0.1'],
    ['0000:0000:0000:0000:0000:ffff:7f00:0001', '127.0.0.1'],
    ['::7f00:1', '::7f00:1'],
    ['::1:ffff:7f00:1', '::1:ffff:7f00:1'],
    ['1::ffff:7f00:1', '1::ffff:7f00:1'],
    ['64:ff9b::7f00:1', '64:ff9b::7f00:1'],
  ])('%s is read as %s', (text, expected) => {
    expect(normalise(text)).toBe(expected);
  });

  test.each([
    ['the empty text', ''],
    ['a short form', '127.1'],
    ['three parts', '127.0.1'],
    ['one number', '2130706433'],
    ['a zero', '0'],
    ['octal parts', '0177.0.0.1'],
    ['a leading zero', '010.0.0.1'],
    ['two zeros', '127.0.0.00'],
    ['hexadecimal parts', '0x7f.0.0.1'],
    ['one hexadecimal number', '0x7f000001'],
    ['five parts', '127.0.0.1.1'],
    ['a part over 255', '127.0.0.256'],
    ['a negative part', '127.0.0.-1'],
    ['an empty part', '127..0.1'],
    ['a point at the end', '127.0.0.1.'],
    ['a space before', ' 127.0.0.1'],
    ['a line feed after', '127.0.0.1\n'],
    ['a NUL after', '127.0.0.1\0'],
    ['digits of another script', '１２７.0.0.1'],
    ['ideographic points', '127。0。0。1'],
    ['a port', '127.0.0.1:80'],
    ['a zone', 'fe80::1%eth0'],
    ['a numeric zone', '::1%1'],
    ['an empty zone', '::1%'],
    ['brackets', '[::1]'],
    ['an octal part in a mapped address', '::ffff:0177.0.0.1'],
    ['a short form in a mapped address', '::ffff:127.1'],
    ['a hexadecimal part in a mapped address', '::ffff:0x7f.0.0.1'],
    ['the obsolete IPv4-compatible form', '::127.0.0.1'],
    ['two gaps', '1::2::3'],
    ['three colons', ':::1'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['a gap for nothing', '1:2:3:4::5:6:7:8:9'],
    ['a group of five digits', '::00001'],
    ['a name', 'localhost'],
    ['the word for the Unix domain socket', 'unix'],
    ['the word of RFC 7239', 'unknown'],
  ])('is not %s', (_what, text) => {
    expect(normalise(text)).toBeUndefined();
  });

  test('in any spelling of IPv6 is the one that the URL standard reads', () => {
    const spelling = fc.stringMatching(/^[0-9a-f]{0,4}(:{1,2}[0-9a-f]{1,4}){1,8}(:{1,2}|:1\.2\.3\.4)?$/);
    const spelled = spelling.filter((text) => isIP(text) === 6);
    fc.assert(
      fc.property(spelled, (text) => {
        const hostname = new URL(`http://[${text}]`).hostname.slice(1, -1);
        fc.pre(!hostname.startsWith('::ffff:'));
        expect(normalise(text)).toBe(hostname);
      }),
    );
  });
});

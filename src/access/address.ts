// Addresses of peers: strict parsing, one form for each address, one text. The only file that names ipaddr.js.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address in network order: 4 bytes of IPv4 or 16 of IPv6. An IPv4-mapped address is always the 4 bytes. */
export type PeerAddress = Uint8Array;

/** Length in bytes of `::ffff:` at the start of an IPv4-mapped address. */
export const MAPPED_PREFIX_BYTES = 12;

// Why: ipaddr.js reads the long obsolete `::127.0.0.1` as `::ffff:127.0.0.1`, which is another address.
const IPV4_COMPATIBLE = /^::\d+\./;

/** The address that the text spells in full, unmapped; `undefined` for anything else: short, octal or zoned forms, names. */
export function parseAddress(text: string): PeerAddress | undefined {
  const bytes = parseAddressBytes(text);
  return bytes && unmapAddress(bytes);
}

/** As {@link parseAddress}, but an IPv4-mapped address keeps its 16 bytes. */
export function parseAddressBytes(text: string): Uint8Array | undefined {
  // Why: ipaddr.js takes `127.1`, `010.0.0.1` and `0x7f.1`, also inside an IPv6 address; Node's check takes none of these.
  if (isIP(text) === 0 || text.includes('%') || IPV4_COMPATIBLE.test(text)) return undefined;
  return Uint8Array.from(ipaddr.parse(text).toByteArray());
}

/** The IPv4 address inside an IPv4-mapped one; every other address as it is. */
export function unmapAddress(bytes: Uint8Array): PeerAddress {
  return isMapped(bytes) ? bytes.subarray(MAPPED_PREFIX_BYTES) : bytes;
}

/** Whether the bytes are an IPv4-mapped IPv6 address, `::ffff:0:0/96`. */
export function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** The one text of an address: dotted decimal or RFC 5952. */
export function formatAddress(address: PeerAddress): string {
  if (address.length === 4) return address.join('.');
  return new ipaddr.IPv6([...address]).toRFC5952String();
}

// Ranges of peers, as trustedPeers and trustedProxies name them: parsing, and which address is inside. [P5]
import { GitPubSubError } from '../core/errors.ts';
import { MAPPED_PREFIX_BYTES, formatAddress, isMapped, parseAddressBytes, unmapAddress } from './address.ts';
import type { PeerAddress } from './address.ts';

/** Addresses that share their first bits. A range of IPv6 never covers an IPv4 address: those are unmapped first. */
export interface PeerRange {
  /** The lowest address of the range. */
  readonly network: PeerAddress;
  /** How many leading bits an address shares with `network`. */
  readonly prefixBits: number;
  /** The range in its one spelling: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
  readonly text: string;
}

/** Where a trusted proxy may connect from: a range, or the Unix domain socket. */
export type ProxyRange = PeerRange | 'unix';

const RANGE_FORMS =
  'an address (127.0.0.1, ::1), a CIDR range (10.0.0.0/8, fd00::/8) or leading numbers and a star (127.0.0.*)';

/**
 * Parses an address, a CIDR range or the form `127.0.0.*`; what is IPv4-mapped becomes IPv4. [P5]
 * @throws GitPubSubError `invalid-configuration`
 */
export function parsePeerRange(text: string): PeerRange {
  const range = parseStarred(text) ?? parseCidr(text);
  if (range) return range;
  throw invalid(`${JSON.stringify(text)} is no range of peers; allowed is ${RANGE_FORMS}.`);
}

/**
 * Parses what {@link parsePeerRange} does, and the word `unix` for all peers of the Unix domain socket. [P5]
 * @throws GitPubSubError `invalid-configuration`
 */
export function parseProxyRange(text: string): ProxyRange {
  if (text === 'unix') return text;
  const range = parseStarred(text) ?? parseCidr(text);
  if (range) return range;
  throw invalid(
    `${JSON.stringify(text)} is no range of proxies; allowed is ${RANGE_FORMS}, or unix for the Unix domain socket.`,
  );
}

/** The range in its one spelling. */
export function formatRange(range: ProxyRange): string {
  return range === 'unix' ? range : range.text;
}

/** Whether the address is inside the range. */
export function rangeCovers(range: PeerRange, address: PeerAddress): boolean {
  const { network, prefixBits } = range;
  if (network.length !== address.length) return false;
  const wholeBytes = prefixBits >> 3;
  for (let index = 0; index < wholeBytes; index++) if (network[index] !== address[index]) return false;
  const restMask = 0xff00 >> (prefixBits & 7);
  return (((network[wholeBytes] ?? 0) ^ (address[wholeBytes] ?? 0)) & restMask & 0xff) === 0;
}

// `127.0.0.*`, `10.1.*`, `10.*.*.*`: whole numbers in front, then nothing but stars.
function parseStarred(text: string): PeerRange | undefined {
  const numbers = /^(\d+(?:\.\d+){0,2})(?:\.\*)+$/.exec(text)?.[1]?.split('.');
  if (!numbers || text.split('.').length > 4) return undefined;
  const network = parseAddressBytes([...numbers, '0', '0', '0'].slice(0, 4).join('.'));
  return network && makeRange(network, numbers.length * 8);
}

function parseCidr(text: string): PeerRange | undefined {
  const [, addressText = '', prefixText] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const bytes = parseAddressBytes(addressText);
  if (!bytes) return undefined;
  const prefixBits = prefixText === undefined ? bytes.length * 8 : Number(prefixText);
  if (prefixBits > bytes.length * 8) return undefined;
  checkHostBits(text, bytes, prefixBits);
  // A mapped address with fewer than 96 bits would have ones beyond its prefix, so the check above has refused it.
  return isMapped(bytes)
    ? makeRange(unmapAddress(bytes), prefixBits - MAPPED_PREFIX_BYTES * 8)
    : makeRange(bytes, prefixBits);
}

// Why: `10.1.2.3/8` may mean one address or sixteen million; in a list of whom to trust that must not be guessed.
function checkHostBits(text: string, bytes: Uint8Array, prefixBits: number): void {
  const network = bytes.map(
    (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixBits - index * 8))),
  );
  if (network.every((byte, index) => byte === bytes[index])) return;
  const [range, address] = [`${formatAddress(network)}/${prefixBits}`, formatAddress(unmapAddress(bytes))];
  throw invalid(
    `${JSON.stringify(text)} has bits set beyond its first ${prefixBits}; allowed is ${range} for the range or ${address} for the one address.`,
  );
}

function makeRange(network: PeerAddress, prefixBits: number): PeerRange {
  const address = formatAddress(network);
  const text = prefixBits === network.length * 8 ? address : `${address}/${prefixBits}`;
  return { network, prefixBits, text };
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-configuration', message);
}

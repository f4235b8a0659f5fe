// Who counts as one for limits.
import { formatAddress, parseAddress } from './address.ts';
import { publisherName, type Caller } from './caller.ts';

/** Leading bits of an IPv6 address that one customer of a network gets at least, so that it can't be many. */
const IPV6_NETWORK_BITS = 64;

/** Who is counted together: all that a principal does, or an address of IPv4, or the first 64 bits of one of IPv6. */
export function accountOf(caller: Pick<Caller, 'principal' | 'id'>): string {
  const address = caller.principal === undefined ? parseAddress(caller.id.client) : undefined;
  if (address?.length !== 16) return publisherName(caller);
  const network = address.map((byte, index) => (index < IPV6_NETWORK_BITS / 8 ? byte : 0));
  return `network ${formatAddress(network)}/${IPV6_NETWORK_BITS}`;
}

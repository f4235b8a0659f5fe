// Who counts as one for limits.
import { formatAddress, parseAddress } from './address.ts';
import { publisherName, type Caller } from './caller.ts';

/** Leading bits of an IPv6 address that one customer of a network gets at least, so that it can't be many. */
const IPV6_NETWORK_BITS = 64;

/** Who is counted together: all that a principal does, or an address of IPv4, or the first 64 bits of one of IPv6. */
export function accountOf(caller: Pick<Caller, 'principal' | 'id'>): string {
  const network = caller.principal === undefined ? networkOf(caller.id.client) : undefined;
  return network ?? publisherName(caller);
}

/** The network of a client's address, as `network 2001:db8::/64`; `undefined` where it is an address of IPv4 or none. */
export function networkOf(client: string): string | undefined {
  const address = parseAddress(client);
  if (address?.length !== 16) return undefined;
  const network = address.map((byte, index) => (index < IPV6_NETWORK_BITS / 8 ? byte : 0));
  return `network ${formatAddress(network)}/${IPV6_NETWORK_BITS}`;
}

// X-Forwarded-For: who the client behind trusted proxies is. Knows no configuration.
import { parseAddress } from './address.ts';
import type { PeerAddress } from './address.ts';

const MAX_PORT = 65_535;

/**
 * The rightmost address that is no trusted proxy, or the leftmost when all are; `undefined` when what stands there is no
 * address. What stands left of it was written by the client and is not looked at. [P5]
 * @param values the values of all X-Forwarded-For lines, in order
 */
export function clientFromForwardedFor(
  values: readonly string[],
  isProxy: (address: PeerAddress) => boolean,
): PeerAddress | undefined {
  let client: PeerAddress | undefined;
  for (const element of values.join(',').split(',').toReversed()) {
    client = parseElement(element);
    if (!client || !isProxy(client)) return client;
  }
  return client;
}

// An address, or one with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`; brackets around IPv6 also without one.
function parseElement(element: string): PeerAddress | undefined {
  const text = element.replace(/^[ \t]+|[ \t]+$/g, '');
  const [, inBrackets, dotted, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (Number(port ?? 0) > MAX_PORT) return undefined;
  if (inBrackets !== undefined) return inBrackets.includes(':') ? parseAddress(inBrackets) : undefined;
  return parseAddress(dotted ?? text);
}

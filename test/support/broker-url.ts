// The URL of a broker under test.
import type { BrokerProcess } from './broker-process.ts';

/** @throws TypeError if it listens on no port */
export function urlOf({ target }: BrokerProcess, path: string): string {
  if ('path' in target) throw new TypeError('a broker on a port is wanted');
  return `${'ca' in target ? 'https' : 'http'}://${target.host}:${target.port}${path}`;
}

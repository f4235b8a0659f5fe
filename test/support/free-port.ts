// A port that was free a moment ago, for servers that have to come back at the same one.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** Finds a port on loopback. Why not port 0: a socket bound to it leaves its port taken for a minute. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

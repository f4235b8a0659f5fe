// Opening a port or a Unix domain socket, and saying why it can't be.
import type { ListenOptions, TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { GitPubSubError } from '../core/errors.ts';
import { finishUnixSocket, freeUnixSocketPath } from './unix-socket.ts';

// The library's types know neither this call nor the value by name (LIBUS_LISTEN_EXCLUSIVE_PORT).
type ListenOnHost = (
  this: TemplatedApp,
  host: string,
  port: number,
  options: ListenOptions,
  done: (token: us_listen_socket | false) => void,
) => TemplatedApp;
const EXCLUSIVE_PORT = 1 as ListenOptions;

/** Listens on a port that is for this process only. @throws GitPubSubError `cannot-start` */
export async function listenOnPort(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket> {
  const token = await new Promise<us_listen_socket | false>((resolve) => {
    // Why exclusive: a second process would otherwise share the port in silence.
    (app.listen as unknown as ListenOnHost).call(app, host, port, EXCLUSIVE_PORT, resolve);
  });
  if (token) return token;
  throw new GitPubSubError(
    'cannot-start',
    `Cannot listen on ${formatHost(host)}:${port}: the port is taken, needs more rights, or the address is not one of this machine's.`,
  );
}

/** Listens on a socket file. @throws GitPubSubError `cannot-start` */
export async function listenOnSocket(app: TemplatedApp, path: string): Promise<us_listen_socket> {
  await freeUnixSocketPath(path);
  const token = await new Promise<us_listen_socket | false>((resolve) => app.listen_unix(resolve, path));
  if (token) {
    finishUnixSocket(path);
    return token;
  }
  throw new GitPubSubError('cannot-start', `Cannot listen on ${path}: is its directory there, and writable?`);
}

/** A host as it stands in a URL. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

// The file of a Unix domain socket: never taken from a running broker, never left behind, readable by its owner only.
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { GitPubSubError } from '../core/errors.ts';

/** The mode of the socket file: who may connect may publish. [P5] */
const SOCKET_MODE = 0o600;

/**
 * Makes sure that the path is free: a socket file that nobody answers at is left to be replaced.
 * @throws GitPubSubError `cannot-start` when a broker answers there, or it is no socket
 */
export async function freeUnixSocketPath(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  // Measured: the library would delete whatever is there.
  if (!stats.isSocket()) {
    throw new GitPubSubError('cannot-start', `Cannot listen on ${path}: there is a file of another kind.`);
  }
  if (await isAnswered(path)) {
    throw new GitPubSubError('cannot-start', `Cannot listen on ${path}: another program is listening there.`);
  }
}

/** Gives the new socket its mode. */
export function finishUnixSocket(path: string): void {
  chmodSync(path, SOCKET_MODE);
}

/** Removes the socket file, if it is still there. */
export function removeUnixSocket(path: string): void {
  rmSync(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    const finish = (isThere: boolean): void => {
      connection.destroy();
      resolve(isThere);
    };
    connection.once('connect', () => finish(true));
    // Only these two say that nobody is there: a broker with a long queue refuses in another way.
    connection.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

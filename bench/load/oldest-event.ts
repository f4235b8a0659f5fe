// The oldest event that a broker still holds of a topic: how far its pruning went.
import { connect } from 'node:net';

/** How long the broker may take to send one, in milliseconds. */
const DEADLINE_MS = 3_000;

/** The place of an event in its lane, wherever it lies in a response. */
const PLACE = /"lane":\d+,"n":1(\d{8})/;

/** Its index; `undefined` when the topic has no event any more. */
export function findOldestIndex(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port });
    const timer = setTimeout(() => socket.destroy(), DEADLINE_MS);
    socket.once('connect', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Fetch-Since: 0\r\n\r\n`),
    );
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (PLACE.test(text)) socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      const index = PLACE.exec(text)?.[1];
      resolve(index === undefined ? undefined : Number(index));
    });
  });
}

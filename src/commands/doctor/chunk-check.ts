// Whether every event of the default format still has a chunk of its own: old clients take a chunk for an event. [P11]
import { finished } from 'node:stream/promises';
import type { Endpoint } from '../../client/endpoint.ts';
import type { Finding } from './finding.ts';

// Enough events to see it, few enough not to wait for.
const ENOUGH_BYTES = 200_000;
const LONGEST_MS = 5_000;

/** Reads what is held, as node's parser hands chunks on: one by one, never two together. */
export async function checkChunks(endpoint: Endpoint, path: string): Promise<Finding[]> {
  const target = `${path}?since=0&poll=1&format=gitpubsub`;
  const signal = AbortSignal.timeout(LONGEST_MS);
  const response = await endpoint.send({ method: 'GET', path: target, signal });
  let byteCount = 0;
  let lineCount = 0;
  let hasShared = false;
  // Why data events: an iterator joins what has come in the meantime.
  response.on('data', (chunk: Buffer) => {
    const ends = chunk.toString('latin1').split('\r\n').length - 1;
    hasShared ||= ends > 1;
    lineCount += ends;
    byteCount += chunk.length;
    if (byteCount > ENOUGH_BYTES) response.destroy();
  });
  // However it ends, what has come until then counts.
  await finished(response).catch(() => undefined);
  if (lineCount < 2)
    return [
      {
        verdict: 'note',
        text: 'Whether chunks stay whole is unknown: too few events are held here to see it.',
      },
    ];
  if (!hasShared) return [{ verdict: 'ok', text: 'Every event comes in a chunk of its own.' }];
  const text =
    'Several events share a chunk: something in between packs them anew. Clients that take lines are fine; old ones that take a chunk for an event have to connect to the broker directly.';
  return [{ verdict: 'note', text }];
}

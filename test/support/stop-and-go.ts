// A reader that stops now and then, so that the other side's buffers fill and drain again and again.
import { pauseFor } from './deadline.ts';
import type { RawConnection, RawResponse } from './raw-http.ts';

/** How long it stops, in milliseconds: long enough for the other side to fill what takes bytes. */
const STOP_MS = 15;

/** Reads until the response has so many bytes of body or has ended, and stops after every `stepBytes`. */
export async function readStopAndGo(
  connection: RawConnection,
  response: RawResponse,
  totalBytes: number,
  stepBytes: number = 400_000,
): Promise<void> {
  let wantedBytes = 0;
  while (response.end === undefined && wantedBytes < totalBytes) {
    connection.pause();
    await pauseFor(STOP_MS);
    connection.resume();
    wantedBytes = Math.min(totalBytes, countBytes(response) + stepBytes);
    const hasEnough = (): true | undefined =>
      response.end !== undefined || countBytes(response) >= wantedBytes || undefined;
    await connection.waitFor(hasEnough, `${String(wantedBytes)} bytes`, response);
  }
}

/** The bytes of body so far, without framing. */
export function countBytes({ chunks }: RawResponse): number {
  return chunks.reduce((sum, { data }) => sum + data.length, 0);
}

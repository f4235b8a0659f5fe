// Watches a stream for a while: does it come at once, does it keep coming, does it stay.
import type { IncomingMessage } from 'node:http';
import type { Endpoint } from '../../client/endpoint.ts';
import { parseObject } from '../../client/answer.ts';
import { readLines } from '../../client/line-reader.ts';
import type { Finding } from './finding.ts';

// A broker sends head and first line at once. Longest that a healthy way takes, generous for slow lines and busy machines.
const AT_ONCE_MS = 3_000;

// Some proxies hold even the head of an answer back.
const HEAD_TIMEOUT_MS = 10_000;

// The broker sends something every 8 seconds at the latest. [P12]
const LONGEST_SILENCE_MS = 11_000;

// Beyond it ages such as `--since 10m` mislead people.
const CLOCK_TOLERANCE_MS = 5_000;

// A clock that is ahead and loses more than this meanwhile runs slower on purpose, at half speed; others do not drift as much.
const COMING_BACK_MS = 500;

/** What was seen of one stream. */
interface Watch {
  /** Since the request, not since its answer: something in between may hold back both. */
  readonly firstLineMs: number | undefined;
  /** The difference between the broker's clock and ours when the first line came, and the least one. */
  readonly clockMs: number | undefined;
  readonly leastClockMs: number;
  readonly longestSilenceMs: number;
  /** When and how it ended before its time. */
  readonly end: { readonly afterMs: number; readonly reason: string } | undefined;
}

/** Watches a stream for so long. Call it when other requests to the same broker have worked. */
export async function checkStream(endpoint: Endpoint, path: string, durationMs: number): Promise<Finding[]> {
  // Why gzip: what stands in between compresses only for who takes it, as browsers do.
  const headers = { Accept: 'application/x-ndjson', 'Accept-Encoding': 'gzip' };
  const sentMs = performance.now();
  const response = await endpoint
    .send({ method: 'GET', path, headers, headTimeoutMs: HEAD_TIMEOUT_MS })
    .catch(() => undefined);
  if (response === undefined) return [headless()];
  const framing = judgeFraming(response);
  if (response.headers['content-encoding'] !== undefined) {
    response.destroy();
    return framing;
  }
  const watch = await watchLines(response, durationMs, sentMs);
  return [
    judgeStart(watch),
    ...judgeRest(watch, durationMs),
    judgeClock(watch),
    judgeFraming(response),
  ].flat();
}

async function watchLines(response: IncomingMessage, durationMs: number, sentMs: number): Promise<Watch> {
  const startMs = performance.now();
  let lastMs = startMs;
  let longestSilenceMs = 0;
  let firstLineMs: number | undefined;
  let clockMs: number | undefined;
  let leastClockMs = Infinity;
  const elapsedMs = (): number => performance.now() - startMs;
  const limitMs = (): number => Math.max(1, durationMs - elapsedMs());
  let reason = 'it was ended as if the broker had stopped';
  try {
    for await (const line of readLines(response, limitMs)) {
      longestSilenceMs = Math.max(longestSilenceMs, performance.now() - lastMs);
      lastMs = performance.now();
      firstLineMs ??= performance.now() - sentMs;
      const stillAlive = parseObject(line)?.['stillalive'];
      if (typeof stillAlive === 'number') {
        const aheadMs = stillAlive * 1000 - Date.now();
        clockMs ??= aheadMs;
        leastClockMs = Math.min(leastClockMs, aheadMs);
      }
      if (elapsedMs() >= durationMs) break;
    }
  } catch (error) {
    reason = `the connection was cut (${error instanceof Error ? error.message : String(error)})`;
  }
  longestSilenceMs = Math.max(longestSilenceMs, performance.now() - lastMs);
  const end = elapsedMs() < durationMs - 1 ? { afterMs: elapsedMs(), reason } : undefined;
  return { firstLineMs, clockMs, leastClockMs, longestSilenceMs, end };
}

function judgeStart({ firstLineMs, end }: Watch): Finding {
  if (firstLineMs !== undefined && firstLineMs <= AT_ONCE_MS)
    return { verdict: 'ok', text: 'A stream begins at once: nothing holds its first line back.' };
  if (firstLineMs === undefined && end !== undefined && end.afterMs < AT_ONCE_MS)
    return { verdict: 'bad', text: 'The stream ended before its first line.', ailment: 'idle' };
  const when = firstLineMs === undefined ? 'never came' : `came after ${seconds(firstLineMs)}`;
  const text = `The first line of a stream ${when}, and the broker sends it at once: something in between buffers, and holds events back.`;
  return { verdict: 'bad', text, ailment: 'buffering' };
}

function headless(): Finding {
  const text = `Other requests are answered, but a stream does not even begin: something in between buffers, and holds events back.`;
  return { verdict: 'bad', text, ailment: 'buffering' };
}

function judgeRest(
  { firstLineMs, clockMs = 0, leastClockMs, longestSilenceMs, end }: Watch,
  durationMs: number,
): Finding[] {
  if (end !== undefined) {
    const text = `The stream was open for ${seconds(end.afterMs)}, then ${end.reason}: something in between cuts idle streams, or the broker was stopped.`;
    return [{ verdict: 'bad', text, ailment: 'idle' }];
  }
  if (firstLineMs === undefined) return [];
  if (longestSilenceMs > LONGEST_SILENCE_MS) {
    const text = `For ${seconds(longestSilenceMs)} nothing came, and the broker says something every 8 seconds at the latest: something in between buffers.`;
    return [{ verdict: 'bad', text, ailment: 'buffering' }];
  }
  // How much later a line came than the first one, by what they say of themselves; but a clock that is ahead may run slower.
  const lagMs = Math.min(0, clockMs) - leastClockMs;
  if (lagMs > AT_ONCE_MS) {
    const text = `Lines came up to ${seconds(lagMs)} late: something in between buffers, and holds events back.`;
    return [{ verdict: 'bad', text, ailment: 'buffering' }];
  }
  return [{ verdict: 'ok', text: `The stream stayed open for ${seconds(durationMs)}, with signs of life.` }];
}

function judgeClock({ firstLineMs = Infinity, clockMs, leastClockMs }: Watch): Finding[] {
  if (clockMs === undefined || firstLineMs > AT_ONCE_MS) return [];
  if (Math.abs(clockMs) <= CLOCK_TOLERANCE_MS)
    return [{ verdict: 'ok', text: 'The clocks of the broker and of this machine agree.' }];
  if (clockMs > 0 && clockMs - leastClockMs > COMING_BACK_MS) {
    const text = `The clock of the broker is ${seconds(clockMs)} ahead of that of this machine, and comes back by itself, as it does after a crash or when it was set back. Until then times and ages after --since mislead.`;
    return [{ verdict: 'note', text }];
  }
  const which = clockMs > 0 ? 'ahead of' : 'behind';
  const text = `The clock of the broker is ${seconds(Math.abs(clockMs))} ${which} that of this machine: set both, or start from cursors; times and ages after --since mislead.`;
  return [{ verdict: 'bad', text }];
}

function judgeFraming({ headers, httpVersion }: IncomingMessage): Finding[] {
  const findings: Finding[] = [];
  if (httpVersion !== '1.1' || headers['transfer-encoding'] !== 'chunked')
    findings.push({
      verdict: 'bad',
      text: `The stream comes without chunks (HTTP/${httpVersion}): a client can't tell its end from a cut.`,
      ailment: 'http-version',
    });
  if (headers['content-encoding'] !== undefined)
    findings.push({
      verdict: 'bad',
      text: `Something in between compresses the stream (${headers['content-encoding']}), which may hold events back.`,
      ailment: 'buffering',
    });
  return findings;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} seconds`;
}

// One poll: the answer up to its end, and its events.
import { request, type RawResponse, type Target } from './raw-http.ts';

export interface PollAnswer {
  /** The lines without their ends. */
  readonly events: readonly string[];
  /** What it reads up to. */
  readonly cursor: string;
  readonly response: RawResponse;
}

/** Polls a path, which may have a query, on a connection of its own. @throws unless it is a complete 200. */
export async function poll(
  target: Target,
  path: string,
  headers: readonly (readonly [string, string])[] = [],
): Promise<PollAnswer> {
  const query = path.includes('?') ? `${path}&poll=1` : `${path}?poll=1`;
  return readPoll(await request(target, { path: query, headers }));
}

/** What a response holds as a poll. @throws unless it is a complete 200. */
export function readPoll(response: RawResponse): PollAnswer {
  if (response.statusCode !== 200 || response.end === 'cut' || response.end === 'malformed')
    throw new Error(`no complete poll: ${response.describe()}`);
  const lines = response.text.split('\n').map((line) => line.trim());
  const events = lines.filter((line) => line !== '');
  return { events, cursor: response.header('x-cursor') ?? '', response };
}

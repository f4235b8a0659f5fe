// What the page does when its stream is not answered with 200: try again, or say why not.
import { toRecord, toText } from './unknown-value.ts';

/** Why there is no stream. */
export interface Refusal {
  /** The server's words, or ours where it has none. */
  readonly words: string;
  /** Whether the same request may succeed later. */
  readonly isFinal: boolean;
  /** Whether a token, or another one, may change that. */
  readonly needsToken: boolean;
  /** How long the server wants to be left alone, in seconds. */
  readonly retryAfterSeconds: number;
}

/** Reads an answer that is no stream. */
export async function readRefusal(response: Response): Promise<Refusal> {
  const { status } = response;
  return {
    words: wordsOf(await response.text()) || `The server answers ${status} ${response.statusText}`.trim(),
    isFinal: status >= 400 && status < 500 && status !== 408 && status !== 429,
    needsToken: status === 401,
    retryAfterSeconds: Number(response.headers.get('Retry-After')) || 0,
  };
}

/** An answer that is none of the broker's, though its status is 200. Where there was a broker, it may be back later. */
export function foreignAnswer(mediaType: string, hasConnected: boolean): Refusal {
  const what = mediaType === '' ? 'something without a type' : mediaType;
  return {
    words: `The answer is ${what}, not a stream of events. Does a proxy in between want a login?`,
    isFinal: !hasConnected,
    needsToken: false,
    retryAfterSeconds: 0,
  };
}

// Problem Details. [P26]
function wordsOf(body: string): string {
  try {
    const problem = toRecord(JSON.parse(body));
    return [toText(problem?.['title']), toText(problem?.['detail'])].filter((text) => text !== '').join(': ');
  } catch {
    return '';
  }
}

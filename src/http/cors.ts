// What pages of other origins may do: nothing, unless their origin is listed. [P18]
import type { Exchange, HeaderList } from './exchange.ts';
import type { RequestHead } from './request-head.ts';

const EXPOSED_HEADERS = 'X-Cursor, X-Before, X-Timestamp, X-Fetch-Gap, X-Fetching-Since, Idempotent-Replayed';
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Fetch-Since, X-Fetch-Since-Cursor';

/** How long a browser may remember a preflight answer, in seconds. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** The headers that let a page of a listed origin read the answer. */
export function corsHeaders(corsOrigins: readonly string[], head: RequestHead): HeaderList {
  if (corsOrigins.length === 0) return [];
  const origin = head.get('origin');
  if (origin === undefined || !corsOrigins.includes(origin)) return [['Vary', 'Origin']];
  return [
    ['Vary', 'Origin'],
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Expose-Headers', EXPOSED_HEADERS],
  ];
}

/** Answers OPTIONS, where an origin is listed. */
export function handleOptions(
  corsOrigins: readonly string[],
  exchange: Exchange,
  head: RequestHead,
  methods: readonly string[],
): void {
  const allow = methods.join(', ');
  exchange.answer({
    status: '204 No Content',
    headers: [
      ['Allow', `${allow}, OPTIONS`],
      ...corsHeaders(corsOrigins, head),
      ['Access-Control-Allow-Methods', allow],
      ['Access-Control-Allow-Headers', ALLOWED_HEADERS],
      ['Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS)],
    ],
  });
}

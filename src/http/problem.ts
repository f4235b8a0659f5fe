// Errors as the outside sees them: the one place that maps codes to statuses and Problem Details (RFC 9457). [P26]
import { TooManyRequestsError } from '../access/too-many-requests.ts';
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';
import { toPrintable } from '../core/printable.ts';

/** An error answer. */
export interface Problem {
  /** As in a status line: `404 Not Found`. */
  readonly status: string;
  /** Seconds after which trying again makes sense. */
  readonly retryAfterSeconds?: number;
  /** The body, JSON. */
  readonly body: string;
}

interface ProblemType {
  readonly status: string;
  readonly title: string;
  readonly retryAfterSeconds?: number;
}

/** Media type of the body. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const INTERNAL_ERROR: ProblemType = { status: '500 Internal Server Error', title: 'Internal error' };

const PROBLEM_TYPES: Readonly<Record<ErrorCode, ProblemType>> = {
  'invalid-topic': { status: '400 Bad Request', title: 'Not a topic' },
  'invalid-payload': { status: '400 Bad Request', title: 'Not one JSON value' },
  'invalid-delivery': { status: '400 Bad Request', title: 'Not a delivery as expected' },
  'invalid-framing': { status: '400 Bad Request', title: 'Ambiguous length of the body' },
  'invalid-query': { status: '400 Bad Request', title: 'Unknown or wrong query' },
  'invalid-cursor': { status: '400 Bad Request', title: 'Not a cursor' },
  'invalid-idempotency-key': { status: '400 Bad Request', title: 'Not an idempotency key' },
  'idempotency-conflict': { status: '409 Conflict', title: 'Idempotency key used before' },
  unauthorized: { status: '401 Unauthorized', title: 'Credentials needed' },
  'publish-forbidden': { status: '403 Forbidden', title: 'Not allowed to publish' },
  'read-forbidden': { status: '403 Forbidden', title: 'Not allowed to read' },
  'metrics-forbidden': { status: '403 Forbidden', title: 'Not allowed to see metrics' },
  'not-found': { status: '404 Not Found', title: 'No such path' },
  'method-not-allowed': { status: '405 Method Not Allowed', title: 'Method not allowed' },
  'payload-too-large': { status: '413 Content Too Large', title: 'Event too large' },
  'too-many-requests': { status: '429 Too Many Requests', title: 'Too many requests' },
  'too-many-bodies': { status: '503 Service Unavailable', title: 'Too much at once', retryAfterSeconds: 1 },
  'body-timeout': { status: '503 Service Unavailable', title: 'Body too slow', retryAfterSeconds: 1 },
  'log-unavailable': {
    status: '503 Service Unavailable',
    title: 'Event log unavailable',
    retryAfterSeconds: 5,
  },
  'shutting-down': { status: '503 Service Unavailable', title: 'Shutting down', retryAfterSeconds: 5 },
  'not-ready': { status: '503 Service Unavailable', title: 'Not ready', retryAfterSeconds: 5 },
  // These end a stream or a process, or belong to clients, and are never answered.
  'offset-pruned': INTERNAL_ERROR,
  'invalid-configuration': INTERNAL_ERROR,
  'cannot-start': INTERNAL_ERROR,
  'unusable-database': INTERNAL_ERROR,
  'invalid-usage': INTERNAL_ERROR,
  'unreadable-input': INTERNAL_ERROR,
  'request-refused': INTERNAL_ERROR,
  'broker-unreachable': INTERNAL_ERROR,
  'command-failed': INTERNAL_ERROR,
};

/** The answer to an error; anything but ours is our own mistake and says nothing of itself. */
export function toProblem(error: unknown): Problem {
  if (!(error instanceof GitPubSubError)) {
    return render(INTERNAL_ERROR, 'internal-error', 'The broker made a mistake; its log says more.');
  }
  const type = PROBLEM_TYPES[error.code];
  const { retryAfterSeconds } = error instanceof TooManyRequestsError ? error : type;
  return render(
    retryAfterSeconds === undefined ? type : { ...type, retryAfterSeconds },
    error.code,
    error.message,
  );
}

function render({ status, title, retryAfterSeconds }: ProblemType, code: string, detail: string): Problem {
  const type = `urn:gitpubsub:problem:${code}`;
  const problem = JSON.stringify({ type, title, status: Number.parseInt(status), detail });
  const body = `${toPrintable(problem)}\n`; // Why: it may quote what the client sent, and curl shows it in a terminal.
  return retryAfterSeconds === undefined ? { status, body } : { status, body, retryAfterSeconds };
}

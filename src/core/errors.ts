// The one error class and its closed set of codes. Knows no HTTP status: http/problem.ts maps codes to answers.

/** What went wrong, as a stable word. Every code has exactly one mapping in `http/problem.ts` or exit status in `cli.ts`. */
export type ErrorCode =
  | 'invalid-topic'
  | 'invalid-payload'
  | 'invalid-delivery'
  | 'payload-too-large'
  | 'invalid-framing'
  | 'invalid-query'
  | 'invalid-cursor'
  | 'invalid-idempotency-key'
  | 'idempotency-conflict'
  | 'unauthorized'
  | 'publish-forbidden'
  | 'read-forbidden'
  | 'metrics-forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'too-many-requests'
  | 'too-many-bodies'
  | 'body-timeout'
  | 'log-unavailable'
  | 'shutting-down'
  | 'not-ready'
  | 'offset-pruned'
  | 'invalid-configuration'
  | 'cannot-start'
  | 'unusable-database'
  | 'invalid-usage'
  | 'unreadable-input'
  | 'request-refused'
  | 'broker-unreachable'
  | 'command-failed';

/** An expected failure. `message` says what was wrong, the value, and what is allowed, in one plain sentence. */
export class GitPubSubError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GitPubSubError';
    this.code = code;
  }
}

import { describe, expect, test } from 'vitest';
import { TooManyRequestsError } from '../../src/access/too-many-requests.ts';
import { GitPubSubError, type ErrorCode } from '../../src/core/errors.ts';
import { toProblem } from '../../src/http/problem.ts';

const STATUSES: Readonly<Record<ErrorCode, number>> = {
  'invalid-topic': 400,
  'invalid-payload': 400,
  'invalid-delivery': 400,
  'invalid-framing': 400,
  'invalid-query': 400,
  'invalid-cursor': 400,
  'invalid-idempotency-key': 400,
  unauthorized: 401,
  'publish-forbidden': 403,
  'read-forbidden': 403,
  'metrics-forbidden': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'idempotency-conflict': 409,
  'payload-too-large': 413,
  'too-many-requests': 429,
  'too-many-bodies': 503,
  'body-timeout': 503,
  'log-unavailable': 503,
  'shutting-down': 503,
  'not-ready': 503,
  'offset-pruned': 500,
  'invalid-configuration': 500,
  'cannot-start': 500,
  'unusable-database': 500,
  'invalid-usage': 500,
  'unreadable-input': 500,
  'request-refused': 500,
  'broker-unreachable': 500,
  'command-failed': 500,
};

describe('an error', () => {
  test.each(Object.entries(STATUSES) as [ErrorCode, number][])('%s is answered with %i', (code, status) => {
    const problem = toProblem(new GitPubSubError(code, 'What "was" wrong.'));
    const body = JSON.parse(problem.body) as Record<string, unknown>;
    expect(problem.status).toMatch(new RegExp(`^${status} [A-Z]`));
    expect(body).toEqual({
      type: `urn:gitpubsub:problem:${code}`,
      title: expect.stringMatching(/^[A-Z]/),
      status,
      detail: 'What "was" wrong.',
    });
  });

  test('says when to try again exactly if it makes sense', () => {
    for (const [code, status] of Object.entries(STATUSES) as [ErrorCode, number][]) {
      const { retryAfterSeconds } = toProblem(new GitPubSubError(code, ''));
      expect([code, retryAfterSeconds !== undefined && retryAfterSeconds > 0]).toEqual([
        code,
        status === 503,
      ]);
    }
  });

  test('says when to try again as the error knows it, if it does', () => {
    expect(toProblem(new TooManyRequestsError('Too often.', 7))).toMatchObject({
      status: '429 Too Many Requests',
      retryAfterSeconds: 7,
    });
  });

  test.each([[new Error('secret')], [new TypeError('secret')], ['secret'], [undefined], [null]])(
    'that is not ours tells nothing of itself: %s',
    (error) => {
      const problem = toProblem(error);
      expect(problem.status).toBe('500 Internal Server Error');
      expect(problem.body).toContain('urn:gitpubsub:problem:internal-error');
      expect(problem.body).not.toContain('secret');
    },
  );
});

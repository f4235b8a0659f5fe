// What every refusal of the broker's own must look like (RFC 9457), stated once for all tests.

import { expect } from 'vitest';
import type { RawResponse } from './raw-http.ts';

export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** Asserts the status and the form of a refusal, and gives its members. */
export function expectProblem(response: RawResponse, statusCode: number): ProblemDetails {
  expect(response.describe()).toMatch(new RegExp(`^status ${String(statusCode)}, complete`));
  expect(response.header('content-type')).toBe('application/problem+json');
  const problem: unknown = response.json();
  if (!isProblemDetails(problem)) throw new Error(`not problem details: ${response.text}`);
  expect(problem.type).toMatch(/^urn:gitpubsub:problem:[a-z0-9-]+$/);
  expect(problem.title).not.toBe('');
  expect(problem.detail).not.toBe('');
  expect(problem.status).toBe(statusCode);
  return problem;
}

function isProblemDetails(value: unknown): value is ProblemDetails {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'title' in value &&
    typeof value.title === 'string' &&
    'status' in value &&
    typeof value.status === 'number' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}

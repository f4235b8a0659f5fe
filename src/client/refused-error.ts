// A request that will never succeed as it is.
import type { IncomingMessage } from 'node:http';
import { GitPubSubError } from '../core/errors.ts';
import { readProblem, readReason, readStart } from './answer.ts';

/** The server has refused the request for good; `message` holds the reason that it gave. */
export class RefusedError extends GitPubSubError {
  /** Of the answer, such as 403. */
  readonly status: number;
  /** The stable word of the broker's answer, such as `publish-forbidden` [P26]; undefined if the answer is not a broker's. */
  readonly problem: string | undefined;
  /** Which value of a batch is to blame, from 1, where the broker says so. */
  readonly line: number | undefined;

  constructor(message: string, status: number, problem?: string, line?: number) {
    super('request-refused', message);
    this.name = 'RefusedError';
    this.status = status;
    this.problem = problem;
    this.line = line;
  }
}

/** Reads why a request was refused. */
export async function readRefusal(response: IncomingMessage): Promise<RefusedError> {
  const { statusCode: status = 0, headers } = response;
  const answer = await readStart(response);
  if (headers.location !== undefined)
    return new RefusedError(`${status}: redirected to ${headers.location}; use that URL.`, status);
  return new RefusedError(`${status} ${readReason(answer)}`.trim(), status, readProblem(response, answer));
}

// The refusal of who has used up a limit.
import { GitPubSubError } from '../core/errors.ts';

/** Somebody asks for more than its limits give now. */
export class TooManyRequestsError extends GitPubSubError {
  /** When the same may be granted; whole seconds. */
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super('too-many-requests', message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

// The refusal of a method, which says in a header what is allowed. [P18]
import { GitPubSubError } from '../core/errors.ts';

/** A method that its path doesn't take. */
export class MethodNotAllowedError extends GitPubSubError {
  /** As the Allow header says it. */
  readonly allow: string;

  constructor(method: string, allowed: readonly string[]) {
    const allow = allowed.join(', ');
    super(
      'method-not-allowed',
      `${method} is not allowed here; ${allow} ${allowed.length > 1 ? 'are' : 'is'}.`,
    );
    this.allow = allow;
  }
}

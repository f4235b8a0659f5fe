// The exit statuses of all commands: 0 if all is well, else these. Where several apply, the highest counts.
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';

/** Something failed, or waits. */
export const EXIT_FAILURE = 1;

/** It was called in a way that can't work. Source: sysexits(3), as the next */
export const EXIT_USAGE = 64;

// Somebody has to mend something first: a setting is wrong.
const EXIT_CONFIGURATION = 78;

/** Errors that another start doesn't mend, so that a service manager need not try. */
const NEEDS_SOMEBODY: ReadonlySet<ErrorCode> = new Set(['invalid-configuration', 'unusable-database']);

/** The status that stands for an error. */
export function exitStatusFor(error: unknown): number {
  const needsSomebody = error instanceof GitPubSubError && NEEDS_SOMEBODY.has(error.code);
  return needsSomebody ? EXIT_CONFIGURATION : EXIT_FAILURE;
}

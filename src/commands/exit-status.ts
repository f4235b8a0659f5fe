// The exit statuses of all commands: 0 if all is well, else these.
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';

/** Something failed. */
export const EXIT_FAILURE = 1;

/** Nothing failed, but something waits for later. Source: sysexits(3), as the next */
export const EXIT_WAITING = 75;

/** It was called in a way that can't work. */
export const EXIT_USAGE = 64;

/** A file that it was given cannot be read. */
export const EXIT_NO_INPUT = 66;

// Somebody has to mend something first: a setting is wrong, or a database is not to be used.
const EXIT_CONFIGURATION = 78;

/** Errors that another start doesn't mend, so that a service manager need not try. */
const NEEDS_SOMEBODY: ReadonlySet<ErrorCode> = new Set(['invalid-configuration', 'unusable-database']);

// From the least to the worst.
const BY_SEVERITY: readonly number[] = [
  0,
  EXIT_WAITING,
  EXIT_FAILURE,
  EXIT_NO_INPUT,
  EXIT_USAGE,
  EXIT_CONFIGURATION,
];

/** The one of several statuses that counts. */
export function worstStatus(...statuses: readonly number[]): number {
  return BY_SEVERITY[Math.max(0, ...statuses.map((status) => BY_SEVERITY.indexOf(status)))] ?? EXIT_FAILURE;
}

/** The status that stands for an error. */
export function exitStatusFor(error: unknown): number {
  if (!(error instanceof GitPubSubError)) return EXIT_FAILURE;
  if (error.code === 'invalid-usage') return EXIT_USAGE;
  if (error.code === 'unreadable-input') return EXIT_NO_INPUT;
  return NEEDS_SOMEBODY.has(error.code) ? EXIT_CONFIGURATION : EXIT_FAILURE;
}

// How many connections the process can hold: it must never run out of file descriptors.
import { readFileSync } from 'node:fs';
import { GitPubSubError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';

/** Descriptors kept for the database, the log and the listening socket. */
const RESERVED_DESCRIPTORS = 64;

/** With fewer not even the program's files can be loaded, which are read side by side. Measured: about 90 at a time. */
const LEAST_DESCRIPTORS = 128;

/**
 * The most connections that fit the process's limit of open files; `Infinity` where the system doesn't tell.
 * Measured: out of descriptors the library's accept loop spins at full speed.
 * @throws GitPubSubError `cannot-start` when the limit is too low for anything
 */
export function connectionCapacity(readLimits: () => string = readProcessLimits): number {
  const limit = softLimit(readLimits);
  if (limit >= LEAST_DESCRIPTORS) return limit - RESERVED_DESCRIPTORS;
  throw new GitPubSubError(
    'cannot-start',
    `The limit of open files is ${limit}; the broker needs at least ${LEAST_DESCRIPTORS}, and one more for each connection. ` +
      'Raise it with ulimit -n, or LimitNOFILE= in a systemd unit.',
  );
}

/** As many connections as wanted, or as fit; says when that is fewer. @throws GitPubSubError as {@link connectionCapacity} */
export function boundConnections(wanted: number, logger: Logger): number {
  const capacity = connectionCapacity();
  if (wanted <= capacity) return wanted;
  logger.warn(
    { maxConnections: wanted, capacity },
    'fewer connections than configured: raise the limit of open files',
  );
  return capacity;
}

function softLimit(readLimits: () => string): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readLimits())?.[1] ?? Infinity);
  } catch {
    return Infinity; // Not Linux.
  }
}

function readProcessLimits(): string {
  return readFileSync('/proc/self/limits', 'utf8');
}

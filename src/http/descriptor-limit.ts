// How many connections the process can hold: it must never run out of file descriptors.
import { readFileSync } from 'node:fs';

/** Descriptors kept for the database, the log and the listening socket. */
const RESERVED_DESCRIPTORS = 64;

/**
 * The most connections that fit the process's limit of open files; `Infinity` where the system doesn't tell.
 * Measured: out of descriptors the library's accept loop spins at full speed.
 */
export function connectionCapacity(readLimits: () => string = readProcessLimits): number {
  try {
    const softLimit = /^Max open files\s+(\d+)/m.exec(readLimits())?.[1];
    return softLimit === undefined ? Infinity : Math.max(1, Number(softLimit) - RESERVED_DESCRIPTORS);
  } catch {
    return Infinity; // Not Linux.
  }
}

function readProcessLimits(): string {
  return readFileSync('/proc/self/limits', 'utf8');
}

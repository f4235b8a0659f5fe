// What the figures were taken on, in one line, without names.
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release, type as systemType } from 'node:os';
import { BENCH_DIRECTORY } from './peers/broker-process.ts';

/** Source: statfs(2) */
const TMPFS_MAGIC = 0x01021994;

export function describeMachine(): string {
  const kernel = release().split('.').slice(0, 2).join('.');
  const load = loadavg()[0]?.toFixed(1);
  const disk = isMemoryDisk() ? '; databases lie in memory, so that fsync costs nothing' : '';
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${systemType()} ${kernel}, Node.js ${process.versions.node}, load ${load} at the start${disk}`;
}

/** How many files a process may have open; `Infinity` where the system does not tell. Node.js takes all that is allowed. */
export function openFileLimit(): number {
  try {
    const limit = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}

function isMemoryDisk(): boolean {
  return statfsSync(BENCH_DIRECTORY).type === TMPFS_MAGIC;
}

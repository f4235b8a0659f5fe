// A disk that takes its time: a library, preloaded into the broker, that sleeps in every fsync. Needs a C compiler.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
typedef int call(int);
static int slowly(const char *name, int fd) {
  usleep(atoi(getenv("BENCH_FSYNC_MS")) * 1000);
  return ((call *)dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
`;

/** The environment that makes a broker's disk slow; `undefined` where no compiler is found. */
export function slowDiskEnvironment(directory: string, fsyncMs: number): Record<string, string> | undefined {
  const source = join(directory, 'slow-disk.c');
  const library = join(directory, 'slow-disk.so');
  writeFileSync(source, SOURCE);
  const compiled = spawnSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  return compiled.status === 0 ? { LD_PRELOAD: library, BENCH_FSYNC_MS: String(fsyncMs) } : undefined;
}

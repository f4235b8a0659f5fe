// Who may read and publish what, said once more and as slowly as can be: by comparing segments, one prefix after the other.
// It knows nothing of how the broker decides.

/** Somebody, by what it was given. */
export interface ModelRights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Whether a prefix is the path or above it. */
export function isAtOrBelow(prefix: string, path: string): boolean {
  const [wanted, actual] = [segmentsOf(prefix), segmentsOf(path)];
  return wanted.every((segment, index) => segment === actual[index]);
}

export function mayPublish({ publish }: ModelRights, path: string): boolean {
  return publish.some((prefix) => isAtOrBelow(prefix, path));
}

/** Whether it may read what is published to this very path. */
export function maySee(privates: readonly string[], { subscribe }: ModelRights, path: string): boolean {
  const isPrivate = privates.some((prefix) => isAtOrBelow(prefix, path));
  return !isPrivate || subscribe.some((prefix) => isAtOrBelow(prefix, path));
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => decodeURIComponent(segment));
}

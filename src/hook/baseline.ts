// What the first delivery in a repository takes as announced: all that its refs named before the pushes that wait.
import { isZero } from '../core/ref.ts';
import type { Announced } from './announced.ts';
import type { Git } from './git.ts';
import { peelReadable } from './objects.ts';
import type { RefUpdate } from './ref-update.ts';

/** A ref as it is now. */
export interface Ref {
  readonly hash: string;
  /** One character a byte. */
  readonly name: string;
  /** The ref that a symbolic one points to; empty for others. */
  readonly target: string;
}

/** Lists all refs of a repository. */
export async function listRefs(git: Git): Promise<Ref[]> {
  const { stdout } = await git.ask(['for-each-ref', '--format=%(objectname) %(refname) %(symref)']);
  const lines = stdout.toString('latin1').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [hash = '', name = '', target = ''] = line.split(' ');
    return { hash, name, target };
  });
}

/** Whether these pushes tell of every ref what it named before them. */
export function isAllPushed(refs: readonly Ref[], updates: readonly RefUpdate[]): boolean {
  const before = findBefore(refs, updates);
  return refs.every(({ name, target }) => target !== '' || before.has(name));
}

/** Takes everything as announced but these pushes, the first first. */
export async function takeBaseline(
  git: Git,
  refs: readonly Ref[],
  updates: readonly RefUpdate[],
): Promise<Announced> {
  const before = findBefore(refs, updates);
  const now = refs.filter(({ target }) => target === '').map(({ name, hash }) => [name, hash] as const);
  const named = [...new Map([...now, ...before])].filter(([, hash]) => !isZero(hash));
  const commits = await peelReadable(git, [...new Set(named.map(([, hash]) => hash))]);
  const tips = named.flatMap(([name, hash]) => {
    const commit = commits.get(hash);
    return commit === undefined ? [] : [[name, commit] as const];
  });
  return { refs: new Map(tips), former: [], recent: [], lastPush: '' };
}

// What each pushed ref named before the first of the pushes.
function findBefore(refs: readonly Ref[], updates: readonly RefUpdate[]): Map<string, string> {
  const before = new Map<string, string>();
  for (const update of updates.toReversed()) before.set(update.refBytes, update.before);
  for (const { name, target } of refs) {
    // Why: a push to a symbolic ref moves the ref it points to.
    const hash = target === '' ? undefined : before.get(name);
    if (hash !== undefined && !before.has(target)) before.set(target, hash);
  }
  return before;
}

// Random histories and random pushes of several refs, forced, deleted and created anew, against a model that asks git.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PushAction } from '../../src/core/commit-event.ts';
import type { HookCommitDetails } from '../../src/hook/commit-details.ts';
import type { HookPushDetails } from '../../src/hook/push-details.ts';
import { deliverOnce } from '../support/git-fixture.ts';
import { GitRecorder, type Recorded } from '../support/git-recorder.ts';
import { GitSandbox } from '../support/git-sandbox.ts';

const REFS = ['refs/heads/a', 'refs/heads/b', 'refs/heads/c', 'refs/tags/t', 'refs/notes/n'] as const;
const COMMIT_COUNT = 14;

// Each takes more than half a second, and several where others work at the same time. For a long look: GITPUBSUB_TEST_RUNS=150.
const RUN_COUNT = Number(process.env['GITPUBSUB_TEST_RUNS'] ?? 5);

/** For each commit how far back its parents are; none for a root. */
const histories = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), {
  minLength: COMMIT_COUNT,
  maxLength: COMMIT_COUNT,
});

/** What each of some refs is set to (no number: deleted), and whether a delivery follows. */
const plansOfPushes = fc.array(
  fc.record({
    targets: fc.dictionary(fc.constantFrom(...REFS), fc.option(fc.nat(COMMIT_COUNT - 1), { freq: 4 }), {
      minKeys: 1,
    }),
    isDelivered: fc.boolean(),
  }),
  { minLength: 3, maxLength: 6 },
);

const objectFormats = fc.constantFrom('sha1', 'sha256');

type Targets = ReadonlyMap<string, string | undefined>;

interface Step {
  /** The refs that the push changes, and to what. */
  readonly targets: Targets;
  readonly isDelivered: boolean;
}

interface Announcement {
  readonly commits: readonly HookCommitDetails[];
  readonly pushes: readonly HookPushDetails[];
}

function writeHistory(sandbox: GitSandbox, history: readonly (readonly number[])[]): string[] {
  const commits = history.map((distances, index) => {
    const parents = distances.filter((distance) => distance <= index).map((distance) => index - distance + 1);
    const lines = parents.map((mark, position) => `${position === 0 ? 'from' : 'merge'} :${mark}\n`).join('');
    const head = `reset refs/heads/x${index}\ncommit refs/heads/x${index}\nmark :${index + 1}\n`;
    return `${head}committer C <c@example.org> ${1_700_000_000 - index} +0000\ndata 2\n${index % 10}\n${lines}\n`;
  });
  sandbox.fastImport(commits.join(''));
  return sandbox.git('rev-parse', ...history.map((_, index) => `x${index}`)).split('\n');
}

// Leaves out what changes nothing.
function planSteps(
  plans: readonly {
    readonly targets: Readonly<Record<string, number | null>>;
    readonly isDelivered: boolean;
  }[],
  hashes: readonly string[],
): Step[] {
  const refs = new Map<string, string | undefined>();
  return plans.map(({ targets, isDelivered }) => {
    const wanted = Object.entries(targets).map(
      ([ref, number]) => [ref, number === null ? undefined : hashes[number]] as const,
    );
    const changed = wanted.filter(([ref, hash]) => refs.get(ref) !== hash);
    for (const [ref, hash] of changed) refs.set(ref, hash);
    return { targets: new Map(changed), isDelivered };
  });
}

async function pushAll(sandbox: GitSandbox, steps: readonly Step[]): Promise<void> {
  for (const { targets, isDelivered } of steps) {
    const refspecs = [...targets].map(([ref, hash = '']) => `${hash}:${ref}`);
    if (refspecs.length > 0) await sandbox.push({}, '--force', 'origin', ...refspecs);
    if (isDelivered) await deliverOnce(sandbox.bare);
  }
  expect(await deliverOnce(sandbox.bare)).toMatchObject({ failure: undefined, waiting: { pushCount: 0 } });
  const log = join(sandbox.bare, 'gitpubsub', 'log');
  expect(existsSync(log) ? readFileSync(log, 'utf8') : '').toBe(''); // Why: nothing went wrong.
}

// Divides what was published into pushes, each of so many refs.
function* divide(events: readonly Recorded[], refCounts: readonly number[]): Generator<Announcement> {
  let index = 0;
  for (const refCount of refCounts) {
    const commits: HookCommitDetails[] = [];
    const details: HookPushDetails[] = [];
    for (; details.length < refCount; index++) {
      const event = events[index]?.event;
      if (event === undefined) throw new Error(`After ${events.length} events ${refCount} refs are missing.`);
      if ('commit' in event) commits.push(event.commit);
      else details.push(event.push);
    }
    yield { commits, pushes: details };
  }
  expect(events.length).toBe(index);
}

/** What has been pushed, and what each push must announce. */
class Model {
  readonly #sandbox: GitSandbox;
  readonly #refs = new Map<string, string>();
  readonly #tips: string[] = [];
  readonly #histories = new Map<string, readonly string[]>();

  constructor(sandbox: GitSandbox) {
    this.#sandbox = sandbox;
  }

  check({ commits, pushes: details }: Announcement, targets: Targets): void {
    expect(details.map(({ ref }) => ref).toSorted()).toEqual([...targets.keys()].toSorted());
    const expected = details.flatMap((push) => this.#apply(push, targets.get(push.ref)));
    expect(commits.map(({ hash, ref }) => `${hash} ${ref}`).toSorted()).toEqual(expected.toSorted());
    expectParentsFirst(commits);
  }

  #apply(
    { ref, before, after, action, commits: count }: HookPushDetails,
    next: string | undefined,
  ): string[] {
    const old = this.#refs.get(ref);
    const zeros = '0'.repeat(before.length);
    expect([before, after, action]).toEqual([old ?? zeros, next ?? zeros, this.#action(old, next)]);
    const hashes = next === undefined ? [] : this.#list(next, this.#tips);
    expect(count).toBe(hashes.length);
    if (next === undefined) this.#refs.delete(ref);
    else {
      this.#refs.set(ref, next);
      this.#tips.push(next);
    }
    return hashes.map((hash) => `${hash} ${ref}`);
  }

  #action(old: string | undefined, next: string | undefined): PushAction {
    if (old === undefined) return 'created';
    if (next === undefined) return 'deleted';
    return this.#list(old, [next]).length === 0 ? 'updated' : 'forced';
  }

  // Why whole histories: told what to leave out, git stops too early where dates run backwards, as they do here.
  #list(tip: string, known: readonly string[]): string[] {
    const left = new Set(known.flatMap((hash) => this.#history(hash)));
    return this.#history(tip).filter((hash) => !left.has(hash));
  }

  #history(tip: string): readonly string[] {
    const history = this.#histories.get(tip) ?? this.#sandbox.git('rev-list', tip).split('\n');
    this.#histories.set(tip, history);
    return history;
  }
}

function expectParentsFirst(commits: readonly HookCommitDetails[]): void {
  const coming = new Set(commits.map(({ hash }) => hash));
  for (const { hash, parents } of commits) {
    coming.delete(hash);
    expect(parents.filter((parent) => coming.has(parent))).toEqual([]);
  }
}

test(
  'random pushes announce what git says is new, each commit once, with the first ref, parents first',
  async () => {
    const property = fc.asyncProperty(
      histories,
      plansOfPushes,
      objectFormats,
      async (history, plans, objectFormat) => {
        const recorder = await GitRecorder.start();
        const sandbox = new GitSandbox({ objectFormat });
        try {
          sandbox.bareGit('config', 'gitpubsub.url', recorder.url);
          const steps = planSteps(plans, writeHistory(sandbox, history));
          await pushAll(sandbox, steps);
          const model = new Model(sandbox);
          const counts = steps.map(({ targets }) => targets.size);
          for (const announcement of divide(recorder.events, counts))
            model.check(announcement, steps.shift()?.targets ?? new Map());
        } finally {
          sandbox.remove();
          await recorder.stop();
        }
      },
    );
    await fc.assert(property, { numRuns: RUN_COUNT });
  },
  RUN_COUNT * 15_000,
);

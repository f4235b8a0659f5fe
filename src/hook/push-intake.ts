// The first half of a delivery: turns the pushes in the spool into events in the outbox, each push in one step that a crash
// either undoes or lets stand. Only whoever holds the repository's lock may do so.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  announcedAfter,
  knownCommits,
  readAnnounced,
  setAnnouncedAside,
  writeAnnounced,
  type Announced,
} from './announced.ts';
import { isAllPushed, listRefs, takeBaseline } from './baseline.ts';
import { cutBatches } from './batch.ts';
import { UnreadableHistory, type Git } from './git.ts';
import type { HookFiles } from './hook-files.ts';
import { addToJournal } from './journal.ts';
import { Outbox } from './outbox.ts';
import { isAnyGone } from './objects.ts';
import { makePushEvents } from './push-events.ts';
import type { OrderedPush } from './push-order.ts';
import { planPush, planUnreadablePush, type PlannedRef } from './push-plan.ts';
import { PushQueue } from './push-queue.ts';
import { targetAtUrl, type HookSettings } from './settings.ts';
import { Spool } from './spool.ts';
import type { SpooledPush } from './spooled-push.ts';

// How long what can't be read, for whatever reason, may be trouble that passes; beyond it the commits count as damaged.
const UNREADABLE_PATIENCE_MS = 600_000;

/** Takes the pushes of one repository in. */
export class PushIntake {
  readonly #git: Git;
  readonly #files: HookFiles;
  readonly #spool: Spool;
  readonly #queue: PushQueue;
  readonly #outbox: Outbox;
  readonly #settleMs: number;
  readonly #checkLock: () => void;

  /** `settleMs` is how long a push may take from changing a ref to noting it; waited for only where nothing is known yet, or a push may be missing. */
  constructor(git: Git, files: HookFiles, settleMs: number, checkLock: () => void) {
    this.#checkLock = checkLock;
    this.#git = git;
    this.#files = files;
    this.#spool = new Spool(files.spool);
    this.#queue = new PushQueue(this.#spool, files.journal, settleMs);
    this.#outbox = new Outbox(files.outbox);
    this.#settleMs = settleMs;
  }

  /** Takes in every push that waits, in order. @throws Error at the first that can't be taken in now, or can't be read */
  async takeAll(settings: HookSettings): Promise<void> {
    if ((await this.#spool.list()).length === 0) return;
    let announced = (await this.#readAnnounced()) ?? (await this.#takeBaseline());
    await this.#undoHalfDone(announced.lastPush);
    let queue = await this.#queue.list(announced.refs);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (await this.#queue.settle(next)) queue = await this.#queue.list(announced.refs);
      else announced = await this.#take(next, announced, settings);
    }
    this.#queue.checkUnread(); // Why only now: what can't be read holds up no other.
  }

  async #take({ name, push }: OrderedPush, announced: Announced, settings: HookSettings): Promise<Announced> {
    const plan = await this.#makeEvents(name, push, announced, settings);
    const next = await announcedAfter(this.#git, announced, name, plan);
    this.#checkLock();
    // Why in this order: until it is noted as announced, the push counts as untouched; from then on as done.
    await writeAnnounced(this.#files.announced, next);
    await this.#queue.remove(name);
    return next;
  }

  async #makeEvents(
    name: string,
    push: SpooledPush,
    announced: Announced,
    settings: HookSettings,
  ): Promise<PlannedRef[]> {
    try {
      const plan = await planPush(this.#git, push.updates, knownCommits(announced));
      await this.#fillOutbox(name, push, plan, settings);
      return plan;
    } catch (error) {
      if (!(error instanceof UnreadableHistory)) throw error;
      await this.#outbox.discard(name);
      if (!(await isAnyGone(this.#git, error.objects))) await this.#bearWith(error, announced);
      await this.#tell(
        `The history of push ${name} can't be read, so its commits are not announced: ${error.message}`,
      );
      const plan = await planUnreadablePush(this.#git, push.updates);
      await this.#fillOutbox(name, push, plan, settings);
      return plan;
    }
  }

  // Throws until it has lasted too long to pass by itself, over any number of deliveries.
  async #bearWith(trouble: UnreadableHistory, announced: Announced): Promise<void> {
    const nowMs = Date.now();
    const { unreadableSinceMs = nowMs } = announced;
    if (announced.unreadableSinceMs === undefined)
      await writeAnnounced(this.#files.announced, { ...announced, unreadableSinceMs });
    // Why absolute: a clock that is set back must not hold up the repository.
    if (Math.abs(nowMs - unreadableSinceMs) < UNREADABLE_PATIENCE_MS) throw trouble;
  }

  async #fillOutbox(
    name: string,
    push: SpooledPush,
    plan: readonly PlannedRef[],
    settings: HookSettings,
  ): Promise<void> {
    const targetFor = push.url === '' ? settings.targetFor : () => targetAtUrl(push.url);
    const events = makePushEvents(this.#git, plan, { project: settings.project, push, targetFor });
    await this.#outbox.add(name, cutBatches(events));
  }

  // A crash may have left a push that is done but still in the spool, or events of one that is not done.
  async #undoHalfDone(lastPush: string): Promise<void> {
    const begun = new Set(await this.#outbox.listPushes());
    for (const name of await this.#spool.list()) {
      if (name === lastPush) await this.#spool.remove(name);
      else if (begun.has(name)) await this.#outbox.discard(name);
    }
  }

  async #readAnnounced(): Promise<Announced | undefined> {
    const announced = await readAnnounced(this.#files.announced);
    if (announced !== 'damaged') return announced;
    const path = await setAnnouncedAside(this.#files.announced);
    await this.#tell(
      `What has been announced can't be read: ${path}. All refs count as announced, but those just pushed.`,
    );
    return undefined;
  }

  async #takeBaseline(): Promise<Announced> {
    const refs = await listRefs(this.#git);
    // Why: a ref may have changed a moment ago, by a push that is about to be noted.
    if (!isAllPushed(refs, await this.#queue.listUpdates())) await sleep(this.#settleMs);
    return takeBaseline(this.#git, refs, await this.#queue.listUpdates());
  }

  #tell(message: string): Promise<void> {
    return addToJournal(this.#files.journal, message);
  }
}

// A delivery as a whole: under the repository's lock it takes pushes in and publishes their events, tries again for a while
// where that fails, and says how it went.
import { setTimeout as sleep } from 'node:timers/promises';
import { GitPubSubError } from '../core/errors.ts';
import { removeLeftovers } from '../files/durable-files.ts';
import { ClosedOrigins } from './closed-origins.ts';
import { takeLock, type DeliveryLock } from './delivery-lock.ts';
import { readWaiting, writeLastDelivery, type Waiting } from './delivery-status.ts';
import { Git, type Environment } from './git.ts';
import { hookFilesOf, type HookFiles } from './hook-files.ts';
import { addToJournal } from './journal.ts';
import { OutboxSender, type SendFailure } from './outbox-sender.ts';
import { PushIntake } from './push-intake.ts';
import { readSettings, type HookSettings } from './settings.ts';

/** How a delivery behaves. */
export interface DeliveryOptions {
  readonly environment: Environment;
  /** How long it goes on trying without any success; 0 for once. */
  readonly retryForMs: number;
  /** How long it waits for another delivery in the same repository to end. */
  readonly lockWaitMs: number;
  /** As for {@link PushIntake}; {@link SETTLE_MS} if not given. */
  readonly settleMs?: number;
  /** How often the status is brought up to date while it publishes, in milliseconds; 3 seconds if not given. */
  readonly noteEveryMs?: number;
  /** As for {@link OutboxSender}: for one person or timer that goes through many repositories, once each. */
  readonly closed?: ClosedOrigins;
}

/** How a delivery went. */
export interface DeliveryReport {
  readonly storedCount: number;
  /** How many events became dead letters. */
  readonly refusedCount: number;
  readonly waiting: Waiting;
  /** Why something waits; undefined if nothing does, or another delivery is at work. */
  readonly failure: string | undefined;
  /** Another delivery is at work. */
  readonly isBusy: boolean;
}

/** More than a push takes from changing a ref to noting it, other hooks before ours included: some milliseconds. */
export const SETTLE_MS = 1_000;

// Why not always: it is a file that is synced, and most deliveries take less.
const NOTE_EVERY_MS = 3_000;

// First pause between two tries; each further one is twice as long, up to the longest.
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

/** Delivers what waits in a repository. @throws Error if its files or its lock can't be had at all */
export async function deliver(gitDirectory: string, options: DeliveryOptions): Promise<DeliveryReport> {
  const files = hookFilesOf(gitDirectory);
  const round = new Round(gitDirectory, files, options);
  let failure: string | undefined;
  // Why until nothing waits: a hook that came meanwhile has found the lock taken, and its delivery has left.
  while (failure === undefined && (await readWaiting(gitDirectory)).pushCount > 0) {
    const lock = await takeLock(files.lock, options.lockWaitMs);
    if (lock === undefined) return round.report(undefined, true);
    try {
      for (const directory of [files.spool, files.outbox]) await removeLeftovers(directory);
      failure = await round.run(lock);
    } finally {
      await lock.release();
    }
  }
  return round.report(failure, false);
}

/** Where a try stops. */
interface Obstacle extends SendFailure {
  readonly isWorthRetrying: boolean;
}

/** The tries of one delivery, and what they achieve together. */
class Round {
  readonly #gitDirectory: string;
  readonly #files: HookFiles;
  readonly #options: DeliveryOptions;
  readonly #git: Git;
  #storedCount = 0;
  #refusedCount = 0;
  #lastNoteMs: number = performance.now();

  constructor(gitDirectory: string, files: HookFiles, options: DeliveryOptions) {
    this.#gitDirectory = gitDirectory;
    this.#files = files;
    this.#options = options;
    this.#git = new Git(gitDirectory, options.environment);
  }

  /** Tries until all is done, or it makes no sense any more; gives why. */
  async run(lock: DeliveryLock): Promise<string | undefined> {
    let pauseMs = FIRST_PAUSE_MS;
    let endMs = performance.now() + this.#options.retryForMs;
    for (;;) {
      const storedBefore = this.#storedCount;
      const obstacle = await this.#try(lock);
      if (obstacle === undefined) return undefined;
      if (this.#storedCount > storedBefore) {
        pauseMs = FIRST_PAUSE_MS;
        endMs = performance.now() + this.#options.retryForMs;
      }
      const waitMs = Math.max(pauseMs, obstacle.retryAfterMs ?? 0);
      if (!obstacle.isWorthRetrying || performance.now() + waitMs > endMs) {
        await addToJournal(this.#files.journal, obstacle.message);
        return obstacle.message;
      }
      await sleep(waitMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  async report(failure: string | undefined, isBusy: boolean): Promise<DeliveryReport> {
    return {
      storedCount: this.#storedCount,
      refusedCount: this.#refusedCount,
      waiting: await readWaiting(this.#gitDirectory),
      failure,
      isBusy,
    };
  }

  async #try(lock: DeliveryLock): Promise<Obstacle | undefined> {
    const storedBefore = this.#storedCount;
    let broker: string | null = null;
    let obstacle: Obstacle | undefined;
    try {
      const settings = await readSettings(this.#git, this.#gitDirectory, this.#options.environment);
      broker = settings.broker.origin;
      const { settleMs = SETTLE_MS } = this.#options;
      const intake = new PushIntake(this.#git, this.#files, settleMs, lock.check);
      // Why it goes on: what is in the outbox needs nothing that may have failed the intake.
      const intakeObstacle = await intake.takeAll(settings).then(() => undefined, toObstacle);
      obstacle = (await this.#send(settings, lock)) ?? intakeObstacle;
    } catch (error) {
      obstacle = toObstacle(error);
    }
    await this.#note(broker, obstacle, this.#storedCount > storedBefore);
    return obstacle;
  }

  async #send({ broker, tokens }: HookSettings, lock: DeliveryLock): Promise<Obstacle | undefined> {
    const { closed = new ClosedOrigins() } = this.#options;
    const noteStored = (): Promise<void> => this.#noteStored(broker);
    const sender = new OutboxSender(this.#files, {
      broker,
      tokens,
      closed,
      checkLock: lock.check,
      noteStored,
    });
    try {
      const failure = await sender.sendAll();
      return failure === undefined ? undefined : { ...failure, isWorthRetrying: true };
    } finally {
      sender.close();
      this.#storedCount += sender.storedCount;
      this.#refusedCount += sender.refusedCount;
    }
  }

  async #noteStored({ origin }: URL): Promise<void> {
    const { noteEveryMs = NOTE_EVERY_MS } = this.#options;
    if (performance.now() - this.#lastNoteMs < noteEveryMs) return;
    this.#lastNoteMs = performance.now();
    const time = new Date().toISOString();
    await writeLastDelivery(this.#files.status, { broker: origin, lastAttempt: time, lastDelivery: time });
  }

  async #note(broker: string | null, obstacle: Obstacle | undefined, hasStored: boolean): Promise<void> {
    const time = new Date().toISOString();
    await writeLastDelivery(this.#files.status, {
      ...(broker === null ? {} : { broker }),
      lastAttempt: time,
      ...(hasStored ? { lastDelivery: time } : {}),
      lastError: obstacle === undefined ? null : { time, message: obstacle.message },
    });
  }
}

// Why retry all but wrong settings: a full disk or a busy machine may get better by itself.
function toObstacle(error: unknown): Obstacle {
  return {
    message: error instanceof Error ? error.message : String(error),
    retryAfterMs: undefined,
    isWorthRetrying: !(error instanceof GitPubSubError && error.code === 'invalid-configuration'),
  };
}

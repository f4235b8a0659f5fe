// Runs a command for each event: one project's in order, projects side by side, failures again, and then the dead letters.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../client/answer.ts';
import { BackOff } from '../../client/back-off.ts';
import type { StreamEvent } from '../../client/stream-item.ts';
import { GitPubSubError } from '../../core/errors.ts';
import { appendSynced, checkAppendable } from '../../files/durable-files.ts';
import { notify } from '../notices.ts';
import { laneOf } from './environment.ts';
import { Ledger } from './ledger.ts';
import { runCommand } from './run-command.ts';
import { Slots } from './slots.ts';

/** How events are handled. */
export interface RunnerOptions {
  readonly command: string;
  /** Most commands at the same time. */
  readonly limit: number;
  /** How often a failed command is run again. */
  readonly retries: number;
  /** How long a command may take; no limit if not given. */
  readonly timeoutMs?: number | undefined;
  readonly deadLetterFile: string | undefined;
  /** Where the subscription starts, if that is known. */
  readonly startCursor: string | undefined;
  /** No further command starts after it. */
  readonly signal: AbortSignal;
  /** Told why it can't go on. */
  readonly onFailure: (error: GitPubSubError) => void;
}

// What may wait for its turn, in events and in characters: beyond it nothing is read, so that one slow project costs bounded memory.
const MAX_WAITING_EVENTS = 1_000;
const MAX_WAITING_CHARACTERS = 16_000_000;

const LONGEST_PAUSE_MS = 60_000;

/** Handles the events of one subscription. */
export class EventRunner {
  readonly #options: RunnerOptions;
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  readonly #lanes = new Map<string, Promise<void>>();
  #waitingEvents = 0;
  #waitingCharacters = 0;
  #onRoom: () => void = () => undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#slots = new Slots(options.limit);
    this.#ledger = new Ledger(options.startCursor);
  }

  /** Before it all is done; `seen` is up to where the subscription has handed events over. */
  safeCursor(seen: string | undefined): string | undefined {
    this.#ledger.pass(seen);
    return this.#ledger.doneCursor;
  }

  /** Takes an event in; resolves when there is room for the next one. */
  async take(event: StreamEvent): Promise<void> {
    const setDone = this.#ledger.add(event.cursor);
    const lane = laneOf(event);
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    this.#count(1, event);
    const work = before.then(async () => {
      if (await this.#handle(event).catch((error: unknown) => this.#giveUp(error))) setDone();
      this.#count(-1, event);
      if (this.#lanes.get(lane) === work) this.#lanes.delete(lane);
    });
    this.#lanes.set(lane, work);
    while (this.#isFull && !this.#options.signal.aborted) await this.#waitForRoom();
  }

  /** Resolves when nothing runs any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#lanes.values());
  }

  get #isFull(): boolean {
    return this.#waitingEvents >= MAX_WAITING_EVENTS || this.#waitingCharacters >= MAX_WAITING_CHARACTERS;
  }

  #count(sign: 1 | -1, { line }: StreamEvent): void {
    this.#waitingEvents += sign;
    this.#waitingCharacters += sign * line.length;
    if (sign === -1) this.#onRoom();
  }

  #waitForRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve;
    });
  }

  // Whether the event is done with, one way or another.
  async #handle(event: StreamEvent): Promise<boolean> {
    const { command, retries, timeoutMs, signal } = this.#options;
    const backOff = new BackOff({ longestMs: LONGEST_PAUSE_MS });
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const failure = await this.#slots.use(() =>
        signal.aborted ? Promise.resolve('stopped') : runCommand(command, event, { attempt, timeoutMs }),
      );
      if (failure === undefined) return true;
      if (signal.aborted) return false;
      if (attempt > retries) return this.#bury(event, failure, attempt);
      notify(`the command failed for ${event.topic} at ${event.cursor}: ${failure}; trying again`);
      // Why no place is held meanwhile: other projects can go on.
      await sleep(backOff.nextMs(), undefined, { signal }).catch(ignore);
    }
    return false;
  }

  async #bury(event: StreamEvent, reason: string, attempts: number): Promise<boolean> {
    const { command, deadLetterFile } = this.#options;
    const failure = `the command failed for ${event.topic} at ${event.cursor}: ${reason}`;
    if (deadLetterFile === undefined) {
      const advice = 'it comes again at the next start; with --dead-letter-file the rest would go on.';
      this.#fail(`${failure}; ${advice}`);
      return false;
    }
    const head = JSON.stringify({ time: new Date().toISOString(), command, attempts, reason });
    try {
      await appendSynced(deadLetterFile, `${head.slice(0, -1)},"event":${event.line}}\n`);
    } catch (error) {
      this.#options.onFailure(unusable(deadLetterFile, error));
      this.#onRoom();
      return false;
    }
    notify(`${failure}; its event is in ${deadLetterFile}`);
    return true;
  }

  #giveUp(error: unknown): false {
    this.#fail(`An event can't be handled: ${describeError(error)}`);
    return false;
  }

  #fail(message: string): void {
    this.#options.onFailure(new GitPubSubError('command-failed', message));
    this.#onRoom();
  }
}

/** Looks at a dead-letter file before it is needed. @throws GitPubSubError if it can't be used */
export async function checkDeadLetterFile(path: string): Promise<void> {
  await checkAppendable(path).catch((error: unknown) => {
    throw unusable(path, error);
  });
}

function unusable(path: string, error: unknown): GitPubSubError {
  const reason = `The dead-letter file ${path} can't be used: ${describeError(error)}`;
  return new GitPubSubError('command-failed', reason);
}

function ignore(): void {}

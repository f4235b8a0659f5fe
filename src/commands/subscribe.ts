// `gitpubsub subscribe`: prints events as they come, or runs a command for each, and remembers how far it came.
import { subscribe } from '../client/subscribe.ts';
import type { StreamItem } from '../client/stream-item.ts';
import type { Subscription } from '../client/subscription.ts';
import { withToken, type ClientToken } from './client-token.ts';
import { CursorSaver, readCursorFile } from './cursor-file.ts';
import { checkDeadLetterFile, EventRunner } from './exec/event-runner.ts';
import { describeEvent } from './item-text.ts';
import { createConnectionNotices, notifyGap } from './notices.ts';
import { isReaderGone, printLine } from './standard-output.ts';
import { nextStopSignal } from './stop-signal.ts';
import { readSubscribeFlags, type SubscribeFlags, type SubscribeSettings } from './subscribe-flags.ts';

/** What is done with events. */
interface Consumer {
  /** Resolves when it wants the next one. */
  take(item: StreamItem): Promise<void>;
  /** What to remember, when the subscription itself is there. */
  safeCursor(seen: string | undefined): string | undefined;
  /** Resolves when nothing is under way any more. */
  finish(): Promise<void>;
}

/** Goes on until a signal, the reader's leaving, or with `--once` the end. Returns the exit status. */
export function runSubscribe(url: string, flags: SubscribeFlags): Promise<number> {
  const settings = readSubscribeFlags(flags);
  return withToken(url, flags, (token) => run(url, settings, token));
}

async function run(
  url: string,
  settings: SubscribeSettings,
  { options, explain }: ClientToken,
): Promise<number> {
  const { cursorFile, exec } = settings;
  // Why before anything is done: what was done would be forgotten.
  if (exec?.deadLetterFile !== undefined) await checkDeadLetterFile(exec.deadLetterFile);
  const remembered = cursorFile === undefined ? undefined : await readCursorFile(cursorFile);
  const start = remembered === undefined ? settings.start : { cursor: remembered };
  const stop = new AbortController();
  const stopped = nextStopSignal().then(() => stop.abort());
  void stopped;
  const fail = (error: Error): void => stop.abort(error);
  const subscription = subscribe(url, {
    ...start,
    ...settings.wanted,
    ...options,
    signal: stop.signal,
    onConnection: createConnectionNotices(explain),
  });
  const consumer = createConsumer(settings, subscription, stop.signal, fail);
  const saver = cursorFile === undefined ? undefined : new CursorSaver(cursorFile, currentCursor, fail);
  try {
    await consume(subscription, consumer, stop.signal);
  } finally {
    await consumer.finish();
    await saver?.close();
  }
  return 0;

  function currentCursor(): string | undefined {
    return consumer.safeCursor(subscription.cursor);
  }
}

// @throws what ended it, unless that is what ends it as it should
async function consume(subscription: Subscription, consumer: Consumer, signal: AbortSignal): Promise<void> {
  try {
    for await (const item of subscription) await consumer.take(item);
    await consumer.finish();
    signal.throwIfAborted();
  } catch (error) {
    const isStop = error instanceof Error && error.name === 'AbortError';
    if (!isStop && !isReaderGone(error)) throw error;
  }
}

function createConsumer(
  { exec, isText }: SubscribeSettings,
  subscription: Subscription,
  signal: AbortSignal,
  onFailure: (error: Error) => void,
): Consumer {
  if (exec === undefined) return new Printer(isText);
  const runner = new EventRunner({ ...exec, startCursor: subscription.cursor, signal, onFailure });
  return {
    take: async (item) => {
      if (item.type === 'gap') return notifyGap(item);
      // Why: where a live stream starts is known once it is there, and the first event must come again from there.
      runner.safeCursor(subscription.cursor);
      await runner.take(item);
    },
    safeCursor: (seen) => runner.safeCursor(seen),
    finish: () => runner.finish(),
  };
}

/** One line for each event. */
class Printer implements Consumer {
  readonly #isText: boolean;

  constructor(isText: boolean) {
    this.#isText = isText;
  }

  async take(item: StreamItem): Promise<void> {
    if (item.type === 'gap') notifyGap(item);
    if (!this.#isText) await printLine(item.line);
    else if (item.type === 'event') await printLine(describeEvent(item, new Date()));
  }

  safeCursor(seen: string | undefined): string | undefined {
    return seen;
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}

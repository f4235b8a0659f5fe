// The second half of a delivery: publishes what is in the outbox, strictly in order at each origin, and stops there at the
// first failure that is not about single events. Knows no git.
import { Publisher, type PublisherOptions, type PublishOutcome } from '../client/publisher.ts';
import type { Batch, Target } from './batch.ts';
import type { ClosedOrigins } from './closed-origins.ts';
import { addDeadLetters, type Refusal } from './dead-letters.ts';
import type { HookFiles } from './hook-files.ts';
import { withoutCredentials } from './http-url.ts';
import { addToJournal } from './journal.ts';
import { Outbox, type OutboxPart } from './outbox.ts';
import { Spool } from './spool.ts';
import type { FoundToken, HookTokens } from './tokens.ts';

/** Why the rest has to wait. */
export interface SendFailure {
  readonly message: string;
  /** How long the broker wants to be left alone. */
  readonly retryAfterMs: number | undefined;
}

/** What is meant by a broker's answer to some events. */
type Verdict =
  | { readonly kind: 'stored' }
  | { readonly kind: 'never'; readonly refusal: Refusal }
  | { readonly kind: 'later'; readonly failure: SendFailure };

/** What a sender works with. */
export interface SenderOptions extends PublisherOptions {
  /** Where paths are published. */
  readonly broker: URL;
  readonly tokens: Pick<HookTokens, 'for'>;
  /** Origins that are not tried now; those that fail are added. */
  readonly closed: ClosedOrigins;
  /** @throws Error if the repository's lock is lost */
  readonly checkLock: () => void;
  /** Called whenever events have been stored. */
  readonly noteStored: () => Promise<void>;
}

/** Publishes the outbox of one repository. Call {@link close} when done. */
export class OutboxSender {
  readonly #spool: Spool;
  readonly #outbox: Outbox;
  readonly #files: HookFiles;
  readonly #options: SenderOptions;
  readonly #publishers = new Map<string, Publisher>();
  readonly #failures = new Map<string, SendFailure>();
  #storedCount = 0;
  #refusedCount = 0;

  constructor(files: HookFiles, options: SenderOptions) {
    this.#spool = new Spool(files.spool);
    this.#outbox = new Outbox(files.outbox);
    this.#files = files;
    this.#options = options;
  }

  /** How many events have been stored. */
  get storedCount(): number {
    return this.#storedCount;
  }

  /** How many events have become dead letters. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Publishes what waits; gives why something still does. @throws Error if files fail it */
  async sendAll(): Promise<SendFailure | undefined> {
    this.#options.closed.reopen();
    for (const name of await this.#outbox.listReady(await this.#spool.list())) {
      if (await this.#isHeldUp(name)) continue;
      const part = await this.#outbox.read(name);
      if (part === undefined) await this.#skipDamaged(name);
      else await this.#sendPart(part);
    }
    return joinFailures([...this.#failures.values()]);
  }

  /** Gives up the kept connections. */
  close(): void {
    for (const publisher of this.#publishers.values()) publisher.close();
  }

  // All of a file goes to one origin, as all of a push does.
  async #isHeldUp(name: string): Promise<boolean> {
    const { closed } = this.#options;
    if (closed.isEmpty) return false;
    const target = await this.#outbox.readTarget(name);
    if (target === undefined || target.refusal !== undefined) return false;
    const { origin } = this.#urlOf(target);
    if (!closed.has(origin)) return false;
    if (!this.#failures.has(origin))
      this.#failures.set(origin, failureAt(origin, 'did not answer a moment ago'));
    return true;
  }

  async #sendPart(first: OutboxPart): Promise<void> {
    let part = first;
    for (let batch = nextBatch(part); batch !== undefined; batch = nextBatch(part)) {
      this.#options.checkLock();
      const verdict = await this.#publish(batch);
      if (verdict.kind === 'later') return this.#holdUp(this.#urlOf(batch), verdict.failure);
      if (verdict.kind === 'stored') await this.#noteStored(batch);
      else if (batch.events.length === 1) await this.#bury(batch, verdict.refusal);
      const isDone = verdict.kind === 'stored' || batch.events.length === 1;
      part = isDone ? await this.#outbox.advance(part) : await this.#outbox.divide(part);
    }
  }

  async #noteStored({ events }: Batch): Promise<void> {
    this.#storedCount += events.length;
    await this.#options.noteStored();
  }

  #holdUp({ origin }: URL, failure: SendFailure): void {
    this.#options.closed.close(origin);
    this.#failures.set(origin, failure);
  }

  async #publish({ target, events, key, refusal }: Batch): Promise<Verdict> {
    if (refusal !== undefined) return { kind: 'never', refusal: { status: null, reason: refusal } };
    const url = this.#urlOf({ target });
    const path = target.startsWith('/') ? target : url.pathname + url.search;
    const token = this.#options.tokens.for(target);
    const outcome = await this.#publisherFor(url, token).publish({ path, events, idempotencyKey: key });
    if (outcome.kind === 'unreachable') this.#options.closed.noteSilence(url.origin, outcome.isTimeout);
    else this.#options.closed.noteAnswer(url.origin);
    return judge(url, outcome, token);
  }

  #urlOf({ target }: Target): URL {
    return target.startsWith('/') ? this.#options.broker : new URL(target);
  }

  #publisherFor(url: URL, token: FoundToken | undefined): Publisher {
    const account = `${url.username}:${url.password}:${token?.token ?? ''}@${url.origin}`;
    const publisher =
      this.#publishers.get(account) ?? new Publisher(url, { ...this.#options, token: token?.token });
    this.#publishers.set(account, publisher);
    return publisher;
  }

  async #bury(batch: Batch, refusal: Refusal): Promise<void> {
    await addDeadLetters(this.#files.deadLetters, batch, refusal);
    this.#refusedCount += batch.events.length;
    const reason = `${refusal.status ?? ''} ${refusal.reason}`.trim();
    await addToJournal(
      this.#files.journal,
      `An event for ${withoutCredentials(batch.target)} can't be published: ${reason}`,
    );
  }

  async #skipDamaged(name: string): Promise<void> {
    const path = await this.#outbox.setAside(name);
    await addToJournal(this.#files.journal, `These are no events: ${path}`);
  }
}

function nextBatch({ batches, sentCount }: OutboxPart): Batch | undefined {
  return batches[sentCount];
}

function judge(url: URL, outcome: PublishOutcome, token: FoundToken | undefined): Verdict {
  if (outcome.kind === 'stored') return { kind: 'stored' };
  if (outcome.kind === 'unreachable') return later(url, outcome.reason);
  const { status, reason, isProblem, retryAfterMs } = outcome;
  // Why only the broker's own 400 and 409: a server at the wrong port or in front of it says so to everything.
  const isAboutEvents = status === 413 || (isProblem && (status === 400 || status === 409));
  if (isAboutEvents) return { kind: 'never', refusal: { status, reason } };
  const advice = status === 401 ? adviceFor(url, token) : '';
  return later(url, `${status} ${reason}`.trim() + advice, retryAfterMs);
}

function adviceFor({ username, password }: URL, token: FoundToken | undefined): string {
  if (username !== '' || password !== '') return ' User and password came from the URL.';
  return token === undefined ? ' No token was sent.' : ` The token came from ${token.origin}.`;
}

function later({ origin }: URL, reason: string, retryAfterMs?: number): Verdict {
  return { kind: 'later', failure: failureAt(origin, reason, retryAfterMs) };
}

function failureAt(origin: string, reason: string, retryAfterMs?: number): SendFailure {
  return { message: `${origin}: ${reason}`, retryAfterMs };
}

// Why the shortest wait: one origin must not keep another from being tried again.
function joinFailures(failures: readonly SendFailure[]): SendFailure | undefined {
  if (failures.length === 0) return undefined;
  return {
    message: failures.map(({ message }) => message).join('; '),
    retryAfterMs: Math.min(...failures.map(({ retryAfterMs = 0 }) => retryAfterMs)),
  };
}

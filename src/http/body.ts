// Reading a request's body within its bounds: its own size, its time, and a budget.
import { GitPubSubError } from '../core/errors.ts';
import type { Budget } from './body-budget.ts';
import type { Exchange } from './exchange.ts';

/** How long a body may take, in milliseconds; the library cuts most slow ones before. Beyond it: 503. [P6] */
const BODY_DEADLINE_MS = 30_000;

/** What a body that comes in pieces gets at first, in bytes; doubled when it is full. */
const FIRST_CAPACITY_BYTES = 4_096;

/** The body of one request as it comes in. */
export class Body {
  readonly #budget: Budget;
  readonly #maxBytes: number;
  readonly #onRelease: () => void;
  #buffer = Buffer.alloc(0);
  #bytes = 0;
  #takenBytes = 0;
  #isReleased = false;

  /** `onRelease` is called with {@link Body.release}, once. */
  constructor(budget: Budget, maxBytes: number, onRelease: () => void) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
    this.#onRelease = onRelease;
  }

  /**
   * Takes a chunk. @returns the whole body with the last one, valid until the caller returns
   * @throws GitPubSubError `payload-too-large` or `too-many-bodies`
   */
  add(chunk: Uint8Array, isLast: boolean): Uint8Array | undefined {
    const start = this.#bytes;
    this.#bytes += chunk.byteLength;
    checkBodyBytes(this.#bytes, this.#maxBytes);
    if (isLast && start === 0) {
      this.#budget.take(chunk.byteLength);
      this.#takenBytes += chunk.byteLength;
      return chunk;
    }
    this.#makeRoom();
    this.#buffer.set(chunk, start); // A copy: the library takes the memory back.
    return isLast ? this.#buffer.subarray(0, this.#bytes) : undefined;
  }

  /** Gives its part of the budget back, when its events are stored or it is given up; a second time changes nothing. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#budget.give(this.#takenBytes);
    this.#buffer = Buffer.alloc(0);
    this.#onRelease();
  }

  // Why one buffer: many tiny chunks would cost a hundred times their bytes, and the budget counts what is really taken.
  #makeRoom(): void {
    if (this.#bytes <= this.#buffer.byteLength) return;
    const wanted = Math.max(this.#bytes, 2 * this.#buffer.byteLength, FIRST_CAPACITY_BYTES);
    const capacity = Math.min(wanted, this.#maxBytes);
    this.#budget.takeForUnfinished(capacity - this.#buffer.byteLength);
    this.#takenBytes += capacity - this.#buffer.byteLength;
    const larger = Buffer.alloc(capacity);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** @throws GitPubSubError `payload-too-large` */
export function checkBodyBytes(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new GitPubSubError(
    'payload-too-large',
    `The body is over ${maxBytes} bytes, the most this broker takes.`,
  );
}

/**
 * Reads the body of an exchange. `take` gets the whole of it, valid during the call, and whoever it is gives the budget
 * back with `body.release()`; `fail` gets why it was given up, and then nothing more comes.
 * @returns gives it up, unless it has come by now
 */
export function readBody(
  exchange: Exchange,
  body: Body,
  take: (bytes: Uint8Array) => void,
  fail: (error: unknown) => void,
): (error: GitPubSubError) => void {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const finish = (): void => {
    isOver = true;
    clearTimeout(timer);
  };
  const giveUp = (): void => {
    finish();
    body.release();
  };
  exchange.onGone(() => {
    if (!isOver) giveUp();
  });
  const cancel = (error: GitPubSubError): void => {
    if (isOver) return;
    giveUp();
    fail(error);
  };
  exchange.onBody((chunk, isLast) => {
    if (isOver) return;
    try {
      const whole = body.add(chunk, isLast);
      // Why only now: most bodies come in one piece and need no timer.
      timer ??= whole ? undefined : setTimeout(() => cancel(bodyTimeout()), BODY_DEADLINE_MS);
      if (!whole) return;
      finish();
      take(whole);
    } catch (error) {
      giveUp();
      fail(error);
    }
  });
  return cancel;
}

function bodyTimeout(): GitPubSubError {
  return new GitPubSubError(
    'body-timeout',
    `The body did not arrive within ${BODY_DEADLINE_MS / 1000} seconds.`,
  );
}

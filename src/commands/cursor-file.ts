// A file that remembers how far a subscriber came: read at the start, written while it goes on and at its end.
import { GitPubSubError, type ErrorCode } from '../core/errors.ts';
import { checkReplaceable, readIfThere, replaceFile } from '../files/durable-files.ts';
import { isCursor } from './flag-values.ts';

// How often it is written at most; what is handled in between comes again after a crash.
const SAVE_EVERY_MS = 1_000;

/**
 * The cursor in a file; undefined if there is no such file.
 * @throws GitPubSubError `invalid-usage` if it holds something else, others if it can't be read, or not be written later
 */
export async function readCursorFile(path: string): Promise<string | undefined> {
  const text = (await readIfThere(path).catch((error: unknown) => fail(path, error, 'unreadable-input')))
    ?.toString()
    .trim();
  await checkReplaceable(path).catch((error: unknown) => fail(path, error));
  if (text === undefined || isCursor(text)) return text;
  throw new GitPubSubError(
    'invalid-usage',
    `--cursor-file: ${path} holds no cursor, but "${text.slice(0, 40)}"; remove it to begin anew.`,
  );
}

/** Saves a cursor that moves by itself. */
export class CursorSaver {
  readonly #path: string;
  readonly #currentCursor: () => string | undefined;
  readonly #timer: NodeJS.Timeout;
  #saved: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  /** `onFailure` is told once why the file can't be written. */
  constructor(
    path: string,
    currentCursor: () => string | undefined,
    onFailure: (error: GitPubSubError) => void,
  ) {
    this.#path = path;
    this.#currentCursor = currentCursor;
    this.#timer = setInterval(() => void this.#save().catch(onFailure), SAVE_EVERY_MS);
  }

  /** Saves the last one. @throws GitPubSubError if it can't be written */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving.catch(() => undefined);
    await this.#save();
  }

  #save(): Promise<void> {
    // Why one after the other: two writers of one file must not meet.
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#saveNow());
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const cursor = this.#currentCursor();
    if (cursor === undefined || cursor === this.#saved) return;
    await replaceFile(this.#path, `${cursor}\n`).catch((error: unknown) => fail(this.#path, error));
    this.#saved = cursor;
  }
}

function fail(path: string, error: unknown, code: ErrorCode = 'command-failed'): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new GitPubSubError(code, `The cursor file ${path} can't be used: ${reason}`);
}

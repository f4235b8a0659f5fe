// The events that are ready to be published: batches in files, in order. Knows no broker.
//
// A file is called `<sequence>.<push>.<part>.<sent>.batches`: so many of its batches are published. It is removed with the last
// one. The sequence counts the pushes that wait here, so that no clock has a say in their order.
import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_BATCH_BYTES } from '../client/batches.ts';
import {
  listIfThere,
  makeDirectory,
  readIfThere,
  replaceFile,
  syncDirectory,
  writeSynced,
} from '../files/durable-files.ts';
import { divideBatch, formatBatch, parseBatches, parseHead, type Batch, type Target } from './batch.ts';

// What is read of a file to see where it goes: more than a URL can have.
const MAX_HEAD_BYTES = 16 * 1024;

const SUFFIX = '.batches';

// Digits of the numbers in names, so that these sort: enough for 30,000 years with a push a second that can't be published,
// and for pushes of 1,000 GB.
const SEQUENCE_DIGITS = 12;
const NUMBER_DIGITS = 6;

// The name of a push has a dot itself. Files from before there was a sequence have none, and go before all that have one.
const NAME = /^(?:(\d{12})\.)?(.+)\.(\d+)\.(\d+)\.batches$/;

/** One file of the outbox. */
export interface OutboxPart {
  readonly name: string;
  readonly batches: readonly Batch[];
  readonly sentCount: number;
}

/** The outbox of one repository. Only whoever holds the repository's lock may touch it. */
export class Outbox {
  readonly #directory: string;
  /** Of the push that was added last; undefined until it is looked up. */
  #sequence: number | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The names of all files, the first to be published first. */
  async list(): Promise<string[]> {
    const names = (await listIfThere(this.#directory)).filter((name) => NAME.test(name));
    return [...names.filter((name) => !hasSequence(name)), ...names.filter(hasSequence)];
  }

  /** The same, up to the first file of a push that is still in the spool: that push may yet be taken in anew. */
  async listReady(spooled: readonly string[]): Promise<string[]> {
    const names = await this.list();
    const end = names.findIndex((name) => spooled.includes(splitName(name).push));
    return end === -1 ? names : names.slice(0, end);
  }

  /** The names of the pushes that have files here, in order. */
  async listPushes(): Promise<string[]> {
    return [...new Set((await this.list()).map((name) => splitName(name).push))];
  }

  /** Writes the batches of a push to the disk. */
  async add(push: string, batches: AsyncIterable<Batch>): Promise<void> {
    await makeDirectory(this.#directory);
    this.#sequence ??= splitName((await this.list()).at(-1) ?? '').sequence ?? 0;
    const sequence = ++this.#sequence;
    let part = 0;
    for await (const text of fillParts(batches)) {
      await writeSynced(this.#path(joinName({ sequence, push, part: part++, sentCount: 0 })), text);
    }
    await syncDirectory(this.#directory);
  }

  /** Removes what is here of a push, none of which has been published. */
  async discard(push: string): Promise<void> {
    for (const name of await this.list()) {
      if (splitName(name).push === push) await rm(this.#path(name), { force: true });
    }
  }

  /** Where a file's events go, without reading these; undefined if that can't be told. */
  async readTarget(name: string): Promise<Target | undefined> {
    // Why: opening a pipe would wait for its other end.
    const file = await open(this.#path(name), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEAD_BYTES), 0, MAX_HEAD_BYTES, 0);
      return parseHead(buffer.toString('utf8', 0, bytesRead));
    } catch {
      return undefined;
    } finally {
      await file.close();
    }
  }

  /** Reads a file; undefined if what is there is no file or holds no batches. @throws Error if it can't be read */
  async read(name: string): Promise<OutboxPart | undefined> {
    if (!(await lstat(this.#path(name))).isFile()) return undefined;
    const content = await readIfThere(this.#path(name));
    try {
      const batches = parseBatches(content?.toString() ?? '');
      const { sentCount } = splitName(name);
      // A file goes with its last batch: one without a batch to send was cut off.
      return sentCount < batches.length ? { name, batches, sentCount } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Notes that the next batch has been published. Why no sync: it may be sent again, its key takes care of that. */
  async advance({ name, batches, sentCount }: OutboxPart): Promise<OutboxPart> {
    const nextName = joinName({ ...splitName(name), sentCount: sentCount + 1 });
    const next = { name: nextName, batches, sentCount: sentCount + 1 };
    if (next.sentCount < batches.length) await rename(this.#path(name), this.#path(next.name));
    else await rm(this.#path(name));
    return next;
  }

  /** Puts single events in the place of the next batch; they are on the disk before any is sent. */
  async divide(part: OutboxPart): Promise<OutboxPart> {
    const { name, sentCount } = part;
    const batches = part.batches.flatMap((batch, index) =>
      index === sentCount ? divideBatch(batch) : [batch],
    );
    await replaceFile(this.#path(name), batches.map(formatBatch).join(''));
    return { name, batches, sentCount };
  }

  /** Takes what are no batches out of the way. Gives the name it has now. */
  async setAside(name: string): Promise<string> {
    const path = `${this.#path(name)}.damaged`;
    await rename(this.#path(name), path);
    return path;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

// Why parts: what has been published frees its place, and no step holds more than one of them in memory.
async function* fillParts(batches: AsyncIterable<Batch>): AsyncGenerator<string, void, undefined> {
  let text = '';
  for await (const batch of batches) {
    const next = formatBatch(batch);
    if (text !== '' && text.length + next.length > MAX_BATCH_BYTES) {
      yield text;
      text = '';
    }
    text += next;
  }
  if (text !== '') yield text;
}

interface NameParts {
  readonly sequence: number | undefined;
  readonly push: string;
  readonly part: number;
  readonly sentCount: number;
}

function joinName({ sequence, push, part, sentCount }: NameParts): string {
  const place = sequence === undefined ? [] : [String(sequence).padStart(SEQUENCE_DIGITS, '0')];
  const numbers = [part, sentCount].map((number) => String(number).padStart(NUMBER_DIGITS, '0'));
  return [...place, push, ...numbers].join('.') + SUFFIX;
}

function hasSequence(name: string): boolean {
  return splitName(name).sequence !== undefined;
}

function splitName(name: string): NameParts {
  const [, sequence, push = '', part, sentCount] = NAME.exec(name) ?? [];
  return {
    sequence: sequence === undefined ? undefined : Number(sequence),
    push,
    part: Number(part),
    sentCount: Number(sentCount),
  };
}

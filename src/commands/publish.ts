// `gitpubsub publish`: publishes a JSON value, or lines of them in batches, until they are stored.
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { cutBatches } from '../client/batches.ts';
import { toBrokerUrl } from '../client/broker-url.ts';
import type { EndpointOptions } from '../client/endpoint.ts';
import { publishUntilStored } from '../client/publish.ts';
import { LineSplitter } from '../client/line-splitter.ts';
import { Publisher, type Receipt } from '../client/publisher.ts';
import { RefusedError } from '../client/refused-error.ts';
import { GitPubSubError } from '../core/errors.ts';
import { isBlank } from '../core/ndjson.ts';
import { parsePayload } from '../core/payload.ts';
import { withToken, type TokenFlags } from './client-token.ts';
import { parseDurationMs } from './flag-values.ts';
import { withPauses } from './input-pauses.ts';
import { notify } from './notices.ts';
import { printLine } from './standard-output.ts';

/** As they were typed. */
export interface PublishFlags extends TokenFlags {
  readonly ndjson?: boolean;
  readonly idempotencyKey?: string;
  readonly retryFor?: string;
  readonly unixSocket?: string;
}

const STANDARD_INPUT = '-';
const DEFAULT_RETRY_FOR = '1m';
const BYTE_ORDER_MARK = Buffer.from('\ufeff');
const NDJSON_NAME = /\.(?:ndjson|jsonl)$/;

// A pause of the input after which what has come is published, though it is no full batch.
const PAUSE_MS = 200;

// The broker's limit for a key, less what tells the batches of one input apart. [P9]
const KEY = /^[\x21-\x7e]{1,240}$/;

/** Publishes a file, or standard input for `-`, and prints the last event's cursor. Returns the exit status. */
export function runPublish(url: string, path: string, flags: PublishFlags): Promise<number> {
  return withToken(url, flags, ({ options }) => publishInput(url, path, flags, options));
}

async function publishInput(
  url: string,
  path: string,
  flags: PublishFlags,
  options: EndpointOptions,
): Promise<number> {
  const broker = toBrokerUrl(url);
  if (broker.search !== '')
    throw new GitPubSubError(
      'invalid-usage',
      `"${broker.search}": a query means nothing to a publish; leave it out.`,
    );
  const retryForMs = parseDurationMs('--retry-for', flags.retryFor ?? DEFAULT_RETRY_FOR);
  const key = readKey(flags.idempotencyKey);
  const isLines = flags.ndjson ?? NDJSON_NAME.test(path);
  // Why no pauses with a key: the same input has to make the same batches again.
  const pauseMs = flags.idempotencyKey === undefined ? PAUSE_MS : undefined;
  // Of the events that are read and not stored yet.
  const lineNumbers: number[] = [];
  const batches = isLines ? cutBatches(readLines(path, pauseMs, lineNumbers)) : readValue(path);
  const { unixSocket: socketPath } = flags;
  const publisher = new Publisher(broker, { ...options, ...(socketPath !== undefined && { socketPath }) });
  let storedCount = 0;
  let receipt: Receipt | undefined;
  try {
    for await (const events of batches) {
      const publication = { path: broker.pathname + broker.search, events, idempotencyKey: key(storedCount) };
      receipt = await publishUntilStored(publisher, publication, { retryForMs, onRetry });
      storedCount += events.length;
      lineNumbers.splice(0, events.length);
    }
  } catch (error) {
    const placed = withPlace(error, path, lineNumbers);
    throw storedCount === 0 ? placed : describePartly(placed, storedCount);
  } finally {
    publisher.close();
  }
  if (receipt === undefined) throw new GitPubSubError('invalid-usage', `${nameOf(path)} has no events.`);
  await printLine(receipt.cursor);
  return 0;
}

// Every batch has a key of its own, the same one when the same input is published under the same key again.
function readKey(given: string | undefined): (storedCount: number) => string {
  if (given !== undefined && !KEY.test(given)) {
    const allowed = '1 to 240 visible ASCII characters';
    throw new GitPubSubError(
      'invalid-usage',
      `--idempotency-key: ${JSON.stringify(given)} is not allowed; allowed are ${allowed}.`,
    );
  }
  const base = given ?? randomUUID();
  return (storedCount) => (storedCount === 0 ? base : `${base}/${storedCount}`);
}

async function* readValue(path: string): AsyncGenerator<string[], void, undefined> {
  const body = await buffer(openInput(path)).catch((error: unknown) => failToRead(path, error));
  yield [check(body, nameOf(path))];
}

// Where the input pauses: `undefined`. The number of each line is noted before it is handed on.
async function* readLines(
  path: string,
  pauseMs: number | undefined,
  lineNumbers: number[],
): AsyncGenerator<string | undefined, void, undefined> {
  let lineNumber = 0;
  for await (const line of splitLines(path, pauseMs)) {
    if (line === undefined) {
      yield undefined;
      continue;
    }
    lineNumber += 1;
    if (isBlank(line)) continue;
    const text = check(line, `${nameOf(path)}, line ${lineNumber}`);
    lineNumbers.push(lineNumber);
    yield text;
  }
}

async function* splitLines(
  path: string,
  pauseMs: number | undefined,
): AsyncGenerator<Buffer | undefined, void, undefined> {
  const splitter = new LineSplitter();
  try {
    for await (const chunk of withPauses(openInput(path), pauseMs)) {
      if (chunk === undefined) yield undefined;
      else yield* splitter.add(chunk);
    }
    yield splitter.rest();
  } catch (error) {
    failToRead(path, error);
  }
}

// Checked here as well, because the broker can only speak of the line of a batch.
function check(body: Uint8Array, where: string): string {
  try {
    return parsePayload(body);
  } catch (error) {
    if (!(error instanceof GitPubSubError)) throw error;
    const hint = BYTE_ORDER_MARK.equals(body.subarray(0, 3))
      ? ' It begins with a byte order mark (BOM); leave that out.'
      : '';
    throw new GitPubSubError(error.code, `${where}: ${error.message}${hint}`, { cause: error });
  }
}

function openInput(path: string): Readable {
  return path === STANDARD_INPUT ? process.stdin : createReadStream(path);
}

function nameOf(path: string): string {
  return path === STANDARD_INPUT ? 'Standard input' : path;
}

function failToRead(path: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw new GitPubSubError('unreadable-input', `${nameOf(path)} can't be read: ${reason}`);
}

function onRetry(reason: string, delayMs: number): void {
  notify(`not published: ${reason}; trying again in ${(delayMs / 1000).toFixed(1)} s`);
}

// The broker counts the lines of a batch; people look for those of their input.
function withPlace(error: unknown, path: string, lineNumbers: readonly number[]): unknown {
  if (!(error instanceof RefusedError) || error.line === undefined) return error;
  const lineNumber = lineNumbers[error.line - 1];
  const place = lineNumber === undefined ? nameOf(path) : `${nameOf(path)}, line ${lineNumber}`;
  const message = `${place}: ${error.message.replace(/^(\d+) Line \d+: /, '$1 ')}`;
  return new GitPubSubError(error.code, message, { cause: error });
}

function describePartly(error: unknown, storedCount: number): unknown {
  if (!(error instanceof GitPubSubError)) return error;
  const message = `${error.message} (The first ${storedCount} events are stored.)`;
  return new GitPubSubError(error.code, message, { cause: error });
}

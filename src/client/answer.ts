// What an answer says: its reason as one line, how long to wait, what a broken connection means. Knows no request.
import type { IncomingMessage } from 'node:http';
import { isObject } from '../core/json-object.ts';

// What is read of an answer: enough for a Problem Details body, harmless for our memory.
const MAX_ANSWER_BYTES = 16 * 1024;

// What is shown of an answer that is not Problem Details, so that a message stays one line.
const MAX_REASON_CHARACTERS = 200;

// Longest wait for the rest of an answer whose head is there; beyond it the connection counts as lost.
const ANSWER_TIMEOUT_MS = 20_000;

// What node makes of plain text where TLS should be; its message has several lines and no advice.
const NO_TLS: ReadonlySet<string> = new Set([
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);

// What node says of a certificate whose authority it does not know.
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Reads the beginning of an answer; the connection of a long one is given up. @throws Error if it is cut, or takes too long */
export async function readStart(response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => {
    response.destroy(new Error(`the answer is not complete after ${ANSWER_TIMEOUT_MS} ms`));
  }, ANSWER_TIMEOUT_MS);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).toString();
}

/** The sentence of a Problem Details answer [P26], or the beginning of any other, in one line. */
export function readReason(answer: string): string {
  const problem = parseObject(answer);
  const sentence = [problem?.['detail'], problem?.['title']].find((member) => typeof member === 'string');
  return (sentence ?? answer)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_REASON_CHARACTERS);
}

/** The stable word of a broker's complaint, such as `publish-forbidden` [P26]; undefined if the answer is none. */
export function readProblem(response: IncomingMessage, answer: string): string | undefined {
  const type = isProblemDetails(response) ? parseObject(answer)?.['type'] : undefined;
  return typeof type === 'string' ? type.replace('urn:gitpubsub:problem:', '') : undefined;
}

/** Whether the answer is the broker's own complaint [P26], not that of something in front of it. */
export function isProblemDetails({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/problem+json') ?? false;
}

/** How long the server wants to be left alone: seconds or a date. Source: RFC 9110 §10.2.3 */
export function readRetryAfterMs({ headers }: IncomingMessage): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Whether the same request can't succeed later: the client is at fault, and not because it came too early. */
export function isPermanent(status: number): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 429;
}

/** The object that a JSON text is, if it is one. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What went wrong with a connection, in a few words. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Why the code: with several addresses to try, node's error has no message of its own.
  const code = 'code' in error ? String(error.code) : error.name;
  if (NO_TLS.has(code)) return `${code}: the server speaks no TLS; is it http:// instead of https://?`;
  if (UNKNOWN_AUTHORITY.has(code))
    return `${error.message}: if its authority is your own, name the file with its certificate in NODE_EXTRA_CA_CERTS`;
  // Plain HTTP where a server wants TLS ends like this.
  if (error.message === 'socket hang up') return 'socket hang up; if that stays, is it http:// or https://?';
  return error.message === '' ? code : error.message;
}

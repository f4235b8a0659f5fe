// Topics: parsing a request path into a normalised topic, and which prefix covers which topic. Knows no HTTP.
import { GitPubSubError } from './errors.ts';

/**
 * A normalised topic: `/`, or `/` and its decoded segments joined by `/`. Inside a segment only `%` and `/` are written
 * as `%25` and `%2F`, so that two topics are equal exactly when their texts are.
 */
export type Topic = string & { readonly __topic: unique symbol };

/** The topic above all others. */
export const ROOT_TOPIC: Topic = '/' as Topic;

/** Longest topic in decoded UTF-8 bytes, separators included; keeps index keys and log lines small. Beyond it: `invalid-topic`. */
export const MAX_TOPIC_BYTES = 1024;

/** Most segments in a topic; bounds the work of one publish (Invariant: I8). Beyond it: `invalid-topic`. */
export const MAX_TOPIC_SEGMENTS = 32;

// A first segment `-`, which may also be written as %2D.
const BROKER_PATH = /^\/*(?:-|%2[dD])(?:\/|$)/;

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

/**
 * Parses a request path, still percent-encoded and without its query. [P1]
 * @throws GitPubSubError `invalid-topic`
 */
export function parseTopic(path: string): Topic {
  return topicFromSegments(decodeSegments(path));
}

/**
 * Parses the path of a subscription: as {@link parseTopic}, but a last segment `*` means "at or below". [P2]
 * @throws GitPubSubError `invalid-topic`
 */
export function parsePrefix(path: string): Topic {
  return parseTopic(path.replace(/\/\*\/*$/, '/'));
}

/**
 * Parses a prefix that somebody wrote down: a path that begins with `/`, or as `pubsub_path` shows it.
 * @throws GitPubSubError `invalid-topic`
 */
export function parseWrittenPrefix(text: string): Topic {
  if (!text.startsWith('/')) throw invalid(`The topic ${JSON.stringify(text)} must begin with "/".`);
  if (isBrokerPath(text))
    throw invalid(`${JSON.stringify(text)} is no topic: what begins with "/-" belongs to the broker.`);
  return parsePrefix(text);
}

/** Whether a path belongs to the broker itself. [P3] */
export function isBrokerPath(path: string): boolean {
  return BROKER_PATH.test(path);
}

/**
 * Builds a topic from decoded segments.
 * @throws GitPubSubError `invalid-topic`
 */
export function topicFromSegments(segments: readonly string[]): Topic {
  if (segments.length > MAX_TOPIC_SEGMENTS) {
    throw invalid(`A topic has at most ${MAX_TOPIC_SEGMENTS} segments; this one has ${segments.length}.`);
  }
  for (const segment of segments) checkSegment(segment);
  const bytes = segments.reduce((sum, segment) => sum + 1 + Buffer.byteLength(segment), 0);
  if (bytes > MAX_TOPIC_BYTES) {
    throw invalid(`A topic has at most ${MAX_TOPIC_BYTES} bytes after decoding; this one has ${bytes}.`);
  }
  return ('/' + segments.map(escapeSegment).join('/')) as Topic;
}

/** The decoded segments of a topic; none for `/`. */
export function topicSegments(topic: Topic): string[] {
  if (topic === ROOT_TOPIC) return [];
  return topic.slice(1).split('/').map(unescapeSegment);
}

/** Whether a subscription to `prefix` gets events of `topic`: its own and everything below, by whole segments. [P2] */
export function covers(prefix: Topic, topic: Topic): boolean {
  if (prefix === ROOT_TOPIC || prefix === topic) return true;
  return topic.length > prefix.length && topic.startsWith(prefix) && topic[prefix.length] === '/';
}

/** The topic itself and each topic above it, the deepest first, `/` last. */
export function* selfAndAncestors(topic: Topic): Generator<Topic, void, undefined> {
  let current: string = topic;
  while (current.length > 1) {
    yield current as Topic;
    current = current.slice(0, current.lastIndexOf('/'));
  }
  yield ROOT_TOPIC;
}

function decodeSegments(path: string): string[] {
  // Why: the library turns bytes that are not UTF-8 into U+FFFD before we see them, so a raw one can't be told from those.
  if (path.includes('\uFFFD')) throw invalid('The path holds bytes that are not UTF-8.');
  return path
    .split('/') // [P1] split first, decode after
    .filter((segment) => segment !== '')
    .map(decodeSegment);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalid(`The path segment ${JSON.stringify(segment)} is not valid percent-encoded UTF-8.`);
  }
}

function checkSegment(segment: string): void {
  if (segment === '') throw invalid('A topic segment is empty.');
  if (segment === '.' || segment === '..') throw invalid(`"${segment}" is not allowed as a topic segment.`);
  if (CONTROL_CHARACTER.test(segment)) {
    throw invalid(
      `The topic segment ${JSON.stringify(segment)} holds a control character or line separator.`,
    );
  }
}

function escapeSegment(segment: string): string {
  return segment.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function unescapeSegment(segment: string): string {
  return segment.replaceAll('%2F', '/').replaceAll('%25', '%');
}

function invalid(message: string): GitPubSubError {
  return new GitPubSubError('invalid-topic', message);
}

// The kinds of values a setting can have: how each is read from text or JSON, what is allowed, how it is shown.
import { z } from 'zod';
import { GitPubSubError } from '../core/errors.ts';

/** How the values of a setting are read and shown. */
export interface Kind<T> {
  /** Takes the text of a flag or variable, and the JSON value of the file. */
  readonly schema: z.ZodType<T>;
  /** What may be given, to stand after "allowed is". */
  readonly allowed: string;
  /** Whether several values stand in one text, separated by commas. */
  readonly isList: boolean;
  /** The value as a person would give it; empty when there is none. */
  format(value: T): string;
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

const BYTES_PER_UNIT = { GiB: 1_073_741_824, MiB: 1_048_576, KiB: 1024 };

// Why: Number() also takes "", " 5", "0x10" and "1e3", which nobody means.
const numberOrText = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number),
]);
const bytesOrText = z.union([
  z.number(),
  z
    .string()
    .regex(/^\d+(\.\d+)?( ?[KMG]iB)?$/)
    .transform(bytesFromText),
]);

/** A whole number. */
export function wholeNumber(bounds: Bounds): Kind<number> {
  return {
    schema: numberOrText.pipe(z.int().min(bounds.min).max(bounds.max)),
    allowed: `a whole number from ${bounds.min} to ${bounds.max}`,
    isList: false,
    format: String,
  };
}

/** A number that may have a fraction. The note stands behind what is allowed, to say why. */
export function anyNumber(bounds: Bounds, note = ''): Kind<number> {
  return {
    schema: numberOrText.pipe(z.number().min(bounds.min).max(bounds.max)),
    allowed: `a number from ${bounds.min} to ${bounds.max}${note}`,
    isList: false,
    format: String,
  };
}

/** A number of bytes, also as `256KiB`, `1.5 MiB`, `1 GiB`. */
export function byteCount(bounds: Bounds): Kind<number> {
  return {
    schema: bytesOrText.pipe(z.int().min(bounds.min).max(bounds.max)),
    allowed: `a whole number of bytes from ${bounds.min} to ${bounds.max}, or with KiB, MiB or GiB as in 256KiB`,
    isList: false,
    format: formatBytes,
  };
}

/** What another kind takes, or the word `none`, which is `undefined`. */
export function orNone<T>(kind: Kind<T>): Kind<T | undefined> {
  const none = z.literal('none').transform(() => undefined);
  return {
    schema: z.union([none, kind.schema]),
    allowed: `${kind.allowed}; or none`,
    isList: kind.isList,
    format: (value) => (value === undefined ? 'none' : kind.format(value)),
  };
}

/** What another kind takes; `undefined` only when it is not given at all. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return {
    schema: kind.schema,
    allowed: kind.allowed,
    isList: kind.isList,
    format: (value) => (value === undefined ? '' : kind.format(value)),
  };
}

/** One of a few words. */
export function choice<T extends string>(words: readonly T[]): Kind<T> {
  return {
    schema: z.enum(words),
    allowed: words.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    isList: false,
    format: (value) => value,
  };
}

/** Text that passes a check. */
export function textThat(isAllowed: (text: string) => boolean, allowed: string): Kind<string> {
  const schema = z.string().refine(isAllowed, { error: (issue) => describeRefusal(issue.input, allowed) });
  return { schema, allowed, isList: false, format: (value) => value };
}

/**
 * A list of what the parser takes: an array in the file, text with commas anywhere; the empty text is the empty list.
 * The parser throws a `GitPubSubError` for a value it refuses.
 */
export function listOf<T>(
  parse: (text: string) => T,
  format: (value: T) => string,
  allowed: string,
): Kind<readonly T[]> {
  const item = z.unknown().transform((value, context) => {
    try {
      if (typeof value === 'string') return parse(value);
      throw new GitPubSubError('invalid-configuration', describeRefusal(value, allowed));
    } catch (error) {
      if (!(error instanceof GitPubSubError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
  return {
    schema: z.union([z.string().transform(splitList), z.array(z.unknown())]).pipe(z.array(item)),
    allowed,
    isList: true,
    format: (values) => (values.length === 0 ? 'empty' : values.map(format).join(',')),
  };
}

/** The sentence that refuses a value. */
export function describeRefusal(value: unknown, allowed: string): string {
  return `${quote(value)} is not allowed; allowed is ${allowed}.`;
}

// Why nothing nested: it says little, and is deeper in some files than JSON.stringify has stack for.
function quote(value: unknown): string {
  if (Array.isArray(value)) return 'A list';
  return typeof value === 'object' && value !== null ? 'An object' : JSON.stringify(value);
}

function splitList(text: string): string[] {
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}

function bytesFromText(text: string): number {
  const unit = Object.entries(BYTES_PER_UNIT).find(([name]) => text.endsWith(name));
  return parseFloat(text) * (unit?.[1] ?? 1);
}

// The largest unit that divides the number, so that nothing is rounded.
function formatBytes(byteCount: number): string {
  const unit = Object.entries(BYTES_PER_UNIT).find(([, unitBytes]) => byteCount % unitBytes === 0);
  return unit ? `${byteCount / unit[1]} ${unit[0]}` : `${byteCount} bytes`;
}

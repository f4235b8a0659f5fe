// Shapes of nested JSON, each with the sentence that refuses a value which does not have it.
import { z } from 'zod';
import { GitPubSubError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { describeRefusal, type Kind } from './kinds.ts';

/** How a value is refused. */
export interface Refusing {
  /** Whether it may hold what nobody should see: then it is not quoted. */
  readonly isSecret?: boolean;
}

/** Refuses whatever it is asked about, and says what is allowed. */
export function says(
  allowed: string,
  { isSecret = false }: Refusing = {},
): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    if (input === undefined) return `is missing; it must be ${allowed}.`;
    return isSecret ? `is not allowed; allowed is ${allowed}.` : describeRefusal(input, allowed);
  };
}

/** Text that a parser takes; the parser returns nothing for text it refuses, or throws a `GitPubSubError` that says why. */
export function parsed<T>(parse: (text: string) => T | undefined, allowed: string): z.ZodType<T> {
  const error = says(allowed);
  return z.string({ error }).transform((text, context) => {
    try {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: error({ input: text }) });
    } catch (reason) {
      if (!(reason instanceof GitPubSubError)) throw reason;
      context.addIssue({ code: 'custom', message: reason.message });
    }
    return z.NEVER;
  });
}

/** What a kind of setting takes. */
export function ofKind<T>({ schema, allowed }: Kind<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const { data, success } = schema.safeParse(value);
    if (success) return data;
    context.addIssue({ code: 'custom', message: describeRefusal(value, allowed) });
    return z.NEVER;
  });
}

/** A list; `what`: its items, in the plural. */
export function listOf<Item extends z.ZodType>(
  item: Item,
  what: string,
  refusing: Refusing = {},
): z.ZodArray<Item> {
  return z.array(item, { error: says(`a list of ${what}`, refusing) });
}

/** An object with these members and no others; further ones are refused in a line each. */
export function record<Shape extends z.ZodRawShape>(
  shape: Shape,
  refusing: Refusing = {},
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((name) => `${JSON.stringify(name)} is no member; ${suggest(name, known)}`).join('\n')
        : says(`an object with ${known.join(', ')}`, refusing)(issue),
  });
}

/** An object with members of any name that fits the pattern. */
export function dictionary<Value extends z.ZodType>(
  value: Value,
  pattern: RegExp,
  names: string,
  refusing: Refusing = {},
): z.ZodType<Record<string, z.output<Value>>> {
  const refuseName = (name: unknown): string =>
    `${JSON.stringify(name)} is not allowed; allowed is ${names}.`;
  const members = z.record(z.string().regex(pattern), value, {
    error: (issue) =>
      issue.code === 'invalid_key' ? refuseName(issue.path?.at(-1)) : says('an object', refusing)(issue),
  });
  // Why: the validator passes over this one name in silence.
  return z
    .unknown()
    .refine((input) => !Object.hasOwn(Object(input) as object, '__proto__'), {
      error: refuseName('__proto__'),
    })
    .pipe(members);
}

function suggest(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? `there are ${known.join(', ')}.` : `did you mean ${meant}?`;
}

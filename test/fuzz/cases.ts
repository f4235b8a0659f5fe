// How many cases are tried, and from which seed: FUZZ_CASES and FUZZ_SEED. A failure names both and shows the case.

import { inspect } from 'node:util';
import { Random } from '../support/random.ts';

/** Cases of an ordinary run, all tests together: a few seconds. */
const ORDINARY_CASES = 10_000;

/** The seed of the run; each case derives its own from it. */
export const fuzzSeed: number = readNumber('FUZZ_SEED', 1);

const caseCount = readNumber('FUZZ_CASES', ORDINARY_CASES);

/** How long a test may take, in milliseconds: a long run takes minutes. */
export const fuzzTimeoutMs: number = 2 * 60 * 60 * 1000;

/** A test's part of all cases; the parts of all tests add up to 1. */
export function shareOfCases(part: number): number {
  return Math.ceil(caseCount * part);
}

/** The choices of one case. */
export function randomOf(index: number): Random {
  return new Random(Math.imul(fuzzSeed, 0x9e3779b1) + index);
}

/** What a failure says: how to see it again, and what was tried. */
export function describeCase(index: number, tried: unknown): string {
  const shown = inspect(tried, { depth: 6, maxStringLength: 5_000, breakLength: Infinity });
  return `FUZZ_SEED=${String(fuzzSeed)} FUZZ_CASES=${String(caseCount)}, case ${String(index)}: ${shown}`;
}

/** Tries every case: makes it, then checks it; the first one that fails ends the run. */
export function tryCases<T>(count: number, make: (random: Random) => T, check: (made: T) => void): void {
  for (let index = 0; index < count; index += 1) {
    const made = make(randomOf(index));
    try {
      check(made);
    } catch (error) {
      throw new Error(describeCase(index, made), { cause: error });
    }
  }
}

function readNumber(name: string, ordinary: number): number {
  const value = Number(process.env[name] ?? ordinary);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a whole number`);
  return value;
}

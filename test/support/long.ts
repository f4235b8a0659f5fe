// Whether this is the long run (`npm run test:long`, or LONG=1): the same tests with many more rounds.

/** Whether tests that take minutes run, too. */
export const isLongRun: boolean = process.env['LONG'] === '1';

/** The first number in an ordinary run, the second one in the long run. */
export function pickCount(ordinary: number, long: number): number {
  return isLongRun ? long : ordinary;
}

// Whether this is the long run (`npm run test:long`, or LONG=1): the same tests with many more rounds.

/** The first number in an ordinary run, the second one in the long run. */
export function pickCount(ordinary: number, long: number): number {
  return process.env['LONG'] === '1' ? long : ordinary;
}

// Many bytes of events, for readers that fall behind.
import { Random } from './random.ts';

/**
 * Events of 150,000 bytes and more; 40 are more than the kernel holds for a connection whose reader never read, 300 more
 * than it ever holds.
 */
export function makeBacklog(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `{"n":${String(index)},"t":"${'x'.repeat(150_000 + index * 17)}"}`,
  );
}

/**
 * Different events of sizes from 20 bytes to `largestBytes`, as random as the seed makes them and spread by factors: as
 * many of 20 to 200 as of 2,000 to 20,000. Together they have `totalBytes` or a little more.
 */
export function makeRandomBacklog(seed: number, totalBytes: number, largestBytes: number): readonly string[] {
  const random = new Random(seed);
  const bodies: string[] = [];
  for (let bytes = 0; bytes < totalBytes;) {
    const length = Math.floor(20 * (largestBytes / 20) ** (random.below(1_000_000) / 1_000_000));
    const body = `{"n":${String(bodies.length)},"t":"${'x'.repeat(length)}"}`;
    bodies.push(body);
    bytes += body.length;
  }
  return bodies;
}

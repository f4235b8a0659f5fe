// Many bytes of events, for readers that fall behind.

/** Events of 150,000 bytes and more; from about 40 on they are more than the kernel buffers of one connection hold. */
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
  const bodies: string[] = [];
  let state = seed;
  let bytes = 0;
  while (bytes < totalBytes) {
    // Source: the generator of Numerical Recipes; it only has to be mixed enough for sizes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const length = Math.floor(20 * (largestBytes / 20) ** (state / 2 ** 32));
    const body = `{"n":${String(bodies.length)},"t":"${'x'.repeat(length)}"}`;
    bodies.push(body);
    bytes += body.length;
  }
  return bodies;
}

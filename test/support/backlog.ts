// Many bytes of events, for readers that fall behind.

/** Events of 150,000 bytes and more; from about 40 on they are more than the kernel buffers of one connection hold. */
export function makeBacklog(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, index) => `{"n":${String(index)},"t":"${'x'.repeat(150_000 + index * 17)}"}`,
  );
}

/** Different events of sizes as random as the seed makes them, from a few bytes to 250,000, `totalBytes` or a little more together. */
export function makeRandomBacklog(seed: number, totalBytes: number): readonly string[] {
  const bodies: string[] = [];
  let state = seed;
  let bytes = 0;
  while (bytes < totalBytes) {
    // Source: the generator of Numerical Recipes; it only has to be mixed enough for sizes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const share = state / 2 ** 32;
    // Why to the third power: many are small, and the few large ones are most of the bytes.
    const body = `{"n":${String(bodies.length)},"t":"${'x'.repeat(Math.floor(250_000 * share ** 3))}"}`;
    bodies.push(body);
    bytes += body.length;
  }
  return bodies;
}

// Standard output as if it were a terminal, for commands that run inside the test.
import { onTestFinished, vi } from 'vitest';

/** Writes down what is printed, until the end of the running test. */
export function pretendTerminal(): { readonly text: () => string } {
  const printed: string[] = [];
  const { isTTY } = process.stdout;
  process.stdout.isTTY = true;
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((...given: unknown[]) => {
    printed.push(String(given[0]));
    const done = given.at(-1);
    if (typeof done === 'function') (done as () => void)();
    return true;
  });
  onTestFinished(() => {
    spy.mockRestore();
    process.stdout.isTTY = isTTY;
  });
  return { text: () => printed.join('') };
}

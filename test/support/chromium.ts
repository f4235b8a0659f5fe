// Chromium as Debian packages it, for tests that need a real browser.
import { spawnSync } from 'node:child_process';
import { chromium, type Browser } from 'playwright-core';
import type { TestContext } from 'vitest';

const PROGRAM = 'chromium';

/** Starts it; `undefined` where there is none. */
export async function launchChromium(): Promise<Browser | undefined> {
  const { stdout, status } = spawnSync('sh', ['-c', `command -v ${PROGRAM}`], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  // Why no sandbox: root has none, and the only pages are ours.
  return chromium.launch({ executablePath: stdout.trim(), args: ['--no-sandbox'] });
}

/** Skips the test where there is none. @throws Error instead where CI is `true`. */
export function requireChromium(browser: Browser | undefined, context: TestContext): Browser {
  if (browser) return browser;
  const complaint = `there is no ${PROGRAM} on this machine`;
  if (process.env['CI'] === 'true') throw new Error(complaint);
  return context.skip(complaint);
}

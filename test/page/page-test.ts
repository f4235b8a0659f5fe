// Sets up what every test of the page needs: a browser for a file, and for each test a broker and a page on it.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, type TestContext } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { launchChromium, requireChromium } from '../support/chromium.ts';
import { request, type Target } from '../support/raw-http.ts';
import { PageReader } from './page-reader.ts';

/** What a test opens. */
export interface Opening {
  readonly path?: string;
  /** Of the broker. */
  readonly flags?: readonly string[];
  /** Of the browser. */
  readonly options?: BrowserContextOptions;
  /** Published to the path before the page is opened. */
  readonly events?: readonly string[];
  /** Done to the page before it is opened. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** Opens a page on a broker of its own, hands both to the test, and ends them whatever became of that. */
export type WithPage = (
  context: TestContext,
  opening: Opening,
  act: (reader: PageReader, broker: BrokerProcess) => Promise<void>,
) => Promise<void>;

/** Publishes events together. */
export async function publishBatch(target: Target, path: string, events: readonly string[]): Promise<void> {
  const headers = [['Content-Type', 'application/x-ndjson']] as const;
  const response = await request(target, { method: 'POST', path, headers, body: events.join('\n') });
  if (response.statusCode !== 200) throw new Error(`not published: ${response.describe()}`);
}

/** To be called once in a file, at its top. */
export function usePages(): WithPage {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return async (context, { path = '/json', flags = [], events = [], options, prepare }, act) => {
    const there = requireChromium(browser, context);
    const broker = await BrokerProcess.start({
      keepsPort: true,
      flags: ['--keep-alive-seconds', '0.5', ...flags],
    });
    try {
      if (events.length > 0) await publishBatch(broker.target, path, events);
      const reader = await PageReader.open(there, broker, path, options, prepare);
      await act(reader, broker);
      await reader.close();
    } finally {
      await broker.dispose();
    }
  };
}

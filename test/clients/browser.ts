// The browser's own EventSource: a page of an origin of its own, in Chromium as Debian packages it.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import type { TestContext } from 'vitest';
import { launchChromium, requireChromium } from '../support/chromium.ts';
import type { SseClient, SseStream } from './sse-clients.ts';

const PAGE: Buffer = readFileSync(new URL('event-source.html', import.meta.url));

/** A browser and the server of its page. */
export class EventSourceBrowser implements SseClient {
  readonly name = 'EventSource of Chromium';
  readonly #server: Server;
  readonly #browser: Browser | undefined;

  private constructor(server: Server, browser: Browser | undefined) {
    this.#server = server;
    this.#browser = browser;
  }

  /** Starts both, the browser if there is one. */
  static async start(): Promise<EventSourceBrowser> {
    const server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end(PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new EventSourceBrowser(server, await launchChromium());
  }

  /** Where its pages come from. */
  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('the server of the page has stopped');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Skips the test where there is no browser. @throws Error instead where CI is `true`. */
  require(context: TestContext): void {
    requireChromium(this.#browser, context);
  }

  async connect(url: string): Promise<SseStream> {
    if (!this.#browser) throw new TypeError('there is no browser: require it first');
    const stream = { events: [] as string[], notes: [] as string[] };
    const browserContext = await this.#browser.newContext();
    const page = await browserContext.newPage();
    page.on('console', (message) => {
      const [word = '', data] = message.text().split(/ (.*)/s);
      if (word === 'message' && data !== undefined) stream.events.push(data);
      else stream.notes.push(word);
    });
    await page.goto(`${this.origin}/#${encodeURIComponent(url)}`);
    return { ...stream, close: () => browserContext.close() };
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

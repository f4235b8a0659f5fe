// A live page in a real browser, and what a reader finds on it. Waits end with what was missing.
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';

/** One open page. */
export class PageReader {
  readonly page: Page;
  /** What the browser complains of: errors of scripts, violations of the policy, what it could not load. */
  readonly complaints: string[] = [];
  /** Where it sent requests to, hosts with their ports. */
  readonly hosts: Set<string> = new Set();

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('request', (request) => this.hosts.add(new URL(request.url()).host));
  }

  /** Opens a topic; `prepare` is done to the page before. */
  static async open(
    browser: Browser,
    broker: BrokerProcess,
    path: string,
    options: BrowserContextOptions = {},
    prepare: (page: Page) => Promise<unknown> = async () => {},
  ): Promise<PageReader> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    await prepare(page);
    const reader = new PageReader(page);
    await page.goto(`${originOf(broker)}${path}`);
    return reader;
  }

  get rows(): Locator {
    return this.page.locator('#log li.row:visible');
  }

  /** What kind of event each row is, the uppermost first. */
  async labels(): Promise<string[]> {
    return this.page.locator('#log li.row:visible .label').allTextContents();
  }

  /** What each event is about, the uppermost first. */
  async titles(): Promise<string[]> {
    return this.page.locator('#log li.row:visible .title').allTextContents();
  }

  /** Resolves once the titles are these. */
  async waitForTitles(expected: readonly string[]): Promise<void> {
    let titles: string[] = [];
    await pollUntil(async () => {
      titles = await this.titles();
      return titles.join('\n') === expected.join('\n') || undefined;
    }, `the titles ${expected.join()}`).catch((error: unknown) => {
      throw new Error(`there are: ${titles.join()}`, { cause: error });
    });
  }

  /** Resolves once the page says this of its connection. */
  async waitForState(pattern: RegExp, deadlineMs?: number): Promise<string> {
    return pollUntil(
      async () => {
        const text = (await this.page.locator('#state-text').textContent()) ?? '';
        return pattern.test(text) ? text : undefined;
      },
      `the state ${String(pattern)}`,
      deadlineMs,
    );
  }

  /** Resolves once an element has this text. */
  async waitForText(selector: string, pattern: RegExp): Promise<string> {
    return pollUntil(
      async () => {
        const text = (await this.page.locator(selector).first().textContent()) ?? '';
        return pattern.test(text) ? text : undefined;
      },
      `${selector} with ${String(pattern)}`,
    );
  }

  /** A style of the first element that fits, as the browser computed it. */
  async styleOf(selector: string, property: string): Promise<string> {
    const value = await this.page.evaluate(
      `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`,
    );
    return String(value);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

/** Where the pages of a broker are. */
export function originOf({ target }: BrokerProcess): string {
  if (!('port' in target)) throw new TypeError('the broker listens on a port');
  return `http://127.0.0.1:${target.port}`;
}

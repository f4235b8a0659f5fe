// P15: the page asks for a token where its stream needs one, keeps it where no script sees it, and forgets it when told to.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { createTokenBroker } from '../support/access-file.ts';
import { answer, startFakeServer } from '../support/fake-server.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { originOf, type PageReader } from './page-reader.ts';
import { usePages } from './page-test.ts';
import { makeCommits, subjects } from './sample-events.ts';

const withPage = usePages();

/** Notes when the browser itself would ask its user for a password. */
async function noteDialogs(page: Page, asked: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on('Fetch.requestPaused', ({ requestId }) => {
    session.send('Fetch.continueRequest', { requestId }).catch(ignore);
  });
  session.on('Fetch.authRequired', ({ requestId, request }) => {
    asked.push(new URL(request.url).pathname);
    const authChallengeResponse = { response: 'CancelAuth' } as const;
    session.send('Fetch.continueWithAuth', { requestId, authChallengeResponse }).catch(ignore);
  });
  await session.send('Fetch.enable', { handleAuthRequests: true });
}

// The page may be closed before it is let go on.
function ignore(): void {}

async function signIn({ page }: PageReader, token: string): Promise<void> {
  await page.getByLabel('Token, for what is private').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function untilReloaded(page: Page, action: Promise<void>): Promise<void> {
  await Promise.all([page.waitForEvent('load'), action]);
}

describe('a private topic', () => {
  it('is opened with a token that is typed into the page, which the browser did not ask for itself', async (context) => {
    const { token, flags } = createTokenBroker(createTemporaryDirectory());
    const asked: string[] = [];
    const opening = { path: '/private', flags, events: makeCommits(1, 2) };
    await withPage(context, { ...opening, prepare: (page) => noteDialogs(page, asked) }, async (reader) => {
      const { page } = reader;
      await reader.waitForState(/^Token needed$/);
      await reader.waitForText('#token-words', /^Credentials needed: .*\/private.* token/);
      expect(await page.evaluate('document.activeElement.id')).toBe('token');
      await signIn(reader, 'gitpubsub_wrong');
      await reader.waitForText('#token-words', /The token is wrong or has expired\.$/);
      await reader.waitForText('#announcer', /The token is wrong or has expired\.$/);
      await untilReloaded(page, signIn(reader, ` ${token} `));
      await reader.waitForTitles(subjects(2, 1));
      expect(await page.locator('#token-panel').getAttribute('open')).toBeNull();
      expect(asked).toEqual([]);
    });
  });

  it('makes the browser itself ask for nothing where it goes to a stream; control: a server that does', async (context) => {
    const { flags } = createTokenBroker(createTemporaryDirectory());
    const other = await startFakeServer(answer(401, { 'WWW-Authenticate': 'Basic realm="other"' }, 'no'));
    const asked: string[] = [];
    await withPage(
      context,
      { path: '/public', flags, prepare: (page) => noteDialogs(page, asked) },
      async ({ page }, broker) => {
        const response = await page.goto(`${originOf(broker)}/private?format=ndjson&poll=1`);
        expect([response?.status(), asked]).toEqual([401, []]);
        await page.goto(new URL('/other', other.url).href);
        expect(asked).toEqual(['/other']);
      },
    );
  });

  it('does not trouble whoever opens it with a cookie that is no longer right', async (context) => {
    const { flags } = createTokenBroker(createTemporaryDirectory());
    await withPage(context, { path: '/public', flags }, async ({ page }, broker) => {
      const url = `${originOf(broker)}/private`;
      await page.context().addCookies([{ name: 'gitpubsub_token', value: 'stale', url }]);
      expect((await page.goto(url))?.status()).toBe(200);
      await page.locator('#token-words', { hasText: 'The token is wrong or has expired.' }).waitFor();
      expect(await page.context().cookies()).toEqual([]);
    });
  });
});

describe('a token', () => {
  it('shows what is private below a topic that is not, until the reader signs out', async (context) => {
    const { token, flags } = createTokenBroker(createTemporaryDirectory());
    const events = makeCommits(1, 2);
    await withPage(context, { path: '/private', flags, events }, async (reader, broker) => {
      const { page } = reader;
      await page.goto(`${originOf(broker)}/`);
      await reader.waitForText('#empty', /No events here yet/);
      await page.getByText('Token', { exact: true }).click();
      await untilReloaded(page, signIn(reader, token));
      await reader.waitForTitles(subjects(2, 1));
      const cookies = await page.context().cookies();
      expect(cookies).toMatchObject([{ name: 'gitpubsub_token', httpOnly: true, sameSite: 'Strict' }]);
      expect(await page.evaluate('document.cookie')).toBe('');
      expect(await page.content()).not.toContain(token);
      await page.getByText('Token', { exact: true }).click();
      await untilReloaded(page, page.getByRole('button', { name: 'Sign out' }).click());
      await reader.waitForTitles([]);
      await reader.waitForText('#empty', /No events here yet/);
      expect(await page.context().cookies()).toEqual([]);
      // The browser tells of the 401 and of streams that a reload cuts; of nothing that the page may not do.
      expect(reader.complaints.filter((text) => !text.startsWith('Failed to load'))).toEqual([]);
    });
  });

  it('that is none is not sent', async (context) => {
    const { flags } = createTokenBroker(createTemporaryDirectory());
    await withPage(context, { path: '/private', flags }, async (reader) => {
      await reader.waitForState(/^Token needed$/);
      let count = 0;
      reader.page.on('request', (request) => (count += request.method() === 'POST' ? 1 : 0));
      for (const text of ['two words', 'tokén']) {
        await signIn(reader, text);
        await reader.waitForText('#token-words', /^A token is one word without spaces; this is none\.$/);
      }
      expect(count).toBe(0);
    });
  });
});

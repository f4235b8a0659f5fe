// P15: the page as people meet it: by keyboard, by ear, on a phone, in the dark, and while they read.
import { describe, expect, it } from 'vitest';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { measureContrast } from './contrast.ts';
import type { PageReader } from './page-reader.ts';
import { usePages } from './page-test.ts';
import { makeCommit, makeCommits, makePush, subjects } from './sample-events.ts';

const withPage = usePages();

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** The title of the row that has the focus. */
async function focusedTitle({ page }: PageReader): Promise<string> {
  return String(await page.evaluate(`document.activeElement.querySelector?.('.title')?.textContent`));
}

describe('who reads further down', () => {
  it('is not disturbed by new events, and told how many wait', async (context) => {
    await withPage(context, { events: makeCommits(1, 60) }, async (reader, { target }) => {
      await reader.waitForTitles(subjects(60, 11));
      const row = reader.rows.nth(30);
      await row.scrollIntoViewIfNeeded();
      await reader.page.mouse.wheel(0, 200);
      await pollUntil(
        async () => Number(await reader.page.evaluate('scrollY')) > 300 || undefined,
        'scrolling',
      );
      const before = await row.boundingBox();
      await publishAll(target, '/json', makeCommits(61, 72));
      const button = reader.page.getByRole('button', { name: '12 new events' });
      await button.waitFor();
      expect(await row.boundingBox()).toEqual(before);
      expect(await reader.titles()).toEqual(subjects(60, 11));
      await button.click();
      await reader.waitForTitles(subjects(72, 11));
      expect(await reader.page.evaluate('scrollY')).toBe(0);
      expect(await button.isVisible()).toBe(false);
    });
  });

  it('gets them by going back to the top', async (context) => {
    await withPage(context, { events: makeCommits(1, 60) }, async (reader, { target }) => {
      await reader.waitForTitles(subjects(60, 11));
      await reader.page.evaluate('scrollTo(0, 900)');
      await publish(target, '/json', makeCommit(61));
      await reader.page.getByRole('button', { name: '1 new event' }).waitFor();
      await reader.page.evaluate('scrollTo(0, 0)');
      await reader.waitForTitles(subjects(61, 11));
    });
  });
});

describe('by keyboard alone', () => {
  it('rows are reached, walked through and opened', async (context) => {
    await withPage(context, { events: makeCommits(1, 5) }, async (reader) => {
      await reader.waitForTitles(subjects(5, 1));
      await reader.page.locator('#theme').focus();
      await reader.page.keyboard.press('Tab');
      expect(await focusedTitle(reader)).toBe('Subject 5');
      for (const [key, title] of [
        ['j', 'Subject 4'],
        ['ArrowDown', 'Subject 3'],
        ['k', 'Subject 4'],
        ['End', 'Subject 1'],
        ['ArrowDown', 'Subject 1'],
        ['Home', 'Subject 5'],
      ] as const) {
        await reader.page.keyboard.press(key);
        expect([key, await focusedTitle(reader)]).toEqual([key, title]);
      }
      await reader.page.keyboard.press('Enter');
      await reader.waitForText('.files', /src\/file-5\.ts/);
      await reader.page.keyboard.press('Enter');
      expect(await reader.page.locator('.files').isVisible()).toBe(false);
      await reader.page.keyboard.press('Tab');
      await reader.page.keyboard.press('j');
      expect(await focusedTitle(reader)).toBe('Subject 4');
    });
  });

  it('every control is a stop of the Tab key, and each stop is to be seen', async (context) => {
    await withPage(context, { events: makeCommits(1, 52) }, async (reader) => {
      await reader.waitForTitles(subjects(52, 3));
      await reader.page.evaluate(
        `for (const panel of document.querySelectorAll('.panels details')) panel.open = true`,
      );
      const stops = new Set<string>();
      for (let i = 0; i < 90 && !stops.has('older'); i += 1) {
        await reader.page.keyboard.press('Tab');
        const [name, outline] = await reader.page.evaluate<[string, string]>(
          `[document.activeElement.id || document.activeElement.name || document.activeElement.textContent.trim(), getComputedStyle(document.activeElement).outlineStyle]`,
        );
        stops.add(name);
        expect([name, outline]).not.toEqual([name, 'none']);
      }
      expect([...stops]).toEqual(
        expect.arrayContaining(
          'filter,project,ref,path,author,hash,type,Apply,Clear,copy,theme,older,json,all topics'.split(','),
        ),
      );
    });
  });
});

describe('by ear', () => {
  it('landmarks, headings and controls have roles and names', async (context) => {
    await withPage(context, { events: [makeCommit(1), makePush()] }, async ({ page, ...reader }) => {
      await page.locator('li.row').first().waitFor();
      const tree = await page.locator('body').ariaSnapshot();
      for (const line of [
        /^- banner:/m,
        /^- main:/m,
        /- navigation "Topic":/,
        /- heading "all topics json" \[level=1\]/,
        /- search "Events":/,
        /- group "Connection": Live/,
        /- searchbox "Filter what is shown"/,
        /- log "Events, the newest first":/,
        /- heading "\w+, \d+ \w+ \d{4}" \[level=2\]/,
        /- listitem/,
        /paragraph: widget main aaaaaaa → /,
        /- combobox "Colours"/,
        /- status/,
      ])
        expect(tree).toMatch(line);
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      expect(await page.title()).toBe('/json · GitPubSub');
      const unnamed = await page.evaluate(
        `[...document.querySelectorAll('button, input, select, a')].filter((each) => !each.hidden && !(each.labels?.length || each.ariaLabel || each.textContent.trim())).map((each) => each.outerHTML)`,
      );
      expect(unnamed).toEqual([]);
      expect(reader.complaints).toEqual([]);
    });
  });

  it('what a filter found is told once its reader stops typing', async (context) => {
    await withPage(context, { events: makeCommits(1, 3) }, async (reader) => {
      await reader.waitForTitles(subjects(3, 1));
      await reader.page.getByRole('searchbox').pressSequentially('Subject 2');
      await reader.waitForText('#announcer', /^1 of 3 events$/);
    });
  });

  it('new events are announced, all that came in a while in one sentence', async (context) => {
    await withPage(context, { events: makeCommits(1, 20) }, async (reader, { target }) => {
      await reader.waitForText('#announcer', /^Live$/);
      await publishAll(target, '/json', makeCommits(21, 25));
      const words = await reader.waitForText('#announcer', /Subject/);
      expect(words).toMatch(
        /^(?:\d new events, the last: )?commit in widget main: Subject \d+, by Ada Lovelace$/,
      );
      expect(await reader.page.locator('#log').getAttribute('aria-live')).toBe('off');
    });
  });
});

describe('on a phone', () => {
  it('nothing has to be scrolled sideways, however long a word is', async (context) => {
    const long = 'x'.repeat(300);
    const events = [
      makeCommit(1, { subject: long, author: long, files: [long], project: long, ref: long }),
      makePush({ action: 'deleted', ref: long }),
      JSON.stringify({ long }),
    ];
    await withPage(context, { path: '/json/a/b/c/d', events, options: PHONE }, async (reader) => {
      await pollUntil(async () => (await reader.rows.count()) === 3 || undefined, 'all of them');
      await reader.page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
      await reader.waitForText('.files', /x{300}/);
      const widths = await reader.page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
      expect(widths).toEqual([360, 360]);
    });
  });
});

describe('colours', () => {
  it('are those of the system until the reader chooses, and stay as chosen', async (context) => {
    await withPage(context, { options: { colorScheme: 'dark' } }, async (reader) => {
      const dark = await reader.styleOf('body', 'background-color');
      await reader.page.emulateMedia({ colorScheme: 'light' });
      const light = await reader.styleOf('body', 'background-color');
      expect(light).not.toBe(dark);
      await reader.page.getByLabel('Colours').selectOption('dark');
      expect(await reader.styleOf('body', 'background-color')).toBe(dark);
      await reader.page.reload();
      expect(await reader.styleOf('body', 'background-color')).toBe(dark);
      expect(await reader.page.getByLabel('Colours').inputValue()).toBe('dark');
    });
  });

  it.for(['light', 'dark'] as const)('have contrast enough where it is %s', async (colorScheme, context) => {
    const events = [
      makeCommit(1, { body: 'More.' }),
      makePush(),
      makePush({ action: 'created' }),
      makePush({ action: 'created', type: 'tag' }),
      makePush({ action: 'forced' }),
      makePush({ action: 'deleted' }),
      '{"a":1}',
    ];
    await withPage(context, { events, options: { colorScheme } }, async ({ page }) => {
      await page.locator('li.row').nth(6).waitFor();
      await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
      await page.locator('.files').waitFor();
      const contrasts = await measureContrast(page);
      expect(contrasts.length).toBeGreaterThan(60);
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
      // What can be read can also be made unreadable.
      await page.evaluate(`document.body.style.setProperty('--muted', 'gray')`);
      expect((await measureContrast(page)).some(({ ratio }) => ratio < 4.5)).toBe(true);
    });
  });
});

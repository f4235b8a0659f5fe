// P15: what the page shows of a topic's events, in Chromium.
import { describe, expect, it } from 'vitest';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { publishBatch, usePages } from './page-test.ts';
import { hashOf, makeCommit, makeCommits, makePush, subjects } from './sample-events.ts';

const withPage = usePages();

describe('the page of a topic', () => {
  it('shows the newest events at once, the newest on top, and then each that comes', async (context) => {
    const events = makeCommits(1, 60);
    await withPage(context, { path: '/json/widget', events }, async (reader, { target }) => {
      await reader.waitForState(/^Live$/);
      await reader.waitForTitles(subjects(60, 11));
      await publish(target, '/json/widget/main', makeCommit(61));
      await publish(target, '/json/gadget/main', makeCommit(99));
      await publish(target, '/json/widget/main', makeCommit(62));
      await reader.waitForTitles(subjects(62, 11));
      await reader.waitForText('#count', /^52 events$/);
      expect(reader.complaints).toEqual([]);
    });
  });

  it('shows older events on demand, page by page, until nothing older is held', async (context) => {
    const events = makeCommits(1, 120);
    await withPage(context, { events }, async (reader) => {
      await reader.waitForTitles(subjects(120, 71));
      await reader.page.getByRole('button', { name: 'Show older events' }).click();
      await reader.waitForTitles(subjects(120, 21));
      await reader.page.getByRole('button', { name: 'Show older events' }).click();
      await reader.waitForTitles(subjects(120, 1));
      await reader.waitForText('#older-note', /Nothing older is held/);
      expect(await reader.page.locator('#older').isVisible()).toBe(false);
    });
  });

  it('that is empty says so, until something comes', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      await reader.waitForState(/^Live$/);
      await reader.waitForText('#empty', /No events here yet/);
      await publish(target, '/json', makeCommit(1));
      await reader.waitForTitles(subjects(1, 1));
      expect(await reader.page.locator('#empty').isVisible()).toBe(false);
    });
  });

  it('holds a thousand rows at most, and fetches again what it let go', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      await reader.waitForState(/^Live$/);
      await publishBatch(target, '/json', makeCommits(1, 1_100));
      await pollUntil(
        async () => (await reader.titles())[0] === 'Subject 1100' || undefined,
        'the last commit',
      );
      expect(await reader.titles()).toEqual(subjects(1_100, 101));
      await reader.waitForText('#older-note', /at most 1,000/);
    });
  });
});

describe('an event', () => {
  it('of each kind is told from the others, by its words and by its colour', async (context) => {
    await withPage(context, { path: '/json' }, async (reader, { target }) => {
      await publishAll(target, '/json', [
        makeCommit(1),
        makePush(),
        makePush({ action: 'created', before: '0'.repeat(40) }),
        makePush({ action: 'created', type: 'tag', ref: 'refs/tags/v1', tag: { message: 'Version 1' } }),
        makePush({ action: 'forced' }),
        makePush({ action: 'deleted', after: '0'.repeat(40) }),
        '{"build":"ok"}',
      ]);
      await pollUntil(async () => (await reader.rows.count()) === 7 || undefined, 'all of them');
      expect(await reader.labels()).toEqual([
        'JSON',
        'branch deleted',
        'force push',
        'tag',
        'new branch',
        'push',
        'commit',
      ]);
      const colours = await reader.page.evaluate(
        `[...document.querySelectorAll('li.row')].map((row) => getComputedStyle(row).borderLeftColor)`,
      );
      expect(new Set(colours as string[]).size).toBe(7);
    });
  });

  it('shows its files when it is opened, and not before', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      await publish(target, '/json', makeCommit(7, { files: ['src/a.ts', 'b.ts'], body: 'More.\n' }));
      await reader.waitForTitles(['Subject 7']);
      expect(await reader.page.locator('.files').count()).toBe(0);
      await reader.page.getByText('Ada Lovelace · 2 files').click();
      await reader.waitForText('.files', /src\/a\.tsb\.ts/);
      await reader.waitForText('pre', /^More\.$/);
      await reader.waitForText('dl', new RegExp(hashOf(7)));
    });
  });

  it('that is other JSON is shown as it was published, every digit of it', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      await publishAll(target, '/json', ['{"id": 12345678901234567890, "x": 1.0}', '"text"', '[1,2]']);
      await reader.waitForTitles(['[1,2]', '"text"', '{"id":12345678901234567890,"x":1.0}']);
    });
  });

  it('says how long ago it was, and when exactly', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      await publish(target, '/json', makeCommit(1));
      await reader.waitForTitles(['Subject 1']);
      const time = reader.page.locator('time').first();
      expect(await time.textContent()).toMatch(/^(?:now|\d+ s ago)$/);
      expect(await time.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    });
  });
});

describe('filters', () => {
  it('of the box hide what does not hold all words, and what comes later as well', async (context) => {
    const events = makeCommits(1, 12);
    await withPage(context, { events }, async (reader, { target }) => {
      await reader.waitForTitles(subjects(12, 1));
      await reader.page.getByRole('searchbox').fill('ADA subject 1');
      await reader.waitForTitles(['Subject 12', 'Subject 11', 'Subject 10', 'Subject 1']);
      await reader.waitForText('#count', /^4 of 12 events$/);
      await publishAll(target, '/json', [makeCommit(13), makeCommit(34), makeCommit(14)]);
      await reader.waitForTitles([
        'Subject 14',
        'Subject 13',
        'Subject 12',
        'Subject 11',
        'Subject 10',
        'Subject 1',
      ]);
      await reader.page.getByRole('searchbox').fill('');
      await reader.waitForText('#count', /^15 events$/);
    });
  });

  it('of the server are in the address, in the stream and in the curl line', async (context) => {
    const events = [makeCommit(1), makePush(), makeCommit(2, { author: 'Bob', email: 'bob@example.org' })];
    await withPage(context, { events }, async (reader, { target }) => {
      await pollUntil(async () => (await reader.rows.count()) === 3 || undefined, 'all of them');
      await reader.page.getByText('Server filters').click();
      await reader.page.getByLabel('Author').fill('ada*');
      await reader.page.getByLabel('Type').selectOption('commit');
      await reader.page.getByRole('button', { name: 'Apply' }).click();
      await reader.waitForTitles(['Subject 1']);
      expect(new URL(reader.page.url()).search).toBe('?author=ada*&type=commit');
      await reader.waitForText('#active-filters', /^author=ada\* type=commit$/);
      await reader.waitForText('#curl-text', /^curl -N 'http:.*\/json\?author=ada\*&type=commit'$/);
      await publishAll(target, '/json', [makePush(), makeCommit(3)]);
      await reader.waitForTitles(['Subject 3', 'Subject 1']);
      expect(reader.complaints).toEqual([]);
    });
  });
});

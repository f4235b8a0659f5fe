// P15: whatever is published is text to the page, and the page talks to nobody but its broker.
import { describe, expect, it } from 'vitest';
import { pollUntil } from '../support/deadline.ts';
import { publishAll } from '../support/publisher.ts';
import { usePages } from './page-test.ts';
import { makeCommit, makePush } from './sample-events.ts';

const withPage = usePages();

const EVIL = [
  '<script>globalThis.isRun = true</script>',
  '<img src=x onerror="globalThis.isRun = true">',
  '"><svg onload=globalThis.isRun=true>',
  '<a href="javascript:globalThis.isRun=true">x</a>',
  '<style>body{display:none}</style>',
  '<link rel=stylesheet href=http://192.0.2.1/evil.css>',
];

describe('a text that looks like HTML', () => {
  it('is only text, wherever it stands', async (context) => {
    await withPage(context, {}, async (reader, { target }) => {
      const events = EVIL.flatMap((evil) => [
        makeCommit(1, {
          subject: evil,
          author: evil,
          email: evil,
          project: evil,
          ref: evil,
          shortHash: evil,
          body: evil,
          files: [evil],
          date: evil,
          parents: [evil],
        }),
        makePush({ project: evil, ref: evil, pusher: evil, tag: { tagger: evil, message: evil } }),
        JSON.stringify({ evil, [evil]: 1 }),
      ]);
      const topics = ['/json', '/json/%3Cscript%3EisRun=true%3C%2Fscript%3E'];
      for (const topic of topics) await publishAll(target, topic, events);
      const count = events.length * topics.length;
      await pollUntil(async () => (await reader.rows.count()) === count || undefined, `${count} rows`);
      await reader.page.evaluate(
        `for (const each of document.querySelectorAll('.row details')) each.open = true`,
      );
      await pollUntil(
        async () => (await reader.page.locator('.row dl').count()) === count || undefined,
        'all open',
      );
      expect(await reader.titles()).toEqual(expect.arrayContaining(EVIL));
      expect(await reader.page.locator('.files code').allTextContents()).toEqual(
        expect.arrayContaining(EVIL),
      );
      expect(
        await reader.page.locator('#log :is(script, img, svg, a, style, link, iframe, object)').count(),
      ).toBe(0);
      expect(await reader.page.evaluate('globalThis.isRun')).toBeUndefined();
      expect(reader.complaints).toEqual([]);
    });
  });

  it('as a topic of the page itself is text, too', async (context) => {
    const path = '/%3Cimg%20src=x%20onerror=isRun=1%3E';
    await withPage(context, { path }, async (reader) => {
      await reader.waitForState(/^Live$/);
      expect(await reader.page.locator('#trail').textContent()).toContain('<img src=x onerror=isRun=1>');
      expect(await reader.page.locator('img').count()).toBe(0);
      expect(reader.complaints).toEqual([]);
    });
  });
});

// How a text is shown, wherever it stands in the rows: by the places of its first and its last character.
function directionsOf(text: string): string {
  return `(() => {
    const found = [];
    const walker = document.createTreeWalker(document.getElementById('log'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const start = node.data.indexOf(${JSON.stringify(text)});
      const leftOf = (index) => {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + 1);
        return range.getBoundingClientRect().left;
      };
      if (start !== -1) found.push(leftOf(start) < leftOf(start + ${text.length - 1}) ? 'forwards' : 'backwards');
    }
    return found;
  })()`;
}

describe('a text that turns the direction of writing', () => {
  const TURNS = ['\u202e', '\u2069\u202e'];

  it('turns nothing beside it', async (context) => {
    const events = TURNS.map((turn, n) =>
      makeCommit(n, { author: `Ada${turn}`, project: `widget${turn}`, ref: `main${turn}` }),
    );
    await withPage(context, { events }, async (reader) => {
      await reader.waitForTitles(['Subject 1', 'Subject 0']);
      await reader.page.evaluate(
        `for (const each of document.querySelectorAll('.row details')) each.open = true`,
      );
      for (const text of ['ada@example.org', '2026-11-21T13', '1 file', 'Subject 0', 'Subject 1', 'main'])
        expect(new Set(await reader.page.evaluate<string[]>(directionsOf(text))), text).toEqual(
          new Set(['forwards']),
        );
    });
  });
});

describe('the page', () => {
  it('sends nothing to another host', async (context) => {
    await withPage(context, { events: [makeCommit(1)] }, async (reader) => {
      await reader.waitForTitles(['Subject 1']);
      await reader.page.getByText('Ada Lovelace · 1 file').click();
      expect([...reader.hosts]).toEqual([new URL(reader.page.url()).host]);
      expect(reader.complaints).toEqual([]);
    });
  });

  it('could not if it wanted to, nor run what was slipped into it', async (context) => {
    await withPage(context, {}, async (reader) => {
      await reader.waitForState(/^Live$/);
      const attempts = [
        `document.head.append(Object.assign(document.createElement('style'), { textContent: 'body{color:red}' }))`,
        `document.body.append(Object.assign(new Image(), { src: 'http://192.0.2.1/x.png' }))`,
        `fetch('http://192.0.2.1/').catch(() => {})`,
      ];
      for (const attempt of attempts) {
        const count = reader.complaints.length;
        await reader.page.evaluate(`void (${attempt})`);
        await pollUntil(() => reader.complaints.length > count || undefined, `a complaint about ${attempt}`);
        expect(reader.complaints.at(-1)).toMatch(/Content Security Policy|refused to connect/i);
      }
      await expect(reader.page.evaluate(`void (document.body.innerHTML = '<b>x</b>')`)).rejects.toThrow(
        /TrustedHTML/,
      );
    });
  });
});

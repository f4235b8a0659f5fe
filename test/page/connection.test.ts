// P15: the page across restarts, gaps, refusals and silence: it loses nothing, repeats nothing, and says how it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { publishBatch, usePages } from './page-test.ts';
import { makeCommit, makeCommits, subjects } from './sample-events.ts';

const withPage = usePages();

describe.each([
  ['is stopped', (broker: BrokerProcess) => broker.stop()],
  ['is killed', (broker: BrokerProcess) => broker.kill()],
])('when the broker %s', (_how, end) => {
  it('the page says so, comes back, and has lost and repeated nothing', async (context) => {
    await withPage(context, { events: makeCommits(1, 3) }, async (reader, broker) => {
      for (let round = 1; round <= 2; round += 1) {
        const count = round * 3;
        await reader.waitForTitles(subjects(count, 1));
        await end(broker);
        await reader.waitForState(/^Reconnecting in \d+ s$/);
        await reader.waitForText('#state-words', /ended|cannot be reached/);
        await broker.launch();
        await publishAll(broker.target, '/json', makeCommits(count + 1, count + 2));
        await reader.page
          .getByRole('button', { name: 'Reconnect now' })
          .click({ timeout: 1_000 })
          .catch(() => {});
        await reader.waitForState(/^Live$/);
        await publish(broker.target, '/json', makeCommit(count + 3));
        await reader.waitForTitles(subjects(count + 3, 1));
      }
      expect(await reader.page.locator('[data-tone=gap]').count()).toBe(0);
      expect(await reader.page.locator('#trouble').isVisible()).toBe(false);
    });
  }, 60_000);

  it('the page loses and repeats nothing while others publish all the time', async (context) => {
    await withPage(context, { path: '/busy' }, async (reader, broker) => {
      await reader.waitForState(/^Live$/);
      const published = publishUntilEnd(broker);
      await pollUntil(async () => (await reader.rows.count()) >= 20 || undefined, '20 rows');
      await end(broker);
      await published;
      await broker.launch();
      await publish(broker.target, '/busy', '"last"');
      await pollUntil(async () => (await reader.titles())[0] === '"last"' || undefined, 'the last', 20_000);
      const numbers = (await reader.titles()).slice(1).map(Number).toReversed();
      // Whoever was killed may have stored one more than it acknowledged; none is missing in between.
      expect(numbers).toEqual(Array.from(numbers, (_, index) => index));
      expect(numbers.length).toBeGreaterThanOrEqual(await published);
    });
  }, 60_000);
});

/** Publishes numbers from 0 until the broker is gone. @returns how many it acknowledged */
async function publishUntilEnd({ target }: BrokerProcess): Promise<number> {
  let count = 0;
  try {
    while (count < 900) {
      await publish(target, '/busy', String(count));
      count += 1;
    }
  } catch {
    // The broker is gone.
  }
  return count;
}

describe('a gap', () => {
  it('is shown in the list where events are missing', async (context) => {
    const flags = ['--retention-events', '5'];
    await withPage(context, { flags, events: makeCommits(1, 3) }, async (reader, broker) => {
      await reader.waitForTitles(subjects(3, 1));
      await reader.page.context().setOffline(true);
      await broker.stop();
      await broker.launch();
      await publishBatch(broker.target, '/json', makeCommits(4, 40));
      await pollUntil(async () => {
        // Why it may fail: a poll that pruning overtakes is cut.
        const answer = await request(broker.target, { path: '/json?last=20&poll=1' }).catch(() => undefined);
        return answer?.text.split('\n').length === 6 || undefined;
      }, 'all but five are pruned');
      await reader.page.context().setOffline(false);
      await reader.waitForTitles([...subjects(40, 36), ...subjects(3, 1)]);
      expect((await reader.labels())[5]).toBe('events missing');
      expect(await reader.rows.nth(5).textContent()).toContain('removed before they could be shown');
    });
  }, 60_000);

  it('is shown where the log is another one', async (context) => {
    await withPage(context, {}, async (reader, broker) => {
      const copy = mkdtempSync(join(tmpdir(), 'gitpubsub-copy-'));
      try {
        await reader.waitForState(/^Live$/);
        await broker.stop();
        await broker.saveDirectory(copy);
        await broker.launch();
        await publish(broker.target, '/json', makeCommit(1));
        await reader.waitForTitles(['Subject 1']);
        await broker.stop();
        await broker.restoreDirectory(copy);
        await broker.launch();
        await publish(broker.target, '/json', makeCommit(2));
        await reader.waitForTitles(['Subject 2', 'Subject 1']);
        expect(await reader.labels()).toEqual(['commit', 'events missing', 'commit']);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }
    });
  }, 60_000);
});

describe('a stream', () => {
  it('that is refused is not asked for again and again, and says why', async (context) => {
    let count = 0;
    const refuse = {
      status: 403,
      contentType: 'application/problem+json',
      body: '{"title":"Not allowed","detail":"You may not read /json."}',
    };
    await withPage(
      context,
      {
        prepare: (page) =>
          page.route('**/*format=ndjson*', (route) => {
            count += 1;
            return count === 1 ? route.fulfill(refuse) : route.continue();
          }),
      },
      async (reader) => {
        await reader.waitForState(/^Refused$/);
        await reader.waitForText('#state-words', /^Not allowed: You may not read \/json\.$/);
        expect(count).toBe(1);
        await reader.page.getByRole('button', { name: 'Try again' }).click();
        await reader.waitForState(/^Live$/);
      },
    );
  });

  it('on which nothing comes any more is called silent, not live', async (context) => {
    await withPage(context, { prepare: (page) => page.clock.install() }, async (reader, broker) => {
      await reader.waitForState(/^Live$/);
      broker.sendSignal('SIGSTOP');
      try {
        await reader.page.clock.runFor(14_000);
        await reader.waitForState(/^Silent for \d+ s$/);
      } finally {
        broker.sendSignal('SIGCONT');
      }
      await reader.waitForState(/^Live$/);
    });
  });
});

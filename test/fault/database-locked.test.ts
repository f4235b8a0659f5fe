// Another program holds the broker's database: publishers wait, and nobody else does.

import BetterSqlite3, { type Database } from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

describe('while another program holds the lock of the database', () => {
  let broker: BrokerProcess;
  let holder: Database;

  beforeAll(async () => {
    broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.2'] });
    holder = new BetterSqlite3(broker.databasePath, { timeout: 5_000 });
  });
  afterAll(async () => {
    holder.close();
    await broker.dispose();
  });

  async function statusOf(path: string): Promise<number> {
    return (await request(broker.target, { path })).statusCode;
  }

  /** Holds the lock while something is done. */
  async function holdingLock<T>(act: () => Promise<T>): Promise<T> {
    holder.exec('BEGIN IMMEDIATE');
    try {
      return await act();
    } finally {
      holder.exec('ROLLBACK');
    }
  }

  test('for comparison: without the lock a publish is answered and the broker is ready', async () => {
    await publish(broker.target, '/free', '1');
    expect(await statusOf('/-/readyz')).toBe(200);
  });

  test('a publish waits, streams stay alive, and it is stored when the lock is free', async () => {
    const stream = await StreamReader.open(broker.target, '/short');
    let isAnswered = false;
    const published = await holdingLock(async () => {
      const answer = publish(broker.target, '/short', '1').finally(() => (isAnswered = true));
      const countBefore = stream.keepAliveCount;
      await stream.waitForKeepAlives(countBefore + 4);
      expect(isAnswered).toBe(false);
      return { answer };
    });
    await published.answer;
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  test('a publish is refused after five seconds, the broker is not ready meanwhile and ready after', async () => {
    await holdingLock(async () => {
      const refused = request(broker.target, { method: 'POST', path: '/long', body: '1' });
      await pollUntil(
        async () => ((await statusOf('/-/readyz')) === 503 ? true : undefined),
        'the broker is not ready',
      );
      expect(await statusOf('/-/livez')).toBe(200);
      const problem = expectProblem(await refused, 503);
      expect(problem.type).toBe('urn:gitpubsub:problem:log-unavailable');
    });
    await pollUntil(
      async () => ((await statusOf('/-/readyz')) === 200 ? true : undefined),
      'the broker is ready again',
    );
    await publish(broker.target, '/long', '2');
    const stream = await StreamReader.open(broker.target, '/long', { headers: [['X-Fetch-Since', '0']] });
    expect(await stream.nextEvent()).toBe('2');
    stream.close();
  });
});

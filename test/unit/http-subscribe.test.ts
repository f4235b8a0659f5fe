import { expect, test } from 'vitest';
import { AccessPolicy } from '../../src/access/access-policy.ts';
import { StreamLimiter } from '../../src/access/stream-limiter.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { createEncoders } from '../../src/http/formats.ts';
import { HttpStatistics } from '../../src/http/statistics.ts';
import { handleSubscribe } from '../../src/http/subscribe.ts';
import { FAKE_START_MS, FakeClock } from '../support/fake-clock.ts';
import { createExchange, createRequestHead, FakeResponse } from '../support/fake-http.ts';
import { createHttpContext } from '../support/http-context.ts';
import { readSampleRules } from '../support/sample-access.ts';

const LIFE_MS = 10_000;

/** Subscribes with a token, while finding the start takes its time. @returns what was opened */
async function subscribe(
  startTakesMs: number,
  streamLimiter = new StreamLimiter(),
): Promise<{ selections: unknown[]; response: FakeResponse }> {
  const clock = new FakeClock();
  const expires = `${new Date(FAKE_START_MS + LIFE_MS).toISOString().slice(0, 19)}Z`;
  const principals = { reader: { tokens: [{ token: 'reader', expires }], subscribe: ['/team'] } };
  const rules = {
    trustedPeers: [],
    trustedProxies: [],
    access: readSampleRules({ private: ['/team'], principals }),
  };
  const selections: unknown[] = [];
  const atTime = (): Promise<object> => {
    clock.advance(startTakesMs);
    return Promise.resolve({ offset: 0, timeMs: clock.nowMs() });
  };
  const broker: Record<string, unknown> = {
    starts: { atTime },
    cursorAt: () => 'cursor',
    subscribe: (selection: unknown) => {
      selections.push(selection);
      return { isFull: false, abandon: () => undefined };
    },
  };
  const context = createHttpContext({
    broker: broker as unknown as Broker,
    accessPolicy: new AccessPolicy(rules, clock),
    streamLimiter,
    corsOrigins: [],
    statistics: new HttpStatistics(0),
    encoders: createEncoders(() => 'cursor'),
  });
  const response = new FakeResponse();
  const head = createRequestHead({
    path: '/team',
    query: 'since=0',
    headers: [['authorization', 'Bearer reader']],
  });
  await handleSubscribe(context, createExchange(response), head, { address: '192.0.2.1', isProxy: false });
  return { selections, response };
}

test('a stream opens when its token is right still after its start was found', async () => {
  const { selections, response } = await subscribe(LIFE_MS - 1);
  expect(selections).toHaveLength(1);
  expect(response.head[0]).toBe('200 OK');
});

test('no stream opens whose token expired while its start was looked for', async () => {
  await expect(subscribe(LIFE_MS)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a stream that does not open counts no more, and one that does until its client goes', async () => {
  const streamLimiter = new StreamLimiter();
  await expect(subscribe(LIFE_MS, streamLimiter)).rejects.toThrow();
  expect(streamLimiter.accountCount).toBe(0);
  const { response } = await subscribe(LIFE_MS - 1, streamLimiter);
  expect(streamLimiter.accountCount).toBe(1);
  response.abort();
  expect(streamLimiter.accountCount).toBe(0);
});

// P25: the metrics, in the text format of Prometheus, for who may publish.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

async function readMetrics(localAddress?: string): Promise<RawResponse> {
  const from = localAddress === undefined ? {} : { localAddress };
  return request(broker.target, { path: '/-/metrics', ...from });
}

/** The samples, by name and labels as they stand in the text. */
async function readSamples(): Promise<ReadonlyMap<string, number>> {
  const lines = (await readMetrics()).body
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [sample = '', value] = line.split(/ (?=\S+$)/);
      return [sample, Number(value)];
    }),
  );
}

async function waitForSample(name: string, wanted: number): Promise<void> {
  await pollUntil(
    async () => ((await readSamples()).get(name) === wanted ? true : undefined),
    `${name} is ${String(wanted)}`,
  );
}

describe('P25 metrics', () => {
  it('are text that Prometheus reads, all with our prefix, described, and in base units', async () => {
    const response = await readMetrics();
    expect(response.statusCode).toBe(200);
    expect(response.header('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const names = [
      ...response.body.toString().matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram|summary)$/gm),
    ].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !/^gitpubsub_[a-z0-9_]+$/.test(name))).toEqual([]);
    expect(names.filter((name) => /_(?:ms|milliseconds|kib|minutes)(?:_|$)/.test(name))).toEqual([]);
    for (const name of names) expect(response.body.toString()).toContain(`# HELP ${name} `);
  });

  it('count what is published, delivered, replayed, repeated and refused', async () => {
    const before = await readSamples();
    const live = await StreamReader.open(broker.target, '/counted');
    await publish(broker.target, '/counted', '{"n":1}');
    await publish(broker.target, '/counted', '{"n":2}');
    await live.waitForEvents(2);
    const replay = await StreamReader.open(broker.target, '/counted?since=0');
    await replay.waitForEvents(2);
    for (let repeat = 0; repeat < 3; repeat++) {
      const headers = [['Idempotency-Key', 'metrics-1']] as const;
      await request(broker.target, { method: 'POST', path: '/keyed', body: '1', headers });
    }
    await request(broker.target, { method: 'POST', path: '/refused', body: 'no json' });
    const after = await readSamples();
    const grownBy = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(grownBy('gitpubsub_events_published_total')).toBe(3);
    expect(grownBy('gitpubsub_events_delivered_total')).toBe(2);
    expect(grownBy('gitpubsub_events_replayed_total')).toBe(2);
    expect(grownBy('gitpubsub_requests_deduplicated_total')).toBe(2);
    expect(grownBy('gitpubsub_requests_refused_total{reason="invalid-payload"}')).toBe(1);
    expect(grownBy('gitpubsub_fan_out_duration_seconds_count')).toBeGreaterThanOrEqual(1);
    expect(grownBy('gitpubsub_log_events')).toBe(3);
    expect(after.get('gitpubsub_ready')).toBe(1);
    expect(after.get('gitpubsub_log_size_bytes')).toBeGreaterThan(4_096);
    const oldest = after.get('gitpubsub_log_oldest_event_timestamp_seconds') ?? 0;
    expect(Math.abs(oldest - Date.now() / 1000)).toBeLessThan(3_600);
    live.close();
    replay.close();
  });

  it('show open streams by format, and why they ended', async () => {
    const ended = 'gitpubsub_streams_ended_total{reason="client left"}';
    const endedBefore = (await readSamples()).get(ended) ?? 0;
    const stream = await StreamReader.open(broker.target, '/formats?format=sse');
    await waitForSample('gitpubsub_subscribers{format="sse"}', 1);
    stream.close();
    await waitForSample('gitpubsub_subscribers{format="sse"}', 0);
    await waitForSample(ended, endedBefore + 1);
  });

  it('count gaps by their reason', async () => {
    const stream = await StreamReader.open(broker.target, '/gap?cursor=0123456789ab-42-deadbeef');
    expect((await readSamples()).get('gitpubsub_gaps_total{reason="unknown"}')).toBe(1);
    stream.close();
  });

  it('name no topic and no address', async () => {
    await publish(broker.target, '/secret-topic', '1');
    const text = (await readMetrics()).body.toString();
    expect(text).not.toContain('secret-topic');
    expect(text).not.toContain('127.0.0.1');
  });

  it('are not for strangers', async () => {
    const problem = expectProblem(await readMetrics('127.0.0.5'), 403);
    expect(problem.type).toBe('urn:gitpubsub:problem:metrics-forbidden');
  });

  it('answer HEAD without a body', async () => {
    const response = await request(broker.target, { method: 'HEAD', path: '/-/metrics' });
    expect(response.statusCode).toBe(200);
  });
});

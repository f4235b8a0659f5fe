// P27: the end of a broker on SIGTERM. Each case ends a broker of its own.

import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess, type ProcessExit } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish, publishAll } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type BodyEnd, type Target } from '../support/raw-http.ts';
import { statusOf } from '../support/readiness.ts';
import { StreamReader } from '../support/stream-reader.ts';

async function withBroker(
  act: (broker: BrokerProcess) => Promise<void>,
  onUnixSocket: boolean = false,
): Promise<void> {
  const broker = await BrokerProcess.start({ onUnixSocket });
  try {
    await act(broker);
  } finally {
    await broker.dispose();
  }
}

async function waitUntilRefusing(broker: BrokerProcess): Promise<void> {
  const { target } = broker;
  await pollUntil(async () => {
    const probe = await RawConnection.open(target).catch(() => undefined);
    probe?.close();
    return probe === undefined ? true : undefined;
  }, 'new connections are refused');
}

describe('P27 SIGTERM to a broker with streams and idle connections', () => {
  let broker: BrokerProcess;
  let target: Target;
  let ends: readonly BodyEnd[];
  let exit: ProcessExit;

  beforeAll(async () => {
    broker = await BrokerProcess.start();
    target = broker.target;
    await publish(target, '/end', '1');
    const silent = await RawConnection.open(target);
    const kept = await RawConnection.open(target);
    kept.write(composeRequest({ path: '/-/livez' }));
    await kept.readResponse();
    const streams = await Promise.all([
      StreamReader.open(target, '/end'),
      StreamReader.open(target, '/end', { headers: [['X-Fetch-Since', '0']] }),
      StreamReader.open(target, '/', { headers: [['Connection', 'close']] }),
    ]);
    for (const stream of streams) await stream.waitForKeepAlives(1);
    broker.sendSignal('SIGTERM');
    ends = await Promise.all(streams.map(async (stream) => stream.waitForEnd()));
    exit = await broker.waitForExit();
    silent.close();
    kept.close();
  });
  afterAll(async () => {
    await broker.dispose();
  });

  it('ends every stream with a final chunk', () => {
    expect(ends).toStrictEqual(['final-chunk', 'final-chunk', 'final-chunk']);
  });

  it('exits with 0', () => {
    expect(exit).toStrictEqual({ code: 0, signal: null });
  });

  it('listens no more', async () => {
    await expect(RawConnection.open(target)).rejects.toThrow('ECONNREFUSED');
  });
});

describe.concurrent('P27 SIGTERM', () => {
  it('ends a broker on a Unix socket and its streams', async () => {
    await withBroker(async (broker) => {
      const stream = await StreamReader.open(broker.target, '/end');
      broker.sendSignal('SIGTERM');
      expect(await stream.waitForEnd()).toBe('final-chunk');
      expect(await broker.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
    }, true);
  });

  it('answers a publish whose body was still on its way, stores it, and takes nobody new meanwhile', async () => {
    await withBroker(async (broker) => {
      const connection = await RawConnection.open(broker.target);
      connection.write(
        composeRequest({ method: 'POST', path: '/begun', headers: [['Content-Length', '7']] }),
      );
      connection.write('"beg');
      // Why: an answer to another request proves that the broker has seen the one before it.
      await request(broker.target, { path: '/-/livez' });
      broker.sendSignal('SIGTERM');
      await waitUntilRefusing(broker);
      connection.write('un"');
      expect((await connection.readResponse('POST')).describe()).toMatch(/^status 200\b/);
      expect(await broker.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
      await broker.launch();
      const stream = await StreamReader.open(broker.target, '/begun', { headers: [['X-Fetch-Since', '0']] });
      expect(await stream.nextEvent()).toBe('"begun"');
      stream.close();
      connection.close();
    });
  });

  it('loses no publish that it answered, and hands each over before the final chunk', async () => {
    await withBroker(async (broker) => {
      const stream = await StreamReader.open(broker.target, '/busy');
      const bodies = Array.from({ length: 200 }, (_, index) => `{"n":${String(index)}}`);
      const publishing = Promise.allSettled(
        bodies.map(async (body) => publish(broker.target, '/busy', body)),
      );
      await stream.waitForEvents(1);
      broker.sendSignal('SIGTERM');
      const outcomes = await publishing;
      const acknowledged = bodies.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      expect(await stream.waitForEnd()).toBe('final-chunk');
      expect(stream.events).toStrictEqual(expect.arrayContaining(acknowledged));
      expect(await broker.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
      await broker.launch();
      const replay = await StreamReader.open(broker.target, '/busy', { headers: [['X-Fetch-Since', '0']] });
      expect((await replay.waitForEvents(acknowledged.length)).toSorted()).toStrictEqual(
        expect.arrayContaining(acknowledged.toSorted()),
      );
      replay.close();
    });
  });

  it('does not wait for a stream that does not drain: the broker ends within 10 seconds with 0', async () => {
    await withBroker(async (broker) => {
      const stuck = await StreamReader.open(broker.target, '/stuck');
      const quick = await StreamReader.open(broker.target, '/other');
      stuck.pause();
      const bodies = Array.from(
        { length: 50 },
        (_, index) => `{"n":${String(index)},"t":"${'x'.repeat(200_000)}"}`,
      );
      await publishAll(broker.target, '/stuck', bodies);
      broker.sendSignal('SIGTERM');
      expect(await quick.waitForEnd()).toBe('final-chunk');
      expect(await broker.waitForExit(10_000)).toStrictEqual({ code: 0, signal: null });
      stuck.resume();
      // Why: a stream whose last write just fitted into the kernel's buffers has drained, as far as the broker can see.
      expect(['cut', 'final-chunk']).toContain(await stuck.waitForEnd());
      expect(stuck.events).toStrictEqual(bodies.slice(0, stuck.events.length));
      expect(stuck.events.length).toBeLessThan(bodies.length);
    });
  });
});

describe('P27 SIGTERM while publishers wait', () => {
  it('for a lock of another program refuses them with 503', async () => {
    await withBroker(async (broker) => {
      const holder = new BetterSqlite3(broker.databasePath);
      holder.exec('BEGIN IMMEDIATE');
      const connection = await RawConnection.open(broker.target);
      connection.write(composeRequest({ method: 'POST', path: '/locked', body: '1' }));
      await statusOf(broker.target, '/-/livez');
      broker.sendSignal('SIGTERM');
      const refusal = await connection.readResponse();
      holder.close();
      expect(expectProblem(refusal, 503).detail).toMatch(/locked. Nothing was stored/);
      expect(await broker.waitForExit()).toEqual({ code: 0, signal: null });
    });
  });

  it('for the rest of their own body refuses them with 503', async () => {
    await withBroker(async (broker) => {
      const connection = await RawConnection.open(broker.target);
      connection.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"begun');
      await statusOf(broker.target, '/-/livez');
      broker.sendSignal('SIGTERM');
      const problem = expectProblem(await connection.readResponse(), 503);
      expect(problem.type).toMatch(/shutting-down$/);
      expect(await broker.waitForExit()).toEqual({ code: 0, signal: null });
    });
  });
});

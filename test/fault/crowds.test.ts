// More of everything than there is room for: connections, bodies, file descriptors. Who is in stays in and is served.

import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { besideOthers } from '../support/bystanders.ts';
import { BrokerProcess, runCommandLine } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import {
  composeRequest,
  RawConnection,
  request,
  type RawResponse,
  type Target,
} from '../support/raw-http.ts';
import { withBroker } from '../support/with-broker.ts';

const strangerAddress = '127.0.0.5';

/** A subscriber of a crowd: it may be let in or closed. */
interface Member {
  readonly connection: RawConnection;
  readonly response: RawResponse;
}

/** Lets so many subscribe to `/crowd` from one address, and waits until each is let in or closed. */
async function gatherCrowd(target: Target, count: number, localAddress?: string): Promise<readonly Member[]> {
  const members: Member[] = [];
  // Why in groups: more at a time than the kernel's queue of new connections are delayed by it, not by the broker.
  for (let done = 0; done < count; done += 100) {
    const group = await Promise.all(
      Array.from({ length: Math.min(100, count - done) }, async () => joinCrowd(target, localAddress)),
    );
    members.push(...group);
  }
  return members;
}

async function joinCrowd(target: Target, localAddress?: string): Promise<Member> {
  const connection = await RawConnection.open(target, localAddress);
  const response = connection.expect();
  connection.write(composeRequest({ path: '/crowd' }));
  await connection
    .waitFor(() => (response.hasHead || connection.isClosed ? true : undefined), 'in or closed', response)
    .catch((error: unknown) => {
      if (!connection.isClosed) throw error;
    });
  return { connection, response };
}

function isIn({ connection, response }: Member): boolean {
  return response.hasHead && !connection.isClosed;
}

/** Publishes to the crowd, and waits until each of these has it. */
async function expectAllServed(target: Target, members: readonly Member[], event: string): Promise<void> {
  await publish(target, '/crowd', event);
  for (const { connection, response } of members)
    await connection.waitFor(
      () => (response.text.includes(event) ? true : undefined),
      `${event} arrives`,
      response,
    );
}

function disperse(members: readonly Member[]): void {
  for (const { connection } of members) connection.close();
}

async function countDescriptors(broker: BrokerProcess): Promise<number> {
  return (await readdir(`/proc/${String(broker.pid)}/fd`)).length;
}

function makeLarge(byteCount: number): Buffer {
  return composeRequest({ method: 'POST', path: '/large', body: `"${'x'.repeat(byteCount - 2)}"` });
}

/** Sends all but the last byte on connection after connection, until one is refused. */
async function fill(target: Target, connections: RawConnection[], bodyBytes: number): Promise<RawResponse> {
  while (connections.length < 1_000) {
    const connection = await RawConnection.open(target);
    connections.push(connection);
    const response = connection.expect('POST');
    await connection.writeAll(makeLarge(bodyBytes).subarray(0, -1));
    // Why: an answer to another request shows that the broker has looked at this one.
    await request(target, { path: '/-/livez' });
    if (response.hasHead) {
      await connection.waitFor(() => response.end, 'the refusal', response);
      return response;
    }
  }
  throw new Error('none of 1,000 unfinished bodies is refused');
}

describe('connections from one address', () => {
  test('are served, 2,000 of them, and so is everybody else', async () => {
    await withBroker(['--max-peer-streams', '2000'], async (broker) => {
      await besideOthers(broker.target, async (bystanders) => {
        const crowd = await gatherCrowd(broker.target, 2_000, strangerAddress);
        expect(crowd.every(isIn)).toBe(true);
        await bystanders.beServed();
        await expectAllServed(broker.target, crowd, '"for all"');
        await bystanders.beServed();
        disperse(crowd);
      });
    });
  }, 60_000);
});

describe('more connections than maxConnections', () => {
  const maxConnections = 50;
  const keptPlaces = 5;

  test('of strangers are closed unanswered; who is in stays, and publishers still come in', async () => {
    await withBroker(['--max-connections', String(maxConnections)], async (broker) => {
      await besideOthers(broker.target, async (bystanders) => {
        const crowd = await gatherCrowd(broker.target, 2 * maxConnections, strangerAddress);
        const members = crowd.filter(isIn);
        // The two bystanders have their places among those for everybody.
        expect(members).toHaveLength(maxConnections - keptPlaces - 2);
        const others = crowd.filter((member) => !members.includes(member));
        expect(others.filter(({ response }) => response.hasHead)).toStrictEqual([]);
        await bystanders.beServed();
        await expectAllServed(broker.target, members, '"for those who are in"');
        expect(members.every(isIn)).toBe(true);

        disperse(crowd);
        await pollUntil(async () => {
          const [member] = await gatherCrowd(broker.target, 1, strangerAddress);
          member?.connection.close();
          return member !== undefined && isIn(member) ? true : undefined;
        }, 'there is room for a stranger again');
      });
    });
  });

  test('of trusted peers are closed too, and nobody who is in is put out', async () => {
    await withBroker(['--max-connections', String(maxConnections)], async (broker) => {
      const crowd = await gatherCrowd(broker.target, 2 * maxConnections);
      const members = crowd.filter(isIn);
      expect(members).toHaveLength(maxConnections);
      expect(crowd.slice(0, maxConnections)).toStrictEqual(members);
      members.pop()?.connection.close();
      await pollUntil(
        async () => publish(broker.target, '/free', '1').catch(() => undefined),
        'the free place is taken by a publisher',
      );
      await expectAllServed(broker.target, members, '"for those who are in"');
      disperse(crowd);
    });
  });

  test('are none, for comparison, if there are just as many', async () => {
    await withBroker(['--max-connections', String(maxConnections)], async (broker) => {
      const crowd = await gatherCrowd(broker.target, maxConnections - keptPlaces, strangerAddress);
      expect(crowd.every(isIn)).toBe(true);
      disperse(crowd);
    });
  });
});

describe('more bodies at once than the broker holds', () => {
  test('are refused with 503 and a time to come back, and small events still get through', async () => {
    await withBroker([], async (broker) => {
      const connections: RawConnection[] = [];
      await besideOthers(broker.target, async (bystanders) => {
        for (const bodyBytes of [250_000, 16_000]) {
          const refusal = await fill(broker.target, connections, bodyBytes);
          expectProblem(refusal, 503);
          expect(refusal.header('retry-after')).toMatch(/^\d+$/);
        }
        await publish(broker.target, '/small', `"${'x'.repeat(20_000)}"`);
        await bystanders.beServed();
        for (const connection of connections) connection.close();
        await pollUntil(
          async () => publish(broker.target, '/large', `"${'x'.repeat(250_000)}"`).catch(() => undefined),
          'a large event is taken again',
        );
      });
    });
  });

  test('are none, for comparison, where each is finished before the next begins', async () => {
    await withBroker([], async (broker) => {
      const connection = await RawConnection.open(broker.target);
      for (let count = 0; count < 300; count += 1) {
        await connection.writeAll(makeLarge(250_000));
        expect((await connection.readResponse('POST')).statusCode).toBe(200);
      }
      connection.close();
    });
  }, 60_000);
});

describe('file descriptors', () => {
  const openFiles = 160;
  const capacity = openFiles - 64;

  test('never run out, however many connect, and everybody who is in is served', async () => {
    await withBroker(
      [],
      async (broker) => {
        expect(broker.stdout).toContain('"fewer connections than configured: raise the limit of open files"');
        await besideOthers(broker.target, async (bystanders) => {
          const crowd = await gatherCrowd(broker.target, 3 * openFiles, strangerAddress);
          const members = crowd.filter(isIn);
          expect(members.length).toBeGreaterThan(capacity / 2);
          expect(members.length).toBeLessThanOrEqual(capacity);
          expect(await countDescriptors(broker)).toBeLessThan(openFiles - 16);
          await bystanders.beServed();
          await expectAllServed(broker.target, members, '"for those who are in"');
          disperse(crowd);
        });
        await pollUntil(
          async () => ((await countDescriptors(broker)) < openFiles / 2 ? true : undefined),
          'they are given back',
        );
      },
      { openFiles },
    );
  });

  test.each([24, 64, 127])('%d of them are too few to start, which is said in one line', async (few) => {
    const { code, stdout, stderr } = await runCommandLine(['serve', '--port', '0'], { openFiles: few });
    expect([code, stdout]).toStrictEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^gitpubsub: The limit of open files is ${few};.*\n$`));
  });

  test('128 of them, for comparison, are enough', async () => {
    await withBroker(
      [],
      async (broker) => {
        await publish(broker.target, '/few', '1');
      },
      { openFiles: 128 },
    );
  });
});

// Clients that go in the middle: by a close, a reset, or by closing only their own side.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bystanders, besideOthers } from '../support/bystanders.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { pollUntil } from '../support/deadline.ts';
import { publish } from '../support/publisher.ts';
import { composeRequest, RawConnection, request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const CLIENTS = 200;
/** So large that the unfinished ones of all clients together pass what the broker holds at a time. */
const LARGE = `"${'x'.repeat(250_000)}"`;

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

async function readSubscriberCount(): Promise<number> {
  return Number((await request(broker.target, { method: 'HEAD' })).header('x-subscribers'));
}

/** Everything that was stored at the topic. */
async function eventsHeld(path: string): Promise<readonly string[]> {
  await publish(broker.target, path, '"end"');
  const stream = await StreamReader.open(broker.target, path, { headers: [['X-Fetch-Since', '0']] });
  try {
    return await stream.readUntil('"end"');
  } finally {
    stream.close();
  }
}

/** Lets clients come one after the other, write, and go. */
async function comeAndGo(
  makeBytes: (count: number) => Buffer,
  leave: (connection: RawConnection) => void,
  bystanders: Bystanders,
): Promise<void> {
  for (let count = 0; count < CLIENTS; count += 1) {
    const connection = await RawConnection.open(broker.target);
    await connection.writeAll(makeBytes(count));
    leave(connection);
    if (count === CLIENTS / 2) await bystanders.beServed();
  }
}

const departures = [
  ['close', (connection: RawConnection) => connection.close()],
  ['reset', (connection: RawConnection) => connection.reset()],
] as const;

describe.each(departures)('publishers that %s', (how, leave) => {
  const unfinished = [
    ['head', 50],
    ['body', 200_000],
  ] as const;

  test.each(unfinished)('in the middle of a %s leave nothing behind', async (what, length) => {
    const path = `/left/${how}/${what}`;
    await besideOthers(broker.target, async (bystanders) => {
      const bytes = composeRequest({ method: 'POST', path, body: LARGE }).subarray(0, length);
      await comeAndGo(() => bytes, leave, bystanders);
      expect(await eventsHeld(path)).toStrictEqual([]);
    });
    // Why: what the unfinished ones took must be free again, or this one would be refused.
    await pollUntil(
      async () =>
        (await request(broker.target, { method: 'POST', path, body: LARGE })).statusCode === 200
          ? true
          : undefined,
      'a large event is taken again',
    );
  });

  test('before the answer are stored once at the most', async () => {
    const path = `/left/${how}/answer`;
    await besideOthers(broker.target, async (bystanders) => {
      await comeAndGo(
        (count) => composeRequest({ method: 'POST', path, body: String(count) }),
        leave,
        bystanders,
      );
      const held = await eventsHeld(path);
      expect(new Set(held).size).toBe(held.length);
    });
  });

  test('after the answer, for comparison, are stored', async () => {
    const path = `/left/${how}/after`;
    for (let count = 0; count < 3; count += 1) {
      const connection = await RawConnection.open(broker.target);
      connection.write(composeRequest({ method: 'POST', path, body: '1' }));
      await connection.readResponse('POST');
      leave(connection);
    }
    expect(await eventsHeld(path)).toStrictEqual(['1', '1', '1']);
  });
});

test.each(departures)('subscribers that %s are forgotten', async (how, leave) => {
  await besideOthers(broker.target, async (bystanders) => {
    const before = await readSubscriberCount();
    const connections = await Promise.all(
      Array.from({ length: CLIENTS }, async () => RawConnection.open(broker.target)),
    );
    for (const connection of connections) connection.write(composeRequest({ path: `/left/${how}` }));
    await pollUntil(
      async () => ((await readSubscriberCount()) === before + CLIENTS ? true : undefined),
      'all subscribe',
    );
    for (const [index, connection] of connections.entries()) {
      leave(connection);
      if (index % 50 === 0) await publish(broker.target, `/left/${how}`, LARGE);
    }
    await bystanders.beServed();
    await pollUntil(
      async () => ((await readSubscriberCount()) === before ? true : undefined),
      'all are forgotten',
    );
  });
});

describe('clients that close their own side only', () => {
  test.each([
    ['a publish', { method: 'POST', path: '/half/whole', body: '1' }],
    ['a question', { method: 'GET', path: '/-/livez' }],
  ])('after %s are answered', async (_what, options) => {
    const connection = await RawConnection.open(broker.target);
    connection.write(composeRequest(options));
    connection.halfClose();
    expect((await connection.readResponse(options.method)).statusCode).toBe(200);
    await connection.waitForClose();
  });

  test.each([
    ['a head', 30],
    ['a body', 200_000],
  ])('in the middle of %s are closed, and nothing is stored', async (_what, length) => {
    await besideOthers(broker.target, async () => {
      const connection = await RawConnection.open(broker.target);
      connection.write(
        composeRequest({ method: 'POST', path: '/half/cut', body: LARGE }).subarray(0, length),
      );
      connection.halfClose();
      await connection.waitForClose();
      expect(await eventsHeld('/half/cut')).not.toContain(LARGE);
    });
  });

  test('as subscribers have left: their stream is closed, and they are forgotten', async () => {
    await besideOthers(broker.target, async () => {
      const before = await readSubscriberCount();
      const connection = await RawConnection.open(broker.target);
      connection.write(composeRequest({ path: '/half/stream' }));
      connection.halfClose();
      await connection.waitForClose();
      await pollUntil(
        async () => ((await readSubscriberCount()) === before ? true : undefined),
        'it is forgotten',
      );
    });
  });
});

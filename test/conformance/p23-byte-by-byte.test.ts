// P11 to P16 and P23: readers that fall behind and come back get every byte of every format, streams and polls alike.
// raw-http takes a body apart by its framing, so a chunk's size or end that is wrong shows as `malformed`.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRandomBacklog } from '../support/backlog.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { toEventObject } from '../support/event-object.ts';
import { poll } from '../support/poll.ts';
import { publishSideBySide, type Acknowledgement } from '../support/publisher.ts';
import { composeRequest, RawConnection, type RawResponse } from '../support/raw-http.ts';
import { readStopAndGo } from '../support/stop-and-go.ts';
import { describeOnEachWire } from '../support/wires.ts';

const TOPIC = '/bytes';
/** How an event looks, and all else that may stand between events. */
interface Look {
  readonly format: string;
  readonly event: (body: string, acknowledgement: Acknowledgement) => string;
  readonly others: RegExp;
}

const looks: readonly Look[] = [
  {
    format: 'gitpubsub',
    event: (body) => `${body}\r\n`,
    others: /^\{"stillalive": \d+\.\d{3}\}\r\n/gm,
  },
  {
    format: 'ndjson',
    event: (body, acknowledgement) => `${toEventObject(TOPIC, body, acknowledgement)}\n`,
    others: /^\{"stillalive": \d+\.\d{3},"pubsub_cursor":"[\w-]+"\}\n/gm,
  },
  {
    format: 'sse',
    event: (body, acknowledgement) =>
      `id: ${acknowledgement.cursor}\ndata: ${toEventObject(TOPIC, body, acknowledgement)}\n\n`,
    others: /^(?:retry: \d+|event: start\nid: [\w-]+\ndata: .*|: stillalive \d+\.\d{3}\nid: [\w-]+)\n\n/gm,
  },
];

/** A subscriber whose request is sent and whose answer is not read yet. */
interface Pending {
  readonly connection: RawConnection;
  readonly response: RawResponse;
}

function raise(message: string): never {
  throw new Error(message);
}

/** Where two long texts begin to differ, with what stands there, or undefined. */
function findDifference(actual: string, expected: string): string | undefined {
  if (actual === expected) return undefined;
  let index = 0;
  while (actual[index] === expected[index]) index += 1;
  const show = (text: string): string => JSON.stringify(text.slice(Math.max(0, index - 40), index + 80));
  return `at ${String(index)} of ${String(expected.length)}: ${show(actual)} instead of ${show(expected)}`;
}

describeOnEachWire((wire) => {
  /** What was stored, in the order of the log. */
  let stored: readonly (readonly [body: string, acknowledgement: Acknowledgement])[] = [];
  let broker: BrokerProcess;
  const live = new Map<string, Pending>();

  async function ask(query: string): Promise<Pending> {
    const connection = await RawConnection.open(broker.target);
    connection.write(composeRequest({ path: `${TOPIC}?${query}` }));
    return { connection, response: connection.expect() };
  }

  beforeAll(async () => {
    // Why the stall time: the live readers wait for their turn, and the machine may be busy.
    broker = await BrokerProcess.start({
      ...wire,
      flags: ['--keep-alive-seconds', '0.2', '--stall-seconds', '600'],
    });
    for (const { format } of looks) {
      const pending = await ask(`format=${format}`);
      await pending.connection.waitFor(
        () => pending.response.hasHead || undefined,
        'the head',
        pending.response,
      );
      pending.connection.pause();
      live.set(format, pending);
    }
    const bodies = makeRandomBacklog(23, 42_000_000, 20_000);
    const acknowledgements = await publishSideBySide(broker.target, TOPIC, bodies);
    const acknowledged = new Map(acknowledgements.map((one, index) => [bodies[index] ?? '', one]));
    // The order is that which a reader who never stops finds.
    const { events } = await poll(broker.target, `${TOPIC}?since=0`);
    expect(events).toHaveLength(bodies.length);
    stored = events.map((body) => [body, acknowledged.get(body) ?? raise(`nobody published ${body}`)]);
  }, 120_000);
  afterAll(async () => {
    for (const { connection } of live.values()) connection.close();
    await broker.dispose();
  });

  function expectAll({ event }: Look): string {
    return stored.map(([body, acknowledgement]) => event(body, acknowledgement)).join('');
  }

  describe.each(looks)('P23 a reader that stops and goes: $format', (look) => {
    it.each(['live', 'replayed'])(
      'gets every byte of a stream: %s',
      async (kind) => {
        const pending = kind === 'live' ? live.get(look.format) : await ask(`format=${look.format}&since=0`);
        if (!pending) throw new TypeError('the reader was opened before');
        const { connection, response } = pending;
        const expected = expectAll(look);
        await readStopAndGo(connection, response, Buffer.byteLength(expected));
        const read = (): string => response.text.replace(look.others, '');
        // Why the length first: comparing is too much work for every packet.
        const isThere = (): boolean => response.end !== undefined || read().length >= expected.length;
        await connection.waitFor(() => isThere() || undefined, 'the last event', response);
        expect(findDifference(read(), expected)).toBeUndefined();
        expect(response.end).toBeUndefined();
        connection.close();
      },
      60_000,
    );
  });

  describe.each(looks.filter(({ format }) => format !== 'sse'))(
    'P23 a reader of a poll that stops and goes: $format',
    (look) => {
      it.runIf(look.format !== 'sse')(
        'gets every byte of a poll',
        async () => {
          const { connection, response } = await ask(`format=${look.format}&since=0&poll=1`);
          const expected = expectAll(look);
          await readStopAndGo(connection, response, Infinity);
          expect(response.end).toBe('final-chunk');
          // A blank may stand in front of a line that had to wait.
          expect(findDifference(response.text.replace(/^ +/gm, ''), expected)).toBeUndefined();
          connection.close();
        },
        60_000,
      );
    },
  );
});

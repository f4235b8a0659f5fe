import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Audience } from '../../bench/load/audience.ts';
import { createPayload, stampPlace } from '../../bench/load/payload.ts';
import { pollUntil } from '../support/deadline.ts';

const PAYLOAD_BYTES = 200;
const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const KEEP_ALIVE = chunk('{"stillalive": 1}\r\n');

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

function eventLine(lane: number, index: number): string {
  const payload = createPayload(PAYLOAD_BYTES);
  stampPlace(payload, 0, { lane, index });
  return payload.toString('latin1').trimEnd();
}

function events(...indexes: readonly number[]): string {
  return indexes.map((index) => chunk(`${eventLine(0, index)}\r\n`)).join('');
}

// What an audience of two finds when they are sent these streams, each closed by a keep-alive, and three events were published.
async function faultsOf(streams: readonly [string, string], pieceBytes = Infinity): Promise<string[]> {
  const waiting = [...streams];
  server = createServer((socket) => {
    socket.once('data', () => {
      const bytes = HEAD + (waiting.shift() ?? '') + KEEP_ALIVE;
      for (let at = 0; at < bytes.length; at += pieceBytes) socket.write(bytes.slice(at, at + pieceBytes));
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const audience = new Audience({
    port,
    payload: createPayload(PAYLOAD_BYTES),
    format: undefined,
    headers: [],
  });
  const subscribers = streams.map(() => audience.add({ path: '/json', laneCount: 1 }));
  await audience.openAll(subscribers, 1);
  const isOver = () => subscribers.every(({ lastAliveMs }) => lastAliveMs > 0) || undefined;
  await pollUntil(isOver, 'a keep-alive for each subscriber');
  for (const subscriber of subscribers) subscriber.close();
  return audience.findFaults(Int32Array.of(3));
}

describe('the audience of the load generator', () => {
  const whole = events(0, 1, 2);

  test.each([Infinity, 7, 1])(
    'finds no fault in whole streams that come in pieces of %s bytes',
    async (bytes) => {
      expect(await faultsOf([whole, whole], bytes)).toEqual([]);
    },
  );

  test.each([
    ['lost', events(0, 2), ['1 lost', '2 different orders']],
    ['doubled', events(0, 1, 1, 2), ['1 doubled', '2 different orders']],
    ['reordered', events(0, 2, 1), ['1 reordered', '2 different orders']],
  ])('notices that one of its subscribers had an event %s', async (_, stream, faults) => {
    expect(await faultsOf([whole, stream])).toEqual(faults);
  });

  test('notices a byte that is not as it was published', async () => {
    const changed = whole.replace('xx"', 'xy"');
    expect(await faultsOf([whole, changed])).toEqual(['an event is not as it was published']);
  });

  test('notices an event of another length', async () => {
    const longer = events(0, 1) + chunk(`${eventLine(0, 2)} \r\n`);
    expect(await faultsOf([whole, longer])).toEqual([`an event of ${PAYLOAD_BYTES} bytes`]);
  });

  test('notices a line that is no event and no keep-alive', async () => {
    const [fault, ...others] = await faultsOf([whole, chunk('{"pubsub_gap":{}}\r\n') + whole]);
    expect(fault).toMatch(/^no event and no keep-alive: \{"pubsub_gap"/);
    expect(others).toEqual([]);
  });
});

// P8: many events in one request, one a line: all of them or none, in order, with one acknowledgement.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const batchType = ['Content-Type', 'application/x-ndjson'] as const;
const mostEvents = 10_000;
const smallBatchBytes = 2_000;
const smallEventBytes = 500;

let broker: BrokerProcess;
let small: BrokerProcess;

beforeAll(async () => {
  [broker, small] = await Promise.all([
    BrokerProcess.start(),
    BrokerProcess.start({
      flags: ['--max-batch-bytes', String(smallBatchBytes), '--max-event-bytes', String(smallEventBytes)],
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker.dispose(), small.dispose()]);
});

async function postBatch(
  path: string,
  body: string | Buffer,
  where: BrokerProcess = broker,
): Promise<RawResponse> {
  return request(where.target, { method: 'POST', path, headers: [batchType], body });
}

/** What a live subscriber of the topic gets while `act` runs, up to a last event that is published after it. */
async function eventsDuring(
  path: string,
  act: () => Promise<unknown>,
  where: BrokerProcess = broker,
): Promise<readonly string[]> {
  const stream = await StreamReader.open(where.target, path);
  try {
    await act();
    await publish(where.target, path, '"end"');
    return await stream.readUntil('"end"');
  } finally {
    stream.close();
  }
}

async function eventsHeld(path: string, count: number): Promise<readonly string[]> {
  const stream = await StreamReader.open(broker.target, path, { headers: [['X-Fetch-Since', '0']] });
  try {
    return await stream.waitForEvents(count);
  } finally {
    stream.close();
  }
}

function readCursor(response: RawResponse): string {
  expect(response.describe()).toMatch(/^status 200\b/);
  return response.header('x-cursor') ?? '';
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `{"n":${String(index)}}`);
}

/** Exactly so many bytes of lines, each an event within the small broker's limit. */
function batchOfBytes(byteCount: number): string {
  const lineBytes = 100;
  const line = `"${'x'.repeat(lineBytes - 3)}"\n`;
  const fullLines = Math.floor(byteCount / lineBytes) - 1;
  const rest = byteCount - fullLines * lineBytes;
  return `${line.repeat(fullLines)}"${'y'.repeat(rest - 3)}"\n`;
}

async function eventsAfter(cursor: string, count: number): Promise<readonly string[]> {
  const stream = await StreamReader.open(broker.target, '/cursor', {
    headers: [['X-Fetch-Since-Cursor', cursor]],
  });
  try {
    return await stream.waitForEvents(count);
  } finally {
    stream.close();
  }
}

async function heldAfterKill(where: BrokerProcess, path: string): Promise<readonly string[]> {
  await publish(where.target, path, '"end"');
  const stream = await StreamReader.open(where.target, path, { headers: [['X-Fetch-Since', '0']] });
  try {
    return await stream.readUntil('"end"');
  } finally {
    stream.close();
  }
}

describe('P8 a batch', () => {
  it.each(['POST', 'PUT'])('brings one event a line with %s', async (method) => {
    const body = '{"n":1}\n"two"\n3\n';
    const events = await eventsDuring('/lines', async () =>
      request(broker.target, { method, path: '/lines', headers: [batchType], body }),
    );
    expect(events).toStrictEqual(['{"n":1}', '"two"', '3']);
  });

  it.each([
    ['no line feed at the end', '1\n2', ['1', '2']],
    ['one line only', '1', ['1']],
    ['CR LF', '1\r\n2\r\n', ['1', '2']],
    ['blank lines before, between and after', '\n\n1\n\n\n2\n\n', ['1', '2']],
    ['lines of blanks, tabs and CR', ' \t\n1\r\n \r\n\t\n2\n \r', ['1', '2']],
    ['white space in and around values', ' { "a" : [ 1 ] } \n\t2\t\n', ['{"a":[1]}', '2']],
    [
      'escaped line ends in strings',
      '"a\\nb"\n"c\\r\\nd\\u000a\\u2028"\n',
      ['"a\\nb"', '"c\\r\\nd\\u000a\\u2028"'],
    ],
    ['what ends lines elsewhere', '"\u2028"\n"\u0085"\n', ['"\\u2028"', '"\\u0085"']],
    ['values that need all their digits', '12345678901234567890\n1.0\n', ['12345678901234567890', '1.0']],
  ])('may have %s', async (_what, body, expected) => {
    expect(await eventsDuring('/forms', async () => postBatch('/forms', body))).toStrictEqual(expected);
  });

  it.each([
    'application/x-ndjson',
    'Application/X-NDJSON',
    'application/x-ndjson; charset=utf-8',
    ' application/x-ndjson ;a=b',
  ])('is known by its Content-Type %s', async (contentType) => {
    const headers = [['Content-Type', contentType]] as const;
    const events = await eventsDuring('/types', async () =>
      request(broker.target, { method: 'POST', path: '/types', headers, body: '1\n2\n' }),
    );
    expect(events).toStrictEqual(['1', '2']);
  });

  it.each(['application/json', 'application/ndjson', 'text/plain', 'application/x-ndjson-not'])(
    'is no batch, and so not one value, as %s',
    async (contentType) => {
      const headers = [['Content-Type', contentType]] as const;
      expectProblem(
        await request(broker.target, { method: 'POST', path: '/types', headers, body: '1\n2\n' }),
        400,
      );
    },
  );

  it('may come in chunks that end anywhere', async () => {
    const body = '{"n":1}\n\n{"n":2}\n';
    const chunks = Array.from(body, (character) => `1\r\n${character}\r\n`).join('');
    const events = await eventsDuring('/chunks', async () => {
      const connection = await RawConnection.open(broker.target);
      const headers = [batchType, ['Transfer-Encoding', 'chunked']] as const;
      connection.write(composeRequest({ method: 'POST', path: '/chunks', headers }));
      connection.write(`${chunks}0\r\n\r\n`);
      readCursor(await connection.readResponse('POST'));
      connection.close();
    });
    expect(events).toStrictEqual(['{"n":1}', '{"n":2}']);
  });
});

describe('P8 order and acknowledgement', () => {
  it('is seen in the order of its lines, live and in a replay', async () => {
    const lines = numbered(3_000);
    const live = await eventsDuring('/order', async () => postBatch('/order', lines.join('\n')));
    expect(live).toStrictEqual(lines);
    expect(await eventsHeld('/order', lines.length)).toStrictEqual(lines);
  });

  it('keeps its order beside other batches and events that come at the same time', async () => {
    const batches = Array.from({ length: 8 }, (_, who) =>
      numbered(200).map((line) => `{"who":${String(who)},"event":${line}}`),
    );
    const events = await eventsDuring('/together', async () => {
      await Promise.all([
        ...batches.map(async (lines) => postBatch('/together', lines.join('\n'))),
        ...numbered(20).map(async (body) => publish(broker.target, '/together', body)),
      ]);
    });
    expect(events).toHaveLength(8 * 200 + 20);
    for (const [who, lines] of batches.entries())
      expect(events.filter((event) => event.startsWith(`{"who":${String(who)},`))).toStrictEqual(lines);
  });

  it('is answered once, with the cursor of its last event', async () => {
    const before = await publish(broker.target, '/cursor', '"before"');
    const response = await postBatch('/cursor', '1\n2\n3\n');
    const cursor = readCursor(response);
    expect(response.json()).toStrictEqual({ cursor, timestamp: expect.any(Number) });
    await publish(broker.target, '/cursor', '"after"');
    expect(await eventsAfter(before.cursor, 4)).toStrictEqual(['1', '2', '3', '"after"']);
    expect(await eventsAfter(cursor, 1)).toStrictEqual(['"after"']);
  });
});

describe('P8 all or none', () => {
  it.each([
    ['the first line', '{"a":\n1\n2\n', 1],
    ['the last line', '1\n2\n{"a":', 3],
    ['a line in the middle, blank ones counted', '1\n\n \n2\n{"a":\n3\n', 5],
    ['a line after CR LF', '1\r\n\r\nnope\r\n2\r\n', 3],
    ['two values in a line', '1\n2 3\n', 2],
    ['a value over two lines', '1\n[2,\n3]\n', 2],
    ['a member that is the broker’s', '1\n{"stillalive":1}\n', 2],
    ['an escaped member that is the broker’s', '{"pubsub\\u005fgap":1}\n1\n', 1],
    ['bytes that are not UTF-8', '1\n2\n"\xff"\n', 3],
    ['a raw NUL', '1\n"\0"\n', 2],
    ['a byte order mark', '\xef\xbb\xbf1\n2\n', 1],
    ['nesting over 512', `1\n${'['.repeat(513)}${']'.repeat(513)}\n`, 2],
    ['the first of several wrong lines', '1\nfirst\nsecond\n', 2],
  ])('stores nothing and names the line: %s', async (_what, body, lineNumber) => {
    let response: RawResponse | undefined;
    const events = await eventsDuring('/none', async () => {
      response = await postBatch('/none', Buffer.from(body, 'latin1'));
    });
    if (response === undefined) throw new Error('no answer');
    expect(expectProblem(response, 400).detail).toMatch(new RegExp(`^Line ${String(lineNumber)}: `));
    expect(events).toStrictEqual([]);
  });

  it.each(['', '\n', ' \r\n\t\n \n'])('refuses a batch without any event: %j', async (body) => {
    expectProblem(await postBatch('/none', body), 400);
  });

  it('is there whole or not at all after a kill, whenever that comes', async () => {
    const crashing = await BrokerProcess.start();
    const lines = numbered(5_000);
    try {
      for (const round of [0, 1, 2, 3]) {
        const path = `/kill/${String(round)}`;
        const connection = await RawConnection.open(crashing.target);
        const answer = connection.expect('POST');
        await connection.writeAll(
          composeRequest({ method: 'POST', path, headers: [batchType], body: lines.join('\n') }),
        );
        // Why: in the last round the batch must be there; in the others the kill meets it somewhere on the way.
        if (round === 3) await connection.waitFor(() => answer.end, 'the answer', answer);
        await crashing.kill();
        connection.close();
        await crashing.launch();
        const held = await heldAfterKill(crashing, path);
        expect([[], lines]).toContainEqual(held);
        if (round === 3) expect(held).toHaveLength(lines.length);
      }
    } finally {
      await crashing.dispose();
    }
  });
});

describe('P8 limits', () => {
  it('takes 10,000 events, blank lines not counted, and answers 413 to one more', async () => {
    const body = '1\n\n'.repeat(mostEvents);
    const events = await eventsDuring('/many', async () => readCursor(await postBatch('/many', body)));
    expect(events).toHaveLength(mostEvents);
    const refused = await eventsDuring('/many', async () => {
      expect(expectProblem(await postBatch('/many', `${body}1`), 413).detail).toMatch(/10000 events/);
    });
    expect(refused).toStrictEqual([]);
  });

  it('takes a batch of just maxBatchBytes and answers 413 to one byte more', async () => {
    const fitting = batchOfBytes(smallBatchBytes);
    expect(fitting).toHaveLength(smallBatchBytes);
    readCursor(await postBatch('/bytes', fitting, small));
    expectProblem(await postBatch('/bytes', `${fitting}\n`, small), 413);
  });

  it('answers 413 to a chunked batch that passes maxBatchBytes, and closes', async () => {
    const connection = await RawConnection.open(small.target);
    const headers = [batchType, ['Transfer-Encoding', 'chunked']] as const;
    connection.write(composeRequest({ method: 'POST', path: '/bytes', headers }));
    const line = `"${'x'.repeat(253)}"\n`;
    connection.write(`100\r\n${line}\r\n`.repeat(smallBatchBytes / line.length + 1));
    expectProblem(await connection.readResponse('POST'), 413);
    await connection.waitForClose();
  });

  it('takes a batch of 8 MiB by default, and answers 413 to one byte more', async () => {
    const lines = Array(64).fill(`"${'x'.repeat(131_069)}"`);
    const body = `${lines.join('\n')}\n`;
    expect(body).toHaveLength(8 * 1024 * 1024);
    readCursor(await postBatch('/mebibytes', body));
    // Why only the head: who sends all of it meets a closed connection, which may overtake the answer.
    const connection = await RawConnection.open(broker.target);
    const headers = [batchType, ['Content-Length', String(body.length + 1)]] as const;
    connection.write(composeRequest({ method: 'POST', path: '/mebibytes', headers }));
    expectProblem(await connection.readResponse('POST'), 413);
    await connection.waitForClose();
  });

  it('holds each of its events to maxEventBytes, and names the line', async () => {
    const longest = `"${'x'.repeat(smallEventBytes - 2)}"`;
    readCursor(await postBatch('/each', `${longest}\n${longest}\n`, small));
    const events = await eventsDuring(
      '/each',
      async () => {
        const refused = await postBatch('/each', `1\n\n"x${longest.slice(1)}\n`, small);
        expect(expectProblem(refused, 413).detail).toMatch(/^Line 3: /);
      },
      small,
    );
    expect(events).toStrictEqual([]);
  });

  it('may be larger than maxEventBytes as a whole, where one event may not', async () => {
    const body = batchOfBytes(smallEventBytes * 3);
    readCursor(await postBatch('/whole', body, small));
    expectProblem(
      await request(small.target, {
        method: 'POST',
        path: '/whole',
        body: `"${'x'.repeat(smallEventBytes * 3)}"`,
      }),
      413,
    );
  });
});

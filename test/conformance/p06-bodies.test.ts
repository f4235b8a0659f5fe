// P6: which bodies are events, and how the others are refused.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { isLongRun } from '../support/long.ts';
import { publish } from '../support/publisher.ts';
import { composeRequest, RawConnection, request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

const defaultMaxEventBytes = 256 * 1024;
const maxLineBytes = 600_000;

let broker: BrokerProcess;
let small: BrokerProcess;

beforeAll(async () => {
  [broker, small] = await Promise.all([
    BrokerProcess.start(),
    BrokerProcess.start({ flags: ['--max-event-bytes', '1000'] }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker.dispose(), small.dispose()]);
});

async function post(body: string | Buffer, where: BrokerProcess = broker): Promise<RawResponse> {
  return request(where.target, { method: 'POST', path: '/bodies', body });
}

/** Publishes the body and gives the event that a subscriber gets. */
async function roundTrip(
  body: string | Buffer,
  headers: readonly (readonly [string, string])[] = [],
): Promise<string> {
  const stream = await StreamReader.open(broker.target, '/bodies');
  try {
    const response = await request(broker.target, { method: 'POST', path: '/bodies', headers, body });
    expect(response.describe()).toMatch(/^status 200\b/);
    return await stream.nextEvent();
  } finally {
    stream.close();
  }
}

/** Sends the bytes as they stand and reads one answer. */
async function send(
  bytes: string,
): Promise<{ readonly connection: RawConnection; readonly response: RawResponse }> {
  const connection = await RawConnection.open(broker.target);
  connection.write(bytes);
  return { connection, response: await connection.readResponse('POST') };
}

function toChunked(body: string, chunkLength: number): string {
  let framed = '';
  for (let start = 0; start < body.length; start += chunkLength) {
    const piece = body.slice(start, start + chunkLength);
    framed += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${framed}0\r\n\r\n`;
}

describe('P6 values', () => {
  it.each([
    '{}',
    '[]',
    '{"a":[1,{"b":null}]}',
    '"text"',
    '""',
    '0',
    '-0',
    '-1.5e-7',
    'true',
    'false',
    'null',
  ])('takes %s', async (body) => {
    expect(await roundTrip(body)).toBe(body);
  });

  it.each([
    ['line feeds before and after it', '\n\n{"a":1}\n\n'],
    ['CR LF before and after it', '\r\n{"a":1}\r\n'],
    ['blanks and tabs around it', ' \t {"a":1}\t '],
    ['white space inside it', '{\r\n\t"a" : 1\n}\n'],
  ])('takes a value with %s', async (_what, body) => {
    expect(await roundTrip(body)).toBe('{"a":1}');
  });

  it.each([
    ['application/json', 'application/json'],
    ['a form, as curl -d says', 'application/x-www-form-urlencoded'],
    ['text with a charset', 'text/plain; charset=iso-8859-1'],
    ['nonsense', 'nonsense'],
  ])('takes it whatever the Content-Type: %s', async (_what, contentType) => {
    expect(await roundTrip('{"a":"\u00e9"}', [['Content-Type', contentType]])).toMatch(
      /^\{"a":"\\u00e9"\}$/i,
    );
  });

  it.each([
    ['nothing', ''],
    ['white space only', ' \r\n\t '],
    ['an object cut short', '{"a":1'],
    ['an array cut short', '[1,2'],
    ['a string cut short', '"abc'],
    ['an escape cut short', '"abc\\'],
    ['two values', '{"a":1}{"b":2}'],
    ['two numbers', '1 2'],
    ['two lines', '{"a":1}\n{"b":2}'],
    ['a trailing comma in an object', '{"a":1,}'],
    ['a trailing comma in an array', '[1,]'],
    ['a leading comma', '[,1]'],
    ['a missing comma', '[1 2]'],
    ['a missing colon', '{"a" 1}'],
    ['a missing value', '{"a":}'],
    ['a missing name', '{:1}'],
    ['a name that is no string', '{1:2}'],
    ['a name without quotes', '{a:1}'],
    ['single quotes', "{'a':1}"],
    ['brackets that do not match', '[1}'],
    ['a bracket too many', '[1]]'],
    ['a leading zero', '01'],
    ['a negative leading zero', '-01'],
    ['a plus sign', '+1'],
    ['a number that begins with its point', '.5'],
    ['a number that ends with its point', '1.'],
    ['an exponent without digits', '1e'],
    ['an exponent with only a sign', '1e+'],
    ['a lone minus sign', '-'],
    ['a hexadecimal number', '0x10'],
    ['NaN', 'NaN'],
    ['Infinity', '-Infinity'],
    ['undefined', 'undefined'],
    ['a literal cut short', 'tru'],
    ['a literal that goes on', 'nullx'],
    ['a literal in capitals', 'True'],
    ['a raw tab in a string', '"a\tb"'],
    ['a raw line feed in a string', '"a\nb"'],
    ['a raw unit separator in a string', '"a\u001fb"'],
    ['an unknown escape', '"\\x41"'],
    ['an escape in capitals', '"\\U0041"'],
    ['an escape with three digits', '"\\u041"'],
    ['an escape with a digit that is none', '"\\u004g"'],
    ['an escaped single quote', '"\\\'"'],
    ['a line comment', '// one\n1'],
    ['a block comment', '1 /* one */'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['a no-break space', '\u00a01'],
    ['a line separator outside strings', '1\u2028'],
    ['a vertical tab', '\v1'],
    ['a form feed', '1\f'],
    ['a raw NUL after the value', '{"a":1}\0'],
    ['a raw NUL before the value', '\0{"a":1}'],
    ['a raw NUL in a string', '"a\0b"'],
    ['only a raw NUL', '\0'],
    ['a form', 'a=1&b=2'],
  ])('answers 400 to %s', async (_what, body) => {
    expectProblem(await post(body), 400);
  });

  it.each([
    ['a byte that never occurs', [0xff]],
    ['a lone continuation byte', [0x80]],
    ['a sequence cut short by the string', [0xc3]],
    ['a longer sequence cut short', [0xe2, 0x82]],
    ['an overlong sequence', [0xc0, 0x80]],
    ['an overlong sequence of three bytes', [0xe0, 0x80, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a surrogate pair encoded as two', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
    ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
    ['Latin-1', [0xe9, 0x74]],
  ])('answers 400 to what is not UTF-8: %s', async (_what, bytes) => {
    expectProblem(
      await post(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])),
      400,
    );
  });

  it('answers 400 to UTF-16', async () => {
    expectProblem(await post(Buffer.from('{"a":1}', 'utf16le')), 400);
  });

  it('answers 400 to a publish without any body', async () => {
    const { connection, response } = await send('POST /bodies HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expectProblem(response, 400);
    connection.close();
  });

  it.each([
    ['arrays', '[', ']', '1'],
    ['objects', '{"a":', '}', '1'],
  ])('takes %s nested 512 deep and answers 400 to 513', async (_what, open, close, core) => {
    const nest = (depth: number): string => open.repeat(depth) + core + close.repeat(depth);
    expect(await roundTrip(nest(512))).toBe(nest(512));
    expectProblem(await post(nest(513)), 400);
  });

  it('counts arrays and objects together as nesting', async () => {
    const body = `${'[{"a":'.repeat(256)}1${'}]'.repeat(256)}`;
    expect(await roundTrip(body)).toBe(body);
    expectProblem(await post(`[${body}]`), 400);
  });

  it('does not take many siblings, or brackets in a string, for nesting', async () => {
    const body = `[${'[],'.repeat(1_000)}"${'['.repeat(1_000)}"]`;
    expect(await roundTrip(body)).toBe(body);
  });

  it('stores nothing of what it refuses', async () => {
    const stream = await StreamReader.open(broker.target, '/bodies');
    for (const body of ['{"a":1', '{"a":1}{"b":2}', '{"stillalive":1}', '']) await post(body);
    await publish(broker.target, '/bodies', '"after"');
    expect(await stream.nextEvent()).toBe('"after"');
    stream.close();
  });
});

describe('P6 members that would pass for the broker itself', () => {
  it.each([
    '{"stillalive":1}',
    '{"stillalive":1700000000.5}',
    '{ "stillalive" : 1 }',
    '{"a":1,"stillalive":1}',
    '{"a":{"b":[1]},"stillalive":1}',
    '{"stillalive":{"a":1},"b":2}',
    '{"a":"\\"","stillalive":1}',
    '{"still\\u0061live":1}',
    '{"\\u0073\\u0074\\u0069\\u006C\\u006c\\u0061\\u006c\\u0069\\u0076\\u0065":1}',
    '{"pubsub_gap":{"reason":"expired"}}',
    '{"a":1,"pubsub_gap":null}',
    '{"pubsub\\u005fgap":{}}',
    '{"pubsub_ga\\u0070":{}}',
  ])('answers 400 to %s', async (body) => {
    expectProblem(await post(body), 400);
  });

  it.each([
    '{"a":{"stillalive":1}}',
    '{"a":[{"stillalive":1}],"b":1}',
    '[{"stillalive":1}]',
    '[{"pubsub_gap":1}]',
    '"stillalive"',
    '{"a":"stillalive"}',
    '{"a":"\\"stillalive\\":1"}',
    '{"stillalive ":1}',
    '{"Stillalive":1}',
    '{"stillaliv":1,"e":2}',
    '{"still\\\\u0061live":1}',
    '{"pubsub_gaps":1}',
  ])('takes %s', async (body) => {
    expect(await roundTrip(body)).toBe(body);
  });
});

describe('P6 framing', () => {
  it.each([
    ['one byte', 1],
    ['seven bytes', 7],
    ['everything', 1_000],
  ])('takes a chunked body in chunks of %s', async (_what, chunkLength) => {
    const stream = await StreamReader.open(broker.target, '/framing');
    const body = '{"text":"a chunked body","list":[1,2,3]}';
    const head = 'POST /framing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { connection, response } = await send(head + toChunked(body, chunkLength));
    expect(response.describe()).toMatch(/^status 200\b/);
    expect(await stream.nextEvent()).toBe(body);
    connection.close();
    stream.close();
  });

  it('takes a body that arrives byte by byte', async () => {
    const stream = await StreamReader.open(broker.target, '/framing');
    const body = Buffer.from('{"text":"dr\u00f6ppchenweise"}');
    const connection = await RawConnection.open(broker.target);
    connection.write(
      composeRequest({
        method: 'POST',
        path: '/framing',
        headers: [['Content-Length', String(body.length)]],
      }),
    );
    for (const byte of body) await connection.writeAll(Buffer.from([byte]));
    expect((await connection.readResponse('POST')).statusCode).toBe(200);
    expect(await stream.nextEvent()).toMatch(/^\{"text":"dr\\u00f6ppchenweise"\}$/i);
    connection.close();
    stream.close();
  });

  it.each([
    ['two equal Content-Length headers', 'Content-Length: 2\r\nContent-Length: 2\r\n'],
    ['two different Content-Length headers', 'Content-Length: 2\r\nContent-Length: 40\r\n'],
    ['another coding than chunked', 'Content-Length: 2\r\nTransfer-Encoding: gzip\r\n'],
    ['another coding and no length', 'Transfer-Encoding: gzip\r\n'],
    ['another coding before chunked', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['another coding after chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n'],
    ['identity', 'Transfer-Encoding: identity\r\n'],
    ['a length beside chunked', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['a length after chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n'],
  ])('answers 400 to %s and closes the connection', async (_what, headers) => {
    const { connection, response } = await send(
      `POST /framing HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`,
    );
    expect(response.statusCode).toBe(400);
    await connection.waitForClose();
  });

  it.each([
    ['two lengths', (rest: number) => `Content-Length: 2\r\nContent-Length: ${String(2 + rest)}\r\n`],
    [
      'two lengths, the longer one first',
      (rest: number) => `Content-Length: ${String(2 + rest)}\r\nContent-Length: 2\r\n`,
    ],
    ['another coding', () => 'Content-Length: 2\r\nTransfer-Encoding: gzip\r\n'],
  ])('runs nothing of what stands behind ambiguous framing: %s', async (_what, makeHeaders) => {
    const stream = await StreamReader.open(broker.target, '/smuggled');
    const smuggled = composeRequest({ method: 'POST', path: '/smuggled', body: '"smuggled"' }).toString(
      'latin1',
    );
    const connection = await RawConnection.open(broker.target);
    const head = `POST /smuggled HTTP/1.1\r\nHost: localhost\r\n${makeHeaders(smuggled.length)}\r\n`;
    const response = connection.expect('POST');
    connection.write(`${head}{}${smuggled}`);
    await connection.waitForClose();
    // Why: with the next request in the same packet the library may close before it answers; 200 is what must not come.
    if (response.hasHead) expect(response.statusCode).toBe(400);
    await publish(broker.target, '/smuggled', '"after"');
    expect(await stream.nextEvent()).toBe('"after"');
    stream.close();
  });
});

describe('P6 limits', () => {
  it.each([
    ['of the default', defaultMaxEventBytes, () => broker],
    ['of --max-event-bytes', 1_000, () => small],
  ])('takes a body of just the limit %s and answers 413 to one byte more', async (_what, limit, where) => {
    expect((await post(`"${'x'.repeat(limit - 2)}"`, where())).statusCode).toBe(200);
    expectProblem(await post(`"${'x'.repeat(limit - 1)}"`, where()), 413);
  });

  it('answers 413 to an announced length over the limit, without the body, and closes', async () => {
    const connection = await RawConnection.open(broker.target);
    const headers = [['Content-Length', String(defaultMaxEventBytes + 1)]] as const;
    connection.write(composeRequest({ method: 'POST', path: '/bodies', headers }));
    expectProblem(await connection.readResponse('POST'), 413);
    await connection.waitForClose();
  });

  it('answers 413 to a chunked body as soon as it is over the limit, and closes', async () => {
    const connection = await RawConnection.open(small.target);
    connection.write(
      composeRequest({ method: 'POST', path: '/bodies', headers: [['Transfer-Encoding', 'chunked']] }),
    );
    connection.write(`258\r\n"${'x'.repeat(599)}\r\n`);
    connection.write(`258\r\n${'x'.repeat(600)}\r\n`);
    expectProblem(await connection.readResponse('POST'), 413);
    await connection.waitForClose();
  });

  it.each([
    ['two bytes', '\u00e9', 6],
    ['four bytes', '\u{1f600}', 12],
  ])(
    'answers 413 when the escaped line passes 600,000 bytes: characters of %s',
    async (_what, character, escapedLength) => {
      // Why: the line's CR LF is left out on one side and counted on the other, so that either reading of the clause passes.
      const count = Math.floor((maxLineBytes - 4) / escapedLength);
      const body = `"${character.repeat(count)}"`;
      const event = await roundTrip(body);
      expect(event.length).toBe(count * escapedLength + 2);
      expect(JSON.parse(event)).toBe(character.repeat(count));
      const tooLong = `"${character.repeat(Math.ceil((maxLineBytes + 1) / escapedLength))}"`;
      expect(Buffer.byteLength(tooLong)).toBeLessThanOrEqual(defaultMaxEventBytes);
      expectProblem(await post(tooLong), 413);
    },
  );

  it('bounds all bodies that are being received together: 503 with Retry-After, and publishing goes on', async () => {
    const announced = 200_000;
    const head = composeRequest({
      method: 'POST',
      path: '/bodies',
      headers: [['Content-Length', String(announced)]],
    });
    const unfinished = Buffer.concat([head, Buffer.from(`"${'x'.repeat(announced - 2)}`)]);
    const connections: RawConnection[] = [];
    let refusal: RawResponse | undefined;
    try {
      while (refusal === undefined && connections.length < 2_000) {
        const group = await Promise.all(
          Array.from({ length: 25 }, async () => RawConnection.open(broker.target)),
        );
        connections.push(...group);
        const responses = group.map((connection) => connection.expect('POST'));
        await Promise.all(group.map(async (connection) => connection.writeAll(unfinished)));
        // Why: an answer to another request proves that the broker has looked at what was sent before it.
        await request(broker.target, { path: '/-/livez' });
        refusal = responses.find((response) => response.end !== undefined);
      }
      expect(refusal?.describe()).toMatch(/^status 503\b/);
      if (refusal === undefined) return;
      expectProblem(refusal, 503);
      expect(refusal.header('retry-after')).toMatch(/^\d+$/);
    } finally {
      for (const connection of connections) connection.close();
    }
    // Why: the broker learns of the closed connections in its own time.
    await expect.poll(async () => (await post('1')).statusCode, { timeout: 10_000 }).toBe(200);
  });

  it.runIf(isLongRun)(
    'gives a body a deadline, also while its bytes trickle in',
    async () => {
      const connection = await RawConnection.open(broker.target);
      connection.write(
        composeRequest({ method: 'POST', path: '/bodies', headers: [['Content-Length', '1000']] }),
      );
      const trickle = setInterval(() => connection.write(' '), 500);
      try {
        await connection.waitForClose(30_000);
      } finally {
        clearInterval(trickle);
        connection.close();
      }
    },
    40_000,
  );
});

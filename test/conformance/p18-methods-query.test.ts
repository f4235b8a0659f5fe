// P18: methods, versions and the query.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;
let withCors: BrokerProcess;

beforeAll(async () => {
  [broker, withCors] = await Promise.all([
    BrokerProcess.start(),
    BrokerProcess.start({ flags: ['--cors-origins', 'https://dashboard.example'] }),
  ]);
});
afterAll(async () => {
  await Promise.all([broker.dispose(), withCors.dispose()]);
});

function splitList(value: string | undefined): readonly string[] {
  return (value ?? '').split(',').map((part) => part.trim());
}

async function readMediaType(
  path: string,
  headers: readonly (readonly [string, string])[],
): Promise<string | undefined> {
  const stream = await StreamReader.open(broker.target, path, { headers });
  stream.close();
  return stream.response.header('content-type');
}

/** The headers of a page of that origin that wants to subscribe with a since. */
function preflight(origin: string): readonly (readonly [string, string])[] {
  return [
    ['Origin', origin],
    ['Access-Control-Request-Method', 'GET'],
    ['Access-Control-Request-Headers', 'x-fetch-since'],
  ];
}

describe('P18 the query of a GET', () => {
  it('may say the format that is the default', async () => {
    const stream = await StreamReader.open(broker.target, '/query?format=gitpubsub');
    expect(stream.response.header('content-type')).toBe('application/x-gitpubsub');
    stream.close();
  });

  it.each([
    ['gitpubsub', 'text/event-stream', 'application/x-gitpubsub'],
    ['gitpubsub', 'application/x-ndjson', 'application/x-gitpubsub'],
    ['ndjson', 'text/event-stream', 'application/x-ndjson'],
    ['ndjson', 'text/html', 'application/x-ndjson'],
    ['sse', 'application/x-ndjson', 'text/event-stream'],
    ['sse', '*/*', 'text/event-stream'],
  ])('beats Accept: format=%s and %s', async (format, accept, expected) => {
    expect(await readMediaType(`/query?format=${format}`, [['Accept', accept]])).toBe(expected);
  });

  it('may be empty', async () => {
    const stream = await StreamReader.open(broker.target, '/query?');
    stream.close();
  });

  it('may be percent-encoded', async () => {
    await publish(broker.target, '/encoded', '1');
    const stream = await StreamReader.open(broker.target, '/encoded?%73ince=%30');
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  it.each([
    ['sicne=0', 'since'],
    ['Since=0', 'since'],
    ['since%20=0', 'since'],
    ['curser=x', 'cursor'],
    ['lasteventid=x', 'lastEventId'],
    ['fromat=gitpubsub', 'format'],
    ['topics=/a', 'topic'],
    ['pol=1', 'poll'],
  ])('is refused with the nearest known name: ?%s', async (query, nearest) => {
    const { detail } = expectProblem(await request(broker.target, { path: `/query?${query}` }), 400);
    expect(detail).toContain(nearest);
  });

  it.each([
    ['format=gitpubsbu', 'gitpubsub'],
    ['format=xml', 'gitpubsub'],
    ['format=NDJSON', 'ndjson'],
    ['format=ndjsn', 'ndjson'],
    ['format=text/event-stream', 'sse'],
    ['format=', 'gitpubsub'],
  ])('is refused with the formats that there are: ?%s', async (query, known) => {
    const { detail } = expectProblem(await request(broker.target, { path: `/query?${query}` }), 400);
    expect(detail).toContain(known);
  });

  it.each([
    'since=0&unknown=1',
    'unknown',
    '=1',
    'since=0&since=0',
    'since=0&since=1',
    'format=gitpubsub&format=xml',
  ])('is refused when it is not understood as a whole: ?%s', async (query) => {
    expectProblem(await request(broker.target, { path: `/query?${query}` }), 400);
  });

  it.each(['since=%zz', 'since=%ff', 'since=%'])(
    'is refused when its encoding is bad: ?%s',
    async (query) => {
      expectProblem(await request(broker.target, { path: `/query?${query}` }), 400);
    },
  );
});

describe('P18 Accept', () => {
  it.each([
    ['the one that it names', [['Accept', 'application/x-ndjson']], 'application/x-ndjson'],
    ['whatever the case', [['ACCEPT', 'Text/Event-Stream']], 'text/event-stream'],
    ['with parameters', [['Accept', 'application/x-ndjson; charset=utf-8']], 'application/x-ndjson'],
    ['among others', [['Accept', 'application/json, text/event-stream, */*;q=0.1']], 'text/event-stream'],
    [
      'the one it likes best',
      [['Accept', 'application/x-ndjson;q=0.3, text/event-stream;q=0.7']],
      'text/event-stream',
    ],
    ['the first of equals', [['Accept', 'text/event-stream, application/x-ndjson']], 'text/event-stream'],
    ['none that it excludes', [['Accept', 'text/event-stream;q=0']], 'application/x-gitpubsub'],
    [
      'in a second header',
      [
        ['Accept', 'text/plain'],
        ['Accept', 'text/event-stream'],
      ],
      'text/event-stream',
    ],
    [
      'the default one for nothing known',
      [['Accept', 'application/json, text/*']],
      'application/x-gitpubsub',
    ],
  ] as const)('gets the format that it asks for: %s', async (_how, headers, expected) => {
    expect(await readMediaType('/accept', headers)).toBe(expected);
  });
});

describe('P18 the query elsewhere', () => {
  it.each(['POST', 'PUT'])('is ignored on %s', async (method) => {
    const stream = await StreamReader.open(broker.target, '/ignored');
    const path = '/ignored?sicne=0&format=xml&since=x&since=y&%zz';
    expect((await request(broker.target, { method, path, body: '1' })).statusCode).toBe(200);
    expect(await stream.nextEvent()).toBe('1');
    stream.close();
  });

  it('is ignored on HEAD', async () => {
    expect((await request(broker.target, { method: 'HEAD', path: '/ignored?sicne=0' })).statusCode).toBe(200);
  });
});

describe('P18 methods', () => {
  it.each(['DELETE', 'PATCH', 'TRACE', 'OPTIONS', 'FOO', 'get', 'post', 'Head'])(
    'answers 405 with Allow to %s',
    async (method) => {
      const response = await request(broker.target, { method, path: '/methods' });
      expectProblem(response, 405);
      expect(splitList(response.header('allow'))).toStrictEqual(
        expect.arrayContaining(['GET', 'HEAD', 'POST', 'PUT']),
      );
    },
  );

  it('stores nothing of another method with a body', async () => {
    const stream = await StreamReader.open(broker.target, '/methods');
    for (const method of ['PATCH', 'DELETE', 'post', 'Put']) {
      expectProblem(await request(broker.target, { method, path: '/methods', body: '"refused"' }), 405);
    }
    await publish(broker.target, '/methods', '"after"');
    expect(await stream.nextEvent()).toBe('"after"');
    stream.close();
  });

  it('refuses HTTP/1.0 with 505', async () => {
    const connection = await RawConnection.open(broker.target);
    connection.write('GET /old HTTP/1.0\r\nHost: localhost\r\n\r\n');
    expect((await connection.readResponse()).statusCode).toBe(505);
    connection.close();
  });
});

describe('P18 CORS', () => {
  it('answers the preflight of an origin of corsOrigins', async () => {
    const response = await request(withCors.target, {
      method: 'OPTIONS',
      path: '/cors',
      headers: preflight('https://dashboard.example'),
    });
    expect([200, 204]).toContain(response.statusCode);
    expect(response.header('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(splitList(response.header('access-control-allow-methods'))).toContain('GET');
    expect(splitList(response.header('access-control-allow-headers')?.toLowerCase())).toContain(
      'x-fetch-since',
    );
    expect(splitList(response.header('vary')?.toLowerCase())).toContain('origin');
  });

  it('allows nothing to another origin', async () => {
    const response = await request(withCors.target, {
      method: 'OPTIONS',
      path: '/cors',
      headers: preflight('https://evil.example'),
    });
    expect(response.header('access-control-allow-origin')).toBeUndefined();
  });

  it('lets a page of that origin read a stream, and no other', async () => {
    const allowed = await StreamReader.open(withCors.target, '/cors', {
      headers: [['Origin', 'https://dashboard.example']],
    });
    expect(allowed.response.header('access-control-allow-origin')).toBe('https://dashboard.example');
    const other = await StreamReader.open(withCors.target, '/cors', {
      headers: [['Origin', 'https://evil.example']],
    });
    expect(other.response.header('access-control-allow-origin')).toBeUndefined();
    allowed.close();
    other.close();
  });

  it('says nothing of it where corsOrigins is not set', async () => {
    const stream = await StreamReader.open(broker.target, '/cors', {
      headers: [['Origin', 'https://dashboard.example']],
    });
    expect(stream.response.header('access-control-allow-origin')).toBeUndefined();
    stream.close();
  });
});

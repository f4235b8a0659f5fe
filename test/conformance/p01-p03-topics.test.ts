// P1–P3: which paths are topics, and what a subscription covers.
// Each case is tried live and in a replay, because the two may find their events in different ways.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerProcess } from '../support/broker-process.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { composeRequest, RawConnection, request } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

let caseCount = 0;

/** Whether an event published to one path reaches a subscriber of another; `inside` is a path that surely does. */
async function isDelivered(
  mode: 'live' | 'replay',
  subscribePath: string,
  publishPath: string,
  inside: string,
): Promise<boolean> {
  caseCount += 1;
  const event = `{"case":${String(caseCount)}}`;
  const sentinel = `{"sentinel":${String(caseCount)}}`;
  const start = await publish(broker.target, '/start', '0');
  const headers = mode === 'live' ? [] : [['X-Fetch-Since-Cursor', start.cursor] as const];
  const openStream = async (): Promise<StreamReader> =>
    StreamReader.open(broker.target, subscribePath, { headers });
  const early = mode === 'live' ? await openStream() : undefined;
  await publish(broker.target, publishPath, event);
  await publish(broker.target, inside, sentinel);
  const stream = early ?? (await openStream());
  try {
    return (await stream.readUntil(sentinel)).includes(event);
  } finally {
    stream.close();
  }
}

const modes = ['live', 'replay'] as const;

describe('P1 topics', () => {
  describe.each(modes)('%s', (mode) => {
    it.each([
      ['empty segments fall away', '//empty///segments', '/empty/segments'],
      ['a trailing slash falls away', '/trailing/slash/', '/trailing/slash'],
      ['percent-encoding is undone', '/%65ncoded/p%61th', '/encoded/path'],
      ['the case of percent-encoding does not matter', '/na%C3%AFve', '/na%c3%afve'],
      ['UTF-8 may stand as it is', '/na\u00c3\u00afve', '/na%C3%AFve'],
      ['an encoded query mark belongs to the topic', '/what%3Fnow', '/what%3fnow'],
      ['segments that only begin with dots are ordinary', '/.git/...', '/%2Egit/%2E%2E%2E'],
    ])('%s: %s is %s', async (_why, one, other) => {
      expect(await isDelivered(mode, one, other, one)).toBe(true);
      expect(await isDelivered(mode, other, one, other)).toBe(true);
    });

    it.each([
      ['case matters', '/case/Matters', '/case/matters'],
      ['percent-encoding is undone once only', '/once%2541', '/onceA'],
      ['an encoded slash stays inside its segment', '/inside%2Fsegment', '/inside/segment'],
      ['an encoded slash does not end the segment before it', '/inside', '/inside%2Fsegment'],
      ['a plus sign is no blank', '/plus+sign', '/plus%20sign'],
    ])('%s: %s does not cover %s', async (_why, one, other) => {
      expect(await isDelivered(mode, one, other, one)).toBe(false);
    });
  });

  it('leaves the query out of the topic of a publish', async () => {
    expect(await isDelivered('live', '/query/free', '/query/free?since=1&x=/y', '/query/free')).toBe(true);
  });

  it('takes the root as a topic of its own, above all others', async () => {
    expect(await isDelivered('live', '/', '/', '/')).toBe(true);
    expect(await isDelivered('live', '/below-the-root', '/', '/below-the-root')).toBe(false);
  });

  describe.each(['GET', 'POST', 'PUT'])('%s answers 400', (method) => {
    it.each([
      ['a dot segment', '/a/./b'],
      ['a leading dot segment', '/./a'],
      ['a trailing dot-dot segment', '/a/..'],
      ['an encoded dot segment', '/a/%2e/b'],
      ['an encoded dot-dot segment', '/a/%2E%2e/b'],
      ['a half-encoded dot-dot segment', '/a/.%2E'],
      ['an encoded NUL', '/a%00b'],
      ['an encoded line feed', '/a%0Ab'],
      ['an encoded unit separator', '/a%1Fb'],
      ['an encoded delete', '/a%7Fb'],
      ['encoded bytes that are not UTF-8', '/a%FFb'],
      ['a truncated UTF-8 sequence', '/a%C3'],
      ['an overlong UTF-8 sequence', '/a%C0%AFb'],
      ['an encoded surrogate', '/a%ED%A0%80b'],
      ['a sequence split by a slash', '/a%C3/%A9'],
      ['raw bytes that are not UTF-8', '/a\xffb'],
      ['a lone percent sign', '/100%'],
      ['percent-encoding cut short', '/a%4'],
      ['percent-encoding that is not hexadecimal', '/a%zz'],
      ['percent-encoding with a sign in it', '/a%+1'],
    ])('for %s', async (_what, path) => {
      const body = method === 'GET' ? {} : { body: '{}' };
      expectProblem(await request(broker.target, { method, path, ...body }), 400);
    });

    it.each([
      ['a segment of 1,025 bytes', `/${'a'.repeat(1_025)}`],
      ['several segments of 1,040 bytes together', `/${'a'.repeat(520)}/${'b'.repeat(520)}`],
      ['1,026 bytes in 513 characters', `/${'%C3%A9'.repeat(513)}`],
      ['33 segments', '/a'.repeat(33)],
    ])('for %s', async (_what, path) => {
      const body = method === 'GET' ? {} : { body: '{}' };
      expectProblem(await request(broker.target, { method, path, ...body }), 400);
    });
  });

  it.each([
    ['1,023 bytes', `/${'a'.repeat(1_023)}`],
    ['1,023 bytes, each of them encoded', `/${'%61'.repeat(1_023)}`],
    ['1,022 bytes in 511 characters', `/${'%C3%A9'.repeat(511)}`],
    ['32 segments', '/b'.repeat(32)],
    ['32 segments with empty ones between and after them', `${'//c'.repeat(32)}//`],
  ])('takes a topic of %s', async (_what, path) => {
    expect(await isDelivered('live', path, path, path)).toBe(true);
  });

  it('stores nothing of a publish that it refuses for its topic', async () => {
    const start = await publish(broker.target, '/start', '0');
    await request(broker.target, { method: 'POST', path: '/a/../refused', body: '"refused"' });
    await request(broker.target, { method: 'POST', path: '/refused%FF', body: '"refused"' });
    await publish(broker.target, '/after', '"after"');
    const stream = await StreamReader.open(broker.target, '/', {
      headers: [['X-Fetch-Since-Cursor', start.cursor]],
    });
    expect(await stream.nextEvent()).toBe('"after"');
    stream.close();
  });
});

describe('P2 what a subscription covers', () => {
  describe.each(modes)('%s', (mode) => {
    it.each([
      ['/cover', '/cover'],
      ['/cover', '/cover/below'],
      ['/cover', '/cover/far/far/below'],
      ['/cover/below', '/cover/below/it'],
      ['/', '/anything'],
      ['/', '/any/thing'],
      ['/star/*', '/star'],
      ['/star/*', '/star/below'],
      ['/star/*', '/star/far/below'],
      ['/*', '/anything/else'],
    ])('%s covers %s', async (subscribePath, publishPath) => {
      const inside = subscribePath.replace(/\*$/, '');
      expect(await isDelivered(mode, subscribePath, publishPath, inside)).toBe(true);
    });

    it.each([
      ['/edge', '/edgewise'],
      ['/edge', '/edge-'],
      ['/edge', '/edge.'],
      ['/edge', '/edge0'],
      ['/edge', '/edg'],
      ['/edge', '/edge%20'],
      ['/edge', '/edge%2Fbelow'],
      ['/edge', '/above/edge'],
      ['/edge/below', '/edge'],
      ['/edge/below', '/edge/belo'],
      ['/star/*', '/starred/below'],
    ])('%s does not cover %s', async (subscribePath, publishPath) => {
      const inside = subscribePath.replace(/\*$/, '');
      expect(await isDelivered(mode, subscribePath, publishPath, inside)).toBe(false);
    });

    it.each([
      ['a star that is not the last segment', '/wild/*/x', '/wild/a/x'],
      ['a star inside the last segment', '/wild/a*', '/wild/ab'],
      ['two stars', '/wild/**', '/wild/a'],
      ['an encoded star', '/wild/%2A', '/wild/b'],
      ['a percent sign', '/wild/%25', '/wild/b'],
      ['an underscore', '/wild/_', '/wild/b'],
      ['a query mark', '/wild/%3F', '/wild/b'],
      ['brackets', '/wild/[a-z]', '/wild/b'],
      ['a dot', '/wi.d', '/wild'],
    ])('%s is no pattern', async (_what, subscribePath, publishPath) => {
      expect(await isDelivered(mode, subscribePath, publishPath, subscribePath)).toBe(false);
    });

    it('an encoded star names the topic that a publish to a star has', async () => {
      expect(await isDelivered(mode, '/plain/%2A', '/plain/*', '/plain/%2A')).toBe(true);
    });

    it('a star at the end of a publish is an ordinary segment', async () => {
      expect(await isDelivered(mode, '/plain/branch', '/plain/*', '/plain/branch')).toBe(false);
    });
  });
});

describe('P3 the segment that belongs to the broker', () => {
  it.each([
    '/-',
    '/-/',
    '/-/nothing-here',
    '/-/livez/below',
    '/-/*',
    '//-/nothing-here',
    '/%2D/nothing-here',
  ])('answers 404 to GET %s', async (path) => {
    expectProblem(await request(broker.target, { path }), 404);
  });

  it.each(['POST', 'PUT'])('answers 404 to %s below it and stores nothing', async (method) => {
    const stream = await StreamReader.open(broker.target, '/');
    for (const path of ['/-', '/-/nothing-here', '/%2D/nothing-here', '//-//nothing-here']) {
      expectProblem(await request(broker.target, { method, path, body: '"refused"' }), 404);
    }
    await publish(broker.target, '/after', '"after"');
    expect(await stream.nextEvent()).toBe('"after"');
    stream.close();
  });

  it('answers 404 to HEAD of an unknown path', async () => {
    const response = await request(broker.target, { method: 'HEAD', path: '/-/nothing-here' });
    expect(response.statusCode).toBe(404);
  });

  it('takes no publish to its own pages', async () => {
    const response = await request(broker.target, { method: 'POST', path: '/-/livez', body: '{}' });
    expect([404, 405]).toContain(response.statusCode);
  });

  it('leaves a dash further down, or with more behind it, to ordinary topics', async () => {
    expect(await isDelivered('live', '/down/-/here', '/down/-/here', '/down/-/here')).toBe(true);
    expect(await isDelivered('live', '/-dash', '/-dash', '/-dash')).toBe(true);
  });

  it('closes a connection whose publish it answered without its body', async () => {
    const connection = await RawConnection.open(broker.target);
    const head = composeRequest({ method: 'POST', path: '/-/x', headers: [['Content-Length', '100']] });
    connection.write(head);
    expectProblem(await connection.readResponse('POST'), 404);
    await connection.waitForClose();
  });
});

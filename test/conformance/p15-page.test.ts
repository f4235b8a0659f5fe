// P15: what a browser gets from a topic, and that nobody else gets it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenBroker } from '../support/access-file.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { poll } from '../support/poll.ts';
import { expectProblem } from '../support/problem-details.ts';
import { publish } from '../support/publisher.ts';
import { request, type RawResponse } from '../support/raw-http.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { withBroker } from '../support/with-broker.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const JAVA = 'text/html, image/gif, image/jpeg, */*; q=0.2';

let broker: BrokerProcess;

beforeAll(async () => {
  broker = await BrokerProcess.start();
});
afterAll(async () => {
  await broker.dispose();
});

function accept(value: string): readonly (readonly [string, string])[] {
  return [['Accept', value]];
}

async function getPage(
  path: string,
  headers: readonly (readonly [string, string])[] = [],
): Promise<RawResponse> {
  return request(broker.target, { path, headers: [...accept(BROWSER), ...headers] });
}

/** The paths of all files that the page's HTML names. */
function filesOf(html: string): string[] {
  return [...html.matchAll(/(?:href|src)="(\/-\/[^"]*)"/g)].map((match) => match[1] ?? '');
}

describe('a browser', () => {
  it.each(['/', '/json/widget', '/json/widget?project=widget&type=commit', '/a%2Fb'])(
    'gets the page from %s',
    async (path) => {
      const response = await getPage(path);
      expect(response.statusCode).toBe(200);
      expect(response.header('content-type')).toBe('text/html; charset=utf-8');
      expect(response.text).toContain('<!doctype html>');
    },
  );

  it('is told what the page may do, and to ask again', async () => {
    const response = await getPage('/json');
    const policy = response.header('content-security-policy')?.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy?.join()).not.toMatch(/unsafe|http|\*/);
    expect(response.header('vary')).toBe('Accept');
    expect(response.header('x-content-type-options')).toBe('nosniff');
    expect(response.header('referrer-policy')).toBe('no-referrer');
    expect(response.header('cache-control')).toBe('no-cache');
  });

  it('that has the page already is told so', async () => {
    const tag = (await getPage('/json')).header('etag') ?? '';
    const again = await getPage('/elsewhere', [['If-None-Match', tag]]);
    expect([again.statusCode, again.text]).toEqual([304, '']);
    expect((await getPage('/json', [['If-None-Match', '"other"']])).statusCode).toBe(200);
  });

  it('gets every file that the page names, to be kept for good', async () => {
    const files = filesOf((await getPage('/json')).text);
    expect(files.map((path) => path.split('.').at(-1))).toEqual(['svg', 'css', 'js']);
    for (const path of files) {
      const response = await request(broker.target, { path });
      expect([path, response.statusCode]).toEqual([path, 200]);
      expect(response.header('content-type')).toMatch(
        /^(?:image\/svg\+xml|text\/(?:css|javascript); charset=utf-8)$/,
      );
      expect(response.header('cache-control')).toContain('immutable');
      expect(response.header('x-content-type-options')).toBe('nosniff');
    }
  });

  it('gets no style or script within the HTML', async () => {
    const html = (await getPage('/json')).text;
    expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son[a-z]+=|javascript:/i);
  });

  it.each(['/..', '/json?sicne=1', '/json?type=comit'])(
    'that opens %s is told what is wrong',
    async (path) => {
      expectProblem(await getPage(path), 400);
    },
  );
});

describe('whoever is no browser', () => {
  it.each([undefined, '*/*', 'application/json', JAVA, 'text/html;q=0.5, application/x-gitpubsub'])(
    'and accepts %s gets a stream of the default format',
    async (value) => {
      const headers = value === undefined ? [] : accept(value);
      const stream = await StreamReader.open(broker.target, '/json', { headers });
      expect(stream.requireHeader('content-type')).toBe('application/x-gitpubsub');
      stream.close();
    },
  );

  it('gets the format that the query names, whatever it accepts', async () => {
    for (const [format, mediaType] of [
      ['gitpubsub', 'application/x-gitpubsub'],
      ['ndjson', 'application/x-ndjson'],
      ['sse', 'text/event-stream'],
    ] as const) {
      const stream = await StreamReader.open(broker.target, `/json?format=${format}`, {
        headers: accept(BROWSER),
      });
      expect(stream.requireHeader('content-type')).toBe(mediaType);
      stream.close();
    }
  });

  it('polls without being given a page', async () => {
    await publish(broker.target, '/polled', '1');
    expect((await poll(broker.target, '/polled?since=0', accept(BROWSER))).events).toEqual(['1']);
  });
});

describe('a file of the page', () => {
  it('that is not there, or of another version, is 404', async () => {
    for (const path of ['/-/page/', '/-/page/0123456789abcdef/main.js', '/-/page/../cli.js'])
      expect([400, 404]).toContain((await request(broker.target, { path })).statusCode);
  });

  it('takes no events', async () => {
    const [path = ''] = filesOf((await getPage('/json')).text);
    const response = await request(broker.target, { method: 'POST', path, body: '1' });
    expectProblem(response, 405);
    expect(response.header('allow')).toBe('GET, HEAD');
  });
});

async function withPrivateTopic(act: (guarded: BrokerProcess) => Promise<void>): Promise<void> {
  await withBroker(createTokenBroker(createTemporaryDirectory()).flags, act);
}

describe('a private topic', () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    ['nobody', []],
    ['a wrong token', [['Authorization', 'Bearer wrong']]],
    [
      'a wrong cookie',
      [
        ['Cookie', 'gitpubsub_token=wrong'],
        ['X-Requested-With', 'fetch'],
      ],
    ],
  ])('gives the page, which tells nothing, to %s', async (_who, headers) => {
    await withPrivateTopic(async ({ target }) => {
      const given = { headers: [...accept(BROWSER), ...headers] };
      const [open, hidden] = [
        await request(target, { path: '/public', headers: accept(BROWSER) }),
        await request(target, { path: '/private', ...given }),
      ];
      expect(hidden.statusCode).toBe(200);
      expect(hidden.text).toBe(open.text);
      expectProblem(await request(target, { path: '/private?poll=1', ...given }), 401);
    });
  });

  it.each<[string, readonly (readonly [string, string])[], string[]]>([
    ['a program', [], ['Bearer', 'Basic']],
    ['a browser that goes there', [['Sec-Fetch-Mode', 'navigate']], ['Bearer']],
    ['a browser over plain HTTP', [['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64)']], ['Bearer']],
    ['a script whose browser says so', [['Sec-Fetch-Mode', 'cors']], ['Bearer']],
    ['the script of the page', [['X-Requested-With', 'fetch']], ['Bearer']],
  ])('asks %s only for what does not open a dialog over a page', async (_who, headers, expected) => {
    await withPrivateTopic(async ({ target }) => {
      const response = await request(target, { path: '/private', headers });
      expectProblem(response, 401);
      const challenges = response.head.headers.get('www-authenticate') ?? [];
      const schemes = challenges.map((challenge) => challenge.split(' ', 1)[0]);
      expect(schemes).toEqual(expected);
    });
  });
});

// `gitpubsub doctor` through a real nginx that does things wrong, and through one that does not.
import type { RequestListener } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { publishBatch } from '../../src/client/publish.ts';
import { urlOf } from '../support/broker-url.ts';
import { CommandProcess } from '../support/command-process.ts';
import { answer, endedStream, keepAliveLine, startFakeServer, stream } from '../support/fake-server.ts';
import { requireNginx, startNginx } from '../support/nginx.ts';
import { withBroker } from '../support/with-broker.ts';

beforeEach((context) => requireNginx(context));

const HTTP = 'proxy_http_version 1.1;';
const UNBUFFERED = 'proxy_buffering off;';
const ADDRESS = 'proxy_set_header X-Forwarded-For $remote_addr;';
const TRUSTING = ['--trusted-proxies', '127.0.0.1'];

interface Report {
  readonly code: number | null;
  readonly text: string;
}

async function examine(url: string, duration = '3s'): Promise<Report> {
  const command = new CommandProcess(['doctor', url, '--duration', duration]);
  const { code } = await command.waitForExit(40_000);
  return { code, text: command.stdout + command.stderr };
}

async function examineThroughNginx(flags: readonly string[], lines: readonly string[]): Promise<Report> {
  let report: Report | undefined;
  await withBroker(['--keep-alive-seconds', '1', ...flags], async (broker) => {
    await publishBatch(
      urlOf(broker, '/t'),
      Array.from({ length: 500 }, (_, n) => ({ n })),
    );
    report = await examine(`${await startNginx(urlOf(broker, '/'), lines)}/t`);
  });
  return report ?? { code: null, text: '' };
}

test('without a proxy all is well', async () => {
  await withBroker(['--keep-alive-seconds', '1'], async (broker) => {
    const url = urlOf(broker, '/t');
    await publishBatch(url, [1, 2, 3]);
    const { code, text } = await examine(url);
    expect(code).toBe(0);
    expect(text).toBe(`No proxy shows itself between here and the broker.
ok    You may publish, and no proxy in between is known.
ok    Every event comes in a chunk of its own.
ok    A stream begins at once: nothing holds its first line back.
ok    The stream stayed open for 3.0 seconds, with signs of life.
ok    The clocks of the broker and of this machine agree.
`);
  });
});

test('with an nginx as the docs have it nothing needs mending', async () => {
  const { code, text } = await examineThroughNginx(TRUSTING, [HTTP, UNBUFFERED, ADDRESS]);
  expect(text).toContain('nginx stands before the broker.');
  expect(text).toContain('ok    You may publish, and nobody can claim your address.');
  expect(text).not.toContain('BAD');
  expect(code).toBe(0);
});

test.each([
  [
    'that compresses',
    TRUSTING,
    [HTTP, UNBUFFERED, ADDRESS, 'gzip on;', 'gzip_types *;', 'gzip_proxied any;'],
    /^BAD .*compresses the stream \(gzip\), which may hold events back/m,
    'gzip off;',
  ],
  [
    'that cuts idle streams',
    TRUSTING,
    [HTTP, UNBUFFERED, ADDRESS, 'proxy_read_timeout 500ms;'],
    /^BAD .*something in between cuts idle streams/m,
    'proxy_read_timeout 60s;',
  ],
  [
    'that hides who its clients are',
    [],
    [HTTP, UNBUFFERED],
    /^BAD .*lets everybody publish/m,
    'proxy_set_header X-Forwarded-For $remote_addr;',
  ],
  [
    'that hands on what its clients claim',
    TRUSTING,
    [HTTP, UNBUFFERED],
    /^BAD .*anybody who comes this way can claim an address of trustedPeers/m,
    'proxy_set_header X-Forwarded-For $remote_addr;',
  ],
  [
    'that the broker does not know',
    [],
    [HTTP, UNBUFFERED, ADDRESS],
    /^BAD .*The broker does not know its proxy/m,
    'gitpubsub serve --trusted-proxies <address of the proxy>',
  ],
  ['that speaks HTTP/1.0', TRUSTING, [UNBUFFERED, ADDRESS], /^BAD .*HTTP\/1\.0/m, 'proxy_http_version 1.1;'],
])(
  'an nginx %s is found, and the line that mends it is shown',
  async (_what, flags, lines, finding, line) => {
    const { code, text } = await examineThroughNginx(flags, lines);
    expect(text).toMatch(finding);
    expect(text.slice(text.indexOf('Lines that mend it:'))).toContain(`    ${line}\n`);
    expect(text).not.toContain('Apache');
    expect(code).toBe(1);
  },
);

test("on the proxy's own machine, asked directly, nothing needs mending", async () => {
  await withBroker(['--keep-alive-seconds', '1', ...TRUSTING], async (broker) => {
    const { code, text } = await examine(urlOf(broker, '/t'));
    expect(text).toMatch(/^note .*your address is in its trustedProxies, and may publish anyway/m);
    expect(text).not.toContain('BAD');
    expect(code).toBe(0);
  });
});

test('after a crash of the broker nothing needs mending', async () => {
  await withBroker(['--keep-alive-seconds', '1'], async (broker) => {
    await publishBatch(urlOf(broker, '/t'), [1]);
    await broker.kill();
    await broker.launch();
    const { code, text } = await examine(urlOf(broker, '/t'));
    expect(text).toMatch(/^note .*The clock of the broker is \d+\.\d seconds ahead .*comes back by itself/m);
    expect(text).not.toContain('BAD');
    expect(code).toBe(0);
  });
});

test('it publishes nothing', async () => {
  await withBroker([], async (broker) => {
    await examine(urlOf(broker, '/t'));
    const command = new CommandProcess(['subscribe', urlOf(broker, '/'), '--once']);
    await command.waitForExit();
    expect(command.stdout).toBe('');
  });
});

const brokerAnswer = answer(403, {}, '{"type":"urn:gitpubsub:problem:publish-forbidden","detail":"No."}');
const pollAnswer = endedStream([]);

test.each<[string, RequestListener, RegExp]>([
  [
    'that holds the first line back',
    holdBack(4_000),
    /^BAD .*came after [45]\.\d seconds.*something in between buffers/m,
  ],
  [
    'that holds the head back with the first line',
    holdBackAll(4_000),
    /^BAD .*came after [45]\.\d seconds.*something in between buffers/m,
  ],
  ['that sends nothing on', stream([]), /^BAD .*never came.*something in between buffers/m],
  ['that hands lines on late', holdBack(0, 4_000), /^BAD .*late: something in between buffers/m],
  [
    'whose clock is wrong',
    stream([keepAliveLine('c')]),
    /^BAD .*The clock of the broker is [\d.]+ seconds behind/m,
  ],
])('something %s is found', async (_what, listener, finding) => {
  // HEAD, two attempts to publish and two polls come before the stream.
  const others = [answer(200), pollAnswer, brokerAnswer, brokerAnswer, pollAnswer];
  const { url } = await startFakeServer(...others, listener);
  const { code, text } = await examine(url, '6s');
  expect(text).toMatch(finding);
  expect(text.match(/^BAD/gm)).toHaveLength(1);
  expect(code).toBe(1);
});

/** A stream of which even the head comes so much later than its first line says. */
function holdBackAll(delayMs: number): RequestListener {
  return (request, response) => {
    const line = `{"stillalive":${Date.now() / 1000 - 2},"pubsub_cursor":"c"}`;
    setTimeout(() => stream([line])(request, response), delayMs);
  };
}

/** A stream whose lines come so much later than they say. */
function holdBack(...delaysMs: readonly number[]): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'X-Cursor': 'c0' }).flushHeaders();
    const line = `{"stillalive":${Date.now() / 1000},"pubsub_cursor":"c"}\n`;
    for (const delayMs of delaysMs) setTimeout(() => response.write(line), delayMs);
  };
}

test('lines of a clock that is ahead and runs slower are not late', async () => {
  const others = [answer(200), pollAnswer, brokerAnswer, brokerAnswer, pollAnswer];
  const aheadMs = [9_000, 5_000];
  const { url } = await startFakeServer(...others, (request, response) => {
    const lines = aheadMs.map((ms) => `{"stillalive":${(Date.now() + ms) / 1000},"pubsub_cursor":"c"}`);
    stream(lines)(request, response);
  });
  const { text } = await examine(url, '1s');
  expect(text).not.toMatch(/late|^BAD .*clock/m);
  expect(text).toContain('ok    The stream stayed open');
});

test('a time in which nothing can be seen is a wrong call', async () => {
  const { code, text } = await examine('localhost:1', '0s');
  expect(text).toContain('--duration: "0s" is not allowed; allowed is a time from 1s to 24d');
  expect(code).toBe(64);
});

test('a server that is no broker is told from one', async () => {
  const { url } = await startFakeServer(answer(200, { Server: 'Apache' }, '<html>'));
  const { code, text } = await examine(url);
  expect(text).toContain('BAD   The answer (200) is not that of a GitPubSub broker: is the URL right?');
  expect(code).toBe(1);
});

test.each<[number, Record<string, string>, string]>([
  [502, {}, 'what stands before the broker does not reach it; does the broker run?'],
  [301, { Location: 'https://example.org/t' }, 'it points to https://example.org/t; ask there.'],
])('an answer %i in its place is explained', async (status, headers, advice) => {
  const { url } = await startFakeServer(answer(status, headers));
  const { code, text } = await examine(url);
  expect(text).toContain(`BAD   The answer (${status}) is not that of a GitPubSub broker: ${advice}`);
  expect(code).toBe(1);
});

test('where nothing listens it says so', async () => {
  const { code, text } = await examine('localhost:1');
  expect(text).toContain('gitpubsub: http://localhost:1: connect ECONNREFUSED');
  expect(code).toBe(1);
});

// `gitpubsub token new`, and what `serve --check` says of the access file that its output goes into.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommandLine } from '../support/broker-process.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

function writeAccessFile(text: string): string {
  const path = join(createTemporaryDirectory(), 'access.json');
  writeFileSync(path, text);
  return path;
}

test('a new token is shown once, and below it what the access file holds of it', async () => {
  const { code, stdout, stderr } = await runCommandLine(['token', 'new']);
  const [token = '', entry, ...rest] = stdout.split('\n');
  expect(code).toBe(0);
  expect(token).toMatch(/^gitpubsub_[\w-]{43}$/);
  expect(JSON.parse(entry ?? '')).toEqual({ sha256: createHash('sha256').update(token).digest('hex') });
  expect(rest).toEqual(['']);
  expect(stderr).toMatch(/shown only now\.\n$/);
});

test('what it prints is what a good access file holds', async () => {
  const [, entry] = (await runCommandLine(['token', 'new'])).stdout.split('\n');
  const path = writeAccessFile(`{"principals":{"ci":{"tokens":[${entry}],"publish":["/json"]}}}`);
  const { code, stdout } = await runCommandLine(['serve', '--check', '--access-file', path]);
  expect(code).toBe(0);
  expect(stdout).toContain(path);
});

test('serve tells everything that is wrong with an access file, and with the rest, at once', async () => {
  const path = writeAccessFile(
    '{"privat": [], "private": ["secret"], "peers": [{"addresses": ["nowhere"]}], "principals": {"ci": {"tokens": [{"sha256": "gitpubsub_x"}]}}}',
  );
  const { code, stdout, stderr } = await runCommandLine([
    'serve',
    '--check',
    '--port',
    'x',
    '--access-file',
    path,
  ]);
  expect(code).toBe(78);
  expect(stdout).toBe('');
  const told = stderr.trimEnd().split('\n');
  expect(told).toEqual([
    expect.stringContaining('--port: "x" is not allowed'),
    expect.stringContaining(`private[0] in ${path}: The topic "secret" must begin with "/".`),
    expect.stringContaining(`principals.ci.tokens[0].sha256 in ${path}: is not the SHA-256 of a token`),
    expect.stringContaining(`peers[0].addresses[0] in ${path}: "nowhere" is no range of peers`),
    expect.stringContaining(`${path}: "privat" is no member; did you mean private?`),
  ]);
  for (const line of told) expect(line).toMatch(/^gitpubsub: /);
});

test.each([
  ['is missing', 'no-such-file.json', /the access file cannot be read: ENOENT/],
  ['has no path', '', /--access-file: "" is not allowed; allowed is the path of a JSON file/],
])('a broker does not start when its access file %s', async (_what, path, sentence) => {
  const { code, stderr } = await runCommandLine(['serve', '--port', '0', '--access-file', path]);
  expect(code).toBe(78);
  expect(stderr).toMatch(sentence);
});

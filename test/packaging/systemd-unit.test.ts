// The systemd unit fits the program: its variables, its limits, its exit statuses. That systemd takes it, and how it is
// sandboxed, is checked by systemd-analyze in CI.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';

const unit = readFileSync(new URL('../../systemd/gitpubsub.service', import.meta.url), 'utf8');

/** The values that stand for a key, in order. */
function read(key: string): string[] {
  const lines = unit.split('\n').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}

/** What `Environment=` lines set, `%S` and `%t` as systemd fills them in. */
function readEnvironment(): NodeJS.ProcessEnv {
  const texts = read('Environment').map((text) => text.replace('%S', '/var/lib').replace('%t', '/run'));
  return Object.fromEntries(texts.map((text) => text.split('=', 2) as [string, string]));
}

test('the unit sets variables that the broker knows, and the database within its state directory', () => {
  const config = loadConfig({ flags: {}, env: readEnvironment() });
  expect(read('StateDirectory')).toStrictEqual(['gitpubsub']);
  expect(config.database).toBe('/var/lib/gitpubsub/gitpubsub.db');
});

test('the unit lifts the size of a request head as the broker does', () => {
  expect(readEnvironment()['UWS_HTTP_MAX_HEADERS_SIZE']).toBe('16384');
});

test('the unit allows more descriptors than the broker takes connections by default', () => {
  const { maxConnections } = loadConfig({ flags: {}, env: {} });
  expect(Number(read('LimitNOFILE'))).toBeGreaterThan(maxConnections + 1000);
});

test('the unit gives a stop the 10 seconds of P27, and not much more', () => {
  expect(Number(read('TimeoutStopSec'))).toBeGreaterThan(10);
  expect(Number(read('TimeoutStopSec'))).toBeLessThanOrEqual(15);
});

test('the unit reloads by the signal that the broker takes for it, after a check that can fail', () => {
  expect(read('ExecReload')).toStrictEqual([
    "sh -c 'exec gitpubsub serve --check >/dev/null'",
    'kill -HUP $MAINPID',
  ]);
});

test('the unit starts the broker again after a failure, but not after wrong usage or configuration', () => {
  expect(read('Restart')).toStrictEqual(['on-failure']);
  expect(read('RestartPreventExitStatus')).toStrictEqual(['64 78']);
});

test('the unit lets a helper process tell that the broker is ready', () => {
  expect([...read('Type'), ...read('NotifyAccess')]).toStrictEqual(['notify', 'all']);
});

test('the unit does not forbid what V8 needs', () => {
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
});

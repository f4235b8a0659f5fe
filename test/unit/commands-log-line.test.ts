import { expect, test } from 'vitest';
import { toLogText } from '../../src/commands/log-line.ts';

const TIME = new Date(2026, 10, 21, 9, 5, 7).toISOString();

function textOf(record: object): string {
  return toLogText(JSON.stringify({ time: TIME, ...record }));
}

test.each([
  [{ level: 'info', msg: 'stopped' }, '09:05:07  stopped'],
  [
    { level: 'info', address: 'http://127.0.0.1:2069', events: 7, msg: 'listening' },
    '09:05:07  listening  address=http://127.0.0.1:2069  events=7',
  ],
  [
    {
      level: 'warn',
      reason: 'read failed',
      err: { type: 'Error', message: 'disk I/O error' },
      msg: 'stream cut',
    },
    '09:05:07  WARN  stream cut  reason="read failed"  (disk I/O error)',
  ],
  [
    { level: 'error', path: '/a\u009bb', msg: 'request failed' },
    '09:05:07  ERROR  request failed  path=/a\\u009bb',
  ],
])('%j is shown to people as %j', (record, expected) => {
  expect(textOf(record)).toBe(expected);
});

test('what is no record stays, made printable', () => {
  expect(toLogText('plain \u001b[31m')).toBe('plain \\u001b[31m');
});

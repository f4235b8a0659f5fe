// What the commands print where a terminal is: lines, and nothing that steers it.
import { expect, test } from 'vitest';
import { runDoctor } from '../../src/commands/doctor.ts';
import { runStats } from '../../src/commands/stats.ts';
import { answer, startFakeServer } from '../support/fake-server.ts';
import { pretendTerminal } from '../support/terminal.ts';

const HEADERS = { Server: 'GitPubSub/1', 'X-Uptime': '5', 'X-Subscribers': '2' };

test('stats is a table there as well', async () => {
  const { url } = await startFakeServer(answer(200, HEADERS));
  const terminal = pretendTerminal();
  await runStats(url, {});
  expect(terminal.text()).toBe(
    'server              GitPubSub/1\nuptime              5 s\nsubscribers         2\n',
  );
});

test('doctor shows the lines that mend it as lines', async () => {
  const { url } = await startFakeServer(answer(505, { Server: 'nginx' }));
  const terminal = pretendTerminal();
  await runDoctor(url, {});
  expect(terminal.text()).toMatch(/\n\nLines that mend it:\nnginx:\n {4}proxy_http_version 1\.1;\n$/);
});

// A real nginx in front of a broker, with the lines that a test gives it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';
import { pollUntil } from './deadline.ts';
import { findFreePort } from './free-port.ts';
import { request } from './raw-http.ts';

/** Skips the test where there is no nginx. @throws Error instead where CI is `true` */
export function requireNginx(context: TestContext): void {
  if (spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0) return;
  if (process.env['CI'] === 'true') throw new Error('nginx is not there');
  context.skip('nginx is not there');
}

/** Starts it before a broker's URL, with these lines in its `location`; gives its own URL. It ends with the running test. */
export async function startNginx(brokerUrl: string, lines: readonly string[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-nginx-'));
  const port = await findFreePort();
  const path = join(directory, 'nginx.conf');
  writeFileSync(path, configure(directory, port, brokerUrl, lines));
  const child = spawn('nginx', ['-p', directory, '-e', join(directory, 'error.log'), '-c', path], {
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  });
  await pollUntil(
    () =>
      request({ host: '127.0.0.1', port }, { method: 'HEAD', path: '/' }).then(
        () => true,
        () => undefined,
      ),
    'nginx answers',
  );
  return `http://127.0.0.1:${port}`;
}

function configure(directory: string, port: number, brokerUrl: string, lines: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off;
    master_process off;
    pid ${directory}/nginx.pid;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass ${new URL(brokerUrl).origin};
          ${lines.join('\n')}
        }
      }
    }
  `;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

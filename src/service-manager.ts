// Tells systemd how far the start or stop is, when it asked to be told.
import { spawn } from 'node:child_process';
import type { Logger } from './core/logger.ts';

/**
 * Sends a state such as `--ready` or `--stopping`, without waiting for it. Does nothing where no service manager asked.
 * Source: sd_notify(3), systemd-notify(1)
 */
export function notifyServiceManager(state: '--ready' | '--stopping', logger: Logger): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  // Why a helper: the protocol is a datagram to a Unix socket, which Node can't send. The unit allows it (NotifyAccess=all).
  const helper = spawn('systemd-notify', [state, `--pid=${process.pid}`, '--no-block'], { stdio: 'ignore' });
  helper.on('error', (error) => logger.warn({ err: error }, 'systemd-notify failed'));
  helper.unref();
}

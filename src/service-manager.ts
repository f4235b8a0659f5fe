// Tells systemd how far the start or stop is, when it asked to be told.
import { spawn } from 'node:child_process';
import type { Logger } from './core/logger.ts';

/**
 * Sends a state, without waiting for it. Does nothing where no service manager asked.
 * Source: sd_notify(3), systemd-notify(1)
 */
export function notifyServiceManager(state: 'READY=1' | 'STOPPING=1', logger: Logger): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  // Why a helper: the protocol is a datagram to a Unix socket, which Node can't send. The unit allows it (NotifyAccess=all).
  const helper = spawn('systemd-notify', [`--pid=${process.pid}`, state], { stdio: 'ignore' });
  helper.on('error', (error) => logger.warn({ err: error }, 'systemd-notify failed'));
  helper.unref();
}

// `gitpubsub serve`: reads the configuration, starts the broker, and stops it when it is told to.
import { pino } from 'pino';
import { startApp, type App } from '../app.ts';
import { describeConfig } from '../config/describe.ts';
import { loadConfig, type Config } from '../config/load-config.ts';
import type { Flags } from '../config/sources.ts';
import type { Logger } from '../core/logger.ts';
import { toPrintable } from '../core/printable.ts';
import { notifyServiceManager } from '../service-manager.ts';
import { toLogText } from './log-line.ts';
import { openLogOutput, type LogOutput } from './log-output.ts';
import { nextStopSignal } from './stop-signal.ts';

/**
 * Serves until SIGTERM or SIGINT; with `check`, only says what the configuration is.
 * @throws GitPubSubError `invalid-configuration` or `cannot-start`
 */
export async function runServe(flags: Flags, options: { check: boolean }): Promise<void> {
  const config = loadConfig({ flags, env: process.env });
  if (options.check) {
    process.stdout.write(`${describeConfig(config)}\n`);
    return;
  }
  const output = openLogOutput();
  const logger = createLogger(config, output);
  const stopSignal = nextStopSignal();
  const app = await startApp(config, logger);
  notifyServiceManager('READY=1', logger);
  await stopSignal.then((signal) => stop(app, signal, logger));
  await output.close();
}

function createLogger({ logLevel }: Config, output: LogOutput): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const toText = process.stdout.isTTY ? toLogText : toPrintable;
  return pino(options, { write: (line) => output.write(`${toText(line.trimEnd())}\n`) });
}

async function stop(app: App, signal: NodeJS.Signals, logger: Logger): Promise<void> {
  logger.info({ signal }, 'stopping');
  notifyServiceManager('STOPPING=1', logger);
  await app.stop();
  logger.info({}, 'stopped');
}

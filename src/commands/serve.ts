// `gitpubsub serve`: reads the configuration, starts the broker, and reloads and stops it when it is told to.
import { pino, type Logger } from 'pino';
import { startApp, type App } from '../app.ts';
import { describeConfig } from '../config/describe.ts';
import { loadConfig, type Config } from '../config/load-config.ts';
import type { Flags } from '../config/sources.ts';
import { formatSetting } from '../config/settings.ts';
import { GitPubSubError } from '../core/errors.ts';
import { toPrintable } from '../core/printable.ts';
import { notifyServiceManager } from '../service-manager.ts';
import { toLogText } from './log-line.ts';
import { notify } from './notices.ts';
import { openLogOutput, type LogOutput } from './log-output.ts';
import type { ReloadSignal } from './reload-signal.ts';
import { nextStopSignal } from './stop-signal.ts';

/** How it is run. */
export interface ServeOptions {
  readonly check: boolean;
  /** Made as early as possible. */
  readonly reloadSignal: ReloadSignal;
}

/**
 * Serves until SIGTERM or SIGINT; with `check`, only says what the configuration is.
 * @throws GitPubSubError `invalid-configuration` or `cannot-start`
 */
export async function runServe(flags: Flags, { check, reloadSignal }: ServeOptions): Promise<void> {
  const load = (): Config => loadConfig({ flags, env: process.env });
  const config = load();
  if (check) {
    process.stdout.write(`${describeConfig(config)}\n`);
    config.warnings.forEach(notify);
    return;
  }
  const output = openLogOutput();
  const logger = createLogger(config, output);
  const stopSignal = nextStopSignal();
  warn(config, logger);
  const app = await startApp(config, logger);
  notifyServiceManager('READY=1', logger);
  reloadSignal.start(() => reload(app, load, logger));
  const signal = await stopSignal;
  reloadSignal.stop();
  await stop(app, signal, logger);
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

function warn({ warnings }: Config, logger: Logger): void {
  for (const warning of warnings) logger.warn({ warning }, 'the configuration holds, but look at it');
}

// Without waiting in between, so that no two reloads meet.
function reload(app: App, load: () => Config, logger: Logger): void {
  try {
    const { config, changed, kept } = app.reload(load());
    logger.level = config.logLevel;
    warn(config, logger);
    if (kept.length > 0) {
      const values = kept.map((key) => [key, formatSetting(key, config[key]) || 'none'] as const);
      logger.warn({ kept: Object.fromEntries(values) }, 'only a new start changes these settings');
    }
    logger.info({ changed }, 'reloaded');
  } catch (error) {
    // Whatever it is, the broker goes on as it was.
    const why = error instanceof GitPubSubError ? { problems: error.message.split('\n') } : { err: error };
    logger.error(why, 'not reloaded, nothing has changed');
  }
}

async function stop(app: App, signal: NodeJS.Signals, logger: Logger): Promise<void> {
  logger.info({ signal }, 'stopping');
  notifyServiceManager('STOPPING=1', logger);
  await app.stop();
  logger.info({}, 'stopped');
}

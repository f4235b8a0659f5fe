#!/usr/bin/env node
// The command line: one line of description per command, each loaded only when it is called.
import { Command, CommanderError, Option } from 'commander';
import {
  DOCTOR_FLAGS,
  PUBLISH_FLAGS,
  STATS_FLAGS,
  SUBSCRIBE_FLAGS,
  SUBSCRIBE_HELP,
  WAIT_FLAGS,
  WAIT_HELP,
  type ClientFlag,
} from './commands/client-flags.ts';
import type { DoctorFlags } from './commands/doctor.ts';
import type { AuditFlags } from './commands/log-audit.ts';
import type { PublishFlags } from './commands/publish.ts';
import type { StatsFlags } from './commands/stats.ts';
import type { SubscribeFlags } from './commands/subscribe-flags.ts';
import type { WaitFlags } from './commands/wait.ts';
import type { ServeFlag } from './config/serve-flags.ts';
import { EXIT_FAILURE, EXIT_USAGE, exitStatusFor } from './commands/exit-status.ts';
import { isReaderGone } from './commands/standard-output.ts';
import { GitPubSubError } from './core/errors.ts';
import { toPrintable } from './core/printable.ts';
import { readVersion } from './version.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` may leave before the end.
  if (error.code === 'EPIPE') return;
  process.stderr.write(`gitpubsub: standard output cannot be written: ${error.message}\n`);
  process.exit(EXIT_FAILURE);
});

try {
  const program = await createProgram();
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

async function createProgram(): Promise<Command> {
  return new Command('gitpubsub')
    .description(
      'Commit notification broker: hooks POST JSON to a path, subscribers curl a path and miss nothing.',
    )
    .version(readVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .addCommand(await serveCommand())
    .addCommand(subscribeCommand())
    .addCommand(publishCommand())
    .addCommand(waitCommand())
    .addCommand(statsCommand())
    .addCommand(doctorCommand())
    .addCommand(demoCommand())
    .addCommand(hookCommand())
    .addCommand(flushCommand())
    .addCommand(logCommand())
    .addCommand(tokenCommand())
    .addCommand(deliverCommand(), { hidden: true });
}

async function serveCommand(): Promise<Command> {
  const serve = subcommand('serve').description('run the broker');
  // Why: a delivery starts at every push, and the settings take longer to load than all else together.
  if (!process.argv.slice(2, 4).includes('serve')) return serve;
  const { ReloadSignal } = await import('./commands/reload-signal.ts');
  const reloadSignal = new ReloadSignal(); // First of all: until it is there, SIGHUP ends the process.
  await checkOpenFiles();
  const { CONFIGURATION_HELP_GROUP, SERVE_HELP_FOOTER, serveFlags } = await import('./config/serve-flags.ts');
  for (const flag of serveFlags) serve.addOption(toOption(flag));
  return serve
    .addOption(
      new Option('--check', 'check the configuration, show it, and exit').helpGroup(CONFIGURATION_HELP_GROUP),
    )
    .addHelpText('after', SERVE_HELP_FOOTER)
    .action(async ({ check = false, ...flags }: Record<string, string> & { check?: boolean }) => {
      const { runServe } = await import('./commands/serve.ts');
      await runServe(flags, { check, reloadSignal });
    });
}

function subscribeCommand(): Command {
  return clientCommand('subscribe', SUBSCRIBE_FLAGS)
    .description('show events as they come, or run a command for each')
    .addHelpText('after', SUBSCRIBE_HELP)
    .action(async (url: string, flags: SubscribeFlags) => {
      const { runSubscribe } = await import('./commands/subscribe.ts');
      process.exitCode = await runSubscribe(url, flags);
    });
}

function publishCommand(): Command {
  return clientCommand('publish', PUBLISH_FLAGS)
    .description('publish JSON, and show the cursor of the last event')
    .argument('[file]', 'what to publish; - is standard input', '-')
    .action(async (url: string, file: string, flags: PublishFlags) => {
      const { runPublish } = await import('./commands/publish.ts');
      process.exitCode = await runPublish(url, file, flags);
    });
}

function waitCommand(): Command {
  return clientCommand('wait', WAIT_FLAGS)
    .description('wait until a commit or a push was announced, for scripts; status 124 if it was not in time')
    .addHelpText('after', WAIT_HELP)
    .action(async (url: string, flags: WaitFlags) => {
      const { runWait } = await import('./commands/wait.ts');
      process.exitCode = await runWait(url, flags);
    });
}

function statsCommand(): Command {
  return clientCommand('stats', STATS_FLAGS)
    .description('show how the broker does; only for addresses that may publish')
    .action(async (url: string, flags: StatsFlags) => {
      const { runStats } = await import('./commands/stats.ts');
      process.exitCode = await runStats(url, flags);
    });
}

function doctorCommand(): Command {
  return clientCommand('doctor', DOCTOR_FLAGS)
    .description('say what proxies between here and a broker do wrong, and how to mend it; publishes nothing')
    .action(async (url: string, flags: DoctorFlags) => {
      const { runDoctor } = await import('./commands/doctor.ts');
      process.exitCode = await runDoctor(url, flags);
    });
}

function demoCommand(): Command {
  return subcommand('demo')
    .description('show the whole loop: a repository, pushes and a subscriber, all thrown away afterwards')
    .action(async () => {
      await checkOpenFiles();
      const { runDemo } = await import('./commands/demo.ts');
      process.exitCode = await runDemo();
    });
}

function flushCommand(): Command {
  return subcommand('flush')
    .description('publish what pushes have left waiting; status 75 if something still waits')
    .argument('<paths...>', 'repositories, or directories with repositories below')
    .action(async (paths: string[]) => {
      const { runFlush } = await import('./commands/flush.ts');
      process.exitCode = await runFlush(paths);
    });
}

function deliverCommand(): Command {
  return subcommand('deliver')
    .description('publish what waits in one repository, in silence; hooks/post-receive starts this')
    .argument('<repository>', 'git directory')
    .option('--held', 'note the push on standard input first')
    .action(async (repository: string, options: { held?: boolean }) => {
      const { runDeliver } = await import('./commands/deliver.ts');
      process.exitCode = await runDeliver(repository, options);
    });
}

function hookCommand(): Command {
  const paths = ['<paths...>', 'repositories, or directories with repositories below'] as const;
  const install = subcommand('install')
    .description('put the hook into repositories, before any hook that is there already')
    .argument(...paths)
    .action(async (given: string[]) => {
      const { runHookInstall } = await import('./commands/hook-install.ts');
      process.exitCode = await runHookInstall(given);
    });
  const status = subcommand('status')
    .description('say where repositories publish, what waits, and how the last delivery went')
    .argument(...paths)
    .action(async (given: string[]) => {
      const { runHookStatus } = await import('./commands/hook-status.ts');
      process.exitCode = await runHookStatus(given);
    });
  return subcommand('hook')
    .description('put the hook into repositories, or look after it')
    .addCommand(install)
    .addCommand(status);
}

function logCommand(): Command {
  const check = subcommand('check')
    .description('look for damage in a database, also while a broker uses it; status 1 if there is any')
    .argument('<database>', 'the file')
    .action(async (path: string) => {
      const { runLogCheck } = await import('./commands/log.ts');
      process.exitCode = runLogCheck(path);
    });
  const backup = subcommand('backup')
    .description('copy a database, also while a broker uses it, and check the copy')
    .argument('<database>', 'the file')
    .argument('<copy>', 'where to; nothing may be there yet')
    .action(async (path: string, copy: string) => {
      const { runLogBackup } = await import('./commands/log.ts');
      process.exitCode = runLogBackup(path, copy);
    });
  const audit = subcommand('audit')
    .description('say who published each event, also while a broker runs')
    .argument('<database>', 'the file')
    .option('--since <when>', 'only events since then: an age (10m, 2h, 3d), a date, epoch seconds')
    .option('--topic <path>', 'only events of this topic and below')
    .option('--output <form>', 'json or text; by default text on a terminal, else json')
    .action(async (path: string, flags: AuditFlags) => {
      const { runLogAudit } = await import('./commands/log-audit.ts');
      process.exitCode = await runLogAudit(path, flags);
    });
  return subcommand('log')
    .description('look after the database of a broker')
    .addCommand(check)
    .addCommand(backup)
    .addCommand(audit);
}

function tokenCommand(): Command {
  const create = subcommand('new')
    .description('make a token, and what the access file holds of it')
    .action(async () => {
      const { runTokenNew } = await import('./commands/token.ts');
      runTokenNew();
    });
  return subcommand('token').description('make tokens for the access file').addCommand(create);
}

// Why before anything else is loaded: with too few, the loading is what fails. @throws GitPubSubError `cannot-start`
async function checkOpenFiles(): Promise<void> {
  const { connectionCapacity } = await import('./http/descriptor-limit.ts');
  connectionCapacity();
}

function clientCommand(name: string, flags: readonly ClientFlag[]): Command {
  const command = subcommand(name).argument('<url>', 'of a topic, such as http://localhost:2069/json');
  for (const flag of flags) command.addOption(toClientOption(flag));
  return command;
}

// A repeated flag adds to its list. Why no commas: they may stand in a glob.
function toClientOption({ flags, description, isList }: ClientFlag): Option {
  const option = new Option(flags, description);
  return isList === true
    ? option.argParser((value: string, previous?: readonly string[]) => [...(previous ?? []), value])
    : option;
}

function subcommand(name: string): Command {
  return new Command(name).helpOption('-h, --help', 'show this help').exitOverride();
}

// A repeated list flag adds to its list.
function toOption({ flags, description, helpGroup, isList }: ServeFlag): Option {
  const option = new Option(flags, description).helpGroup(helpGroup);
  if (isList)
    option.argParser((value: string, previous?: string) =>
      previous === undefined ? value : `${previous},${value}`,
    );
  return option;
}

// Says what went wrong, in one sentence each, and returns the exit status.
function report(error: unknown): number {
  if (isReaderGone(error)) return 0;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (!(error instanceof GitPubSubError)) throw error;
  for (const line of error.message.split('\n')) process.stderr.write(`gitpubsub: ${toPrintable(line)}\n`);
  return exitStatusFor(error);
}

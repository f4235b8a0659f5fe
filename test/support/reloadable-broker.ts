// A broker with a configuration file and an access file, which a test rewrites while it runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToken } from '../../src/access/token.ts';
import { BrokerProcess, type BrokerOptions } from './broker-process.ts';
import { pollUntil } from './deadline.ts';

/** What stands in the files; a broker without an access file at first has none later. */
export interface Files {
  readonly settings?: object | string;
  readonly access?: object | string;
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

const OUTCOMES: readonly unknown[] = ['reloaded', 'not reloaded, nothing has changed'];

export class ReloadableBroker {
  readonly process: BrokerProcess;
  readonly #directory: string;

  private constructor(process: BrokerProcess, directory: string) {
    this.process = process;
    this.#directory = directory;
  }

  static async start(files: Files, options: BrokerOptions = {}): Promise<ReloadableBroker> {
    const directory = mkdtempSync(join(tmpdir(), 'gitpubsub-config-'));
    write(directory, { settings: {}, ...files });
    const access = files.access === undefined ? [] : ['--access-file', join(directory, 'access.json')];
    const flags = ['--config', join(directory, 'config.json'), ...access, ...(options.flags ?? [])];
    return new ReloadableBroker(await BrokerProcess.start({ ...options, flags }), directory);
  }

  get configPath(): string {
    return join(this.#directory, 'config.json');
  }

  /** Rewrites the files that are given. */
  write(files: Files): void {
    write(this.#directory, files);
  }

  /** SIGHUP with these files. Resolves with the line that says what came of it. */
  async reload(files: Files): Promise<LogLine> {
    this.write(files);
    const count = this.outcomes.length;
    this.process.sendSignal('SIGHUP');
    return pollUntil(() => this.outcomes[count], 'the log tells of a reload');
  }

  /** Ends the broker and removes its files. */
  async dispose(): Promise<void> {
    await this.process.dispose();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** The lines that say what came of reloads. */
  get outcomes(): readonly LogLine[] {
    return this.process.lines.filter(({ msg }) => OUTCOMES.includes(msg));
  }
}

/** Starts a broker with these files, hands it to the test, and ends it whatever became of that. */
export async function withReloadableBroker(
  files: Files,
  act: (broker: ReloadableBroker) => Promise<void>,
  options: BrokerOptions = {},
): Promise<void> {
  const broker = await ReloadableBroker.start(files, options);
  try {
    await act(broker);
  } finally {
    await broker.dispose();
  }
}

/** A principal of an access file with one token. */
export function principalWith(token: string, rights: object): object {
  return { tokens: [{ sha256: hashToken(token) }], ...rights };
}

/** The header that sends a token. */
export function bearer(token: string): readonly [string, string] {
  return ['Authorization', `Bearer ${token}`];
}

function write(directory: string, { settings, access }: Files): void {
  if (settings !== undefined) writeFileSync(join(directory, 'config.json'), toText(settings));
  if (access !== undefined) writeFileSync(join(directory, 'access.json'), toText(access));
}

function toText(value: object | string): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

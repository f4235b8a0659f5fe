// `gitpubsub stats`: the broker's numbers, once or again and again.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointOptions } from '../client/endpoint.ts';
import { readStatistics, type BrokerStatistics } from '../client/statistics.ts';
import { GitPubSubError } from '../core/errors.ts';
import { withToken, type TokenFlags } from './client-token.ts';
import { EXIT_FAILURE } from './exit-status.ts';
import { parseDurationMs } from './flag-values.ts';
import { notify } from './notices.ts';
import { printLine } from './standard-output.ts';
import { nextStopSignal } from './stop-signal.ts';

/** As they were typed. */
export interface StatsFlags extends TokenFlags {
  readonly watch?: boolean;
  readonly every?: string;
  readonly json?: boolean;
  readonly unixSocket?: string;
}

/** The numbers as lines. */
type Form = (statistics: BrokerStatistics) => readonly string[];

const DEFAULT_PACE = '2s';
const LEAST_PACE = '100ms';

const NOT_TRUSTED =
  'The broker answers, but shows its numbers only to addresses in its trustedPeers, and to tokens with that right; you have neither. Ask on its machine or with a token, or behind a proxy look at its trustedProxies.';

/** Prints the numbers. Returns the exit status: 1 if the broker does not show them. */
export function runStats(url: string, flags: StatsFlags): Promise<number> {
  const { unixSocket: socketPath } = flags;
  return withToken(url, flags, ({ options }) =>
    showStats(url, flags, { ...options, ...(socketPath !== undefined && { socketPath }) }),
  );
}

async function showStats(url: string, flags: StatsFlags, options: EndpointOptions): Promise<number> {
  const every = flags.every ?? (flags.watch === true ? DEFAULT_PACE : undefined);
  const form = flags.json === true ? toJson : toTable;
  if (every !== undefined) return watchStats(url, every, form, options);
  return show(await readStatistics(url, options), form);
}

async function watchStats(url: string, every: string, form: Form, options: EndpointOptions): Promise<number> {
  const pauseMs = parseDurationMs('--every', /^\d+$/.test(every) ? `${every}s` : every, LEAST_PACE);
  const stop = new AbortController();
  void nextStopSignal().then(() => stop.abort());
  try {
    for (;;) {
      await readStatistics(url, { ...options, signal: stop.signal })
        .then((statistics) => show(statistics, timed(form)))
        .catch(notifyIfTemporary);
      await sleep(pauseMs, undefined, { signal: stop.signal });
    }
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw error;
  }
}

// A broker that is away may come back while somebody watches.
function notifyIfTemporary(error: unknown): void {
  if (!(error instanceof GitPubSubError) || error.code !== 'broker-unreachable') throw error;
  notify(error.message);
}

async function show(statistics: BrokerStatistics, form: Form): Promise<number> {
  for (const line of form(statistics)) await printLine(line);
  if (statistics.uptimeSeconds !== undefined) return 0;
  notify(NOT_TRUSTED);
  return EXIT_FAILURE;
}

// Tables that follow each other are told apart by their times; JSON stays a line each.
function timed(form: Form): Form {
  if (form === toJson) return form;
  return (statistics) => [new Date().toLocaleTimeString('en-GB'), ...form(statistics), ''];
}

function toJson(statistics: BrokerStatistics): string[] {
  return [JSON.stringify(statistics)];
}

function toTable(statistics: BrokerStatistics): string[] {
  const rows: [string, string | undefined][] = [
    ['server', statistics.server],
    ['uptime', statistics.uptimeSeconds === undefined ? undefined : describeAge(statistics.uptimeSeconds)],
    ['subscribers', describe(statistics.subscribers)],
    ['open connections', describe(statistics.openConnections)],
    ['connections so far', describe(statistics.totalConnections)],
    ['bytes received', describe(statistics.receivedBytes)],
    ['bytes sent', describe(statistics.sentBytes)],
  ];
  const known = rows.filter(([, value]) => value !== undefined);
  return known.map(([name, value]) => `${name.padEnd(20)}${value}`);
}

function describe(number: number | undefined): string | undefined {
  return number?.toLocaleString('en');
}

function describeAge(seconds: number): string {
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['min', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  const shown = first === -1 ? units.slice(-1) : units.slice(first, first + 2);
  return shown.map(([unit, count]) => `${count} ${unit}`).join(' ');
}

// The table of everything that can be configured: flags, variables, file keys, help and checks all derive from it.
// To add a setting, add its line to `Settings` and its entry to `SETTINGS`; the compiler asks for the other one.
import { formatRange, parsePeerRange, parseProxyRange } from '../access/peer-range.ts';
import type { PeerRange, ProxyRange } from '../access/peer-range.ts';
import { anyNumber, byteCount, choice, listOf, optional, orNone, textThat, wholeNumber } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { MAX_LINE_BYTES } from '../core/payload.ts';
import { isDatabasePath, isFilePath, isHost, isSocketPath, parseOrigin } from './texts.ts';

/** The value of every setting. */
export interface Settings {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Path of a Unix domain socket to listen on instead of `host` and `port`. */
  readonly socket: string | undefined;
  /** Path of a PEM file: the certificate, and the chain to its authority after it. */
  readonly tlsCert: string | undefined;
  /** Path of a PEM file with the key of the certificate. */
  readonly tlsKey: string | undefined;
  readonly maxConnections: number;
  /** Path of the database file. */
  readonly database: string;
  readonly durability: 'full' | 'normal';
  /** May have a fraction; `undefined` keeps events of any age. */
  readonly retentionHours: number | undefined;
  readonly retentionEvents: number | undefined;
  readonly retentionBytes: number | undefined;
  readonly trustedPeers: readonly PeerRange[];
  readonly trustedProxies: readonly ProxyRange[];
  /** As browsers send them in `Origin`: `https://example.org`. */
  readonly corsOrigins: readonly string[];
  /** Path of the file that says who may do what beyond `trustedPeers`. */
  readonly accessFile: string | undefined;
  /** Open at a time by one address that is not in `trustedPeers`; `undefined` for any number. */
  readonly maxPeerStreams: number | undefined;
  readonly maxEventBytes: number;
  readonly maxBatchBytes: number;
  /** May have a fraction. */
  readonly keepAliveSeconds: number;
  /** May have a fraction. */
  readonly stallSeconds: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** The name of a setting, as it stands in the file. */
export type SettingKey = keyof Settings;

/** The heading that a setting stands under in `--help`. */
type SettingGroup = 'Listening' | 'Storage' | 'Who may publish' | 'Limits' | 'Logging';

/** All there is to know about one setting. */
export interface Setting<T> {
  readonly group: SettingGroup;
  /** What stands for the value in `--help`. */
  readonly placeholder: string;
  /** Fits beside the flag on a line of 80 characters, with the default. */
  readonly help: string;
  readonly default: T;
  /**
   * Whether a running broker takes another value when it reads its files anew (`live`), or only a new start does;
   * `live-while-set`: another value, but not the first one, nor none.
   */
  readonly changes: 'live' | 'live-while-set' | 'at-start';
  /** Stands after a value that is shown. */
  readonly unit?: 'hours' | 'seconds';
  readonly kind: Kind<T>;
}

/** Largest batch in bytes: half of what all bodies together may take. [P6] */
const LARGEST_BATCH_BYTES = 33_554_432;

/** Longest keep-alive interval: the shortest timeout of a known client is 11 s, and a keep-alive may be late. [P12] */
const LONGEST_KEEP_ALIVE_SECONDS = 8;

/** Longest retention, a hundred years: far beyond use, and exact in milliseconds. */
const LONGEST_RETENTION_HOURS = 876_000;

/** Longest patience with a stuck reader, a day: a stuck reader costs a batch of memory for as long. */
const LONGEST_STALL_SECONDS = 86_400;

const MOST = Number.MAX_SAFE_INTEGER;
const RANGES = 'a list of addresses and ranges such as 127.0.0.1,10.0.0.0/8,::1';

/** The table, in the order of `--help`. */
export const SETTINGS: { readonly [K in SettingKey]: Setting<Settings[K]> } = {
  host: {
    group: 'Listening',
    placeholder: 'address',
    help: 'address or name to listen on',
    default: '127.0.0.1',
    changes: 'at-start',
    kind: textThat(isHost, 'an IP address in full, or a host name'),
  },
  port: {
    group: 'Listening',
    placeholder: 'n',
    help: 'port, 0 for any free one',
    default: 2069,
    changes: 'at-start',
    kind: wholeNumber({ min: 0, max: 65_535 }),
  },
  socket: {
    group: 'Listening',
    placeholder: 'path',
    help: 'Unix domain socket instead of host and port',
    default: undefined,
    changes: 'at-start',
    kind: optional(textThat(isSocketPath, 'the path of a socket file, 1 to 107 bytes long')),
  },
  tlsCert: {
    group: 'Listening',
    placeholder: 'path',
    help: 'certificate and its chain, for TLS',
    default: undefined,
    changes: 'live-while-set',
    kind: optional(textThat(isFilePath, 'the path of a PEM file')),
  },
  tlsKey: {
    group: 'Listening',
    placeholder: 'path',
    help: 'key of the certificate, not encrypted',
    default: undefined,
    changes: 'live-while-set',
    kind: optional(textThat(isFilePath, 'the path of a PEM file')),
  },
  maxConnections: {
    group: 'Listening',
    placeholder: 'n',
    help: 'most connections at a time',
    default: 10_000,
    changes: 'live',
    kind: wholeNumber({ min: 1, max: 1_000_000 }),
  },
  database: {
    group: 'Storage',
    placeholder: 'path',
    help: 'file that holds the events',
    default: 'gitpubsub.db',
    changes: 'at-start',
    kind: textThat(isDatabasePath, 'the path of a file'),
  },
  durability: {
    group: 'Storage',
    placeholder: 'mode',
    help: 'events outlive a power cut (full), or only a crash of the broker (normal)',
    default: 'full',
    changes: 'at-start',
    kind: choice(['full', 'normal']),
  },
  retentionHours: {
    group: 'Storage',
    placeholder: 'n',
    help: 'drop events of this age, or none',
    default: 48,
    changes: 'live',
    unit: 'hours',
    kind: orNone(anyNumber({ min: 0.001, max: LONGEST_RETENTION_HOURS })),
  },
  retentionEvents: {
    group: 'Storage',
    placeholder: 'n',
    help: 'keep at most so many events, or none',
    default: undefined,
    changes: 'live',
    kind: orNone(wholeNumber({ min: 1, max: MOST })),
  },
  retentionBytes: {
    group: 'Storage',
    placeholder: 'n',
    help: 'keep at most so many bytes, or none',
    default: 1_073_741_824,
    changes: 'live',
    kind: orNone(byteCount({ min: 1, max: MOST })),
  },
  trustedPeers: {
    group: 'Who may publish',
    placeholder: 'list',
    help: 'addresses that may publish',
    default: [parsePeerRange('127.0.0.1'), parsePeerRange('::1')],
    changes: 'live',
    kind: listOf(parsePeerRange, formatRange, RANGES),
  },
  trustedProxies: {
    group: 'Who may publish',
    placeholder: 'list',
    help: 'proxies that may name their client',
    default: [],
    changes: 'live',
    kind: listOf(parseProxyRange, formatRange, `${RANGES}, or unix for the Unix domain socket`),
  },
  corsOrigins: {
    group: 'Who may publish',
    placeholder: 'list',
    help: 'web sites that may read and publish',
    default: [],
    changes: 'live',
    kind: listOf(parseOrigin, String, 'a list of exact origins such as https://example.org'),
  },
  accessFile: {
    group: 'Who may publish',
    placeholder: 'path',
    help: 'file of tokens, rights and private topics',
    default: undefined,
    changes: 'live',
    kind: optional(textThat(isFilePath, 'the path of a JSON file')),
  },
  maxPeerStreams: {
    group: 'Limits',
    placeholder: 'n',
    help: 'most streams of an untrusted address',
    default: 1_000,
    changes: 'live',
    kind: orNone(wholeNumber({ min: 1, max: 1_000_000 })),
  },
  maxEventBytes: {
    group: 'Limits',
    placeholder: 'n',
    help: 'largest event taken',
    default: 262_144,
    changes: 'live',
    kind: byteCount({ min: 1, max: MAX_LINE_BYTES - 2 }),
  },
  maxBatchBytes: {
    group: 'Limits',
    placeholder: 'n',
    help: 'largest batch of events taken',
    default: 8_388_608,
    changes: 'live',
    kind: byteCount({ min: 1, max: LARGEST_BATCH_BYTES }),
  },
  keepAliveSeconds: {
    group: 'Limits',
    placeholder: 'n',
    help: 'time between keep-alives',
    default: 5,
    changes: 'live',
    unit: 'seconds',
    kind: anyNumber(
      { min: 0.1, max: LONGEST_KEEP_ALIVE_SECONDS },
      ', since the shortest timeout of a known client is 11 seconds',
    ),
  },
  stallSeconds: {
    group: 'Limits',
    placeholder: 'n',
    help: 'patience with a stuck reader',
    default: 60,
    changes: 'live',
    unit: 'seconds',
    kind: anyNumber({ min: 1, max: LONGEST_STALL_SECONDS }),
  },
  logLevel: {
    group: 'Logging',
    placeholder: 'level',
    help: 'debug, info, warn, error or silent',
    default: 'info',
    changes: 'live',
    kind: choice(['debug', 'info', 'warn', 'error', 'silent']),
  },
};

/** All keys, in the order of `--help`. */
export const SETTING_KEYS: readonly SettingKey[] = Object.keys(SETTINGS).filter(isSettingKey);

/** Whether there is a setting of that name. */
export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(SETTINGS, name);
}

/** A value of the setting as people read it, with its unit; empty when there is none. */
export function formatSetting(key: SettingKey, value: unknown): string {
  const { kind, unit }: Setting<unknown> = SETTINGS[key];
  const text = kind.format(value);
  return unit === undefined || value === undefined ? text : `${text} ${unit}`;
}

// What must hold between settings, beyond what each may be by itself.
import { DEFAULT_ORIGIN } from './config.ts';
import type { Origins, Resolution } from './config.ts';
import { formatSetting } from './settings.ts';
import type { SettingKey, Settings } from './settings.ts';

interface Check {
  /** The settings it reads; it is skipped while one of them is wrong by itself. */
  readonly keys: readonly SettingKey[];
  readonly holds: (settings: Settings) => boolean;
  /** Why they do not go together, and what is allowed. */
  readonly complaint: string;
}

const CHECKS: readonly Check[] = [
  {
    keys: ['keepAliveSeconds', 'stallSeconds'],
    holds: ({ keepAliveSeconds, stallSeconds }) => keepAliveSeconds < stallSeconds,
    complaint:
      'a reader that is only quiet would pass for stuck; allowed is a stallSeconds above keepAliveSeconds.',
  },
  {
    keys: ['maxEventBytes', 'retentionBytes'],
    holds: ({ maxEventBytes, retentionBytes = Infinity }) => maxEventBytes <= retentionBytes,
    complaint:
      'a large event would go once it is stored; allowed is a retentionBytes of at least maxEventBytes.',
  },
];

/** The problems between settings, one sentence each. */
export function checkTogether({ config, wrongKeys }: Resolution): string[] {
  const describe = (key: SettingKey): string =>
    `${key} of ${formatSetting(key, config[key])} (${config.origins[key]})`;
  const broken = CHECKS.filter(
    ({ keys, holds }) => !keys.some((key) => wrongKeys.includes(key)) && !holds(config),
  );
  return [
    ...checkSocket(config.origins),
    ...checkTls(config, config.origins),
    ...broken.map(({ keys, complaint }) => `${keys.map(describe).join(' and ')}: ${complaint}`),
  ];
}

// Why: by origin and not by value, since host and port always have one.
function checkSocket(origins: Origins): string[] {
  const isGiven = (key: SettingKey): boolean => origins[key] !== DEFAULT_ORIGIN;
  const others = (['host', 'port', 'tlsCert', 'tlsKey'] as const).filter(isGiven).map((key) => origins[key]);
  if (!isGiven('socket') || others.length === 0) return [];
  return [
    `${origins.socket} does not go with ${others.join(' and ')}; allowed is either a socket or a host and port.`,
  ];
}

// A certificate without its key, or the other way round, is half of what was meant.
function checkTls({ tlsCert, tlsKey }: Settings, origins: Origins): string[] {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return [];
  const [given, missing] =
    tlsKey === undefined ? (['tlsCert', 'tlsKey'] as const) : (['tlsKey', 'tlsCert'] as const);
  return [`${origins[given]} needs ${missing} beside it; allowed are both or none.`];
}

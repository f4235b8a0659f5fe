// What a running broker takes of a configuration that was read anew.
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './load-config.ts';
import { SETTINGS, SETTING_KEYS, type Setting, type SettingKey } from './settings.ts';

/** A new configuration as far as it can be taken. */
export interface Reload {
  /** The new one, but for what only a new start changes. */
  readonly config: Config;
  /** What changes now; also where only the contents of a file did. */
  readonly changed: readonly SettingKey[];
  /** What was to change and stays as it is. */
  readonly kept: readonly SettingKey[];
}

/** Compares the configuration that counts with the one that is wanted. */
export function planReload(running: Config, wanted: Config): Reload {
  const different = SETTING_KEYS.filter((key) => isDifferent(key, running, wanted));
  const kept = different.filter((key) => !isLive(key, running, wanted));
  const values = Object.fromEntries(kept.map((key) => [key, running[key]]));
  const tls = kept.includes('tlsCert') ? running.tls : wanted.tls;
  return {
    config: { ...wanted, ...values, tls },
    changed: different.filter((key) => !kept.includes(key)),
    kept,
  };
}

function isDifferent(key: SettingKey, running: Config, wanted: Config): boolean {
  const { kind }: Setting<unknown> = SETTINGS[key];
  return (
    kind.format(running[key]) !== kind.format(wanted[key]) ||
    !isDeepStrictEqual(contentsOf(key, running), contentsOf(key, wanted))
  );
}

function isLive(key: SettingKey, running: Config, wanted: Config): boolean {
  const { changes } = SETTINGS[key];
  const isSet = running[key] !== undefined && wanted[key] !== undefined;
  return changes === 'live' || (changes === 'live-while-set' && isSet);
}

// What stands in the file that a setting names.
function contentsOf(key: SettingKey, { access, tls }: Config): unknown {
  if (key === 'accessFile') return access;
  if (key === 'tlsCert') return tls?.certSha256;
  return key === 'tlsKey' ? tls?.keySha256 : undefined;
}

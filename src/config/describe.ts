// What `gitpubsub serve --check` prints: every setting with its value and where it comes from.
import type { ResolvedConfig } from './config.ts';
import { SETTING_KEYS, formatSetting } from './settings.ts';
import type { SettingKey } from './settings.ts';

/** One line for each setting in three aligned columns: key, value, origin. */
export function describeConfig(config: ResolvedConfig): string {
  const rows = SETTING_KEYS.map((key) => [key, describeValue(config, key), config.origins[key]] as const);
  const keyWidth = Math.max(...rows.map(([key]) => key.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([key, value, origin]) => `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${origin}`)
    .join('\n');
}

function describeValue(config: ResolvedConfig, key: SettingKey): string {
  const isUnused = config.socket !== undefined && (key === 'host' || key === 'port');
  return (isUnused ? '' : formatSetting(key, config[key])) || '-';
}

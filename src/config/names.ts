// How a setting is called: the flag and the variable that belong to a key.
import type { SettingKey } from './settings.ts';

/** How every variable of GitPubSub begins. */
export const VARIABLE_PREFIX = 'GITPUBSUB_';

/** The variable that holds the path of the configuration file. */
export const CONFIG_VARIABLE = 'GITPUBSUB_CONFIG';

/** Variables of the hook and the client, which the broker leaves alone: all may read one environment. */
export const CLIENT_VARIABLES: readonly string[] = [
  'GITPUBSUB_URL',
  'GITPUBSUB_COMMAND',
  'GITPUBSUB_TOKEN',
  'GITPUBSUB_TOKEN_FILE',
];

/** The flag of a key: `--trusted-peers`. */
export function flagName(key: SettingKey): string {
  return `--${splitWords(key).join('-')}`;
}

/** The variable of a key: `GITPUBSUB_TRUSTED_PEERS`. */
export function variableName(key: SettingKey): string {
  return `${VARIABLE_PREFIX}${splitWords(key).join('_').toUpperCase()}`;
}

function splitWords(key: SettingKey): string[] {
  return key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

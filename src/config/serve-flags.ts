// The flags of `gitpubsub serve` as its --help shows them. Knows nothing of the command line library.
import { flagName } from './names.ts';
import { SETTINGS, SETTING_KEYS, formatSetting } from './settings.ts';
import type { Setting, SettingKey } from './settings.ts';

/** One flag. */
export interface ServeFlag {
  /** The flag and its placeholder: `--port <n>`. */
  readonly flags: string;
  /** With default and unit. */
  readonly description: string;
  /** The heading it stands under, with its colon. */
  readonly helpGroup: string;
  /** Whether a repeated flag adds to the list, joined by a comma, where any other replaces its value. */
  readonly isList: boolean;
}

/** The heading of the flags that are about the configuration itself. */
export const CONFIGURATION_HELP_GROUP = 'Configuration:';

/** All settings in the order of the table, then `--config`. */
export const serveFlags: readonly ServeFlag[] = [
  ...SETTING_KEYS.map(flagOfSetting),
  {
    flags: '--config <path>',
    description: 'JSON file with settings',
    helpGroup: CONFIGURATION_HELP_GROUP,
    isList: false,
  },
];

/** What stands below the flags in `--help`. */
export const SERVE_HELP_FOOTER: string = `
A list is separated by commas. Bytes may be given as 256KiB, 64MiB or 1GiB.
Every setting is also a variable, GITPUBSUB_TRUSTED_PEERS for --trusted-peers,
and a key of the file, trustedPeers, where a list may be an array. A flag goes
before a variable, a variable before the file. GITPUBSUB_CONFIG names the file.
SIGHUP makes a running broker read its files anew. Only a new start changes
${SETTING_KEYS.filter((key) => SETTINGS[key].changes === 'at-start').join(', ')}, and whether there is TLS.`;

function flagOfSetting(key: SettingKey): ServeFlag {
  const setting: Setting<unknown> = SETTINGS[key];
  const shown = formatSetting(key, setting.default);
  return {
    flags: `${flagName(key)} <${setting.placeholder}>`,
    description: shown === '' ? setting.help : `${setting.help} (default: ${shown})`,
    helpGroup: `${setting.group}:`,
    isList: setting.kind.isList,
  };
}

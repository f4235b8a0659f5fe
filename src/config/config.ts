// The effective configuration: of all values given for a setting, the one that counts, and what is wrong with any of them.
import { describeRefusal } from './kinds.ts';
import { SETTINGS, SETTING_KEYS } from './settings.ts';
import type { Setting, SettingKey, Settings } from './settings.ts';
import type { GivenValue } from './sources.ts';

/** The value of every setting and where it comes from. */
export interface ResolvedConfig extends Settings {
  readonly origins: Origins;
}

/** Where each value comes from: `--port`, `GITPUBSUB_PORT`, `port in gitpubsub.json` or {@link DEFAULT_ORIGIN}. */
export type Origins = Readonly<Record<SettingKey, string>>;

/** The origin of a value that nobody gave. */
export const DEFAULT_ORIGIN = 'default';

/** A configuration that may not hold yet. */
export interface Resolution {
  /** A setting that has a problem stands at its default. */
  readonly config: ResolvedConfig;
  /** One sentence each, also about values that another one overrides. */
  readonly problems: readonly string[];
  readonly wrongKeys: readonly SettingKey[];
}

interface ResolvedSetting {
  readonly key: SettingKey;
  readonly value: unknown;
  readonly origin: string;
  readonly problems: readonly string[];
}

/** Reads all values. Of several for one setting the first counts. */
export function resolveConfig(given: readonly GivenValue[]): Resolution {
  const resolved = SETTING_KEYS.map((key) =>
    resolveSetting(
      key,
      given.filter((one) => one.key === key),
    ),
  );
  return {
    config: assembleConfig(resolved),
    problems: resolved.flatMap(({ problems }) => problems),
    wrongKeys: resolved.filter(({ problems }) => problems.length > 0).map(({ key }) => key),
  };
}

function assembleConfig(resolved: readonly ResolvedSetting[]): ResolvedConfig {
  const settings = resolved.map(({ key, value }) => [key, value] as const);
  const origins = resolved.map(({ key, origin }) => [key, origin] as const);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- key by key the types are lost; the table ties each to its schema
  return {
    ...Object.fromEntries(settings),
    origins: Object.fromEntries(origins),
  } as unknown as ResolvedConfig;
}

function resolveSetting(key: SettingKey, given: readonly GivenValue[]): ResolvedSetting {
  const setting: Setting<unknown> = SETTINGS[key];
  const readings = given.map((one) => readValue(setting, one));
  const problems = readings.flatMap((reading) => reading.problems);
  const first = problems.length === 0 ? readings[0] : undefined;
  const origin = given[0]?.origin ?? DEFAULT_ORIGIN;
  return { key, value: first ? first.value : setting.default, origin, problems };
}

function readValue(
  { kind }: Setting<unknown>,
  { raw, origin }: GivenValue,
): Pick<ResolvedSetting, 'value' | 'problems'> {
  const result = kind.schema.safeParse(raw);
  if (result.success) return { value: result.data, problems: [] };
  // Why: an issue of our own names the one wrong item of a list; one of zod's says less than `allowed` does.
  const own = result.error.issues.filter(({ code }) => code === 'custom').map(({ message }) => message);
  const complaints = own.length > 0 ? own : [describeRefusal(raw, kind.allowed)];
  return { value: undefined, problems: complaints.map((complaint) => `${origin}: ${complaint}`) };
}

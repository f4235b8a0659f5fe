import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { variableName } from '../../src/config/names.ts';
import { SETTINGS, SETTING_KEYS, formatSetting, isSettingKey } from '../../src/config/settings.ts';
import type { Setting, SettingKey } from '../../src/config/settings.ts';

function read(key: SettingKey, raw: unknown): unknown {
  const setting: Setting<unknown> = SETTINGS[key];
  return setting.kind.schema.parse(raw);
}

function isAllowed(key: SettingKey, raw: unknown): boolean {
  return SETTINGS[key].kind.schema.safeParse(raw).success;
}

describe('a setting', () => {
  test.each<[SettingKey, unknown, unknown]>([
    ['port', '0', 0],
    ['port', '65535', 65_535],
    ['port', 8080, 8080],
    ['host', '0.0.0.0', '0.0.0.0'],
    ['host', '::', '::'],
    ['host', 'localhost', 'localhost'],
    ['host', 'git-1.example.org', 'git-1.example.org'],
    ['socket', '/run/gitpubsub/http.sock', '/run/gitpubsub/http.sock'],
    ['socket', 's'.repeat(107), 's'.repeat(107)],
    ['database', '../a b.db', '../a b.db'],
    ['retentionHours', '1.5', 1.5],
    ['retentionHours', 0.5, 0.5],
    ['retentionHours', 'none', undefined],
    ['retentionEvents', '1', 1],
    ['retentionEvents', 'none', undefined],
    ['retentionBytes', '1048576', 1_048_576],
    ['retentionBytes', '64KiB', 65_536],
    ['retentionBytes', '64 MiB', 67_108_864],
    ['retentionBytes', '2GiB', 2_147_483_648],
    ['retentionBytes', '1.5KiB', 1536],
    ['retentionBytes', 'none', undefined],
    ['maxPeerStreams', 'none', undefined],
    ['maxPeerStreams', '1', 1],
    ['maxEventBytes', '599998', 599_998],
    ['maxEventBytes', 1, 1],
    ['keepAliveSeconds', '0.1', 0.1],
    ['keepAliveSeconds', '8', 8],
    ['stallSeconds', '1', 1],
    ['maxConnections', '1', 1],
    ['durability', 'normal', 'normal'],
    ['logLevel', 'silent', 'silent'],
    ['trustedPeers', '', []],
    ['trustedPeers', [], []],
    ['trustedProxies', 'unix', ['unix']],
    [
      'corsOrigins',
      'https://example.org, http://localhost:8080',
      ['https://example.org', 'http://localhost:8080'],
    ],
    ['corsOrigins', ['https://xn--mller-kva.example'], ['https://xn--mller-kva.example']],
  ])('%s takes %j', (key, raw, value) => {
    expect(read(key, raw)).toEqual(value);
  });

  test.each<[SettingKey, unknown]>([
    ['port', ''],
    ['port', '-1'],
    ['port', '65536'],
    ['port', '80.5'],
    ['port', ' 80'],
    ['port', '80\n'],
    ['port', '+80'],
    ['port', '0x50'],
    ['port', '8e1'],
    ['port', 'none'],
    ['port', 80.5],
    ['port', true],
    ['port', null],
    ['port', [80]],
    ['host', ''],
    ['host', '127.1'],
    ['host', '0'],
    ['host', '0x7f000001'],
    ['host', '010.0.0.1'],
    ['host', '[::1]'],
    ['host', 'fe80::1%eth0'],
    ['host', 'localhost:80'],
    ['host', 'http://localhost'],
    ['host', 'a b'],
    ['host', '-a'],
    ['host', 'a..b'],
    ['host', '*'],
    ['host', `${'a.'.repeat(126)}aa`],
    ['socket', ''],
    ['socket', 'a\0b'],
    ['socket', 's'.repeat(108)],
    ['socket', 'ü'.repeat(54)],
    ['database', ''],
    ['database', ':memory:'],
    ['database', 'a\0b'],
    ['retentionHours', '0'],
    ['retentionHours', '-1'],
    ['retentionHours', '48h'],
    ['retentionHours', 'None'],
    ['retentionHours', null],
    ['retentionEvents', '0'],
    ['retentionEvents', '1.5'],
    ['retentionEvents', '9007199254740992'],
    ['retentionBytes', '0'],
    ['retentionBytes', '1GB'],
    ['retentionBytes', '1g'],
    ['retentionBytes', '1gib'],
    ['retentionBytes', '1.0001KiB'],
    ['retentionBytes', 'KiB'],
    ['maxPeerStreams', '0'],
    ['maxEventBytes', '599999'],
    ['maxEventBytes', '1MiB'],
    ['maxEventBytes', '0'],
    ['maxEventBytes', 'none'],
    ['keepAliveSeconds', '0.09'],
    ['keepAliveSeconds', '8.1'],
    ['keepAliveSeconds', 'none'],
    ['stallSeconds', '0.9'],
    ['stallSeconds', '86401'],
    ['maxConnections', '0'],
    ['durability', 'Full'],
    ['logLevel', 'trace'],
    ['trustedPeers', ','],
    ['trustedPeers', '::1,'],
    ['trustedPeers', 'unix'],
    ['trustedPeers', [' ::1']],
    ['trustedPeers', ['::1,127.0.0.1']],
    ['trustedPeers', [1]],
    ['trustedPeers', {}],
    ['corsOrigins', '*'],
    ['corsOrigins', 'null'],
    ['corsOrigins', 'example.org'],
    ['corsOrigins', 'https://*.example.org'],
    ['corsOrigins', 'https://example.org/'],
    ['corsOrigins', 'https://example.org/app'],
    ['corsOrigins', 'https://EXAMPLE.org'],
    ['corsOrigins', 'https://example.org:443'],
    ['corsOrigins', 'https://me@example.org'],
    ['corsOrigins', 'https://müller.example'],
    ['corsOrigins', 'ftp://example.org'],
    ['corsOrigins', 'file:///index.html'],
  ])('%s does not take %j', (key, raw) => {
    expect(isAllowed(key, raw)).toBe(false);
  });

  const withDefault = SETTING_KEYS.filter((key) => SETTINGS[key].default !== undefined);
  test.each(withDefault)('%s takes its own default as it is shown', (key) => {
    const setting: Setting<unknown> = SETTINGS[key];
    const text = setting.kind.format(setting.default).replace(/^empty$/, '');
    expect(read(key, text)).toEqual(setting.default);
  });

  test('is not a name that every object has', () => {
    expect(isSettingKey('toString')).toBe(false);
  });

  test.each<[SettingKey, unknown, string]>([
    ['retentionHours', 48, '48 hours'],
    ['retentionHours', undefined, 'none'],
    ['retentionBytes', 1_073_741_824, '1 GiB'],
    ['maxEventBytes', 1536, '1536 bytes'],
    ['maxEventBytes', 599_998, '599998 bytes'],
    ['trustedProxies', [], 'empty'],
    ['socket', undefined, ''],
  ])('%s of %j is shown as %j', (key, value, text) => {
    expect(formatSetting(key, value)).toBe(text);
  });
});

describe('the empty variable', () => {
  test.each<SettingKey>(['trustedPeers', 'trustedProxies', 'corsOrigins'])(
    'of the list %s is the empty list',
    (key) => {
      expect(loadConfig({ flags: {}, env: { [variableName(key)]: '' } })[key]).toEqual([]);
    },
  );

  const others = SETTING_KEYS.filter((key) => !SETTINGS[key].kind.isList);
  test.each(others)('of %s, which is no list, is a problem', (key) => {
    const load = (): unknown => loadConfig({ flags: {}, env: { [variableName(key)]: '' } });
    expect(load).toThrow(`${variableName(key)}: "" is not allowed; allowed is `);
  });
});

describe('a web origin that is refused', () => {
  test.each([
    ['*', `would let any page it matches publish through its visitor's browser`],
    ['https://example.org/', 'is not how browsers send it, which is https://example.org'],
    ['example.org', 'is no web origin'],
  ])('as %s says why', (origin, reason) => {
    const load = (): unknown => loadConfig({ flags: { corsOrigins: origin }, env: {} });
    expect(load).toThrow(`"${origin}" ${reason}; allowed is an exact origin such as https://example.org.`);
  });
});

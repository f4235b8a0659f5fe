import { describe, expect, test } from 'vitest';
import { loadConfig, type Config } from '../../src/config/load-config.ts';
import { planReload } from '../../src/config/reload.ts';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';

const TLS = { certPath: 'c.pem', keyPath: 'k.pem', certSha256: '1', keySha256: '2' };

function load(file: object, access: object = {}): Config {
  const texts: Record<string, string> = { 'g.json': JSON.stringify(file), 'a.json': JSON.stringify(access) };
  return loadConfig({ flags: { config: 'g.json' }, env: {}, readFile: (path) => texts[path] ?? '' });
}

function withTls(changes: Partial<typeof TLS> = {}): Config {
  const tls = { ...TLS, ...changes };
  return { ...load({}), tlsCert: tls.certPath, tlsKey: tls.keyPath, tls };
}

describe('a reload', () => {
  test('of the same configuration changes nothing', () => {
    const file = { trustedPeers: ['10.0.0.0/8'], accessFile: 'a.json' };
    expect(planReload(load(file), load(file))).toMatchObject({ changed: [], kept: [] });
  });

  test('takes what can change', () => {
    const wanted = load({ trustedPeers: ['10.0.0.0/8'], stallSeconds: 90 });
    expect(planReload(load({}), wanted)).toEqual({
      config: wanted,
      changed: ['trustedPeers', 'stallSeconds'],
      kept: [],
    });
  });

  test('leaves what only a new start changes, and takes the rest', () => {
    const plan = planReload(load({}), load({ port: 1, database: 'other.db', retentionEvents: 5 }));
    expect(plan).toMatchObject({ changed: ['retentionEvents'], kept: ['port', 'database'] });
    expect(plan.config).toMatchObject({ port: 2069, database: 'gitpubsub.db', retentionEvents: 5 });
  });

  test('sees what changed in the access file', () => {
    const file = { accessFile: 'a.json' };
    const wanted = load(file, { private: ['/secret'] });
    expect(planReload(load(file), wanted)).toEqual({ config: wanted, changed: ['accessFile'], kept: [] });
  });

  test('takes another access file, a first one and none', () => {
    const [without, withOne] = [load({}), load({ accessFile: 'a.json' }, { private: ['/secret'] })];
    expect(planReload(without, withOne).config.access).toEqual(withOne.access);
    expect(planReload(withOne, without).config.access).toBeUndefined();
  });

  test('sees what changed in the files for TLS', () => {
    expect(planReload(withTls(), withTls({ certSha256: '3' })).changed).toEqual(['tlsCert']);
    expect(planReload(withTls(), withTls({ keyPath: 'other.pem', keySha256: '3' }))).toMatchObject({
      changed: ['tlsKey'],
      config: { tlsKey: 'other.pem', tls: { keyPath: 'other.pem', keySha256: '3' } },
    });
  });

  test.each([
    ['on', load({}), withTls()],
    ['off', withTls(), load({})],
  ])('does not switch TLS %s', (_, running, wanted) => {
    const { config, changed, kept } = planReload(running, wanted);
    expect({ changed, kept }).toEqual({ changed: [], kept: ['tlsCert', 'tlsKey'] });
    expect(config.tls).toEqual(running.tls);
    expect(config.tlsCert).toBe(running.tlsCert);
  });

  test('is possible for all settings but these', () => {
    const fixed = SETTING_KEYS.filter((key) => SETTINGS[key].changes === 'at-start');
    expect(fixed).toEqual(['host', 'port', 'socket', 'database', 'durability']);
  });
});

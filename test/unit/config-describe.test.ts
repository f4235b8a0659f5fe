import { describe, expect, test } from 'vitest';
import { describeConfig } from '../../src/config/describe.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Flags } from '../../src/config/sources.ts';

function readFile(): string {
  return '{"maxEventBytes": "1KiB"}';
}

function linesFor(flags: Flags, env: NodeJS.ProcessEnv = {}): string[] {
  return describeConfig(loadConfig({ flags, env, readFile })).split('\n');
}

describe('the description of a configuration', () => {
  test('is one line for each setting: key, value with unit, and origin', () => {
    const lines = linesFor({ port: '0', config: 'g.json' }, { GITPUBSUB_TRUSTED_PEERS: '10.*, ::1' });
    expect(lines).toEqual([
      'host              127.0.0.1       default',
      'port              0               --port',
      'socket            -               default',
      'tlsCert           -               default',
      'tlsKey            -               default',
      'maxConnections    10000           default',
      'database          gitpubsub.db    default',
      'durability        full            default',
      'retentionHours    48 hours        default',
      'retentionEvents   none            default',
      'retentionBytes    1 GiB           default',
      'trustedPeers      10.0.0.0/8,::1  GITPUBSUB_TRUSTED_PEERS',
      'trustedProxies    empty           default',
      'corsOrigins       empty           default',
      'accessFile        -               default',
      'maxPeerStreams    1000            default',
      'maxEventBytes     1 KiB           maxEventBytes in g.json',
      'maxBatchBytes     8 MiB           default',
      'keepAliveSeconds  5 seconds       default',
      'stallSeconds      60 seconds      default',
      'logLevel          info            default',
    ]);
  });

  test('does not claim a host and port where a socket is used', () => {
    const lines = linesFor({ socket: 'a.sock' }).map((line) => line.split(/ +/));
    expect(lines.slice(0, 3)).toEqual([
      ['host', '-', 'default'],
      ['port', '-', 'default'],
      ['socket', 'a.sock', '--socket'],
    ]);
  });
});

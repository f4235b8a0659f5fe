import { describe, expect, test } from 'vitest';
import { ConfigurationError, loadConfig, type Config } from '../../src/config/load-config.ts';
import type { Flags } from '../../src/config/sources.ts';

interface Given {
  readonly flags?: Flags;
  readonly env?: NodeJS.ProcessEnv;
  /** The text of a file `g.json`, or a value to be written as JSON. */
  readonly file?: unknown;
}

function load({ flags = {}, env = {}, file }: Given = {}): Config {
  const text = typeof file === 'string' ? file : JSON.stringify(file);
  const named = file === undefined ? flags : { ...flags, config: 'g.json' };
  return loadConfig({ flags: named, env, readFile: () => text });
}

function problemsOf(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

function pathRead(flags: Flags, env: NodeJS.ProcessEnv): string {
  let read = '';
  const readFile = (path: string): string => {
    read = path;
    return '{}';
  };
  loadConfig({ flags, env, readFile });
  return read;
}

describe('without any configuration', () => {
  test('all values are the defaults', () => {
    const { origins: _, trustedPeers, ...rest } = load();
    expect({ ...rest, trustedPeers: trustedPeers.map(({ text }) => text) }).toEqual({
      host: '127.0.0.1',
      port: 2069,
      socket: undefined,
      maxConnections: 10_000,
      database: 'gitpubsub.db',
      durability: 'full',
      retentionHours: 48,
      retentionEvents: undefined,
      retentionBytes: 1_073_741_824,
      trustedPeers: ['127.0.0.1', '::1'],
      trustedProxies: [],
      warnings: [],
      corsOrigins: [],
      maxPeerStreams: 1_000,
      maxEventBytes: 262_144,
      maxBatchBytes: 8_388_608,
      keepAliveSeconds: 5,
      stallSeconds: 60,
      logLevel: 'info',
    });
  });

  test('variables of others are left alone', () => {
    expect(problemsOf({ env: { PATH: '/bin', PORT: 'x', gitpubsub_port: 'x' } })).toEqual([]);
  });

  test('the variables of the hook are left alone', () => {
    const names = ['URL', 'COMMAND'];
    const env = Object.fromEntries(names.map((name) => [`GITPUBSUB_${name}`, 'x']));
    expect(problemsOf({ env })).toEqual([]);
  });
});

describe('of several sources', () => {
  const file = { port: 1 };
  const env = { GITPUBSUB_PORT: '2' };
  const flags = { port: '3' };

  test.each([
    ['a flag goes before a variable', { env, flags }, 3, '--port'],
    ['a flag goes before the file', { file, flags }, 3, '--port'],
    ['a variable goes before the file', { file, env }, 2, 'GITPUBSUB_PORT'],
    ['the file goes before the default', { file }, 1, 'port in g.json'],
    ['a flag that is undefined is not given', { env, flags: { port: undefined } }, 2, 'GITPUBSUB_PORT'],
  ])('%s', (_what, given, port, origin) => {
    const config = load(given);
    expect([config.port, config.origins.port]).toEqual([port, origin]);
  });

  test('each setting has its own', () => {
    const { port, host, database } = load({ file: { database: 'a' }, env: { GITPUBSUB_HOST: '::1' }, flags });
    expect({ port, host, database }).toEqual({ port: 3, host: '::1', database: 'a' });
  });

  test('a value that is overridden is still checked', () => {
    expect(problemsOf({ flags, env: { GITPUBSUB_PORT: 'x' } })).toEqual([
      'GITPUBSUB_PORT: "x" is not allowed; allowed is a whole number from 0 to 65535.',
    ]);
  });
});

describe('the path of the file', () => {
  test('may come from the variable', () => {
    expect(pathRead({}, { GITPUBSUB_CONFIG: 'b.json' })).toBe('b.json');
  });

  test('comes from the flag before the variable', () => {
    expect(pathRead({ config: 'a.json' }, { GITPUBSUB_CONFIG: 'b.json' })).toBe('a.json');
  });

  test.each([
    ['--config', { flags: { config: '' } }],
    ['GITPUBSUB_CONFIG', { env: { GITPUBSUB_CONFIG: '' } }],
  ])('must not be empty in %s', (origin, given) => {
    expect(problemsOf(given)).toEqual([`${origin}: "" is not allowed; allowed is the path of a JSON file.`]);
  });
});

describe('the problems of a configuration', () => {
  test('are all reported at once, from every source', () => {
    const problems = problemsOf({
      flags: { port: '99999', trustedPeers: '127.1,::1,10.0.0.1/8' },
      env: { GITPUBSUB_PROT: '1', GITPUBSUB_DATABASE: '' },
      file: { durability: 'none', hots: 'x', keepAliveSeconds: 7, stallSeconds: 2 },
    });
    expect(problems).toEqual([
      'GITPUBSUB_PROT: no such variable; did you mean GITPUBSUB_PORT?',
      '"hots" in g.json: no such key; did you mean host?',
      '--port: "99999" is not allowed; allowed is a whole number from 0 to 65535.',
      'GITPUBSUB_DATABASE: "" is not allowed; allowed is the path of a file.',
      'durability in g.json: "none" is not allowed; allowed is full or normal.',
      expect.stringMatching(/^--trusted-peers: "127.1" is no range of peers; allowed is /),
      expect.stringMatching(/^--trusted-peers: "10.0.0.1\/8" has bits set beyond its first 8; allowed is /),
      'keepAliveSeconds of 7 seconds (keepAliveSeconds in g.json) and stallSeconds of 2 seconds (stallSeconds in g.json): a reader that is only quiet would pass for stuck; allowed is a stallSeconds above keepAliveSeconds.',
    ]);
  });

  test('are the lines of the message', () => {
    const given = { flags: { port: 'x' }, env: { GITPUBSUB_HOST: '' } };
    expect(() => load(given)).toThrow(expect.objectContaining({ message: problemsOf(given).join('\n') }));
  });

  test('are shortened where a value is very long, between where it stands and what is allowed', () => {
    const [problem] = problemsOf({ file: { port: 'x'.repeat(100_000) } });
    expect(problem).toMatch(
      /^port in g\.json: "x{400,500} … x{400,500}" is not allowed; allowed is a whole number/,
    );
  });

  test('are a line each, whatever is in them', () => {
    const { message, problems } = new ConfigurationError(['principals.a\nb in a.json: is missing.', 'other']);
    expect(message.split('\n')).toEqual(['principals.a\\u000ab in a.json: is missing.', 'other']);
    expect(problems).toEqual(message.split('\n'));
  });

  test('have the code of a configuration that is wrong', () => {
    expect(() => load({ flags: { port: 'x' } })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration' }),
    );
  });
});

describe('an unknown name', () => {
  test.each([
    ['GITPUBSUB_TRUSTED_PEER', 'GITPUBSUB_TRUSTED_PEERS'],
    ['GITPUBSUB_TRUSTEDPEERS', 'GITPUBSUB_TRUSTED_PEERS'],
    ['GITPUBSUB_CONF', 'GITPUBSUB_CONFIG'],
    ['GITPUBSUB_URLS', 'GITPUBSUB_URL'],
  ])('of a variable, %s, is answered with %s', (name, meant) => {
    expect(problemsOf({ env: { [name]: 'x' } })).toEqual([
      `${name}: no such variable; did you mean ${meant}?`,
    ]);
  });

  test.each(['GITPUBSUB_URL', 'GITPUBSUB_COMMAND', 'GITPUBSUB_TOKEN', 'GITPUBSUB_TOKEN_FILE'])(
    'is not that of %s, which the hook or the client reads',
    (name) => {
      expect(load({ env: { [name]: 'x' } }).port).toBe(2069);
    },
  );

  test('of a variable that resembles nothing is answered with the way to all', () => {
    expect(problemsOf({ env: { GITPUBSUB_XYZZY: '' } })).toEqual([
      'GITPUBSUB_XYZZY: no such variable; gitpubsub serve --help lists all settings.',
    ]);
  });

  test.each([
    ['trusted-peers', 'trustedPeers'],
    ['TrustedPeers', 'trustedPeers'],
    ['loglevel', 'logLevel'],
    ['retentionHour', 'retentionHours'],
  ])('of a key, %s, is answered with %s', (name, meant) => {
    expect(problemsOf({ file: { [name]: 'x' } })).toEqual([
      `"${name}" in g.json: no such key; did you mean ${meant}?`,
    ]);
  });

  test.each(['__proto__', 'constructor', 'toString'])('of a key may be %s', (name) => {
    expect(problemsOf({ file: `{"${name}": {}}` })[0]).toMatch(`"${name}" in g.json: no such key`);
  });

  test('of a key stays on one line', () => {
    expect(problemsOf({ file: { 'a\nb': 1 } })[0]).toMatch(/^"a\\nb" in g\.json: no such key/);
  });
});

describe('the file', () => {
  test.each([
    [
      'a trailing comma',
      '{\n  "port": 1,\n}',
      'g.json: the configuration file is not JSON at line 3, column 1.',
    ],
    ['no text', '', 'g.json: the configuration file is not JSON at line 1, column 1.'],
    ['an array', '[]', 'g.json: the configuration file must hold one JSON object, such as {"port": 2069}.'],
    ['null', 'null', 'g.json: the configuration file must hold one JSON object, such as {"port": 2069}.'],
    ['a key twice', '{"port": 1, "port": 2}', 'g.json: "port" stands twice in one object, again at line 1.'],
  ])('with %s is a problem', (_what, file, problem) => {
    expect(problemsOf({ file })).toEqual([problem]);
  });

  test('may begin with a byte order mark', () => {
    expect(load({ file: '\uFEFF{"port": 1}' }).port).toBe(1);
  });

  test('that does not exist is a problem', () => {
    expect(() => loadConfig({ flags: { config: 'no/such/file.json' }, env: {} })).toThrow(
      'no/such/file.json: the configuration file cannot be read: ENOENT: no such file or directory.',
    );
  });

  test('that cannot be used hides no problem elsewhere', () => {
    expect(problemsOf({ file: '{', flags: { port: 'x' } })).toHaveLength(2);
  });
});

describe('settings that belong together', () => {
  test.each([
    ['--socket does not go with --port', { socket: 'a', port: '1' }],
    ['--socket does not go with --host', { socket: 'a', host: '::1' }],
    ['--socket does not go with --host and --port', { socket: 'a', host: '::1', port: '1' }],
  ])('%s', (problem, flags) => {
    expect(problemsOf({ flags })).toEqual([`${problem}; allowed is either a socket or a host and port.`]);
  });

  test('a socket does not go with a port of another source', () => {
    expect(problemsOf({ flags: { socket: 'a' }, file: { port: 2069 } })).toEqual([
      '--socket does not go with port in g.json; allowed is either a socket or a host and port.',
    ]);
  });

  test('a socket does not go with TLS', () => {
    const problems = problemsOf({ flags: { socket: 'a', tlsCert: 'c' } });
    expect(problems).toContain(
      '--socket does not go with --tls-cert; allowed is either a socket or a host and port.',
    );
  });

  test.each([
    ['--tls-cert needs tlsKey', { tlsCert: 'c' }],
    ['--tls-key needs tlsCert', { tlsKey: 'k' }],
  ])('%s', (problem, flags) => {
    expect(problemsOf({ flags })).toEqual([`${problem} beside it; allowed are both or none.`]);
  });

  test('what is wrong with the files for TLS is told with the rest', () => {
    const problems = problemsOf({ flags: { tlsCert: 'c', tlsKey: 'k', port: 'x' }, file: {} });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['--port:', 'c:', 'k:']);
  });

  test('a socket goes with the default host and port', () => {
    expect(load({ flags: { socket: 'a' } }).socket).toBe('a');
  });

  test('a keep-alive has to come before the patience ends', () => {
    expect(problemsOf({ flags: { stallSeconds: '5' } })).toEqual([
      'keepAliveSeconds of 5 seconds (default) and stallSeconds of 5 seconds (--stall-seconds): a reader that is only quiet would pass for stuck; allowed is a stallSeconds above keepAliveSeconds.',
    ]);
  });

  test('the largest event has to fit into the retention', () => {
    expect(problemsOf({ flags: { retentionBytes: '1KiB' } })).toEqual([
      'maxEventBytes of 256 KiB (default) and retentionBytes of 1 KiB (--retention-bytes): a large event would go once it is stored; allowed is a retentionBytes of at least maxEventBytes.',
    ]);
  });

  test('the largest event fits into a retention without a limit', () => {
    expect(problemsOf({ flags: { retentionBytes: 'none' } })).toEqual([]);
  });

  test('one that is wrong by itself is not compared', () => {
    expect(problemsOf({ flags: { keepAliveSeconds: 'x', stallSeconds: '3' } })).toHaveLength(1);
  });
});

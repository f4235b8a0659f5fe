import { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { SERVE_HELP_FOOTER, serveFlags } from '../../src/config/serve-flags.ts';
import { SETTINGS } from '../../src/config/settings.ts';

function flagsOf(key: string): (typeof serveFlags)[number] | undefined {
  return serveFlags.find(({ flags }) => flags.startsWith(`--${key} `));
}

function helpText(): string {
  const command = new Command('serve').configureHelp({ helpWidth: 80 });
  for (const { flags, description, helpGroup } of serveFlags) {
    command.addOption(new Option(flags, description).helpGroup(helpGroup));
  }
  return command.helpInformation() + SERVE_HELP_FOOTER;
}

describe('the flags of serve', () => {
  test('are one for each setting and the file', () => {
    expect(serveFlags).toHaveLength(Object.keys(SETTINGS).length + 1);
  });

  test('have the names under which commander hands over the keys', () => {
    const names = serveFlags.map(({ flags }) => new Option(flags).attributeName());
    expect(names).toEqual([...Object.keys(SETTINGS), 'config']);
  });

  test('show placeholder, default and heading', () => {
    expect(flagsOf('port')).toEqual({
      flags: '--port <n>',
      description: 'port, 0 for any free one (default: 2069)',
      helpGroup: 'Listening:',
      isList: false,
    });
  });

  test('show the unit of the default', () => {
    expect(flagsOf('retention-hours')?.description).toContain('(default: 48 hours)');
  });

  test('show no default where there is none', () => {
    expect(flagsOf('socket')?.description).toBe('Unix domain socket instead of host and port');
  });

  test('tell which of them are lists', () => {
    const lists = serveFlags.filter(({ isList }) => isList).map(({ flags }) => flags);
    expect(lists).toEqual(['--trusted-peers <list>', '--trusted-proxies <list>', '--cors-origins <list>']);
  });

  test('fit a terminal of 80 characters in one line each, but for what durability means', () => {
    const wrapped = helpText().match(/^ {20,}\S.*$/gm);
    expect(wrapped).toHaveLength(1);
  });
});

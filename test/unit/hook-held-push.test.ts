// How long a push is held that could not be noted.
import { expect, test } from 'vitest';
import { holdPush } from '../../src/hook/held-push.ts';

const RECORD = Buffer.from('a push');

class FakeSpool {
  readonly codes: string[];
  readonly calls: (readonly [name: string, record: Buffer])[] = [];

  /** Fails with these, one after the other, and then works. */
  constructor(...codes: string[]) {
    this.codes = codes;
  }

  async add(name: string, record: Buffer): Promise<void> {
    this.calls.push([name, record]);
    const code = this.codes.shift();
    if (code !== undefined) throw Object.assign(new Error(code), { code });
  }
}

const QUICK = { pauseMs: 1, holdForMs: 3 };

test('a push is noted under one name as soon as the disk has room', async () => {
  const spool = new FakeSpool('ENOSPC', 'EDQUOT', 'EIO');
  await holdPush(spool, RECORD, QUICK);
  expect(spool.calls).toHaveLength(4);
  expect(new Set(spool.calls.map(([name]) => name)).size).toBe(1);
  expect(spool.calls[3]?.[1]).toBe(RECORD);
});

test('a disk that stays full is given up', async () => {
  const spool = new FakeSpool(...Array<string>(5).fill('ENOSPC'));
  await expect(holdPush(spool, RECORD, QUICK)).rejects.toThrow('ENOSPC');
  expect(spool.calls).toHaveLength(4);
});

test.each(['EACCES', 'ENOTDIR', 'EROFS'])(
  'what will not pass by itself is given up at once: %s',
  async (code) => {
    const spool = new FakeSpool(code);
    await expect(holdPush(spool, RECORD, QUICK)).rejects.toThrow(code);
    expect(spool.calls).toHaveLength(1);
  },
);

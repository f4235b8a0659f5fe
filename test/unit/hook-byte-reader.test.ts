import { expect, test } from 'vitest';
import { ByteReader } from '../../src/hook/byte-reader.ts';

const TEXT = 'first,second,,12345678,last';

async function* chunksOf(text: string, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let i = 0; i < text.length; i += size) yield Buffer.from(text.slice(i, i + size));
}

const COMMA = 0x2c;

test.each([1, 2, 3, 7, 100])('records are the same in chunks of %i bytes', async (size) => {
  const reader = new ByteReader(chunksOf(TEXT, size));
  const records: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) records.push((await reader.readUntil(COMMA))?.toString());
  records.push((await reader.read(8, 3)).toString());
  for (let i = 0; i < 3; i++) records.push((await reader.readUntil(COMMA))?.toString());
  expect(records).toEqual(['first', 'second', '', '123', '', 'last', undefined]);
});

test('a stream that ends early gives what there is', async () => {
  const reader = new ByteReader(chunksOf('abc', 2));
  expect((await reader.read(10)).toString()).toBe('abc');
});

test('closing ends the stream', async () => {
  const chunks = chunksOf(TEXT, 1);
  const reader = new ByteReader(chunks);
  await reader.readUntil(COMMA);
  await reader.close();
  expect(await chunks.next()).toEqual({ done: true, value: undefined });
});

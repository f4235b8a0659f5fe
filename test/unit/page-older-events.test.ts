import { afterEach, describe, expect, test, vi } from 'vitest';
import { fetchOlder } from '../../src/page/older-events.ts';

const EVENT = (n: number): string =>
  `{"n":${n},"pubsub_timestamp":1.500,"pubsub_path":"/a","pubsub_topics":["a"],"pubsub_cursor":"c${n}"}\n`;
const GAP = '{"pubsub_gap":{"requested":"c9","oldest":1.500,"reason":"expired"},"pubsub_cursor":"c9"}\n';

/** Answers to be given in order, the last one for good: a body, and where the next part ends. */
function serve(...answers: readonly (readonly [body: string, before?: string])[]): string[] {
  const urls: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    const [body = '', before] = answers[Math.min(urls.length, answers.length - 1)] ?? [];
    urls.push(url);
    return new Response(body, { headers: before === undefined ? {} : { 'X-Before': before } });
  });
  return urls;
}

const fetchFrom = (cursor: string): ReturnType<typeof fetchOlder> =>
  fetchOlder((before) => `before ${before}`, cursor);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('older events', () => {
  test('come as they are in the log, with where the next part ends', async () => {
    serve([EVENT(7) + EVENT(8), 'c7']);
    const { events, before } = await fetchFrom('c9');
    expect(events.map(({ cursor }) => cursor)).toEqual(['c7', 'c8']);
    expect(before).toBe('c7');
  });

  test('are looked for further back where a part has none', async () => {
    const urls = serve(['', 'c500'], ['', 'c300'], [EVENT(200)]);
    const { events, before } = await fetchFrom('c900');
    expect(urls).toEqual(['before c900', 'before c500', 'before c300']);
    expect([events.length, before]).toEqual([1, undefined]);
  });

  test('are not looked for without end', async () => {
    const urls = serve(['', 'c1']);
    const { events, before } = await fetchFrom('c900');
    expect([events.length, before]).toEqual([0, 'c1']);
    expect(urls).toHaveLength(10);
  });

  test('that are no longer held are none', async () => {
    serve([GAP]);
    expect(await fetchFrom('c9')).toEqual({ events: [], before: undefined });
  });

  test('that are refused are refused in the words of the server', async () => {
    vi.stubGlobal('fetch', async () => new Response('{"title":"Not a cursor"}', { status: 400 }));
    await expect(fetchFrom('x')).rejects.toThrow('Not a cursor');
  });
});

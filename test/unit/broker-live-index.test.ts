import { describe, expect, test } from 'vitest';
import { LiveIndex } from '../../src/broker/live-index.ts';
import { EventFilter } from '../../src/core/event-filter.ts';
import { HiddenTopics } from '../../src/core/hidden-topics.ts';
import type { Event } from '../../src/core/event.ts';
import { selectPrefixes, type Selection } from '../../src/core/selection.ts';
import { parseTopic } from '../../src/core/topic.ts';

function select(...paths: string[]): Selection {
  return selectPrefixes(paths.map((path) => parseTopic(path)));
}

function createEvents(...paths: string[]): Event[] {
  return paths.map((path, i) => ({ topic: parseTopic(path), payload: '1', offset: i + 1, timeMs: 0 }));
}

/** Which offsets each member gets. */
function distribute(index: LiveIndex<string>, events: readonly Event[]): Record<string, number[]> {
  const received: Record<string, number[]> = {};
  for (const [{ members }, wanted] of index.distribute(events, () => true).wanted)
    for (const member of members) (received[member] ??= []).push(...wanted.map(({ offset }) => offset));
  return received;
}

describe('the index of live subscriptions', () => {
  test('gives each member what its prefixes cover, in order, once', () => {
    const index = new LiveIndex<string>();
    index.add(select('/'), 'all');
    index.add(select('/a'), 'a');
    index.add(select('/a/b', '/c'), 'ab and c');
    index.add(select('/ab'), 'ab');
    expect(distribute(index, createEvents('/a/b', '/a', '/ab', '/c/d', '/', '/a/b/c'))).toEqual({
      all: [1, 2, 3, 4, 5, 6],
      a: [1, 2, 6],
      'ab and c': [1, 4, 6],
      ab: [3],
    });
  });

  test('hands nobody what is hidden from it, however many are at the same prefix', () => {
    const index = new LiveIndex<string>();
    const readers = { stranger: [], ours: ['/secret/ours'], all: ['/secret'] };
    for (const [name, grants] of Object.entries(readers)) {
      const hidden = new HiddenTopics([parseTopic('/secret')], grants.map(parseTopic));
      index.add(selectPrefixes([parseTopic('/')], { hidden }), name);
    }
    expect(
      distribute(index, createEvents('/secret', '/a', '/secret/ours/x', '/secret/theirs', '/secrets')),
    ).toEqual({
      stranger: [2, 5],
      ours: [2, 3, 5],
      all: [1, 2, 3, 4, 5],
    });
  });

  test('puts members that want the same into one group', () => {
    const index = new LiveIndex<string>();
    index.add(select('/a', '/b'), 'one');
    index.add(select('/b', '/a', '/a/x'), 'two');
    const [group, ...others] = index.distribute(createEvents('/a'), () => true).wanted;
    expect([...(group?.[0].members ?? [])]).toEqual(['one', 'two']);
    expect(others).toEqual([]);
  });

  test('starts each fan-out with nothing from the one before', () => {
    const index = new LiveIndex<string>();
    index.add(select('/a'), 'a');
    distribute(index, createEvents('/a', '/a'));
    expect(distribute(index, createEvents('/a'))).toEqual({ a: [1] });
    expect(distribute(index, createEvents('/b'))).toEqual({});
  });

  test('gives nothing to whom was removed, and all to those who stay', () => {
    const index = new LiveIndex<string>();
    index.add(select('/a'), 'leaves');
    index.add(select('/a'), 'stays');
    index.remove(select('/a'), 'leaves');
    expect(distribute(index, createEvents('/a'))).toEqual({ stays: [1] });
    index.remove(select('/a'), 'stays');
    expect(distribute(index, createEvents('/a'))).toEqual({});
    index.add(select('/a'), 'leaves');
    expect(distribute(index, createEvents('/a'))).toEqual({ leaves: [1] });
  });

  test('keeps other groups of a prefix when one of them goes', () => {
    const index = new LiveIndex<string>();
    index.add(select('/a'), 'a');
    index.add(select('/a', '/b'), 'both');
    index.remove(select('/a', '/b'), 'both');
    expect(distribute(index, createEvents('/a', '/b'))).toEqual({ a: [1] });
  });

  test('does not mind who is added twice, removed twice or was never there', () => {
    const index = new LiveIndex<string>();
    index.remove(select('/a'), 'never there');
    index.add(select('/a'), 'a');
    index.add(select('/a'), 'a');
    expect(distribute(index, createEvents('/a'))).toEqual({ a: [1] });
    index.remove(select('/a'), 'another');
    index.remove(select('/b'), 'a');
    expect(distribute(index, createEvents('/a'))).toEqual({ a: [1] });
    index.remove(select('/a'), 'a');
    index.remove(select('/a'), 'a');
    expect(distribute(index, createEvents('/a'))).toEqual({});
  });

  test('gives members with a filter what it lets through, beside others who want all', () => {
    const index = new LiveIndex<string>();
    const filter = new EventFilter(new Map([['type', ['push']]]));
    index.add(selectPrefixes([parseTopic('/a')], { filter }), 'pushes');
    index.add(select('/a'), 'all');
    const events = ['{"push":{}}', '{"commit":{}}', '1'].map((payload, i) => ({
      topic: parseTopic('/a'),
      payload,
      offset: i + 1,
      timeMs: 0,
    }));
    expect(distribute(index, events)).toEqual({ pushes: [1], all: [1, 2, 3] });
    index.remove(selectPrefixes([parseTopic('/a')], { filter }), 'pushes');
    expect(distribute(index, events)).toEqual({ all: [1, 2, 3] });
  });

  test('gives members with a filter nothing of what there was no time to look at', () => {
    const index = new LiveIndex<string>();
    const filter = new EventFilter(new Map([['type', ['other']]]));
    const selection = selectPrefixes([parseTopic('/a')], { filter });
    index.add(selection, 'others');
    index.add(select('/a'), 'all');
    let looks = 0;
    const { wanted, late } = index.distribute(createEvents('/a', '/a', '/a'), () => (looks += 1) < 2);
    expect([...wanted].map(([{ members }, events]) => [[...members], events.length])).toEqual([[['all'], 3]]);
    expect([...late].map(({ members }) => [...members])).toEqual([['others']]);
  });

  test('does not take a topic with spaces for two prefixes', () => {
    const index = new LiveIndex<string>();
    index.add(select('/a', '/b'), 'two');
    index.add(select('/a%20/b'), 'one');
    expect(distribute(index, createEvents('/a', '/a%20/b'))).toEqual({ two: [1], one: [2] });
  });
});
